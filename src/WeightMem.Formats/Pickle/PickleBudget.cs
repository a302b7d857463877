namespace WeightMem.Formats.Pickle;

/// <summary>
/// Counts about how many bytes the values of a pickle take, and stops it before they are too many: an opcode of one byte can make an object of a hundred.
/// </summary>
internal sealed class PickleBudget(PickleInput input)
{
    /// <summary>A container or record with its list.</summary>
    public const int Container = 96;

    /// <summary>A boxed number.</summary>
    public const int Number = 24;

    /// <summary>A place in a list.</summary>
    public const int Slot = 16;

    /// <summary>A place in the memo.</summary>
    public const int Memo = 48;

    private readonly long _limit = Inflation.Limit(input.Length);
    private long _spent;

    /// <summary>Counts bytes about to be allocated.</summary>
    /// <exception cref="FileFormatException">They are too many.</exception>
    public void Charge(long bytes)
    {
        _spent += bytes;
        if (_spent > _limit) throw new FileFormatException(input.Path, input.Position, $"a pickle of values that fit {_limit} bytes", "more of them");
    }
}
