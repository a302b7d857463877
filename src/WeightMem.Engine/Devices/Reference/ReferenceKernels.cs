using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;

namespace WeightMem.Engine.Devices.Reference;

/// <summary>The kernels as their definitions read.</summary>
internal sealed unsafe partial class ReferenceKernels : IKernels
{
    private static double* D(Tensor t) => (double*)t.Address;

    private static int* I(Tensor t) => (int*)t.Address;

    private static void Put(double* y, long i, double value, bool accumulate) => y[i] = accumulate ? y[i] + value : value;

    public void Fill(Tensor x, double value) => new Span<double>(D(x), checked((int)x.Elements)).Fill(value);

    public void Copy(Tensor y, Tensor x) => Buffer.MemoryCopy((void*)x.Address, (void*)y.Address, y.Bytes, x.Bytes);

    public void Axpby(Tensor y, Tensor x, double alpha, double beta)
    {
        for (long i = 0; i < x.Elements; i++) D(y)[i] = alpha * D(x)[i] + (beta == 0 ? 0 : beta * D(y)[i]);
    }

    public void Add(Tensor y, Tensor a, Tensor b)
    {
        for (long i = 0; i < y.Elements; i++) D(y)[i] = D(a)[i] + D(b)[i];
    }

    public void Multiply(Tensor y, Tensor a, Tensor b, bool accumulate)
    {
        for (long i = 0; i < y.Elements; i++) Put(D(y), i, D(a)[i] * D(b)[i], accumulate);
    }

    public void ActivationForward(Tensor y, Tensor x, Activation activation)
    {
        for (long i = 0; i < x.Elements; i++) D(y)[i] = Activations.Value(activation, D(x)[i]);
    }

    public void ActivationBackward(Tensor dx, Tensor dy, Tensor x, Activation activation, bool accumulate)
    {
        for (long i = 0; i < x.Elements; i++) Put(D(dx), i, D(dy)[i] * Activations.Slope(activation, D(x)[i]), accumulate);
    }

    public void AddBroadcast(Tensor y, Tensor x, Tensor b)
    {
        for (long i = 0; i < x.Elements; i++) D(y)[i] = D(x)[i] + D(b)[i % b.Elements];
    }

    public void SumRows(Tensor y, Tensor x, bool accumulate)
    {
        if (!accumulate) Fill(y, 0);
        for (long i = 0; i < x.Elements; i++) D(y)[i % y.Elements] += D(x)[i];
    }

    public void CombineRows(Tensor y, Tensor x, Tensor a, Tensor z, Tensor b)
    {
        long columns = x.Elements / x.Shape[0];
        for (long i = 0; i < x.Elements; i++) D(y)[i] = D(a)[i / columns] * D(x)[i] + D(b)[i / columns] * D(z)[i];
    }

    public void Elementwise(ElementwiseChain chain, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<bool> accumulate, ReadOnlySpan<Tensor> inputs)
    {
        var v = new double[chain.Steps.Length];
        for (long i = 0; i < outputs[0].Elements; i++)
        {
            for (int s = 0; s < v.Length; s++)
            {
                ChainStep step = chain.Steps[s];
                v[s] = step.Kind switch
                {
                    ChainStepKind.Input => D(inputs[step.A])[i % inputs[step.A].Elements],
                    ChainStepKind.Constant => step.Constant,
                    ChainStepKind.Add => v[step.A] + v[step.B],
                    ChainStepKind.Subtract => v[step.A] - v[step.B],
                    ChainStepKind.Multiply => v[step.A] * v[step.B],
                    ChainStepKind.Activate => Activations.Value(step.Activation, v[step.A]),
                    _ => Activations.Slope(step.Activation, v[step.A]),
                };
            }

            for (int o = 0; o < outputs.Length; o++) D(outputs[o])[i] = v[chain.Outputs[o]] + (accumulate[o] ? D(outputs[o])[i] : 0);
        }
    }

