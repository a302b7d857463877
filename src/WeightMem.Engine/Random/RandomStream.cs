namespace WeightMem.Engine.Random;

/// <summary>
/// A named stream of random numbers: a key made of a seed and a name, and a step. Number i of a stream is a pure function of
/// (seed, name, step, i), the same on every device and for any number of threads. There is no hidden global generator.
/// </summary>
/// <param name="Key">64 bits made of the seed and the name.</param>
/// <param name="Step">Which draw of the stream: a training step, a sample, a run.</param>
public readonly record struct RandomStream(ulong Key, ulong Step)
{
    /// <summary>Opens the stream of a name.</summary>
    public RandomStream(long seed, string name)
        : this(Mix((ulong)seed + 0x9E3779B97F4A7C15UL ^ Hash(name)), 0)
    {
    }

    /// <summary>The same stream at another step.</summary>
    public RandomStream At(long step) => this with { Step = (ulong)step };

    /// <summary>A stream of its own for one part of the work, such as one run of a zoo, at the same step.</summary>
    public RandomStream Sub(string name, long index = 0) => this with { Key = Mix(Key ^ Hash(name) + (ulong)index * 0xBF58476D1CE4E5B9UL) };

    /// <summary>Block i: the four words of numbers 4i to 4i + 3.</summary>
    public (uint X0, uint X1, uint X2, uint X3) Block(long index) =>
        Philox.Block((uint)index, (uint)((ulong)index >> 32), (uint)Step, (uint)(Step >> 32), (uint)Key, (uint)(Key >> 32));

    /// <summary>Word i of the stream, uniform over all 32-bit values.</summary>
    public uint Word(long index)
    {
        (uint x0, uint x1, uint x2, uint x3) = Block(index >> 2);
        return (index & 3) switch { 0 => x0, 1 => x1, 2 => x2, _ => x3 };
    }

    /// <summary>Number i as a double in [0, 1) with 32 random bits.</summary>
    public double Double(long index) => Word(index) * (1.0 / 4294967296.0);

    /// <summary>Number i as an integer in [0, <paramref name="bound"/>), by 32-bit multiplication (bias below bound / 2^32).</summary>
    public int Integer(long index, int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        return (int)((ulong)Word(index) * (uint)bound >> 32);
    }

    /// <summary>A uniformly random permutation of 0 .. count - 1 (Fisher-Yates over the stream's words).</summary>
    public int[] Permutation(int count)
    {
        var order = new int[count];
        FillPermutation(order);
        return order;
    }

    /// <summary>Writes a uniformly random permutation of 0 .. length - 1.</summary>
    public void FillPermutation(Span<int> order)
    {
        for (int i = 0; i < order.Length; i++) order[i] = i;
        for (int i = order.Length - 1; i > 0; i--)
        {
            int j = Integer(i, i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
    }

    /// <summary><paramref name="count"/> distinct numbers of 0 .. population - 1, in random order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More are asked for than there are.</exception>
    public int[] Choose(int population, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, population);
        return Permutation(population)[..count];
    }

    private static ulong Hash(string name)
    {
        ulong hash = 0xCBF29CE484222325UL; // FNV-1a over UTF-16 code units: stable across processes, unlike string.GetHashCode
        foreach (char c in name) hash = (hash ^ c) * 0x100000001B3UL;
        return hash;
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9UL; // the finaliser of SplitMix64
        z = (z ^ z >> 27) * 0x94D049BB133111EBUL;
        return z ^ z >> 31;
    }
}
