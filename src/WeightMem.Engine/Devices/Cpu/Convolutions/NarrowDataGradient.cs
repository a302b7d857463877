using System.Runtime.CompilerServices;
using WeightMem.Engine.Devices.Cpu.Gemm;
using WeightMem.Engine.Ops;

namespace WeightMem.Engine.Devices.Cpu.Convolutions;

/// <summary>
/// The data gradient with respect to few channels, such as those of an image. As a product of gathered rows it would have fewer columns than a vector has lanes; here all taps are
/// columns: a line of slopes times the filters gives what every slope adds to every pixel it saw, and that is added up. A pixel's sum runs over lines, places and taps in their
/// order, whatever the strips, so neither threads nor the batch change its bits.
/// </summary>
internal static unsafe class NarrowDataGradient<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private const int PartsPerThread = 4;

    // A strip's first lines of slopes are multiplied again for the strip before: strips are to be taller than that.
    private const int LeastRowsOfStrip = 8;

    /// <summary>dx = the slopes' way back through the filters + bias, or += that.</summary>
    public static void Run(float* dx, float* dy, float* weight, float* bias, bool accumulate, in ConvolutionSizes s, WorkerPool pool)
    {
        Window w = s.Window;
        int columns = w.Taps * s.Channels;
        float* byTap = GemmScratch.Current.AllOfB((nint)s.Filters * columns);
        for (int f = 0; f < s.Filters; f++)
        {
            for (int c = 0; c < s.Channels; c++)
            {
                for (int tap = 0; tap < w.Taps; tap++) byTap[(nint)f * columns + tap * s.Channels + c] = weight[((nint)f * s.Channels + c) * w.Taps + tap];
            }
        }

        int strips = Math.Clamp((PartsPerThread * pool.Threads + s.Batch - 1) / s.Batch, 1, Math.Max(1, w.Height / LeastRowsOfStrip));
        var job = new StripJob { Dx = dx, Dy = dy, ByTap = byTap, Bias = bias, Accumulate = accumulate, Sizes = s, Strips = strips };
        pool.Run(s.Batch * strips, ref job);
    }

    private struct StripJob : IParallelJob
    {
        public float* Dx, Dy, ByTap, Bias;
        public bool Accumulate;
        public ConvolutionSizes Sizes;
        public int Strips;

        public readonly void Run(int part)
        {
            Window w = Sizes.Window;
            int image = part / Strips, strip = part % Strips, channels = Sizes.Channels, columns = w.Taps * channels;
            int begin = (int)((long)w.Height * strip / Strips), end = (int)((long)w.Height * (strip + 1) / Strips);
            float* pixels = Dx + (nint)image * w.Height * w.Width * channels;
            if (!Accumulate) new Span<float>(pixels + (nint)begin * w.Width * channels, (end - begin) * w.Width * channels).Clear();
            if (Bias != null) AddBias(pixels, begin, end);
            float* sums = GemmScratch.Current.SumsToScatter((nint)w.OutWidth * columns);

            // Line oy sees rows oy * stride - pad and on, as many as the kernel has.
            int first = Math.Max(0, begin + w.PadHeight - w.KernelHeight + w.StrideHeight) / w.StrideHeight, last = Math.Min(w.OutHeight - 1, (end - 1 + w.PadHeight) / w.StrideHeight);
            for (int line = first; line <= last; line++)
            {
                var product = new GemmArguments
                {
                    A = Dy + ((nint)image * w.OutHeight + line) * w.OutWidth * Sizes.Filters,
                    B = ByTap,
                    C = sums,
                    M = w.OutWidth,
                    N = columns,
                    K = Sizes.Filters,
                    RowStrideA = Sizes.Filters,
                    RowStrideB = columns,
                    RowStrideC = columns,
                    Batch = 1,
                    Alpha = 1,
                };
                BlockProduct<TLanes, TVector>.Run(product, new DepthSlices(Sizes.Filters), 0, 0, w.OutWidth, 0, columns, null);
                Scatter(pixels, sums, line * w.StrideHeight - w.PadHeight, begin, end);
            }
        }

        private readonly void AddBias(float* pixels, int begin, int end)
        {
            Window w = Sizes.Window;
            for (nint pixel = (nint)begin * w.Width; pixel < (nint)end * w.Width; pixel++)
            {
                for (int c = 0; c < Sizes.Channels; c++) pixels[pixel * Sizes.Channels + c] += Bias[c];
            }
        }

        /// <summary>Adds a line's sums to the pixels of rows <paramref name="row"/> and on that lie in the strip: a place's taps of one row are neighbours there and here.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Scatter(float* pixels, float* sums, int row, int begin, int end)
        {
            Window w = Sizes.Window;
            int channels = Sizes.Channels, taps = w.KernelWidth * channels, width = w.Width * channels;
            int from = Math.Max(0, begin - row), to = Math.Min(w.KernelHeight, end - row);
            for (int place = 0; place < w.OutWidth; place++, sums += w.Taps * channels)
            {
                int x = (place * w.StrideWidth - w.PadWidth) * channels, inside = Math.Max(0, -x), count = Math.Min(taps, width - x) - inside;
                for (int ky = from; ky < to; ky++) Add(pixels + (nint)(row + ky) * width + x + inside, sums + ky * taps + inside, count);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Add(float* to, float* from, int count)
        {
            TVector one = TLanes.Broadcast(1);
            int i = 0;
            for (; i + TLanes.Width <= count; i += TLanes.Width) TLanes.Store(to + i, TLanes.MultiplyAdd(TLanes.Load(from + i), one, TLanes.Load(to + i)));
            if (i < count) TLanes.StoreFirst(to + i, TLanes.MultiplyAdd(TLanes.LoadFirst(from + i, count - i), one, TLanes.LoadFirst(to + i, count - i)), count - i);
        }
    }
}
