using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public void SoftmaxForward(Tensor y, Tensor x)
    {
        int columns = x.Shape.Columns;
        for (int r = 0; r < x.Shape.Rows; r++) SoftmaxRow(D(y) + (long)r * columns, D(x) + (long)r * columns, columns);
    }

    public void SoftmaxBackward(Tensor dx, Tensor dy, Tensor y, bool accumulate)
    {
        int columns = y.Shape.Columns;
        for (int r = 0; r < y.Shape.Rows; r++)
        {
            long row = (long)r * columns;
            double dot = 0;
            for (int c = 0; c < columns; c++) dot += D(dy)[row + c] * D(y)[row + c];
            for (int c = 0; c < columns; c++) Put(D(dx), row + c, D(y)[row + c] * (D(dy)[row + c] - dot), accumulate);
        }
    }

    public void LayerNormForward(Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor gamma, Tensor beta, double epsilon)
    {
        int columns = x.Shape.Columns;
        for (int r = 0; r < x.Shape.Rows; r++)
        {
            double* from = D(x) + (long)r * columns;
            double sum = 0, squares = 0;
            for (int c = 0; c < columns; c++) sum += from[c];
            double m = sum / columns;
            for (int c = 0; c < columns; c++) squares += (from[c] - m) * (from[c] - m);
            double s = 1 / Math.Sqrt(squares / columns + epsilon);
            D(mean)[r] = m;
            D(rstd)[r] = s;
            for (int c = 0; c < columns; c++) D(y)[(long)r * columns + c] = (from[c] - m) * s * D(gamma)[c] + D(beta)[c];
        }
    }

    public void LayerNormBackward(
        Tensor dx, Tensor dgamma, Tensor dbeta, Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor gamma, bool accumulate)
    {
        int columns = x.Shape.Columns;
        for (int r = 0; r < x.Shape.Rows; r++)
        {
            long row = (long)r * columns;
            double m = D(mean)[r], s = D(rstd)[r], sum = 0, dot = 0;
            for (int c = 0; c < columns; c++)
            {
                double g = D(dy)[row + c], normal = (D(x)[row + c] - m) * s;
                D(dbeta)[c] += g;
                D(dgamma)[c] += g * normal;
                sum += g * D(gamma)[c];
                dot += g * D(gamma)[c] * normal;
            }

            for (int c = 0; c < columns; c++)
            {
                double normal = (D(x)[row + c] - m) * s;
                Put(D(dx), row + c, s * (D(dy)[row + c] * D(gamma)[c] - sum / columns - normal * dot / columns), accumulate);
            }
        }
    }

    public void AttentionForward(Tensor y, Tensor logSumExp, Tensor qkv, int heads)
    {
        int batch = qkv.Shape[0], tokens = qkv.Shape[1], width = qkv.Shape[2] / 3, size = width / heads;
        var p = new double[tokens];
        for (int b = 0; b < batch; b++)
        {
            for (int h = 0; h < heads; h++)
            {
                for (int i = 0; i < tokens; i++)
                {
                    D(logSumExp)[((long)b * heads + h) * tokens + i] = Probabilities(p, qkv, b, h, i, heads);
                    for (int c = 0; c < size; c++)
                    {
                        double sum = 0;
                        for (int j = 0; j < tokens; j++) sum += p[j] * D(qkv)[Part(qkv, b, j, 2) + h * size + c];
                        D(y)[((long)b * tokens + i) * width + h * size + c] = sum;
                    }
                }
            }
        }
    }

    public void AttentionBackward(Tensor dqkv, Tensor dy, Tensor y, Tensor logSumExp, Tensor qkv, int heads)
    {
        int batch = qkv.Shape[0], tokens = qkv.Shape[1], width = qkv.Shape[2] / 3, size = width / heads;
        double scale = 1 / Math.Sqrt(size);
        var p = new double[tokens];
        var dp = new double[tokens];
        Fill(dqkv, 0);
        for (int b = 0; b < batch; b++)
        {
            for (int h = 0; h < heads; h++)
            {
                for (int i = 0; i < tokens; i++)
                {
                    Probabilities(p, qkv, b, h, i, heads);
                    double* dyi = D(dy) + ((long)b * tokens + i) * width + h * size;
                    double mean = 0;
                    for (int j = 0; j < tokens; j++)
                    {
                        dp[j] = 0;
                        for (int c = 0; c < size; c++) dp[j] += dyi[c] * D(qkv)[Part(qkv, b, j, 2) + h * size + c];
                        mean += p[j] * dp[j];
                    }

                    for (int j = 0; j < tokens; j++)
                    {
                        double ds = p[j] * (dp[j] - mean) * scale;
                        for (int c = 0; c < size; c++)
                        {
                            int at = h * size + c;
                            D(dqkv)[Part(qkv, b, j, 0) + at] += ds * D(qkv)[Part(qkv, b, i, 1) + at];
                            D(dqkv)[Part(qkv, b, i, 1) + at] += ds * D(qkv)[Part(qkv, b, j, 0) + at];
                            D(dqkv)[Part(qkv, b, j, 2) + at] += p[j] * dyi[c];
                        }
                    }
                }
            }
        }
    }

    public void MeanSquaredErrorForward(Tensor loss, Tensor x, Tensor target)
    {
        double sum = 0;
        for (long i = 0; i < x.Elements; i++) sum += (D(x)[i] - D(target)[i]) * (D(x)[i] - D(target)[i]);
        *D(loss) = sum / x.Elements;
    }

    public void MeanSquaredErrorBackward(Tensor dx, Tensor dloss, Tensor x, Tensor target, bool accumulate)
    {
        for (long i = 0; i < x.Elements; i++) Put(D(dx), i, *D(dloss) * 2 * (D(x)[i] - D(target)[i]) / x.Elements, accumulate);
    }

    public void CrossEntropyForward(Tensor losses, Tensor logits, Tensor labels)
    {
        int columns = logits.Shape.Columns;
        var p = new double[columns];
        fixed (double* probabilities = p)
        {
            for (int r = 0; r < logits.Shape.Rows; r++)
            {
                double* row = D(logits) + (long)r * columns;
                D(losses)[r] = SoftmaxRow(probabilities, row, columns) - row[I(labels)[r]];
            }
        }
    }

    public void CrossEntropyBackward(Tensor dlogits, Tensor dlosses, Tensor logits, Tensor labels, bool accumulate)
    {
        int columns = logits.Shape.Columns;
        var p = new double[columns];
        fixed (double* probabilities = p)
        {
            for (int r = 0; r < logits.Shape.Rows; r++)
            {
                SoftmaxRow(probabilities, D(logits) + (long)r * columns, columns);
                probabilities[I(labels)[r]] -= 1;
                for (int c = 0; c < columns; c++) Put(D(dlogits), (long)r * columns + c, D(dlosses)[r] * probabilities[c], accumulate);
            }
        }
    }

    public void Sum(Tensor result, Tensor x)
    {
        double sum = 0;
        for (long i = 0; i < x.Elements; i++) sum += D(x)[i];
        *D(result) = sum;
    }

    public void SumOfSquares(Tensor result, Tensor x)
    {
        double sum = 0;
        for (long i = 0; i < x.Elements; i++) sum += D(x)[i] * D(x)[i];
        *D(result) = sum;
    }

    public void RequireFinite(Tensor number, Tensor other)
    {
        if (!double.IsFinite(*D(other))) *D(number) = double.NaN;
    }

    public void PopulationMlp(Tensor wrong, Tensor losses, Tensor weights, Tensor images, Tensor labels, ReadOnlySpan<int> widths)
    {
        int count = weights.Shape[0], n = images.Shape[0], words = (n + 63) / 64;
        new Span<ulong>((void*)wrong.Address, count * words).Clear();
        for (int k = 0; k < count; k++)
        {
            double loss = 0;
            for (int image = 0; image < n; image++)
            {
                var activations = new ReadOnlySpan<double>(D(images) + (long)image * widths[0], widths[0]).ToArray();
                double* at = D(weights) + (long)k * weights.Shape[1];
                for (int layer = 1; layer < widths.Length; layer++)
                {
                    var next = new double[widths[layer]];
                    double* bias = at + (long)widths[layer - 1] * widths[layer];
                    for (int u = 0; u < next.Length; u++)
                    {
                        double sum = bias[u];
                        for (int i = 0; i < activations.Length; i++) sum += at[(long)u * activations.Length + i] * activations[i];
                        next[u] = layer < widths.Length - 1 && sum < 0 ? 0 : sum;
                    }

                    at = bias + widths[layer];
                    activations = next;
                }

                int best = 0;
                for (int c = 1; c < activations.Length; c++)
                {
                    if (activations[c] > activations[best]) best = c;
                }

                double sumExp = 0;
                foreach (double logit in activations) sumExp += Math.Exp(logit - activations[best]);
                loss += activations[best] + Math.Log(sumExp) - activations[I(labels)[image]];
                if (best != I(labels)[image]) ((ulong*)wrong.Address)[k * words + image / 64] |= 1UL << (image % 64);
            }

            D(losses)[k] = loss / n;
        }
    }

    public void PopulationConvNet(Tensor wrong, Tensor losses, Tensor weights, Tensor images, Tensor labels, ConvNet net)
    {
        int count = weights.Shape[0], n = images.Shape[0], words = (n + 63) / 64;
        var one = new ReferenceConvNet(net);
        new Span<ulong>((void*)wrong.Address, count * words).Clear();
        for (int k = 0; k < count; k++)
        {
            double loss = 0;
            for (int image = 0; image < n; image++)
            {
                double[] logits = one.Forward(D(weights) + (long)k * net.Parameters, D(images) + (long)image * net.Features);
                loss += CrossEntropy(logits, I(labels)[image]);
                if (Array.IndexOf(logits, logits.Max()) != I(labels)[image]) ((ulong*)wrong.Address)[k * words + image / 64] |= 1UL << (image % 64);
            }

            D(losses)[k] = loss / n;
        }
    }

    public void PopulationConvNetLogits(Tensor logits, Tensor weights, Tensor images, ConvNet net)
    {
        var one = new ReferenceConvNet(net);
        for (int i = 0; i < weights.Shape[0] * images.Shape[0]; i++)
        {
            double[] found = one.Forward(D(weights) + (long)(i / images.Shape[0]) * net.Parameters, D(images) + (long)(i % images.Shape[0]) * net.Features);
            found.CopyTo(new Span<double>(D(logits) + (long)i * net.Classes, net.Classes));
        }
    }

    public void PopulationConvNetGradient(
        Tensor gradient, Tensor losses, Tensor logits, Tensor weights, Tensor images, Tensor index, Tensor labels, ConvNet net)
    {
        int count = weights.Shape[0], batch = labels.Shape[1];
        var one = new ReferenceConvNet(net);
        new Span<double>((void*)gradient.Address, count * net.Parameters).Clear();
        for (int k = 0; k < count; k++)
        {
            double loss = 0;
            double* row = D(weights) + (long)k * net.Parameters;
            for (int b = 0; b < batch; b++)
            {
                int image = I(index)[(index.Shape[0] == 1 ? 0 : k * batch) + b], label = I(labels)[k * batch + b];
                double[] found = one.Forward(row, D(images) + (long)image * net.Features);
                found.CopyTo(new Span<double>(D(logits) + ((long)k * batch + b) * net.Classes, net.Classes));
                loss += CrossEntropy(found, label);
                double top = found.Max(), sum = found.Sum(v => Math.Exp(v - top));
                double[] slope = [.. found.Select((v, c) => (Math.Exp(v - top) / sum - (c == label ? 1 : 0)) / batch)];
                one.Backward(D(gradient) + (long)k * net.Parameters, row, slope);
            }

            D(losses)[k] = loss / batch;
        }
    }

    private static double CrossEntropy(double[] logits, int label)
    {
        double top = logits.Max();
        return top + Math.Log(logits.Sum(v => Math.Exp(v - top))) - logits[label];
    }

    private static double SoftmaxRow(double* y, double* x, int columns)
    {
        double max = x[0], sum = 0;
        for (int c = 1; c < columns; c++) max = Math.Max(max, x[c]);
        for (int c = 0; c < columns; c++) sum += y[c] = Math.Exp(x[c] - max);
        for (int c = 0; c < columns; c++) y[c] /= sum;
        return max + Math.Log(sum);
    }

    /// <summary>Where token i's key (0), query (1) or value (2) starts.</summary>
    private static long Part(Tensor qkv, int b, int i, int part) => ((long)b * qkv.Shape[1] + i) * qkv.Shape[2] + part * (qkv.Shape[2] / 3);

    /// <summary>The attention of token i over all tokens; returns the logarithm of the sum of exponentials.</summary>
    private static double Probabilities(double[] p, Tensor qkv, int b, int h, int i, int heads)
    {
        int size = qkv.Shape[2] / 3 / heads;
        for (int j = 0; j < p.Length; j++)
        {
            p[j] = 0;
            for (int c = 0; c < size; c++) p[j] += D(qkv)[Part(qkv, b, i, 1) + h * size + c] * D(qkv)[Part(qkv, b, j, 0) + h * size + c];
            p[j] /= Math.Sqrt(size);
        }

        fixed (double* row = p) return SoftmaxRow(row, row, p.Length);
    }
}
