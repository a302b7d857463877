using WeightMem.Engine.Devices.Cpu.Gemm;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    public void Gemm(in MatrixView c, in MatrixView a, in MatrixView b, double alpha = 1, double beta = 0, Tensor? bias = null)
    {
        var arguments = new GemmArguments
        {
            A = F(a.Tensor) + a.Offset,
            B = F(b.Tensor) + b.Offset,
            C = F(c.Tensor) + c.Offset,
            Bias = bias is null ? null : F(bias),
            M = c.Rows,
            N = c.Columns,
            K = a.Columns,
            RowStrideA = a.RowStride,
            RowStrideB = b.RowStride,
            RowStrideC = c.RowStride,
            TransposeA = a.IsTransposed,
            TransposeB = b.IsTransposed,
            Batch = c.Batch,
            BatchStrideA = (nint)a.BatchStride,
            BatchStrideB = (nint)b.BatchStride,
            BatchStrideC = (nint)c.BatchStride,
            Alpha = (float)alpha,
            Beta = (float)beta,
        };
        GemmKernel.Run(arguments, workers, level);
    }
}
