using System.Runtime.Intrinsics;

namespace WeightMem.Engine.Devices.Cpu.Gemm;

/// <summary>
/// Matrix products in single precision. The result has the same bits for any number of threads: the order of every sum depends on
/// the depth alone.
/// </summary>
internal static class GemmKernel
{
    /// <summary>Computes C = alpha * op(A) op(B) + beta * C + bias for each matrix of the batch, at the best level of this processor.</summary>
    public static void Run(in GemmArguments arguments, WorkerPool pool) => Run(arguments, pool, SimdSupport.Best);

    /// <summary>Computes the product at a level that this processor supports.</summary>
    public static void Run(in GemmArguments arguments, WorkerPool pool, SimdLevel level)
    {
        switch (level)
        {
            case SimdLevel.Avx512:
                GemmPlan<Lanes512, Vector512<float>>.Run(arguments, pool);
                break;
            case SimdLevel.Avx2:
                GemmPlan<Lanes256, Vector256<float>>.Run(arguments, pool);
                break;
            default:
                GemmPlan<Lanes128, Vector128<float>>.Run(arguments, pool);
                break;
        }
    }
}
