using WeightMem.Engine.Ops;

namespace WeightMem.Engine.Devices.Cpu;

// The inner loops of small convolutional networks; value e of every array is one register, whose lanes are images. Four output channels at four places make
// sixteen sums in registers: four loads and four broadcast weights feed sixteen multiply-adds.
internal sealed unsafe partial class CpuKernels<V>
{
    /// <summary>Height of the slopes before pooling with their margin: the stage before needs them at every offset of the filter.</summary>
    private static int SpreadHeight(in ConvPlane p) => p.OutHeight + 2 * (p.Kernel - 1);

    private static int SpreadWidth(in ConvPlane p) => p.OutWidth + 2 * (p.Kernel - 1);

    /// <summary>before = max over 2 x 2 of (filters * from + bias); places, if wanted, 0 to 3: the first largest of the block, row by row.</summary>
    private static void ConvolveAndPool(in ConvPlane p, float* before, float* places, float* from, float* row)
    {
        int filter = p.Inputs * p.Kernel * p.Kernel, area = p.ToHeight * p.ToWidth;
        for (int o = 0; o < p.Outputs; o += 4)
        {
            int channels = Math.Min(4, p.Outputs - o);
            float* w0 = row + o * filter, w1 = w0 + (channels > 1 ? filter : 0), w2 = w1 + (channels > 2 ? filter : 0), w3 = w2 + (channels > 3 ? filter : 0);
            float* bias = row + p.Weights + o;
            for (int at = 0; at < area; at++)
            {
                V a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3;
                a0 = a1 = a2 = a3 = V.Broadcast(bias[0]);
                b0 = b1 = b2 = b3 = V.Broadcast(bias[channels > 1 ? 1 : 0]);
                c0 = c1 = c2 = c3 = V.Broadcast(bias[channels > 2 ? 2 : 0]);
                d0 = d1 = d2 = d3 = V.Broadcast(bias[channels > 3 ? 3 : 0]);
                float* corner = from + (long)(at / p.ToWidth * 2 * p.Width + at % p.ToWidth * 2) * V.Width;
                int k = 0;
                for (int c = 0; c < p.Inputs; c++)
                {
                    for (int ky = 0; ky < p.Kernel; ky++)
                    {
                        float* upper = corner + (long)((c * p.Height + ky) * p.Width) * V.Width, lower = upper + (long)p.Width * V.Width;
                        for (int kx = 0; kx < p.Kernel; kx++, k++, upper += V.Width, lower += V.Width)
                        {
                            V x0 = V.Load(upper), x1 = V.Load(upper + V.Width), x2 = V.Load(lower), x3 = V.Load(lower + V.Width);
                            V w = V.Broadcast(w0[k]);
                            a0 = V.MultiplyAdd(w, x0, a0);
                            a1 = V.MultiplyAdd(w, x1, a1);
                            a2 = V.MultiplyAdd(w, x2, a2);
                            a3 = V.MultiplyAdd(w, x3, a3);
                            w = V.Broadcast(w1[k]);
                            b0 = V.MultiplyAdd(w, x0, b0);
                            b1 = V.MultiplyAdd(w, x1, b1);
                            b2 = V.MultiplyAdd(w, x2, b2);
                            b3 = V.MultiplyAdd(w, x3, b3);
                            w = V.Broadcast(w2[k]);
                            c0 = V.MultiplyAdd(w, x0, c0);
                            c1 = V.MultiplyAdd(w, x1, c1);
                            c2 = V.MultiplyAdd(w, x2, c2);
                            c3 = V.MultiplyAdd(w, x3, c3);
                            w = V.Broadcast(w3[k]);
                            d0 = V.MultiplyAdd(w, x0, d0);
                            d1 = V.MultiplyAdd(w, x1, d1);
                            d2 = V.MultiplyAdd(w, x2, d2);
                            d3 = V.MultiplyAdd(w, x3, d3);
                        }
                    }
                }

                Pool(before, places, (long)o * area + at, a0, a1, a2, a3);
                if (channels > 1) Pool(before, places, (long)(o + 1) * area + at, b0, b1, b2, b3);
                if (channels > 2) Pool(before, places, (long)(o + 2) * area + at, c0, c1, c2, c3);
                if (channels > 3) Pool(before, places, (long)(o + 3) * area + at, d0, d1, d2, d3);
            }
        }
    }