    public void Dropout(Tensor y, Tensor x, double rate, RandomStream stream, bool accumulate)
    {
        uint threshold = (uint)Math.Min(uint.MaxValue, rate * 4294967296.0);
        for (long i = 0; i < x.Elements; i++)
            Put(D(y), i, stream.Word(i) < threshold ? 0 : D(x)[i] / (1 - rate), accumulate);
    }

    public void GatherRows(Tensor y, Tensor x, Tensor index)
    {
        int columns = x.Shape.Columns;
        for (long r = 0; r < index.Elements; r++)
        {
            for (int c = 0; c < columns; c++) D(y)[r * columns + c] = D(x)[(long)I(index)[r] * columns + c];
        }
    }

    public void ScatterAddRows(Tensor dx, Tensor dy, Tensor index)
    {
        int columns = dx.Shape.Columns;
        for (long r = 0; r < index.Elements; r++)
        {
            for (int c = 0; c < columns; c++) D(dx)[(long)I(index)[r] * columns + c] += D(dy)[r * columns + c];
        }
    }

    public void GatherColumns(Tensor y, Tensor x, Tensor index)
    {
        int columns = x.Shape.Columns;
        for (long i = 0; i < x.Elements; i++) D(y)[i] = D(x)[i / columns * columns + I(index)[i]];
    }

    public void CopyColumns(Tensor y, int yColumn, Tensor x, int xColumn, int columns, bool accumulate)
    {
        for (int r = 0; r < x.Shape.Rows; r++)
        {
            for (int c = 0; c < columns; c++)
                Put(D(y), (long)r * y.Shape.Columns + yColumn + c, D(x)[(long)r * x.Shape.Columns + xColumn + c], accumulate);
        }
    }

    public void Gemm(in MatrixView c, in MatrixView a, in MatrixView b, double alpha = 1, double beta = 0, Tensor? bias = null)
    {
        for (int batch = 0; batch < c.Batch; batch++)
        {
            for (int i = 0; i < c.Rows; i++)
            {
                for (int j = 0; j < c.Columns; j++)
                {
                    double sum = 0;
                    for (int k = 0; k < a.Columns; k++) sum += D(a.Tensor)[At(a, batch, i, k)] * D(b.Tensor)[At(b, batch, k, j)];
                    double* to = D(c.Tensor) + At(c, batch, i, j);
                    *to = alpha * sum + (beta == 0 ? 0 : beta * *to) + (bias is null ? 0 : D(bias)[j]);
                }
            }
        }
    }

    public void FrequencyFeatures(Tensor y, Tensor x, Tensor frequencies)
    {
        int count = checked((int)frequencies.Elements);
        for (long r = 0; r < x.Elements; r++)
        {
            double* row = D(y) + r * (2 * count + 1);
            for (int f = 0; f < count; f++)
            {
                float product = (float)D(frequencies)[f] * (float)D(x)[r]; // the one single-precision rounding of the definition
                (row[f], row[count + f]) = Math.SinCos(product);
            }

            row[2 * count] = D(x)[r];
        }
    }

    public void Normal(Tensor x, RandomStream stream)
    {
        for (long i = 0; i < x.Elements; i++) D(x)[i] = NormalOf(stream, i);
    }

    public void NormalRows(Tensor x, Tensor keys, long step)
    {
        int columns = x.Shape.Columns;
        for (long i = 0; i < x.Elements; i++) D(x)[i] = NormalOf(new RandomStream(((ulong*)keys.Address)[i / columns], (ulong)step), i % columns);
    }

    public void ReverseStep(Tensor x, Tensor prediction, Tensor coefficients, Tensor keys, long step)
    {
        int columns = x.Shape.Columns;
        double* c = D(coefficients) + 3 * step;
        for (long i = 0; i < x.Elements; i++)
        {
            double noise = c[2] == 0 ? 0 : c[2] * NormalOf(new RandomStream(((ulong*)keys.Address)[i / columns], (ulong)step), i % columns);
            D(x)[i] = c[1] * D(x)[i] + c[0] * D(prediction)[i] + noise;
        }
    }

