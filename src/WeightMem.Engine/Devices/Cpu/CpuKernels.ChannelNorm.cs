using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    /// <summary>Rows of a part of a sum over rows: they are read twice, so they stay in the second-level cache.</summary>
    private static int RowsOfPart(int channels) => Math.Max(1, 32768 / channels);

    public void ChannelStatistics(Tensor mean, Tensor variance, Tensor x)
    {
        int groups = mean.Shape[0], channels = x.Shape.Columns, rows = x.Shape.Rows / groups, parts = Parts(rows, RowsOfPart(channels));
        float* partial = Scratch.Floats(2L * groups * parts * channels);
        var job = new MomentsJob(partial, F(x), rows, channels, parts);
        workers.Run(groups * parts, ref job);
        for (int i = 0; i < groups * channels; i++)
        {
            // Chan's formula, in the order of the parts
            int group = i / channels, c = i % channels;
            double count = 0, m = 0, squares = 0;
            for (int p = 0; p < parts; p++)
            {
                (int begin, int end) = Range(p, parts, rows);
                float* moments = partial + 2L * (group * parts + p) * channels + c;
                double n = end - begin, delta = moments[0] - m, all = count + n;
                squares += moments[channels] + delta * delta * count * n / all;
                m += delta * n / all;
                count = all;
            }

            F(mean)[i] = (float)m;
            F(variance)[i] = (float)(squares / rows);
        }
    }

    public void ChannelNormForward(Tensor y, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, double epsilon, Activation activation)
    {
        switch (activation)
        {
            case Activation.Relu: Normalize(y, x, mean, variance, gamma, beta, epsilon, default(Relu)); break;
            case Activation.LeakyRelu: Normalize(y, x, mean, variance, gamma, beta, epsilon, default(LeakyRelu)); break;
            case Activation.Elu: Normalize(y, x, mean, variance, gamma, beta, epsilon, default(Elu)); break;
            default:
                Normalize(y, x, mean, variance, gamma, beta, epsilon, new Scaled(1));
                if (activation != Activation.Identity) ActivationForward(y, y, activation);
                break;
        }
    }

    public void ChannelNormBackward(
        Tensor dx, Tensor dgamma, Tensor dbeta, Tensor dy, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, double epsilon,
        Activation activation, bool ofBatch, bool accumulate)
    {
        switch (activation)
        {
            case Activation.Identity: Backward<ConstantSlope>(); break;
            case Activation.Relu: Backward<ReluSlope>(); break;
            case Activation.LeakyRelu: Backward<LeakyReluSlope>(); break;
            case Activation.Elu: Backward<EluSlope>(); break;
            case Activation.Gelu: Backward<GeluSlope>(); break;
            case Activation.Tanh: Backward<TanhSlope>(); break;
            case Activation.Sigmoid: Backward<SigmoidSlope>(); break;
            case Activation.Silu: Backward<SiluSlope>(); break;
            default: throw new ArgumentOutOfRangeException(nameof(activation));
        }

        void Backward<TSlope>()
            where TSlope : struct, ISlope
        {
            int channels = x.Shape.Columns, rows = x.Shape.Rows, parts = Parts(rows, RowsOfPart(channels));
            float* partial = Scratch.Floats((2L * parts + 5) * channels), rstd = partial + 2L * parts * channels, scale = rstd + channels, ofSum = scale + channels, ofDot = ofSum + channels;
            for (int c = 0; c < channels; c++)
            {
                rstd[c] = (float)(1 / Math.Sqrt(F(variance)[c] + epsilon));
                scale[c] = F(gamma)[c] * rstd[c];
                ofSum[c] = ofDot[c] = 0;
            }

            var sums = new NormSumsJob<TSlope>(partial, F(dy), F(x), F(mean), rstd, scale, F(beta), rows, channels, parts);
            workers.Run(parts, ref sums);
            for (int c = 0; c < channels; c++)
            {
                double sum = 0, dot = 0;
                for (int p = 0; p < parts; p++)
                {
                    sum += partial[2L * p * channels + c];
                    dot += partial[(2L * p + 1) * channels + c];
                }

                F(dbeta)[c] += (float)sum;
                F(dgamma)[c] += (float)dot;
                if (ofBatch) (ofSum[c], ofDot[c]) = ((float)(sum / rows), (float)(dot / rows));
            }

            var job = new NormBackwardJob<TSlope>(F(dx), F(dy), F(x), F(mean), rstd, scale, F(beta), ofSum, ofDot, rows, channels, parts, accumulate);
            workers.Run(parts, ref job);
        }
    }

    private void Normalize<TFormula>(Tensor y, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, double epsilon, TFormula formula)
        where TFormula : struct, IFormula
    {
        int groups = mean.Shape[0], channels = x.Shape.Columns, rows = x.Shape.Rows / groups, parts = Parts(rows, RowsOfPart(channels));
        float* scale = Scratch.Floats((long)groups * channels);
        for (int i = 0; i < groups * channels; i++) scale[i] = (float)(F(gamma)[i % channels] / Math.Sqrt(F(variance)[i] + epsilon));
        var job = new NormJob<TFormula>(F(y), F(x), F(mean), scale, F(beta), rows, channels, parts, formula);
        workers.Run(groups * parts, ref job);
    }

    private readonly struct ConstantSlope : ISlope
    {
        public static V At(V x) => V.Broadcast(1);
    }

    /// <summary>Mean and squared deviations of every channel over the rows of a part: two passes over what is in the cache.</summary>
    private readonly struct MomentsJob(float* partial, float* x, int rows, int channels, int parts) : IParallelJob
    {
        public void Run(int part)
        {
            (int begin, int end) = Range(part % parts, parts, rows);
            float* from = x + ((long)(part / parts) * rows + begin) * channels, moments = partial + 2L * part * channels;
            V count = V.Broadcast(end - begin);
            for (int c = 0; c < channels; c += V.Width)
            {
                int n = Math.Min(V.Width, channels - c);
                V sum = V.Zero, other = V.Zero;
                float* at = from + c;
                int r = end - begin;
                for (; r >= 2; r -= 2, at += 2 * channels)
                {
                    sum += V.Load(at, n);
                    other += V.Load(at + channels, n);
                }

                if (r > 0) sum += V.Load(at, n);
                V mean = (sum + other) / count, squares = V.Zero;
                at = from + c;
                for (r = begin; r < end; r++, at += channels)
                {
                    V off = V.Load(at, n) - mean;
                    squares = V.MultiplyAdd(off, off, squares);
                }

                V.Store(moments + c, n, mean);
                V.Store(moments + channels + c, n, squares);
            }
        }
    }

    private readonly struct NormJob<TFormula>(float* y, float* x, float* mean, float* scale, float* beta, int rows, int channels, int parts, TFormula formula) : IParallelJob
        where TFormula : struct, IFormula
    {
        public void Run(int part)
        {
            int group = part / parts;
            (int begin, int end) = Range(part % parts, parts, rows);
            float* m = mean + (long)group * channels, s = scale + (long)group * channels;
            for (int c = 0; c < channels; c += V.Width)
            {
                int n = Math.Min(V.Width, channels - c);
                V ofMean = V.Load(m + c, n), ofScale = V.Load(s + c, n), shift = V.Load(beta + c, n);
                long at = ((long)group * rows + begin) * channels + c;
                for (int r = begin; r < end; r++, at += channels)
                {
                    V z = V.MultiplyAdd(V.Load(x + at, n) - ofMean, ofScale, shift);
                    V.Store(y + at, n, formula.Apply(z, z, V.Zero));
                }
            }
        }
    }

    /// <summary>Sums of the slopes before normalisation, and of them times the normalised values.</summary>
    private readonly struct NormSumsJob<TSlope>(float* partial, float* dy, float* x, float* mean, float* rstd, float* scale, float* beta, int rows, int channels, int parts) : IParallelJob
        where TSlope : struct, ISlope
    {
        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int c = 0; c < channels; c += V.Width)
            {
                int n = Math.Min(V.Width, channels - c);
                V ofMean = V.Load(mean + c, n), ofScale = V.Load(scale + c, n), shift = V.Load(beta + c, n), sum = V.Zero, dot = V.Zero;
                long at = (long)begin * channels + c;
                for (int r = begin; r < end; r++, at += channels)
                {
                    V off = V.Load(x + at, n) - ofMean, g = V.Load(dy + at, n) * TSlope.At(V.MultiplyAdd(off, ofScale, shift));
                    sum += g;
                    dot = V.MultiplyAdd(g, off, dot);
                }

                V.Store(partial + 2L * part * channels + c, n, sum);
                V.Store(partial + (2L * part + 1) * channels + c, n, dot * V.Load(rstd + c, n));
            }
        }
    }

    private readonly struct NormBackwardJob<TSlope>(
        float* dx, float* dy, float* x, float* mean, float* rstd, float* scale, float* beta, float* ofSum, float* ofDot, int rows, int channels, int parts, bool accumulate) : IParallelJob
        where TSlope : struct, ISlope
    {
        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int c = 0; c < channels; c += V.Width)
            {
                int n = Math.Min(V.Width, channels - c);
                V ofMean = V.Load(mean + c, n), ofScale = V.Load(scale + c, n), shift = V.Load(beta + c, n), sum = V.Load(ofSum + c, n);
                V dot = V.Load(ofDot + c, n) * V.Load(rstd + c, n);
                long at = (long)begin * channels + c;
                for (int r = begin; r < end; r++, at += channels)
                {
                    V off = V.Load(x + at, n) - ofMean, g = V.Load(dy + at, n) * TSlope.At(V.MultiplyAdd(off, ofScale, shift));
                    V through = (g - sum - off * dot) * ofScale;
                    V.Store(dx + at, n, accumulate ? V.Load(dx + at, n) + through : through);
                }
            }
        }
    }
}
