using System.Runtime.CompilerServices;
using WeightMem.Engine.Devices.Cpu.Simd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>
/// The CPU's kernels for one register width. Work is cut into parts whose number depends on the sizes alone, and sums are
/// combined in the order of the parts: the bits are the same for any number of threads.
/// </summary>
internal sealed unsafe partial class CpuKernels<V>(WorkerPool workers, SimdLevel level) : IKernels
    where V : struct, ISimd<V>
{
    /// <summary>Elements per part of elementwise work: large enough to hide a wake-up, small enough to stay in the cache.</summary>
    private const int ElementGrain = 16384;

    /// <summary>Parts that a reduction over rows is cut into, at most.</summary>
    private const int MaxReductionParts = 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* F(Tensor t) => (float*)t.Address;

    private static int Parts(long elements, int grain) => (int)Math.Max(1, (elements + grain - 1) / grain);

    /// <summary>Bounds of part <paramref name="part"/> when <paramref name="count"/> items are cut evenly.</summary>
    private static (int Begin, int End) Range(int part, int parts, int count) =>
        ((int)((long)count * part / parts), (int)((long)count * (part + 1) / parts));

    /// <summary>How many rows make a part of row-wise work.</summary>
    private static int RowParts(int rows, int columns) => (int)Math.Clamp((long)rows * columns / ElementGrain, 1, Math.Max(1, rows));
}
