using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    private delegate void Contribution(long y, long x, long weight);

    public void ConvolutionForward(Tensor y, Tensor x, Tensor weight, Tensor? bias, Window window)
    {
        int filters = weight.Shape[0];
        for (long i = 0; i < y.Elements; i++) D(y)[i] = bias is null ? 0 : D(bias)[i % filters];
        Convolve(x.Shape[0], x.Shape[3], weight, window, (to, from, w) => D(y)[to] += D(weight)[w] * D(x)[from]);
    }

    public void ConvolutionDataGradient(Tensor dx, Tensor dy, Tensor weight, Tensor? bias, Window window, bool accumulate)
    {
        int channels = dx.Shape[3];
        for (long i = 0; i < dx.Elements; i++) Put(D(dx), i, bias is null ? 0 : D(bias)[i % channels], accumulate);
        Convolve(dx.Shape[0], channels, weight, window, (from, to, w) => D(dx)[to] += D(weight)[w] * D(dy)[from]);
    }

    public void ConvolutionFilterGradient(Tensor dweight, Tensor dy, Tensor x, Window window, bool accumulate)
    {
        if (!accumulate) Fill(dweight, 0);
        Convolve(x.Shape[0], x.Shape[3], dweight, window, (of, from, w) => D(dweight)[w] += D(dy)[of] * D(x)[from]);
    }

    /// <summary>Every product of a convolution: which output, input and weight it concerns.</summary>
    private static void Convolve(int batch, int channels, Tensor weight, Window window, Contribution contribution)
    {
        int filters = weight.Shape[0], ofGroup = weight.Shape[1], perGroup = filters / (channels / ofGroup);
        for (int n = 0; n < batch; n++)
        {
            for (int place = 0; place < window.OutHeight * window.OutWidth; place++)
            {
                for (int tap = 0; tap < window.Taps; tap++)
                {
                    long at = Source(window, n, place, tap);
                    for (int f = 0; at >= 0 && f < filters; f++)
                    {
                        for (int c = 0; c < ofGroup; c++)
                        {
                            contribution(
                                ((long)n * window.OutHeight * window.OutWidth + place) * filters + f, at * channels + f / perGroup * ofGroup + c,
                                ((long)f * ofGroup + c) * window.Taps + tap);
                        }
                    }
                }
            }
        }
    }

    /// <summary>The pixel of the batch that a tap of the window at an output's place sees, or -1 in the padding.</summary>
    private static long Source(Window window, int n, int place, int tap)
    {
        int y = place / window.OutWidth * window.StrideHeight - window.PadHeight + tap / window.KernelWidth;
        int x = place % window.OutWidth * window.StrideWidth - window.PadWidth + tap % window.KernelWidth;
        return y >= 0 && y < window.Height && x >= 0 && x < window.Width ? ((long)n * window.Height + y) * window.Width + x : -1;
    }

    public void ChannelStatistics(Tensor mean, Tensor variance, Tensor x)
    {
        int channels = x.Shape.Columns, rows = x.Shape.Rows / mean.Shape[0];
        for (int i = 0; i < mean.Elements; i++)
        {
            double* from = D(x) + (long)(i / channels) * rows * channels + i % channels;
            double sum = 0, squares = 0;
            for (int r = 0; r < rows; r++) sum += from[(long)r * channels];
            for (int r = 0; r < rows; r++) squares += Math.Pow(from[(long)r * channels] - sum / rows, 2);
            (D(mean)[i], D(variance)[i]) = (sum / rows, squares / rows);
        }
    }

    public void ChannelNormForward(Tensor y, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, double epsilon, Activation activation)
    {
        int channels = x.Shape.Columns;
        long run = x.Elements / mean.Shape[0];
        for (long i = 0; i < x.Elements; i++)
        {
            int c = (int)(i % channels), s = (int)(i / run) * channels + c;
            D(y)[i] = Activations.Value(activation, (D(x)[i] - D(mean)[s]) / Math.Sqrt(D(variance)[s] + epsilon) * D(gamma)[c] + D(beta)[c]);
        }
    }

    public void ChannelNormBackward(
        Tensor dx, Tensor dgamma, Tensor dbeta, Tensor dy, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, double epsilon,
        Activation activation, bool ofBatch, bool accumulate)
    {
        int channels = x.Shape.Columns, rows = x.Shape.Rows;
        for (int c = 0; c < channels; c++)
        {
            double rstd = 1 / Math.Sqrt(D(variance)[c] + epsilon), sum = 0, dot = 0;
            for (int r = 0; r < rows; r++)
            {
                (double g, double normal) = At((long)r * channels + c);
                sum += g;
                dot += g * normal;
            }

            for (int r = 0; r < rows; r++)
            {
                (double g, double normal) = At((long)r * channels + c);
                double through = ofBatch ? g - sum / rows - normal * dot / rows : g;
                Put(D(dx), (long)r * channels + c, D(gamma)[c] * rstd * through, accumulate);
            }

            D(dbeta)[c] += sum;
            D(dgamma)[c] += dot;

            (double Slope, double Normal) At(long i)
            {
                double normal = (D(x)[i] - D(mean)[c]) * rstd;
                return (D(dy)[i] * Activations.Slope(activation, normal * D(gamma)[c] + D(beta)[c]), normal);
            }
        }
    }

    public void MaxPoolForward(Tensor y, Tensor places, Tensor x, Window window)
    {
        int channels = x.Shape[3], outputs = window.OutHeight * window.OutWidth;
        for (long i = 0; i < y.Elements; i++)
        {
            int c = (int)(i % channels), place = (int)(i / channels % outputs), n = (int)(i / channels / outputs);
            D(y)[i] = double.NegativeInfinity;
            for (int tap = 0; tap < window.Taps; tap++)
            {
                long at = Source(window, n, place, tap);
                if (at >= 0 && !(D(x)[at * channels + c] <= D(y)[i])) (D(y)[i], D(places)[i]) = (D(x)[at * channels + c], tap);
            }
        }
    }

    public void MaxPoolBackward(Tensor dx, Tensor dy, Tensor places, Window window, bool accumulate)
    {
        int channels = dx.Shape[3], outputs = window.OutHeight * window.OutWidth;
        if (!accumulate) Fill(dx, 0);
        for (long i = 0; i < dy.Elements; i++)
        {
            long at = Source(window, (int)(i / channels / outputs), (int)(i / channels % outputs), (int)D(places)[i]);
            D(dx)[at * channels + i % channels] += D(dy)[i];
        }
    }

    public void AveragePoolForward(Tensor y, Tensor x, Window window)
    {
        Fill(y, 0);
        Average(x.Shape, window, (to, from) => D(y)[to] += D(x)[from] / window.Taps);
    }

    public void AveragePoolBackward(Tensor dx, Tensor dy, Window window, bool accumulate)
    {
        if (!accumulate) Fill(dx, 0);
        Average(dx.Shape, window, (from, to) => D(dx)[to] += D(dy)[from] / window.Taps);
    }

    private static void Average(Shape input, Window window, Action<long, long> contribution)
    {
        int channels = input[3], outputs = window.OutHeight * window.OutWidth;
        for (long i = 0; i < (long)input[0] * outputs * channels; i++)
        {
            for (int tap = 0; tap < window.Taps; tap++)
                contribution(i, Source(window, (int)(i / channels / outputs), (int)(i / channels % outputs), tap) * channels + i % channels);
        }
    }

    public void SwapRowsAndColumns(Tensor y, Tensor x, bool accumulate)
    {
        int rows = x.Shape[1], columns = x.Shape[2];
        for (long i = 0; i < x.Elements; i++)
            Put(D(y), i / columns / rows * rows * columns + i % columns * rows + i / columns % rows, D(x)[i], accumulate);
    }
}