    public void SelectRow(Tensor y, Tensor table, long row)
    {
        for (long i = 0; i < y.Elements; i++) D(y)[i] = D(table)[row * y.Elements + i];
    }

    private static double NormalOf(RandomStream stream, long i)
    {
        double u = ((stream.Word(i & ~1L) >> 8) + 1) / 16777216.0, t = (stream.Word(i | 1) >> 8) / 16777216.0;
        double radius = Math.Sqrt(-2 * Math.Log(u));
        return radius * ((i & 1) == 0 ? Math.Cos(2 * Math.PI * t) : Math.Sin(2 * Math.PI * t));
    }

    public void Uniform(Tensor x, RandomStream stream)
    {
        for (long i = 0; i < x.Elements; i++) D(x)[i] = (stream.Word(i) >> 8) / 16777216.0;
    }

    public void Adam(
        Tensor parameters, Tensor m, Tensor v, Tensor? ema, Tensor gradient, Tensor squaredNorm, Tensor schedule, in AdamSettings settings)
    {
        double norm = *D(squaredNorm);
        if (!double.IsFinite(norm)) return;
        double rate = D(schedule)[0], correction1 = D(schedule)[1], correction2 = D(schedule)[2], emaDecay = D(schedule)[3];
        double scale = settings.GradientScale(norm);
        for (long i = 0; i < parameters.Elements; i++)
        {
            double g = D(gradient)[i] * scale;
            double mi = D(m)[i] = settings.Beta1 * D(m)[i] + (1 - settings.Beta1) * g;
            double vi = D(v)[i] = settings.Beta2 * D(v)[i] + (1 - settings.Beta2) * g * g;
            double p = D(parameters)[i];
            if (i < settings.DecayedCount) p -= rate * settings.WeightDecay * p;
            p -= rate * (mi / correction1) / (Math.Sqrt(vi / correction2) + settings.Epsilon);
            D(parameters)[i] = p;
            if (ema is not null) D(ema)[i] = emaDecay * D(ema)[i] + (1 - emaDecay) * p;
        }
    }

    public void NesterovRows(Tensor parameters, Tensor velocity, Tensor gradient, Tensor rates, double momentum, double decay, bool firstStep)
    {
        int columns = parameters.Shape.Columns;
        for (long i = 0; i < parameters.Elements; i++)
        {
            double d = D(gradient)[i] + decay * D(parameters)[i];
            double speed = D(velocity)[i] = firstStep ? d : momentum * D(velocity)[i] + d;
            D(parameters)[i] -= D(rates)[i / columns] * (d + momentum * speed);
        }
    }

    public void AdamRows(
        Tensor parameters, Tensor m, Tensor v, Tensor gradient, Tensor rates, double beta1, double beta2, double epsilon, double decay, long step)
    {
        int columns = parameters.Shape.Columns;
        double correction1 = 1 - Math.Pow(beta1, step), correction2 = 1 - Math.Pow(beta2, step);
        for (long i = 0; i < parameters.Elements; i++)
        {
            double g = D(gradient)[i] + decay * D(parameters)[i];
            double mi = D(m)[i] = beta1 * D(m)[i] + (1 - beta1) * g, vi = D(v)[i] = beta2 * D(v)[i] + (1 - beta2) * g * g;
            D(parameters)[i] -= D(rates)[i / columns] * (mi / correction1) / (Math.Sqrt(vi / correction2) + epsilon);
        }
    }

    private static long At(in MatrixView m, int batch, int row, int column) =>
        m.Offset + batch * m.BatchStride + (m.IsTransposed ? (long)column * m.RowStride + row : (long)row * m.RowStride + column);
}
