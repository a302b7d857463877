using WeightMem.Cuda;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Kernels;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;

namespace WeightMem.Engine.Devices.Cuda;

/// <summary>
/// Launches of the versions in <c>kernels/notebooks</c>: how each kernel came to be what ships, for measuring. Each method is the kernel of the same name with
/// the number of its version; what ships is reached through <see cref="IKernels"/>.
/// </summary>
internal sealed partial class CudaNotebooks(CudaStream stream, CudaPrograms programs)
{
    private const int Threads = 128, Warps = Threads / 32;

    public void Softmax(int version, Tensor y, Tensor x)
    {
        var kernels = new SoftmaxVersionsKernels(programs.Notebook(SoftmaxVersionsKernels.FileName));
        long rows = x.Shape.Rows;
        int columns = x.Shape.Columns;
        switch (version)
        {
            case 1: kernels.Softmax1(stream, LaunchConfig.For(rows, Threads), F(y), F(x), rows, columns); break;
            case 2: kernels.Softmax2(stream, new LaunchConfig((int)rows, Threads), F(y), F(x), rows, columns); break;
            default: kernels.Softmax3(stream, WarpPerRow(rows), F(y), F(x), rows, columns); break;
        }
    }

    public void LayerNorm(int version, Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor gamma, Tensor beta, float epsilon)
    {
        var kernels = new LayerNormVersionsKernels(programs.Notebook(LayerNormVersionsKernels.FileName));
        long rows = x.Shape.Rows;
        int columns = x.Shape.Columns;
        switch (version)
        {
            case 1: kernels.LayerNorm1(stream, LaunchConfig.For(rows, Threads), F(y), F(mean), F(rstd), F(x), F(gamma), F(beta), rows, columns, epsilon); break;
            case 2: kernels.LayerNorm2(stream, new LaunchConfig((int)rows, Threads), F(y), F(mean), F(rstd), F(x), F(gamma), F(beta), rows, columns, epsilon); break;
            default: kernels.LayerNorm3(stream, WarpPerRow(rows), F(y), F(mean), F(rstd), F(x), F(gamma), F(beta), rows, columns, epsilon); break;
        }
    }

    public void SumRows(int version, Tensor y, Tensor x)
    {
        var kernels = new SumRowsVersionsKernels(programs.Notebook(SumRowsVersionsKernels.FileName));
        int columns = checked((int)y.Elements);
        long rows = x.Elements / columns;
        if (version == 1) kernels.SumRows1(stream, LaunchConfig.For(columns, Threads), F(y), F(x), rows, columns);
        else kernels.SumRows2(stream, new LaunchConfig((columns + 31) / 32, new Dim3(32, 8)), F(y), F(x), rows, columns);
    }

    public void Gemm(int version, Tensor c, Tensor a, Tensor b)
    {
        const uint Side = 32;
        var kernels = new GemmVersionsKernels(programs.Notebook(GemmVersionsKernels.FileName));
        int rows = a.Shape.Rows, columns = b.Shape.Columns, depth = a.Shape.Columns;
        var config = new LaunchConfig(new Dim3(((uint)columns + Side - 1) / Side, ((uint)rows + Side - 1) / Side), new Dim3(Side, Side));
        if (version == 1) kernels.Gemm1(stream, config, F(c), F(a), F(b), rows, columns, depth);
        else kernels.Gemm2(stream, config, F(c), F(a), F(b), rows, columns, depth);
    }

    public void Attention(int version, Tensor y, Tensor logSumExp, Tensor qkv, int heads)
    {
        var kernels = new AttentionVersionsKernels(programs.Notebook(AttentionVersionsKernels.FileName));
        int tokens = qkv.Shape[1], width = qkv.Shape[2] / 3, size = width / heads;
        int queries = version == 1 ? Threads : Warps;
        var config = new LaunchConfig(new Dim3((uint)((tokens + queries - 1) / queries), (uint)heads, (uint)qkv.Shape[0]), Threads);
        float scale = (float)(1 / Math.Sqrt(size));
        if (version == 1) kernels.Attention1(stream, config, F(y), F(logSumExp), F(qkv), tokens, width, size, scale);
        else kernels.Attention2(stream, config, F(y), F(logSumExp), F(qkv), tokens, width, size, scale);
    }

    public void Adam(
        int version, Tensor parameters, Tensor m, Tensor v, Tensor ema, Tensor gradient, Tensor squaredNorm, Tensor schedule, in AdamSettings settings)
    {
        var kernels = new AdamVersionsKernels(programs.Notebook(AdamVersionsKernels.FileName));
        long n = parameters.Elements, decayed = settings.DecayedCount;
        var rates = new AdamRates
        {
            WeightDecay = settings.WeightDecay,
            Clip = settings.Clip,
            Beta1 = (float)settings.Beta1,
            Beta2 = (float)settings.Beta2,
            KeepMean = (float)(1 - settings.Beta1),
            KeepSquare = (float)(1 - settings.Beta2),
            Epsilon = (float)settings.Epsilon,
        };
        DeviceReader<double> norm = new((ulong)squaredNorm.Address), now = new((ulong)schedule.Address);
        LaunchConfig config = LaunchConfig.For(n);
        if (version == 2)
        {
            kernels.Adam2(stream, config, F(parameters), F(m), F(v), F(ema), F(gradient), n, decayed, norm, now, rates);
            return;
        }

        kernels.Adam1Mean(stream, config, F(m), F(gradient), n, norm, rates);
        kernels.Adam1Square(stream, config, F(v), F(gradient), n, norm, rates);
        kernels.Adam1Parameters(stream, config, F(parameters), F(m), F(v), n, decayed, now, rates);
        kernels.Adam1Average(stream, config, F(ema), F(parameters), n, now);
    }

    private static LaunchConfig WarpPerRow(long rows) => new(checked((int)((rows + Warps - 1) / Warps)), Threads);

    private static DevicePointer<float> F(Tensor t) => new((ulong)t.Address);
}
