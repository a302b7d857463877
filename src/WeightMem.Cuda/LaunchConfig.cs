namespace WeightMem.Cuda;

/// <summary>Numbers of blocks or threads along the three axes.</summary>
/// <param name="X">Along x, at least 1.</param>
/// <param name="Y">Along y, at least 1.</param>
/// <param name="Z">Along z, at least 1.</param>
public readonly record struct Dim3(uint X, uint Y = 1, uint Z = 1)
{
    /// <summary>Along x only.</summary>
    /// <param name="x">Number of blocks or threads, at least 1.</param>
    public static implicit operator Dim3(int x) => FromInt32(x);

    /// <summary>Along x only.</summary>
    /// <param name="x">Number of blocks or threads, at least 1.</param>
    public static Dim3 FromInt32(int x) => new(checked((uint)x));

    /// <summary>As "X x Y x Z".</summary>
    public override string ToString() => $"{X} x {Y} x {Z}";
}

/// <summary>The shape of a launch.</summary>
/// <param name="Grid">Blocks.</param>
/// <param name="Block">Threads per block.</param>
/// <param name="SharedBytes">Dynamic shared memory per block in bytes.</param>
public readonly record struct LaunchConfig(Dim3 Grid, Dim3 Block, uint SharedBytes = 0)
{
    /// <summary>Enough blocks for one thread per element.</summary>
    /// <param name="elements">Number of elements, from 1 up.</param>
    /// <param name="threads">Threads per block.</param>
    /// <returns>The shape.</returns>
    public static LaunchConfig For(long elements, int threads = 256)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(elements, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        return new LaunchConfig(checked((int)((elements + threads - 1) / threads)), threads);
    }

    /// <summary>In words, for messages.</summary>
    public override string ToString() => $"{Grid} blocks of {Block} threads and {SharedBytes} bytes of shared memory";
}