    private static void Pool(float* before, float* places, long at, V s0, V s1, V s2, V s3)
    {
        V place = V.SelectLess(s0, s1, V.Broadcast(1), V.Zero), best = V.SelectLess(s0, s1, s1, s0);
        place = V.SelectLess(best, s2, V.Broadcast(2), place);
        best = V.SelectLess(best, s2, s2, best);
        place = V.SelectLess(best, s3, V.Broadcast(3), place);
        V.Store(before + at * V.Width, V.SelectLess(best, s3, s3, best));
        if (places != null) V.Store(places + at * V.Width, place);
    }

    /// <summary>before = filters * from + bias, without pooling: four output channels at a time.</summary>
    private static void Convolve(in ConvPlane p, float* before, float* from, float* row)
    {
        int filter = p.Inputs * p.Kernel * p.Kernel, area = p.ToHeight * p.ToWidth;
        for (int o = 0; o < p.Outputs; o += 4)
        {
            int channels = Math.Min(4, p.Outputs - o);
            float* w0 = row + o * filter, w1 = w0 + (channels > 1 ? filter : 0), w2 = w1 + (channels > 2 ? filter : 0), w3 = w2 + (channels > 3 ? filter : 0);
            float* bias = row + p.Weights + o;
            for (int at = 0; at < area; at++)
            {
                V a = V.Broadcast(bias[0]), b = V.Broadcast(bias[channels > 1 ? 1 : 0]);
                V c = V.Broadcast(bias[channels > 2 ? 2 : 0]), d = V.Broadcast(bias[channels > 3 ? 3 : 0]);
                float* corner = from + (long)(at / p.ToWidth * p.Width + at % p.ToWidth) * V.Width;
                int k = 0;
                for (int i = 0; i < p.Inputs; i++)
                {
                    for (int ky = 0; ky < p.Kernel; ky++)
                    {
                        float* line = corner + (long)((i * p.Height + ky) * p.Width) * V.Width;
                        for (int kx = 0; kx < p.Kernel; kx++, k++, line += V.Width)
                        {
                            V x = V.Load(line);
                            a = V.MultiplyAdd(V.Broadcast(w0[k]), x, a);
                            b = V.MultiplyAdd(V.Broadcast(w1[k]), x, b);
                            c = V.MultiplyAdd(V.Broadcast(w2[k]), x, c);
                            d = V.MultiplyAdd(V.Broadcast(w3[k]), x, d);
                        }
                    }
                }

                V.Store(before + ((long)o * area + at) * V.Width, a);
                if (channels > 1) V.Store(before + ((long)(o + 1) * area + at) * V.Width, b);
                if (channels > 2) V.Store(before + ((long)(o + 2) * area + at) * V.Width, c);
                if (channels > 3) V.Store(before + ((long)(o + 3) * area + at) * V.Width, d);
            }
        }
    }

    /// <summary>Slopes before pooling, with zeros where another place of the block was larger, and around them.</summary>
    private static void Spread(in ConvPlane p, float* spread, float* slope, float* places)
    {
        int height = SpreadHeight(p), width = SpreadWidth(p), margin = p.Kernel - 1, area = p.ToHeight * p.ToWidth;
        new Span<float>(spread, p.Outputs * height * width * V.Width).Clear();
        for (int o = 0; o < p.Outputs; o++)
        {
            float* plane = spread + (long)o * height * width * V.Width;
            for (int at = 0; at < area; at++)
            {
                V d = V.Load(slope + ((long)o * area + at) * V.Width);
                int y = at / p.ToWidth, x = at % p.ToWidth;
                if (!p.Pools)
                {
                    V.Store(plane + (long)((y + margin) * width + x + margin) * V.Width, d);
                    continue;
                }

                V place = V.Load(places + ((long)o * area + at) * V.Width);
                for (int k = 0; k < 4; k++)
                {
                    V here = V.SelectLess(V.Abs(place - V.Broadcast(k)), V.Broadcast(0.5f), d, V.Zero);
                    V.Store(plane + (long)((2 * y + (k >> 1) + margin) * width + 2 * x + (k & 1) + margin) * V.Width, here);
                }
            }
        }
    }

