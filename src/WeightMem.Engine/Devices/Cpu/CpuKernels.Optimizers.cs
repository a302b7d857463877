using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    public void Adam(
        Tensor parameters, Tensor m, Tensor v, Tensor? ema, Tensor gradient, Tensor squaredNorm, Tensor schedule, in AdamSettings settings)
    {
        double norm = *(double*)squaredNorm.Address;
        if (!double.IsFinite(norm)) return;
        var job = new AdamJob(
            F(parameters), F(m), F(v), ema is null ? null : F(ema), F(gradient), parameters.Elements, settings, settings.GradientScale(norm),
            *(AdamSchedule*)schedule.Address);
        workers.Run(Parts(parameters.Elements, ElementGrain), ref job);
    }

    public void NesterovRows(Tensor parameters, Tensor velocity, Tensor gradient, Tensor rates, double momentum, double decay, bool firstStep)
    {
        int rows = parameters.Shape.Rows, columns = parameters.Shape.Columns;
        var job = new NesterovJob(
            F(parameters), F(velocity), F(gradient), F(rates), rows, columns, RowParts(rows, columns), (float)momentum, (float)decay, firstStep);
        workers.Run(job.Parts, ref job);
    }

    public void AdamRows(
        Tensor parameters, Tensor m, Tensor v, Tensor gradient, Tensor rates, double beta1, double beta2, double epsilon, double decay, long step)
    {
        int rows = parameters.Shape.Rows, columns = parameters.Shape.Columns;
        var job = new AdamRowsJob(
            F(parameters), F(m), F(v), F(gradient), F(rates), rows, columns, RowParts(rows, columns), (float)beta1, (float)(1 - beta1), (float)beta2, (float)(1 - beta2),
            (float)epsilon, (float)decay, 1 - Math.Pow(beta1, step), (float)(1 / Math.Sqrt(1 - Math.Pow(beta2, step))));
        workers.Run(job.Parts, ref job);
    }

    private readonly struct AdamRowsJob(
        float* parameters, float* m, float* v, float* gradient, float* rates, int rows, int columns, int parts, float beta1, float keepMean, float beta2,
        float keepSquare, float epsilon, float decay, double correction, float rootCorrection)
        : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            V b1 = V.Broadcast(beta1), a1 = V.Broadcast(keepMean), b2 = V.Broadcast(beta2), a2 = V.Broadcast(keepSquare), wd = V.Broadcast(decay);
            for (int r = begin; r < end; r++)
            {
                V rate = V.Broadcast((float)(rates[r] / correction));
                for (int c = 0; c < columns; c += V.Width)
                {
                    long i = (long)r * columns + c;
                    int n = Math.Min(V.Width, columns - c);
                    V p = V.Load(parameters + i, n), g = V.MultiplyAdd(wd, p, V.Load(gradient + i, n));
                    V mi = V.MultiplyAdd(b1, V.Load(m + i, n), a1 * g), vi = V.MultiplyAdd(b2, V.Load(v + i, n), a2 * g * g);
                    V.Store(m + i, n, mi);
                    V.Store(v + i, n, vi);
                    V.Store(parameters + i, n, p - rate * mi / V.MultiplyAdd(V.Sqrt(vi), V.Broadcast(rootCorrection), V.Broadcast(epsilon)));
                }
            }
        }
    }

    private readonly struct AdamJob(float* parameters, float* m, float* v, float* ema, float* gradient, long count, AdamSettings settings, double gradientScale, AdamSchedule schedule)
        : IParallelJob
    {
        public void Run(int part)
        {
            long begin = (long)part * ElementGrain, end = Math.Min(count, begin + ElementGrain);
            long split = Math.Clamp(settings.DecayedCount, begin, end);
            Update(begin, split, (float)(1 - schedule.Rate * settings.WeightDecay));
            Update(split, end, 1f);
        }

        private void Update(long begin, long end, float shrink)
        {
            V b1 = V.Broadcast((float)settings.Beta1), a1 = V.Broadcast((float)(1 - settings.Beta1));
            V b2 = V.Broadcast((float)settings.Beta2), a2 = V.Broadcast((float)(1 - settings.Beta2));
            V scale = V.Broadcast((float)gradientScale), keep = V.Broadcast(shrink), epsilon = V.Broadcast((float)settings.Epsilon);
            V rate = V.Broadcast((float)(schedule.Rate / schedule.Correction1)), rootCorrection = V.Broadcast((float)(1 / Math.Sqrt(schedule.Correction2)));
            V d = V.Broadcast((float)schedule.EmaDecay), e = V.Broadcast((float)(1 - schedule.EmaDecay));
            for (long i = begin; i < end; i += V.Width)
            {
                int n = (int)Math.Min(V.Width, end - i);
                V g = V.Load(gradient + i, n) * scale;
                V mi = V.MultiplyAdd(b1, V.Load(m + i, n), a1 * g);
                V vi = V.MultiplyAdd(b2, V.Load(v + i, n), a2 * g * g);
                V p = V.Load(parameters + i, n) * keep - rate * mi / V.MultiplyAdd(V.Sqrt(vi), rootCorrection, epsilon);
                V.Store(m + i, n, mi);
                V.Store(v + i, n, vi);
                V.Store(parameters + i, n, p);
                if (ema != null) V.Store(ema + i, n, V.MultiplyAdd(d, V.Load(ema + i, n), e * p));
            }
        }
    }

    private readonly struct NesterovJob(
        float* parameters, float* velocity, float* gradient, float* rates, int rows, int columns, int parts, float momentum, float decay, bool firstStep)
        : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            V mu = V.Broadcast(momentum), wd = V.Broadcast(decay);
            for (int r = begin; r < end; r++)
            {
                V rate = V.Broadcast(-rates[r]);
                long row = (long)r * columns;
                for (int c = 0; c < columns; c += V.Width)
                {
                    long i = row + c;
                    int n = Math.Min(V.Width, columns - c);
                    V p = V.Load(parameters + i, n), d = V.MultiplyAdd(wd, p, V.Load(gradient + i, n));
                    V speed = firstStep ? d : V.MultiplyAdd(mu, V.Load(velocity + i, n), d);
                    V.Store(velocity + i, n, speed);
                    V.Store(parameters + i, n, V.MultiplyAdd(rate, V.MultiplyAdd(mu, speed, d), p));
                }
            }
        }
    }
}
