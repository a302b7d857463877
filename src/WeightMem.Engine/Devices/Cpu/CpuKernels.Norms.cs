using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    public void UnbiasedNormForward(Tensor y, Tensor mean, Tensor scale, Tensor x, Tensor alpha, Tensor bias, double epsilon)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        var job = new UnbiasedNormJob(F(y), F(mean), F(scale), F(x), F(alpha), F(bias), rows, columns, (float)epsilon, RowParts(rows, columns));
        workers.Run(job.Parts, ref job);
    }

    public void UnbiasedNormBackward(
        Tensor dx, Tensor dalpha, Tensor dbias, Tensor dy, Tensor x, Tensor mean, Tensor scale, Tensor alpha, double epsilon, bool accumulate)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        int parts = Math.Min(MaxReductionParts, RowParts(rows, columns));
        float* partial = Scratch.Floats(2L * parts * columns);
        var job = new UnbiasedNormBackwardJob(
            F(dx), partial, F(dy), F(x), F(mean), F(scale), F(alpha), rows, columns, (float)epsilon, parts, accumulate);
        workers.Run(parts, ref job);
        AddPartials(F(dalpha), partial, columns, parts, true);
        AddPartials(F(dbias), partial + (long)parts * columns, columns, parts, true);
    }

    public void UnitRowsForward(Tensor y, Tensor norm, Tensor x, double floor)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        var job = new UnitRowsJob(F(y), F(norm), F(x), rows, columns, (float)floor, RowParts(rows, columns));
        workers.Run(job.Parts, ref job);
    }

    public void UnitRowsBackward(Tensor dx, Tensor dy, Tensor y, Tensor norm, double floor, bool accumulate)
    {
        int rows = y.Shape.Rows, columns = y.Shape.Columns;
        var job = new UnitRowsBackwardJob(F(dx), F(dy), F(y), F(norm), rows, columns, (float)floor, RowParts(rows, columns), accumulate);
        workers.Run(job.Parts, ref job);
    }

    private readonly struct UnbiasedNormJob(
        float* y, float* mean, float* scale, float* x, float* alpha, float* bias, int rows, int columns, float epsilon, int parts) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++)
            {
                float* from = x + (long)r * columns, to = y + (long)r * columns;
                float m = RowSum(from, columns) / columns;
                float s = 1 / (MathF.Sqrt(SquaredDeviations(from, m, columns) / (columns - 1)) + epsilon);
                mean[r] = m;
                scale[r] = s;
                V vm = V.Broadcast(m), vs = V.Broadcast(s);
                for (int c = 0; c < columns; c += V.Width)
                {
                    int n = Math.Min(V.Width, columns - c);
                    V.Store(to + c, n, V.MultiplyAdd((V.Load(from + c, n) - vm) * vs, V.Load(alpha + c, n), V.Load(bias + c, n)));
                }
            }
        }
    }

    private readonly struct UnbiasedNormBackwardJob(
        float* dx, float* partial, float* dy, float* x, float* mean, float* scale, float* alpha, int rows, int columns, float epsilon, int parts, bool accumulate)
        : IParallelJob
    {
        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            float* dalpha = partial + (long)part * columns, dbias = partial + ((long)parts + part) * columns;
            new Span<float>(dalpha, columns).Clear();
            new Span<float>(dbias, columns).Clear();
            for (int r = begin; r < end; r++)
            {
                long row = (long)r * columns;
                V vm = V.Broadcast(mean[r]), vs = V.Broadcast(scale[r]);
                (float sum, float dot) = AddGainAndBias(dalpha, dbias, dy + row, x + row, vm, vs, alpha, columns);
                float deviation = 1 / scale[r] - epsilon;
                V meanG = V.Broadcast(sum / columns), own = V.Broadcast(deviation > 0 ? dot / ((columns - 1) * deviation) : 0);
                for (int c = 0; c < columns; c += V.Width)
                {
                    int n = Math.Min(V.Width, columns - c);
                    V u = V.Load(x + row + c, n) - vm;
                    V g = (V.Load(dy + row + c, n) * V.Load(alpha + c, n) - meanG - u * own) * vs;
                    V.Store(dx + row + c, n, accumulate ? g + V.Load(dx + row + c, n) : g);
                }
            }
        }
    }

    private readonly struct UnitRowsJob(float* y, float* norm, float* x, int rows, int columns, float floor, int parts) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++)
            {
                long row = (long)r * columns;
                norm[r] = MathF.Max(MathF.Sqrt(Dot(x + row, x + row, columns)), floor);
                V inverse = V.Broadcast(1 / norm[r]);
                for (int c = 0; c < columns; c += V.Width)
                {
                    int n = Math.Min(V.Width, columns - c);
                    V.Store(y + row + c, n, V.Load(x + row + c, n) * inverse);
                }
            }
        }
    }

    private readonly struct UnitRowsBackwardJob(
        float* dx, float* dy, float* y, float* norm, int rows, int columns, float floor, int parts, bool accumulate) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++)
            {
                long row = (long)r * columns;
                V dot = V.Broadcast(norm[r] > floor ? Dot(y + row, dy + row, columns) : 0), inverse = V.Broadcast(1 / norm[r]);
                for (int c = 0; c < columns; c += V.Width)
                {
                    int n = Math.Min(V.Width, columns - c);
                    V g = (V.Load(dy + row + c, n) - V.Load(y + row + c, n) * dot) * inverse;
                    V.Store(dx + row + c, n, accumulate ? g + V.Load(dx + row + c, n) : g);
                }
            }
        }
    }
}
