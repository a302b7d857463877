using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    public void MeanSquaredErrorForward(Tensor loss, Tensor x, Tensor target) =>
        *F(loss) = (float)(Reduce(F(x), F(target), x.Elements, Reduction.SquaredDifference) / x.Elements);

    public void MeanSquaredErrorBackward(Tensor dx, Tensor dloss, Tensor x, Tensor target, bool accumulate)
    {
        float scale = (float)(2.0 * *F(dloss) / x.Elements);
        if (accumulate) Map(dx, x, target, new ScaledDifferenceAdded(scale), readsOld: true);
        else Map(dx, x, target, new ScaledDifference(scale));
    }

    public void CrossEntropyForward(Tensor losses, Tensor logits, Tensor labels)
    {
        int rows = logits.Shape.Rows, columns = logits.Shape.Columns;
        var job = new CrossEntropyJob(F(losses), null, null, F(logits), (int*)labels.Address, rows, columns, RowParts(rows, columns), false);
        workers.Run(job.Parts, ref job);
    }

    public void CrossEntropyBackward(Tensor dlogits, Tensor dlosses, Tensor logits, Tensor labels, bool accumulate)
    {
        int rows = logits.Shape.Rows, columns = logits.Shape.Columns;
        var job = new CrossEntropyJob(
            null, F(dlogits), F(dlosses), F(logits), (int*)labels.Address, rows, columns, RowParts(rows, columns), accumulate);
        workers.Run(job.Parts, ref job);
    }

    public void Sum(Tensor result, Tensor x) => *F(result) = (float)Reduce(F(x), F(x), x.Elements, Reduction.Sum);

    public void SumOfSquares(Tensor result, Tensor x) => *(double*)result.Address = Reduce(F(x), F(x), x.Elements, Reduction.SumOfSquares);

    public void RequireFinite(Tensor number, Tensor other)
    {
        if (!float.IsFinite(*F(other))) *(double*)number.Address = double.NaN;
    }

    private double Reduce(float* a, float* b, long count, Reduction kind)
    {
        int parts = Parts(count, ElementGrain);
        double* partial = (double*)Scratch.Floats(2L * parts);
        var job = new ReduceJob(partial, a, b, count, kind);
        workers.Run(parts, ref job);
        double sum = 0;
        for (int i = 0; i < parts; i++) sum += partial[i];
        return sum;
    }

    private enum Reduction
    {
        Sum,
        SumOfSquares,
        SquaredDifference,
    }

    private readonly struct ReduceJob(double* partial, float* a, float* b, long count, Reduction kind) : IParallelJob
    {
        /// <summary>Values summed in single precision before the sum goes on in double.</summary>
        private const int Block = 1024;

        public void Run(int part)
        {
            long begin = (long)part * ElementGrain, end = Math.Min(count, begin + ElementGrain);
            double sum = 0;
            for (long i = begin; i < end; i += Block)
            {
                int n = (int)Math.Min(Block, end - i);
                sum += kind switch
                {
                    Reduction.Sum => RowSum(a + i, n),
                    Reduction.SumOfSquares => Dot(a + i, a + i, n),
                    _ => SquaredDifference(a + i, b + i, n),
                };
            }

            partial[part] = sum;
        }

        private static float SquaredDifference(float* a, float* b, int count)
        {
            V sums = V.Zero;
            for (int i = 0; i < count; i += V.Width)
            {
                int n = Math.Min(V.Width, count - i);
                V d = V.Load(a + i, n) - V.Load(b + i, n);
                sums = V.MultiplyAdd(d, d, sums);
            }

            return V.Sum(sums);
        }
    }

    /// <summary>Losses of rows, or their gradient when there is a dlogits.</summary>
    private readonly struct CrossEntropyJob(
        float* losses, float* dlogits, float* dlosses, float* logits, int* labels, int rows, int columns, int parts, bool accumulate) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            float* probabilities = Scratch.Floats(columns);
            for (int r = begin; r < end; r++)
            {
                float* row = logits + (long)r * columns;
                float logSum = SoftmaxRow(probabilities, row, columns);
                if (losses != null) losses[r] = logSum - row[labels[r]];
                if (dlogits == null) continue;
                float* to = dlogits + (long)r * columns;
                probabilities[labels[r]] -= 1;
                for (int c = 0; c < columns; c++)
                {
                    float g = dlosses[r] * probabilities[c];
                    to[c] = accumulate ? to[c] + g : g;
                }
            }
        }
    }

    private readonly struct ScaledDifference(float scale) : IFormula
    {
        public V Apply(V a, V b, V old) => V.Broadcast(scale) * (a - b);
    }

    private readonly struct ScaledDifferenceAdded(float scale) : IFormula
    {
        public V Apply(V a, V b, V old) => V.MultiplyAdd(V.Broadcast(scale), a - b, old);
    }
}
