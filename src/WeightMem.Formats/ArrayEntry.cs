namespace WeightMem.Formats;

/// <summary>What a file says of one of its arrays.</summary>
/// <param name="Name">Its name, unique in the file; the levels of a tree are separated by slashes.</param>
/// <param name="Type">What the elements are.</param>
/// <param name="Shape">The sizes; empty for a scalar.</param>
public sealed record ArrayEntry(string Name, ElementType Type, long[] Shape)
{
    /// <summary>Whether the file has a list of plain numbers here, such as the epochs of a training, and no array.</summary>
    public bool IsList { get; init; }

    /// <summary>Number of elements.</summary>
    public long Count => NamedArray.CountOf(Shape) ?? long.MaxValue;
}
