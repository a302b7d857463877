using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    public void Elementwise(ElementwiseChain chain, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<bool> accumulate, ReadOnlySpan<Tensor> inputs)
    {
        float** to = stackalloc float*[outputs.Length], from = stackalloc float*[inputs.Length];
        bool* adds = stackalloc bool[outputs.Length];
        for (int i = 0; i < outputs.Length; i++)
        {
            to[i] = F(outputs[i]);
            adds[i] = accumulate[i];
        }


        // A row's end is where an input starts again, so work is cut into rows; without rows all is one.
        long elements = outputs[0].Elements, columns = elements;
        for (int i = 0; i < inputs.Length; i++)
        {
            from[i] = F(inputs[i]);
            if (chain.Inputs[i] == ChainInput.Row) columns = Math.Min(columns, inputs[i].Elements);
        }

        long* sizes = stackalloc long[inputs.Length];
        for (int i = 0; i < inputs.Length; i++) sizes[i] = chain.Inputs[i] == ChainInput.Row ? inputs[i].Elements : elements;
        var job = new ChainJob(chain, to, adds, from, sizes, elements, columns);
        workers.Run(Parts(elements, ElementGrain), ref job);
    }

    /// <summary>
    /// Steps one after another over a few hundred elements at a time: intermediate values stay in the nearest cache, and each step is a plain vector loop.
    /// </summary>
    private readonly struct ChainJob(ElementwiseChain chain, float** outputs, bool* accumulate, float** inputs, long* sizes, long elements, long columns) : IParallelJob
    {
        private const int Chunk = 256;

        public void Run(int part)
        {
            long begin = (long)part * ElementGrain, end = Math.Min(elements, begin + ElementGrain);
            int steps = chain.Steps.Length;
            float* values = stackalloc float[steps * Chunk];
            float** at = stackalloc float*[steps];
            for (long i = begin; i < end;)
            {
                int n = (int)Math.Min(Math.Min(Chunk, end - i), columns - i % columns);
                for (int s = 0; s < steps; s++)
                {
                    ChainStep step = chain.Steps[s];
                    if (step.Kind == ChainStepKind.Input)
                    {
                        at[s] = inputs[step.A] + i % sizes[step.A];
                        continue;
                    }

                    at[s] = values + s * Chunk;
                    Step(step, at[s], step.Kind == ChainStepKind.Constant ? at[s] : at[step.A], step.Kind is ChainStepKind.Constant ? at[s] : at[step.B], n);
                }

                for (int o = 0; o < chain.Outputs.Length; o++)
                {
                    float* to = outputs[o] + i, value = at[chain.Outputs[o]];
                    if (accumulate[o]) Loop(to, to, value, n, default(SumOf));
                    else Buffer.MemoryCopy(value, to, n * sizeof(float), n * sizeof(float));
                }

                i += n;
            }
        }

        private static void Step(ChainStep step, float* to, float* a, float* b, int n)
        {
            switch (step.Kind)
            {
                case ChainStepKind.Constant: Loop(to, to, to, n, new Constant(step.Constant)); break;
                case ChainStepKind.Add: Loop(to, a, b, n, default(SumOf)); break;
                case ChainStepKind.Subtract: Loop(to, a, b, n, default(DifferenceOf)); break;
                case ChainStepKind.Multiply: Loop(to, a, b, n, default(ProductOf)); break;
                case ChainStepKind.Activate: Activate(step.Activation, to, a, n); break;
                default: Derive(step.Activation, to, a, n); break;
            }
        }
    }

    /// <summary>to = f(a) for n values.</summary>
    private static void Activate(Activation activation, float* to, float* a, int n)
    {
        switch (activation)
        {
            case Activation.Relu: Loop(to, a, a, n, default(Relu)); break;
            case Activation.Gelu: Loop(to, a, a, n, default(Gelu)); break;
            case Activation.Tanh: Loop(to, a, a, n, default(TanhOf)); break;
            case Activation.Sigmoid: Loop(to, a, a, n, default(SigmoidOf)); break;
            case Activation.Silu: Loop(to, a, a, n, default(Silu)); break;
            case Activation.LeakyRelu: Loop(to, a, a, n, default(LeakyRelu)); break;
            case Activation.Elu: Loop(to, a, a, n, default(Elu)); break;
            default: Loop(to, a, a, n, new Scaled(1)); break;
        }
    }

    /// <summary>to = f'(a) for n values.</summary>
    private static void Derive(Activation activation, float* to, float* a, int n)
    {
        switch (activation)
        {
            case Activation.Relu: Loop(to, a, a, n, default(SlopeOf<ReluSlope>)); break;
            case Activation.Gelu: Loop(to, a, a, n, default(SlopeOf<GeluSlope>)); break;
            case Activation.Tanh: Loop(to, a, a, n, default(SlopeOf<TanhSlope>)); break;
            case Activation.Sigmoid: Loop(to, a, a, n, default(SlopeOf<SigmoidSlope>)); break;
            case Activation.Silu: Loop(to, a, a, n, default(SlopeOf<SiluSlope>)); break;
            case Activation.LeakyRelu: Loop(to, a, a, n, default(SlopeOf<LeakyReluSlope>)); break;
            case Activation.Elu: Loop(to, a, a, n, default(SlopeOf<EluSlope>)); break;
            default: Loop(to, a, a, n, new Constant(1)); break;
        }
    }

    /// <summary>to = formula(a, b) for n values.</summary>
    private static void Loop<TFormula>(float* to, float* a, float* b, int n, TFormula formula)
        where TFormula : struct, IFormula
    {
        int i = 0;
        for (; i + V.Width <= n; i += V.Width) V.Store(to + i, formula.Apply(V.Load(a + i), V.Load(b + i), V.Zero));
        if (i < n) V.Store(to + i, n - i, formula.Apply(V.Load(a + i, n - i), V.Load(b + i, n - i), V.Zero));
    }

    private readonly struct DifferenceOf : IFormula
    {
        public V Apply(V a, V b, V old) => a - b;
    }

    private readonly struct SlopeOf<TSlope> : IFormula
        where TSlope : struct, ISlope
    {
        public V Apply(V a, V b, V old) => TSlope.At(a);
    }
}
