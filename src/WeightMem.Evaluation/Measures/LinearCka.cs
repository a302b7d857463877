namespace WeightMem.Evaluation.Measures;

/// <summary>
/// Linear centred kernel alignment of two sets of features over the same images (Kornblith et al. 2019): |X'Y|^2 / (|X'X| |Y'Y|) in Frobenius norms, columns centred. With more
/// features than images the estimate is biased towards 1, and the unbiased one (Song et al. 2012) is taken.
/// </summary>
public static class LinearCka
{
    /// <summary>0 to 1 (the unbiased estimate can be a little below); NaN where a side does not vary.</summary>
    /// <param name="x">Features of one network, <c>[images, features]</c>.</param>
    /// <param name="y">Features of the other, which may be of another number.</param>
    /// <param name="images">Number of images.</param>
    /// <exception cref="ArgumentException">The values are no whole rows.</exception>
    public static double Of(ReadOnlySpan<float> x, ReadOnlySpan<float> y, int images)
    {
        if (images < 1 || x.Length % images != 0 || y.Length % images != 0) throw new ArgumentException($"{x.Length} and {y.Length} values are no features of {images} images");
        int left = x.Length / images, right = y.Length / images;
        double[] a = Centred(x, images, left), b = Centred(y, images, right);
        if (Math.Max(left, right) > images) return Unbiased(a, b, images);
        double cross = Squares(a, left, b, right, images), own = Squares(a, left, a, left, images), other = Squares(b, right, b, right, images);
        return own > 0 && other > 0 ? cross / Math.Sqrt(own * other) : double.NaN;
    }

    /// <summary>|A'B|^2.</summary>
    private static double Squares(double[] a, int left, double[] b, int right, int images)
    {
        var products = new double[left * right];
        for (int i = 0; i < images; i++)
        {
            for (int f = 0; f < left; f++)
            {
                double value = a[i * left + f];
                for (int g = 0; g < right; g++) products[f * right + g] += value * b[i * right + g];
            }
        }

        return products.Sum(p => p * p);
    }

    private static double Unbiased(double[] a, double[] b, int n)
    {
        if (n < 4) return double.NaN;
        double[] k = Kernel(a, n), l = Kernel(b, n);
        double own = Hsic(k, k, n), other = Hsic(l, l, n);
        return own > 0 && other > 0 ? Hsic(k, l, n) / Math.Sqrt(own * other) : double.NaN;
    }

    /// <summary>Inner products of images without the diagonal.</summary>
    private static double[] Kernel(double[] features, int n)
    {
        int width = features.Length / n;
        var kernel = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < i; j++)
                kernel[i * n + j] = kernel[j * n + i] = Statistics.SymmetricEigen.Dot(features.AsSpan(i * width, width), features.AsSpan(j * width, width));
        }

        return kernel;
    }

    private static double Hsic(double[] k, double[] l, int n)
    {
        double trace = 0, sumK = 0, sumL = 0, rows = 0;
        for (int i = 0; i < n; i++)
        {
            double rowK = 0, rowL = 0;
            for (int j = 0; j < n; j++)
            {
                trace += k[i * n + j] * l[i * n + j];
                rowK += k[i * n + j];
                rowL += l[i * n + j];
            }

            rows += rowK * rowL;
            sumK += rowK;
            sumL += rowL;
        }

        return (trace + sumK * sumL / ((n - 1.0) * (n - 2)) - 2 * rows / (n - 2)) / (n * (n - 3.0));
    }

    private static double[] Centred(ReadOnlySpan<float> values, int images, int features)
    {
        var centred = new double[values.Length];
        for (int f = 0; f < features; f++)
        {
            double mean = 0;
            for (int i = 0; i < images; i++) mean += values[i * features + f];
            mean /= images;
            for (int i = 0; i < images; i++) centred[i * features + f] = values[i * features + f] - mean;
        }

        return centred;
    }
}
