using WeightMem.Engine.Devices.Cpu.Convolutions;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    public void ConvolutionForward(Tensor y, Tensor x, Tensor weight, Tensor? bias, Window window) =>
        ConvolutionKernel.Forward(F(y), F(x), F(weight), bias is null ? null : F(bias), Sizes(x.Shape, weight, window), workers, level);

    public void ConvolutionDataGradient(Tensor dx, Tensor dy, Tensor weight, Tensor? bias, Window window, bool accumulate) =>
        ConvolutionKernel.DataGradient(F(dx), F(dy), F(weight), bias is null ? null : F(bias), accumulate, Sizes(dx.Shape, weight, window), workers, level);

    public void ConvolutionFilterGradient(Tensor dweight, Tensor dy, Tensor x, Window window, bool accumulate) =>
        ConvolutionKernel.FilterGradient(F(dweight), F(dy), F(x), accumulate, Sizes(x.Shape, dweight, window), workers, level);

    private static ConvolutionSizes Sizes(Shape input, Tensor weight, Window window) => new()
    {
        Window = window,
        Batch = input[0],
        Channels = input[3],
        Filters = weight.Shape[0],
        Groups = input[3] / weight.Shape[1],
    };

    public void MaxPoolForward(Tensor y, Tensor places, Tensor x, Window window)
    {
        var job = new MaxPoolJob(F(y), F(places), F(x), window, x.Shape[3]);
        workers.Run(x.Shape[0] * window.OutHeight, ref job);
    }

    public void MaxPoolBackward(Tensor dx, Tensor dy, Tensor places, Window window, bool accumulate)
    {
        var job = new MaxPoolBackwardJob(F(dx), F(dy), F(places), window, dx.Shape[3], accumulate);
        workers.Run(dx.Shape[0], ref job);
    }

    public void AveragePoolForward(Tensor y, Tensor x, Window window)
    {
        var job = new AveragePoolJob(F(y), F(x), window, x.Shape[3]);
        workers.Run(x.Shape[0], ref job);
    }

    public void AveragePoolBackward(Tensor dx, Tensor dy, Window window, bool accumulate)
    {
        var job = new AveragePoolBackwardJob(F(dx), F(dy), window, dx.Shape[3], accumulate);
        workers.Run(dx.Shape[0], ref job);
    }

    public void SwapRowsAndColumns(Tensor y, Tensor x, bool accumulate)
    {
        var job = new SwapJob(F(y), F(x), x.Shape[1], x.Shape[2], accumulate);
        workers.Run(x.Shape[0], ref job);
    }

    /// <summary>One matrix of the batch, in squares that the first-level cache holds.</summary>
    private readonly struct SwapJob(float* y, float* x, int rows, int columns, bool accumulate) : IParallelJob
    {
        private const int Square = 16;

        public void Run(int part)
        {
            float* from = x + (long)part * rows * columns, to = y + (long)part * rows * columns;
            for (int top = 0; top < rows; top += Square)
            {
                for (int left = 0; left < columns; left += Square)
                {
                    for (int j = left; j < Math.Min(columns, left + Square); j++)
                    {
                        for (int i = top; i < Math.Min(rows, top + Square); i++)
                            to[(long)j * rows + i] = (accumulate ? to[(long)j * rows + i] : 0) + from[(long)i * columns + j];
                    }
                }
            }
        }
    }

    /// <summary>A row of outputs: a part is an image and a row of it.</summary>
    private readonly struct MaxPoolJob(float* y, float* places, float* x, Window w, int channels) : IParallelJob
    {
        public void Run(int part)
        {
            int image = part / w.OutHeight, top = part % w.OutHeight * w.StrideHeight - w.PadHeight;
            long to = (long)part * w.OutWidth * channels;
            for (int ox = 0; ox < w.OutWidth; ox++, to += channels)
            {
                int left = ox * w.StrideWidth - w.PadWidth;
                for (int c = 0; c < channels; c += V.Width)
                {
                    int n = Math.Min(V.Width, channels - c);
                    V best = V.Broadcast(float.NegativeInfinity), place = V.Zero;
                    for (int tap = 0; tap < w.Taps; tap++)
                    {
                        int iy = top + tap / w.KernelWidth, ix = left + tap % w.KernelWidth;
                        if ((uint)iy >= (uint)w.Height || (uint)ix >= (uint)w.Width) continue;
                        V value = V.Load(x + (((long)image * w.Height + iy) * w.Width + ix) * channels + c, n);
                        place = V.SelectLess(best, value, V.Broadcast(tap), place);
                        best = V.SelectLess(best, value, value, best);
                    }

                    V.Store(y + to + c, n, best);
                    V.Store(places + to + c, n, place);
                }
            }
        }
    }

    private readonly struct MaxPoolBackwardJob(float* dx, float* dy, float* places, Window w, int channels, bool accumulate) : IParallelJob
    {
        public void Run(int part)
        {
            float* image = dx + (long)part * w.Height * w.Width * channels;
            if (!accumulate) new Span<float>(image, w.Height * w.Width * channels).Clear();
            for (int place = 0; place < w.OutHeight * w.OutWidth; place++)
            {
                int top = place / w.OutWidth * w.StrideHeight - w.PadHeight, left = place % w.OutWidth * w.StrideWidth - w.PadWidth;
                long from = ((long)part * w.OutHeight * w.OutWidth + place) * channels;
                for (int tap = 0; tap < w.Taps; tap++)
                {
                    int iy = top + tap / w.KernelWidth, ix = left + tap % w.KernelWidth;
                    if ((uint)iy >= (uint)w.Height || (uint)ix >= (uint)w.Width) continue;
                    float* to = image + ((long)iy * w.Width + ix) * channels;
                    for (int c = 0; c < channels; c += V.Width)
                    {
                        int n = Math.Min(V.Width, channels - c);
                        V here = V.Abs(V.Load(places + from + c, n) - V.Broadcast(tap));
                        V.Store(to + c, n, V.Load(to + c, n) + V.SelectLess(here, V.Broadcast(0.5f), V.Load(dy + from + c, n), V.Zero));
                    }
                }
            }
        }
    }

    private readonly struct AveragePoolJob(float* y, float* x, Window w, int channels) : IParallelJob
    {
        public void Run(int part)
        {
            V share = V.Broadcast(1f / w.Taps);
            for (int place = 0; place < w.OutHeight * w.OutWidth; place++)
            {
                int top = place / w.OutWidth * w.StrideHeight, left = place % w.OutWidth * w.StrideWidth;
                float* corner = x + (((long)part * w.Height + top) * w.Width + left) * channels;
                float* to = y + ((long)part * w.OutHeight * w.OutWidth + place) * channels;
                for (int c = 0; c < channels; c += V.Width)
                {
                    int n = Math.Min(V.Width, channels - c);
                    V sum = V.Zero;
                    for (int ky = 0; ky < w.KernelHeight; ky++)
                    {
                        float* line = corner + (long)ky * w.Width * channels + c;
                        for (int kx = 0; kx < w.KernelWidth; kx++, line += channels) sum += V.Load(line, n);
                    }

                    V.Store(to + c, n, sum * share);
                }
            }
        }
    }

    private readonly struct AveragePoolBackwardJob(float* dx, float* dy, Window w, int channels, bool accumulate) : IParallelJob
    {
        public void Run(int part)
        {
            V share = V.Broadcast(1f / w.Taps);
            float* image = dx + (long)part * w.Height * w.Width * channels;
            if (!accumulate) new Span<float>(image, w.Height * w.Width * channels).Clear();
            for (int place = 0; place < w.OutHeight * w.OutWidth; place++)
            {
                int top = place / w.OutWidth * w.StrideHeight, left = place % w.OutWidth * w.StrideWidth;
                float* from = dy + ((long)part * w.OutHeight * w.OutWidth + place) * channels;
                for (int c = 0; c < channels; c += V.Width)
                {
                    int n = Math.Min(V.Width, channels - c);
                    V each = V.Load(from + c, n) * share;
                    for (int ky = 0; ky < w.KernelHeight; ky++)
                    {
                        float* line = image + ((long)(top + ky) * w.Width + left) * channels + c;
                        for (int kx = 0; kx < w.KernelWidth; kx++, line += channels) V.Store(line, n, V.Load(line, n) + each);
                    }
                }
            }
        }
    }
}
