using System.Runtime.CompilerServices;
using WeightMem.Engine.Devices.Cpu.Simd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    public void AddBroadcast(Tensor y, Tensor x, Tensor b)
    {
        int columns = checked((int)b.Elements), rows = checked((int)(x.Elements / columns));
        var job = new AddBroadcastJob(F(y), F(x), F(b), rows, columns, RowParts(rows, columns));
        workers.Run(job.Parts, ref job);
    }

    public void SumRows(Tensor y, Tensor x, bool accumulate)
    {
        int columns = checked((int)y.Elements), rows = checked((int)(x.Elements / columns));
        int parts = Math.Min(MaxReductionParts, RowParts(rows, columns));
        float* partial = Scratch.Floats((long)parts * columns);
        var job = new SumRowsJob(partial, F(x), rows, columns, parts);
        workers.Run(parts, ref job);
        AddPartials(F(y), partial, columns, parts, accumulate);
    }

    public void CombineRows(Tensor y, Tensor x, Tensor a, Tensor z, Tensor b)
    {
        int rows = x.Shape[0], columns = checked((int)(x.Elements / rows));
        var job = new CombineRowsJob(F(y), F(x), F(a), F(z), F(b), rows, columns, RowParts(rows, columns));
        workers.Run(job.Parts, ref job);
    }

    public void SoftmaxForward(Tensor y, Tensor x)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        var job = new SoftmaxJob(F(y), F(x), rows, columns, RowParts(rows, columns));
        workers.Run(job.Parts, ref job);
    }

    public void SoftmaxBackward(Tensor dx, Tensor dy, Tensor y, bool accumulate)
    {
        int rows = y.Shape.Rows, columns = y.Shape.Columns;
        var job = new SoftmaxBackwardJob(F(dx), F(dy), F(y), rows, columns, RowParts(rows, columns), accumulate);
        workers.Run(job.Parts, ref job);
    }

    public void LayerNormForward(Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor gamma, Tensor beta, double epsilon)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        var job = new LayerNormJob(F(y), F(mean), F(rstd), F(x), F(gamma), F(beta), rows, columns, (float)epsilon, RowParts(rows, columns));
        workers.Run(job.Parts, ref job);
    }

    public void LayerNormBackward(
        Tensor dx, Tensor dgamma, Tensor dbeta, Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor gamma, bool accumulate)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        int parts = Math.Min(MaxReductionParts, RowParts(rows, columns));
        float* partial = Scratch.Floats(2L * parts * columns);
        var job = new LayerNormBackwardJob(
            F(dx), partial, F(dy), F(x), F(mean), F(rstd), F(gamma), rows, columns, parts, accumulate);
        workers.Run(parts, ref job);
        AddPartials(F(dgamma), partial, columns, parts, true);
        AddPartials(F(dbeta), partial + (long)parts * columns, columns, parts, true);
    }

    /// <summary>y = sum of the parts' rows, in the order of the parts.</summary>
    private static void AddPartials(float* y, float* partial, int columns, int parts, bool accumulate)
    {
        for (int c = 0; c < columns; c += V.Width)
        {
            int n = Math.Min(V.Width, columns - c);
            V sum = accumulate ? V.Load(y + c, n) : V.Zero;
            for (int p = 0; p < parts; p++) sum += V.Load(partial + (long)p * columns + c, n);
            V.Store(y + c, n, sum);
        }
    }

    private readonly struct AddBroadcastJob(float* y, float* x, float* b, int rows, int columns, int parts) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++)
            {
                float* from = x + (long)r * columns, to = y + (long)r * columns;
                int c = 0;
                for (; c + V.Width <= columns; c += V.Width) V.Store(to + c, V.Load(from + c) + V.Load(b + c));
                int n = columns - c;
                if (n > 0) V.Store(to + c, n, V.Load(from + c, n) + V.Load(b + c, n));
            }
        }
    }

    private readonly struct SumRowsJob(float* partial, float* x, int rows, int columns, int parts) : IParallelJob
    {
        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            float* sum = partial + (long)part * columns;
            new Span<float>(sum, columns).Clear();
            for (int r = begin; r < end; r++)
            {
                float* row = x + (long)r * columns;
                int c = 0;
                for (; c + V.Width <= columns; c += V.Width) V.Store(sum + c, V.Load(sum + c) + V.Load(row + c));
                for (; c < columns; c++) sum[c] += row[c];
            }
        }
    }

    private readonly struct CombineRowsJob(float* y, float* x, float* a, float* z, float* b, int rows, int columns, int parts) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++)
            {
                V va = V.Broadcast(a[r]), vb = V.Broadcast(b[r]);
                long row = (long)r * columns;
                for (int c = 0; c < columns; c += V.Width)
                {
                    int n = Math.Min(V.Width, columns - c);
                    V.Store(y + row + c, n, V.MultiplyAdd(va, V.Load(x + row + c, n), vb * V.Load(z + row + c, n)));
                }
            }
        }
    }

    private readonly struct SoftmaxJob(float* y, float* x, int rows, int columns, int parts) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++) SoftmaxRow(y + (long)r * columns, x + (long)r * columns, columns);
        }
    }

    /// <summary>Softmax of one row; returns the logarithm of the sum of exponentials.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float SoftmaxRow(float* y, float* x, int columns)
    {
        V high = V.Broadcast(float.NegativeInfinity);
        int c = 0;
        for (; c + V.Width <= columns; c += V.Width) high = V.Max(high, V.Load(x + c));
        float max = V.MaxElement(high);
        for (; c < columns; c++) max = MathF.Max(max, x[c]);

        V shift = V.Broadcast(max), sums = V.Zero;
        for (c = 0; c + V.Width <= columns; c += V.Width)
        {
            V e = VectorMath<V>.Exp(V.Load(x + c) - shift);
            V.Store(y + c, e);
            sums += e;
        }

        float sum = V.Sum(sums);
        int rest = columns - c;
        if (rest > 0)
        {
            V.Store(y + c, rest, VectorMath<V>.Exp(V.Load(x + c, rest) - shift));
            for (int i = c; i < columns; i++) sum += y[i];
        }

        V scale = V.Broadcast(1 / sum);
        for (c = 0; c + V.Width <= columns; c += V.Width) V.Store(y + c, V.Load(y + c) * scale);
        rest = columns - c;
        if (rest > 0) V.Store(y + c, rest, V.Load(y + c, rest) * scale);
        return max + MathF.Log(sum);
    }

    private readonly struct SoftmaxBackwardJob(float* dx, float* dy, float* y, int rows, int columns, int parts, bool accumulate) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++)
            {
                long row = (long)r * columns;
                V dot = V.Broadcast(Dot(dy + row, y + row, columns));
                for (int c = 0; c < columns; c += V.Width)
                {
                    int n = Math.Min(V.Width, columns - c);
                    V g = V.Load(y + row + c, n) * (V.Load(dy + row + c, n) - dot);
                    V.Store(dx + row + c, n, accumulate ? g + V.Load(dx + row + c, n) : g);
                }
            }
        }
    }

    private readonly struct LayerNormJob(
        float* y, float* mean, float* rstd, float* x, float* gamma, float* beta, int rows, int columns, float epsilon, int parts) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++)
            {
                float* from = x + (long)r * columns, to = y + (long)r * columns;
                float m = RowSum(from, columns) / columns;
                float s = 1 / MathF.Sqrt(SquaredDeviations(from, m, columns) / columns + epsilon);
                mean[r] = m;
                rstd[r] = s;
                V vm = V.Broadcast(m), vs = V.Broadcast(s);
                int c = 0;
                for (; c + V.Width <= columns; c += V.Width)
                    V.Store(to + c, V.MultiplyAdd((V.Load(from + c) - vm) * vs, V.Load(gamma + c), V.Load(beta + c)));
                int n = columns - c;
                if (n > 0) V.Store(to + c, n, V.MultiplyAdd((V.Load(from + c, n) - vm) * vs, V.Load(gamma + c, n), V.Load(beta + c, n)));
            }
        }
    }

    private readonly struct LayerNormBackwardJob(
        float* dx, float* partial, float* dy, float* x, float* mean, float* rstd, float* gamma, int rows, int columns, int parts, bool accumulate)
        : IParallelJob
    {
        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            float* dgamma = partial + (long)part * columns, dbeta = partial + ((long)parts + part) * columns;
            new Span<float>(dgamma, columns).Clear();
            new Span<float>(dbeta, columns).Clear();
            for (int r = begin; r < end; r++)
            {
                long row = (long)r * columns;
                V vm = V.Broadcast(mean[r]), vs = V.Broadcast(rstd[r]);
                (float sum, float dot) = AddGainAndBias(dgamma, dbeta, dy + row, x + row, vm, vs, gamma, columns);
                V meanG = V.Broadcast(sum / columns), meanDot = V.Broadcast(dot / columns);
                for (int c = 0; c < columns; c += V.Width)
                {
                    int n = Math.Min(V.Width, columns - c);
                    V normal = (V.Load(x + row + c, n) - vm) * vs;
                    V g = (V.Load(dy + row + c, n) * V.Load(gamma + c, n) - meanG - normal * meanDot) * vs;
                    V.Store(dx + row + c, n, accumulate ? g + V.Load(dx + row + c, n) : g);
                }
            }
        }
    }

    /// <summary>Adds a row of a normalisation to the gradients of gain and bias; returns the sums of dy gain, and of that times the normalised value, which the input's gradient takes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (float Sum, float Dot) AddGainAndBias(float* dgain, float* dbias, float* dy, float* x, V mean, V scale, float* gain, int columns)
    {
        V sum = V.Zero, dot = V.Zero;
        for (int c = 0; c < columns; c += V.Width)
        {
            // Lanes past the end load as zeros: their dy is zero, so they add nothing to either sum.
            int n = Math.Min(V.Width, columns - c);
            V g = V.Load(dy + c, n), normal = (V.Load(x + c, n) - mean) * scale;
            V.Store(dbias + c, n, V.Load(dbias + c, n) + g);
            V.Store(dgain + c, n, V.MultiplyAdd(g, normal, V.Load(dgain + c, n)));
            g *= V.Load(gain + c, n);
            sum += g;
            dot = V.MultiplyAdd(g, normal, dot);
        }

        return (V.Sum(sum), V.Sum(dot));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float RowSum(float* x, int count)
    {
        V sums = V.Zero;
        int i = 0;
        for (; i + V.Width <= count; i += V.Width) sums += V.Load(x + i);
        float sum = V.Sum(sums);
        for (; i < count; i++) sum += x[i];
        return sum;
    }

    /// <summary>The sum of (x - mean)^2 of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float SquaredDeviations(float* x, float mean, int count)
    {
        V middle = V.Broadcast(mean), squares = V.Zero;
        int i = 0;
        for (; i + V.Width <= count; i += V.Width)
        {
            V d = V.Load(x + i) - middle;
            squares = V.MultiplyAdd(d, d, squares);
        }

        float sum = V.Sum(squares);
        for (; i < count; i++) sum += (x[i] - mean) * (x[i] - mean);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Dot(float* a, float* b, int count)
    {
        V sums = V.Zero;
        int i = 0;
        for (; i + V.Width <= count; i += V.Width) sums = V.MultiplyAdd(V.Load(a + i), V.Load(b + i), sums);
        float sum = V.Sum(sums);
        for (; i < count; i++) sum += a[i] * b[i];
        return sum;
    }
}