    /// <summary>
    /// Adds the filters' and the biases' gradients. A row of slopes of four output channels meets a row of inputs: five neighbouring taps of four channels are
    /// twenty sums in registers, fed by nine loads.
    /// </summary>
    private static void FilterGradient(in ConvPlane p, float* gradient, float* spread, float* slope, float* from)
    {
        int filter = p.Inputs * p.Kernel * p.Kernel, height = SpreadHeight(p), width = SpreadWidth(p), margin = p.Kernel - 1, area = p.ToHeight * p.ToWidth;
        for (int o = 0; o < p.Outputs; o++)
        {
            V sum = V.Load(gradient + (long)(p.Weights + o) * V.Width);
            for (int at = 0; at < area; at++) sum += V.Load(slope + ((long)o * area + at) * V.Width);
            V.Store(gradient + (long)(p.Weights + o) * V.Width, sum);
        }

        long plane = (long)height * width * V.Width, taps = (long)filter * V.Width;
        for (int o = 0; o < p.Outputs; o += 4)
        {
            int channels = Math.Min(4, p.Outputs - o);
            for (int y = 0; y < p.OutHeight; y++)
            {
                float* s0 = spread + o * plane + (long)((y + margin) * width + margin) * V.Width;
                for (int c = 0; c < p.Inputs; c++)
                {
                    for (int ky = 0; ky < p.Kernel; ky++)
                    {
                        float* line = from + (long)((c * p.Height + y + ky) * p.Width) * V.Width;
                        float* g = gradient + o * taps + (long)((c * p.Kernel + ky) * p.Kernel) * V.Width;
                        int kx = 0;
                        for (; channels == 4 && kx + 5 <= p.Kernel; kx += 5) FiveTaps(g + kx * V.Width, taps, s0, plane, line + kx * V.Width, p.OutWidth);
                        for (; kx < p.Kernel; kx++)
                        {
                            for (int j = 0; j < channels; j++) OneTap(g + j * taps + kx * V.Width, s0 + j * plane, line + kx * V.Width, p.OutWidth);
                        }
                    }
                }
            }
        }
    }

    private static void OneTap(float* g, float* slope, float* line, int width)
    {
        V sum = V.Load(g), other = V.Zero;
        int x = 0;
        for (; x + 2 <= width; x += 2)
        {
            sum = V.MultiplyAdd(V.Load(slope + x * V.Width), V.Load(line + x * V.Width), sum);
            other = V.MultiplyAdd(V.Load(slope + (x + 1) * V.Width), V.Load(line + (x + 1) * V.Width), other);
        }

        if (x < width) sum = V.MultiplyAdd(V.Load(slope + x * V.Width), V.Load(line + x * V.Width), sum);
        V.Store(g, sum + other);
    }

