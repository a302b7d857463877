using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    public void Gemm(in MatrixView c, in MatrixView a, in MatrixView b, double alpha = 1, double beta = 0, Tensor? bias = null)
    {
        for (int batch = 0; batch < c.Batch; batch++)
            for (int i = 0; i < c.Rows; i++)
                for (int j = 0; j < c.Columns; j++)
                {
                    float sum = 0;
                    for (int k = 0; k < a.Columns; k++) sum += F(a.Tensor)[At(a, batch, i, k)] * F(b.Tensor)[At(b, batch, k, j)];
                    float* to = F(c.Tensor) + At(c, batch, i, j);
                    *to = (float)alpha * sum + (beta == 0 ? 0 : (float)beta * *to) + (bias is null ? 0 : F(bias)[j]);
                }
        _ = level;
    }
    private static long At(in MatrixView m, int batch, int row, int column) =>
        m.Offset + batch * m.BatchStride + (m.IsTransposed ? (long)column * m.RowStride + row : (long)row * m.RowStride + column);
}
