using WeightMem.Engine.Random;

namespace WeightMem.Fuzz;

/// <summary>The random numbers of one input, one after the other: a function of the seed, the target and the input's index only.</summary>
internal sealed class Draws(long seed, string target)
{
    private readonly RandomStream _all = new(seed, "fuzz " + target);
    private RandomStream _stream;
    private long _next;

    /// <summary>Starts the numbers of an input.</summary>
    public void Start(long index) => (_stream, _next) = (_all.At(index), 0);

    /// <summary>A number from 0 to <paramref name="bound"/> - 1.</summary>
    public int Below(int bound) => _stream.Integer(_next++, bound);

    /// <summary>True once in so many times.</summary>
    public bool OneIn(int times) => Below(times) == 0;

    /// <summary>All 64 bits.</summary>
    public ulong Bits() => (ulong)_stream.Word(_next++) << 32 | _stream.Word(_next++);

    /// <summary>One of several.</summary>
    public T Of<T>(IReadOnlyList<T> items) => items[Below(items.Count)];
}