    private static void FiveTaps(float* g, long taps, float* slope, long plane, float* line, int width)
    {
        float* g1 = g + taps, g2 = g1 + taps, g3 = g2 + taps;
        V a0 = V.Load(g), a1 = V.Load(g + V.Width), a2 = V.Load(g + 2 * V.Width), a3 = V.Load(g + 3 * V.Width), a4 = V.Load(g + 4 * V.Width);
        V b0 = V.Load(g1), b1 = V.Load(g1 + V.Width), b2 = V.Load(g1 + 2 * V.Width), b3 = V.Load(g1 + 3 * V.Width), b4 = V.Load(g1 + 4 * V.Width);
        V c0 = V.Load(g2), c1 = V.Load(g2 + V.Width), c2 = V.Load(g2 + 2 * V.Width), c3 = V.Load(g2 + 3 * V.Width), c4 = V.Load(g2 + 4 * V.Width);
        V d0 = V.Load(g3), d1 = V.Load(g3 + V.Width), d2 = V.Load(g3 + 2 * V.Width), d3 = V.Load(g3 + 3 * V.Width), d4 = V.Load(g3 + 4 * V.Width);
        for (int x = 0; x < width; x++, slope += V.Width, line += V.Width)
        {
            V s0 = V.Load(slope), s1 = V.Load(slope + plane), s2 = V.Load(slope + 2 * plane), s3 = V.Load(slope + 3 * plane);
            V i = V.Load(line);
            a0 = V.MultiplyAdd(s0, i, a0);
            b0 = V.MultiplyAdd(s1, i, b0);
            c0 = V.MultiplyAdd(s2, i, c0);
            d0 = V.MultiplyAdd(s3, i, d0);
            i = V.Load(line + V.Width);
            a1 = V.MultiplyAdd(s0, i, a1);
            b1 = V.MultiplyAdd(s1, i, b1);
            c1 = V.MultiplyAdd(s2, i, c1);
            d1 = V.MultiplyAdd(s3, i, d1);
            i = V.Load(line + 2 * V.Width);
            a2 = V.MultiplyAdd(s0, i, a2);
            b2 = V.MultiplyAdd(s1, i, b2);
            c2 = V.MultiplyAdd(s2, i, c2);
            d2 = V.MultiplyAdd(s3, i, d2);
            i = V.Load(line + 3 * V.Width);
            a3 = V.MultiplyAdd(s0, i, a3);
            b3 = V.MultiplyAdd(s1, i, b3);
            c3 = V.MultiplyAdd(s2, i, c3);
            d3 = V.MultiplyAdd(s3, i, d3);
            i = V.Load(line + 4 * V.Width);
            a4 = V.MultiplyAdd(s0, i, a4);
            b4 = V.MultiplyAdd(s1, i, b4);
            c4 = V.MultiplyAdd(s2, i, c4);
            d4 = V.MultiplyAdd(s3, i, d4);
        }

        Five(g, a0, a1, a2, a3, a4);
        Five(g1, b0, b1, b2, b3, b4);
        Five(g2, c0, c1, c2, c3, c4);
        Five(g3, d0, d1, d2, d3, d4);

        static void Five(float* to, V v0, V v1, V v2, V v3, V v4)
        {
            V.Store(to, v0);
            V.Store(to + V.Width, v1);
            V.Store(to + 2 * V.Width, v2);
            V.Store(to + 3 * V.Width, v3);
            V.Store(to + 4 * V.Width, v4);
        }
    }

    /// <summary>The slopes of a stage's inputs: four input channels at four neighbouring places are sixteen sums in registers.</summary>
    private static void InputGradient(in ConvPlane p, float* passed, float* spread, float* row)
    {
        int filter = p.Inputs * p.Kernel * p.Kernel, area = p.Kernel * p.Kernel, width = SpreadWidth(p), margin = p.Kernel - 1;
        long plane = (long)SpreadHeight(p) * width * V.Width;
        for (int c = 0; c < p.Inputs; c += 4)
        {
            int channels = Math.Min(4, p.Inputs - c);
            int n1 = channels > 1 ? area : 0, n2 = n1 + (channels > 2 ? area : 0), n3 = n2 + (channels > 3 ? area : 0);
            for (int y = 0; y < p.Height; y++)
            {
                for (int x = 0; x < p.Width; x += 4)
                {
                    // Places beyond the end compute the last one again.
                    int x1 = Math.Min(1, p.Width - 1 - x) * V.Width, x2 = Math.Min(2, p.Width - 1 - x) * V.Width, x3 = Math.Min(3, p.Width - 1 - x) * V.Width;
                    V a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3;
                    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = V.Zero;
                    for (int o = 0; o < p.Outputs; o++)
                    {
                        float* w = row + (long)o * filter + (long)c * area;
                        for (int ky = 0; ky < p.Kernel; ky++)
                        {
                            float* s = spread + o * plane + (long)((y + margin - ky) * width + x + margin) * V.Width;
                            for (int kx = 0; kx < p.Kernel; kx++, w++, s -= V.Width)
                            {
                                V s0 = V.Load(s), s1 = V.Load(s + x1), s2 = V.Load(s + x2), s3 = V.Load(s + x3);
                                V v = V.Broadcast(w[0]);
                                a0 = V.MultiplyAdd(v, s0, a0);
                                a1 = V.MultiplyAdd(v, s1, a1);
                                a2 = V.MultiplyAdd(v, s2, a2);
                                a3 = V.MultiplyAdd(v, s3, a3);
                                v = V.Broadcast(w[n1]);
                                b0 = V.MultiplyAdd(v, s0, b0);
                                b1 = V.MultiplyAdd(v, s1, b1);
                                b2 = V.MultiplyAdd(v, s2, b2);
                                b3 = V.MultiplyAdd(v, s3, b3);
                                v = V.Broadcast(w[n2]);
                                c0 = V.MultiplyAdd(v, s0, c0);
                                c1 = V.MultiplyAdd(v, s1, c1);
                                c2 = V.MultiplyAdd(v, s2, c2);
                                c3 = V.MultiplyAdd(v, s3, c3);
                                v = V.Broadcast(w[n3]);
                                d0 = V.MultiplyAdd(v, s0, d0);
                                d1 = V.MultiplyAdd(v, s1, d1);
                                d2 = V.MultiplyAdd(v, s2, d2);
                                d3 = V.MultiplyAdd(v, s3, d3);
                            }
                        }
                    }

                    float* to = passed + (long)((c * p.Height + y) * p.Width + x) * V.Width;
                    long next = (long)p.Height * p.Width * V.Width;
                    Four(to, x1, x2, x3, a0, a1, a2, a3);
                    if (channels > 1) Four(to + next, x1, x2, x3, b0, b1, b2, b3);
                    if (channels > 2) Four(to + 2 * next, x1, x2, x3, c0, c1, c2, c3);
                    if (channels > 3) Four(to + 3 * next, x1, x2, x3, d0, d1, d2, d3);
                }
            }
        }

        static void Four(float* to, int x1, int x2, int x3, V v0, V v1, V v2, V v3)
        {
            V.Store(to, v0);
            V.Store(to + x1, v1);
            V.Store(to + x2, v2);
            V.Store(to + x3, v3);
        }
    }

