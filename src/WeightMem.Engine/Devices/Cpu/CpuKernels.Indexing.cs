using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    public void GatherRows(Tensor y, Tensor x, Tensor index)
    {
        int rows = checked((int)index.Elements), columns = x.Shape.Columns;
        var job = new GatherRowsJob(F(y), F(x), (int*)index.Address, rows, columns, RowParts(rows, columns));
        workers.Run(job.Parts, ref job);
    }

    public void ScatterAddRows(Tensor dx, Tensor dy, Tensor index)
    {
        // Rows can repeat, so one thread adds them in order; embeddings are small.
        int rows = checked((int)index.Elements), columns = dx.Shape.Columns;
        int* at = (int*)index.Address;
        for (int r = 0; r < rows; r++)
        {
            float* to = F(dx) + (long)at[r] * columns, from = F(dy) + (long)r * columns;
            for (int c = 0; c < columns; c += V.Width)
            {
                int n = Math.Min(V.Width, columns - c);
                V.Store(to + c, n, V.Load(to + c, n) + V.Load(from + c, n));
            }
        }
    }

    public void GatherColumns(Tensor y, Tensor x, Tensor index)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        var job = new GatherColumnsJob(F(y), F(x), (int*)index.Address, rows, columns, RowParts(rows, columns));
        workers.Run(job.Parts, ref job);
    }

    public void CopyColumns(Tensor y, int yColumn, Tensor x, int xColumn, int columns, bool accumulate)
    {
        int rows = x.Shape.Rows;
        var job = new CopyColumnsJob(
            F(y) + yColumn, y.Shape.Columns, F(x) + xColumn, x.Shape.Columns, rows, columns, RowParts(rows, columns), accumulate);
        workers.Run(job.Parts, ref job);
    }

    private readonly struct GatherRowsJob(float* y, float* x, int* index, int rows, int columns, int parts) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++)
                new ReadOnlySpan<float>(x + (long)index[r] * columns, columns).CopyTo(new Span<float>(y + (long)r * columns, columns));
        }
    }

    private readonly struct GatherColumnsJob(float* y, float* x, int* index, int rows, int columns, int parts) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++)
            {
                long row = (long)r * columns;
                for (int c = 0; c < columns; c++) y[row + c] = x[row + index[row + c]];
            }
        }
    }

    private readonly struct CopyColumnsJob(float* y, int ldy, float* x, int ldx, int rows, int columns, int parts, bool accumulate) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++)
            {
                float* to = y + (long)r * ldy, from = x + (long)r * ldx;
                for (int c = 0; c < columns; c += V.Width)
                {
                    int n = Math.Min(V.Width, columns - c);
                    V value = V.Load(from + c, n);
                    V.Store(to + c, n, accumulate ? V.Load(to + c, n) + value : value);
                }
            }
        }
    }
}
