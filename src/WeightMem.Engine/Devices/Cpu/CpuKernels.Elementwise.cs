using System.Runtime.CompilerServices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    /// <summary>One formula y = f(a, b, old y), applied to registers. Operands that are not used may point anywhere readable.</summary>
    private interface IFormula
    {
        V Apply(V a, V b, V old);
    }

    public void Fill(Tensor x, double value) => Map(x, x, x, new Constant((float)value));

    public void Copy(Tensor y, Tensor x) =>
        Buffer.MemoryCopy((void*)x.Address, (void*)y.Address, y.Bytes, x.Bytes);

    public void Axpby(Tensor y, Tensor x, double alpha, double beta)
    {
        if (beta == 0) Map(y, x, x, new Scaled((float)alpha));
        else Map(y, x, y, new ScaledSum((float)alpha, (float)beta));
    }

    public void Add(Tensor y, Tensor a, Tensor b) => Map(y, a, b, default(SumOf));

    public void Multiply(Tensor y, Tensor a, Tensor b, bool accumulate)
    {
        if (accumulate) Map(y, a, b, default(ProductAdded), readsOld: true);
        else Map(y, a, b, default(ProductOf));
    }

    public void ActivationForward(Tensor y, Tensor x, Activation activation)
    {
        switch (activation)
        {
            case Activation.Identity: Copy(y, x); break;
            case Activation.Relu: Map(y, x, x, default(Relu)); break;
            case Activation.Gelu: Map(y, x, x, default(Gelu)); break;
            case Activation.Tanh: Map(y, x, x, default(TanhOf)); break;
            case Activation.Sigmoid: Map(y, x, x, default(SigmoidOf)); break;
            case Activation.Silu: Map(y, x, x, default(Silu)); break;
            case Activation.LeakyRelu: Map(y, x, x, default(LeakyRelu)); break;
            case Activation.Elu: Map(y, x, x, default(Elu)); break;
            default: throw new ArgumentOutOfRangeException(nameof(activation));
        }
    }

    public void ActivationBackward(Tensor dx, Tensor dy, Tensor x, Activation activation, bool accumulate)
    {
        switch (activation)
        {
            case Activation.Identity: Axpby(dx, dy, 1, accumulate ? 1 : 0); break;
            case Activation.Relu: Derive<ReluSlope>(dx, dy, x, accumulate); break;
            case Activation.Gelu: Derive<GeluSlope>(dx, dy, x, accumulate); break;
            case Activation.Tanh: Derive<TanhSlope>(dx, dy, x, accumulate); break;
            case Activation.Sigmoid: Derive<SigmoidSlope>(dx, dy, x, accumulate); break;
            case Activation.Silu: Derive<SiluSlope>(dx, dy, x, accumulate); break;
            case Activation.LeakyRelu: Derive<LeakyReluSlope>(dx, dy, x, accumulate); break;
            case Activation.Elu: Derive<EluSlope>(dx, dy, x, accumulate); break;
            default: throw new ArgumentOutOfRangeException(nameof(activation));
        }
    }

    public void Dropout(Tensor y, Tensor x, double rate, RandomStream stream, bool accumulate)
    {
        float keep = (float)(1 / (1 - rate));
        uint threshold = (uint)Math.Min(uint.MaxValue, rate * 4294967296.0);
        var job = new DropoutJob(F(y), F(x), x.Elements, keep, threshold, stream, accumulate);
        workers.Run(Parts(x.Elements, ElementGrain), ref job);
    }

    private void Map<TFormula>(Tensor y, Tensor a, Tensor b, TFormula formula, bool readsOld = false)
        where TFormula : struct, IFormula
    {
        var job = new MapJob<TFormula>(F(y), F(a), F(b), y.Elements, formula, readsOld);
        workers.Run(Parts(y.Elements, ElementGrain), ref job);
    }

    private void Derive<TSlope>(Tensor dx, Tensor dy, Tensor x, bool accumulate)
        where TSlope : struct, ISlope
    {
        if (accumulate) Map(dx, dy, x, default(SlopeAdded<TSlope>), readsOld: true);
        else Map(dx, dy, x, default(Slope<TSlope>));
    }

    private readonly struct MapJob<TFormula>(float* y, float* a, float* b, long count, TFormula formula, bool readsOld) : IParallelJob
        where TFormula : struct, IFormula
    {
        public void Run(int part)
        {
            long begin = (long)part * ElementGrain, end = Math.Min(count, begin + ElementGrain);
            if (readsOld) Loop(begin, end, true);
            else Loop(begin, end, false);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Loop(long begin, long end, bool old)
        {
            long i = begin;
            for (; i + V.Width <= end; i += V.Width)
                V.Store(y + i, formula.Apply(V.Load(a + i), V.Load(b + i), old ? V.Load(y + i) : V.Zero));
            int rest = (int)(end - i);
            if (rest > 0)
                V.Store(y + i, rest, formula.Apply(V.Load(a + i, rest), V.Load(b + i, rest), old ? V.Load(y + i, rest) : V.Zero));
        }
    }

    private readonly struct DropoutJob(float* y, float* x, long count, float keep, uint threshold, RandomStream stream, bool accumulate)
        : IParallelJob
    {
        public void Run(int part)
        {
            long begin = (long)part * ElementGrain, end = Math.Min(count, begin + ElementGrain);
            for (long i = begin; i < end; i++)
            {
                float value = stream.Word(i) < threshold ? 0 : x[i] * keep;
                y[i] = accumulate ? y[i] + value : value;
            }
        }
    }

    private readonly struct Constant(float value) : IFormula
    {
        public V Apply(V a, V b, V old) => V.Broadcast(value);
    }

    private readonly struct Scaled(float alpha) : IFormula
    {
        public V Apply(V a, V b, V old) => V.Broadcast(alpha) * a;
    }

    private readonly struct ScaledSum(float alpha, float beta) : IFormula
    {
        public V Apply(V a, V b, V old) => V.MultiplyAdd(V.Broadcast(alpha), a, V.Broadcast(beta) * b);
    }

    private readonly struct SumOf : IFormula
    {
        public V Apply(V a, V b, V old) => a + b;
    }

    private readonly struct ProductOf : IFormula
    {
        public V Apply(V a, V b, V old) => a * b;
    }

    private readonly struct ProductAdded : IFormula
    {
        public V Apply(V a, V b, V old) => V.MultiplyAdd(a, b, old);
    }
}