    /// <summary>before = weights from + bias, four units at a time.</summary>
    private static void DenseForward(in DenseLayer layer, float* before, float* from, float* row)
    {
        for (int u = 0; u < layer.Outputs; u += 4)
        {
            int units = Math.Min(4, layer.Outputs - u);
            float* w0 = row + u * layer.Inputs, w1 = w0 + (units > 1 ? layer.Inputs : 0), w2 = w1 + (units > 2 ? layer.Inputs : 0), w3 = w2 + (units > 3 ? layer.Inputs : 0);
            float* bias = row + layer.Weights + u;
            V a = V.Broadcast(bias[0]), b = V.Broadcast(bias[units > 1 ? 1 : 0]), c = V.Broadcast(bias[units > 2 ? 2 : 0]), d = V.Broadcast(bias[units > 3 ? 3 : 0]);
            for (int k = 0; k < layer.Inputs; k++)
            {
                V x = V.Load(from + k * V.Width);
                a = V.MultiplyAdd(V.Broadcast(w0[k]), x, a);
                b = V.MultiplyAdd(V.Broadcast(w1[k]), x, b);
                c = V.MultiplyAdd(V.Broadcast(w2[k]), x, c);
                d = V.MultiplyAdd(V.Broadcast(w3[k]), x, d);
            }

            V.Store(before + u * V.Width, a);
            if (units > 1) V.Store(before + (u + 1) * V.Width, b);
            if (units > 2) V.Store(before + (u + 2) * V.Width, c);
            if (units > 3) V.Store(before + (u + 3) * V.Width, d);
        }
    }

    /// <summary>Adds a linear layer's gradient and gives the slopes of its inputs.</summary>
    private static void DenseBackward(in DenseLayer layer, float* gradient, float* passed, float* slope, float* from, float* row)
    {
        float* bias = gradient + (long)layer.Weights * V.Width;
        Loop(bias, bias, slope, layer.Outputs * V.Width, default(SumOf));
        for (int k = 0; k < layer.Inputs; k++)
        {
            V x = V.Load(from + k * V.Width), sum = V.Zero;
            for (int u = 0; u < layer.Outputs; u++)
            {
                V s = V.Load(slope + u * V.Width);
                float* g = gradient + ((long)u * layer.Inputs + k) * V.Width;
                V.Store(g, V.MultiplyAdd(s, x, V.Load(g)));
                sum = V.MultiplyAdd(V.Broadcast(row[u * layer.Inputs + k]), s, sum);
            }

            V.Store(passed + k * V.Width, sum);
        }
    }
}
