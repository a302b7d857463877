namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>
/// MT19937 (Matsumoto and Nishimura 1998) with the doubles and normals that NumPy's legacy generator makes of it: only to repeat, bit for bit, what the reference drew.
/// Everything else draws from <see cref="Engine.Random.RandomStream"/>.
/// </summary>
public sealed class MersenneTwister
{
    private const int Size = 624, Shift = 397;

    private readonly uint[] _state = new uint[Size];
    private int _next = Size;
    private double? _cached;

    /// <summary>Seeds the state as <c>init_genrand</c>.</summary>
    public MersenneTwister(uint seed)
    {
        _state[0] = seed;
        for (uint i = 1; i < Size; i++) _state[i] = 1812433253u * (_state[i - 1] ^ _state[i - 1] >> 30) + i;
    }

    /// <summary>The next 32 bits.</summary>
    public uint Word()
    {
        if (_next == Size) Advance();
        uint y = _state[_next++];
        y ^= y >> 11;
        y ^= y << 7 & 0x9D2C5680u;
        y ^= y << 15 & 0xEFC60000u;
        return y ^ y >> 18;
    }

    /// <summary>The next number in [0, 1), of 53 random bits.</summary>
    public double Double()
    {
        uint a = Word() >> 5, b = Word() >> 6;
        return (a * 67108864.0 + b) / 9007199254740992.0;
    }

    /// <summary>The next standard normal number, by Marsaglia's polar method; every second one was made with the one before.</summary>
    public double Normal()
    {
        if (_cached is { } second)
        {
            _cached = null;
            return second;
        }

        double x1, x2, r2;
        do
        {
            x1 = 2 * Double() - 1;
            x2 = 2 * Double() - 1;
            r2 = x1 * x1 + x2 * x2;
        }
        while (r2 >= 1 || r2 == 0);
        double f = Math.Sqrt(-2 * Math.Log(r2) / r2);
        _cached = f * x1;
        return f * x2;
    }

    private void Advance()
    {
        for (int i = 0; i < Size; i++)
        {
            uint y = _state[i] & 0x80000000u | _state[(i + 1) % Size] & 0x7FFFFFFFu;
            _state[i] = _state[(i + Shift) % Size] ^ y >> 1 ^ ((y & 1) == 0 ? 0 : 0x9908B0DFu);
        }

        _next = 0;
    }
}
