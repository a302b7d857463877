using WeightMem.Engine.Random;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Statistics;
using WeightMem.Evaluation.Tests.Measures;
using Xunit;

namespace WeightMem.Evaluation.Tests.Statistics;

public class PrincipalComponentsTests
{
    /// <summary>Rows along two directions with some noise; the last feature is constant.</summary>
    private static float[] Data(int rows, int features)
    {
        float[] a = Made.Normal(new RandomStream(90, "a"), rows, 5), b = Made.Normal(new RandomStream(90, "b"), rows, 2);
        float[] noise = Made.Normal(new RandomStream(90, "noise"), rows * features);
        var data = new float[rows * features];
        for (int i = 0; i < rows; i++)
        {
            for (int f = 0; f < features; f++)
            {
                data[i * features + f] = f == features - 1
                    ? 0.1f
                    : 3 + (float)Math.Cos(f) * a[i] + (float)Math.Sin(0.7 * f) * b[i] + noise[i * features + f];
            }
        }

        return data;
    }

    private static double[,] Correlation(float[] data, int features)
    {
        int rows = data.Length / features;
        var z = new double[rows, features];
        for (int f = 0; f < features; f++)
        {
            double[] column = [.. Enumerable.Range(0, rows).Select(i => (double)data[i * features + f])];
            double mean = column.Average(), scale = Math.Sqrt(column.Average(v => (v - mean) * (v - mean)));
            for (int i = 0; i < rows; i++) z[i, f] = f == features - 1 ? 0 : (column[i] - mean) / scale;
        }

        var covariance = new double[features, features];
        for (int f = 0; f < features; f++)
        {
            for (int g = 0; g < features; g++) covariance[f, g] = Enumerable.Range(0, rows).Sum(i => z[i, f] * z[i, g]) / (rows - 1);
        }

        return covariance;
    }

    [Theory]
    [InlineData(40, 7)]
    [InlineData(700, 19)]
    public void Components_are_the_leading_eigenvectors_of_standardised_data(int rows, int features)
    {
        float[] data = Data(rows, features);
        PrincipalComponents pca = PrincipalComponents.Fit(data, features, 3);
        double[,] covariance = Correlation(data, features);
        double trace = Enumerable.Range(0, features).Sum(f => covariance[f, f]);
        for (int c = 0; c < 3; c++)
        {
            double[] v = pca.Loadings(c).ToArray();
            Assert.Equal(1, v.Sum(x => x * x), 1e-12);
            for (int f = 0; f < features; f++)
                Assert.Equal(pca.Variances[c] * v[f], Enumerable.Range(0, features).Sum(g => covariance[f, g] * v[g]), 1e-9 * trace);
            Assert.True(v.MaxBy(Math.Abs) > 0);
            for (int d = 0; d < c; d++) Assert.Equal(0, SymmetricEigen.Dot(v, pca.Loadings(d)), 1e-10);
        }

        Assert.True(pca.Variances[0] > pca.Variances[1] && pca.Variances[1] > pca.Variances[2]);
        Assert.Equal(1, pca.Scale[features - 1]);

        // Scores have mean 0 and the variance of their component.
        double[] scores = pca.Transform(data);
        for (int c = 0; c < 3; c++)
        {
            double[] along = [.. Enumerable.Range(0, rows).Select(i => scores[i * 3 + c])];
            Assert.Equal(0, along.Average(), 1e-9);
            Assert.Equal(pca.Variances[c], along.Sum(s => s * s) / (rows - 1), 1e-9 * trace);
        }
    }

    [Fact]
    public void All_eigenpairs_of_known_matrices_are_found()
    {
        // Second differences: eigenvalues 2 - 2 cos(k pi / (n + 1)).
        const int n = 30;
        var matrix = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            matrix[i * n + i] = 2;
            if (i > 0) matrix[i * n + i - 1] = matrix[(i - 1) * n + i] = -1;
        }

        CheckAll(matrix, n, [.. Enumerable.Range(1, n).Select(k => 2 - 2 * Math.Cos(k * Math.PI / (n + 1))).OrderDescending()]);

        // Eigenvalues in clusters, one of them threefold, rotated by a reflection.
        double[] values = [9, 9, 9, 4, 4 - 1e-9, 1, 0, 0, -5, -7];
        float[] direction = Made.Normal(new RandomStream(91, "direction"), 10);
        double norm = direction.Sum(x => (double)x * x);
        var rotated = new double[100];
        for (int i = 0; i < 10; i++)
        {
            for (int j = 0; j < 10; j++)
            {
                for (int k = 0; k < 10; k++) rotated[i * 10 + j] += Entry(i, k) * values[k] * Entry(j, k);
            }
        }

        CheckAll(rotated, 10, values);
        CheckAll(new double[16], 4, [0, 0, 0, 0]);
        CheckAll([3], 1, [3]);
        CheckAll([0, 2, 2, 0], 2, [2, -2]);
        CheckAll([5, 0, 0, 0, 5, 0, 0, 0, 5], 3, [5, 5, 5]);

        double Entry(int i, int j) => (i == j ? 1 : 0) - 2.0 * direction[i] * direction[j] / norm;
    }

    private static void CheckAll(double[] matrix, int n, double[] expected)
    {
        (double[] values, double[] vectors) = SymmetricEigen.Largest([.. matrix], n, n);
        double size = matrix.Max(Math.Abs);
        for (int c = 0; c < n; c++)
        {
            Assert.Equal(expected[c], values[c], 1e-12 * (1 + size));
            double[] v = vectors[(c * n)..((c + 1) * n)];
            for (int d = 0; d <= c; d++) Assert.Equal(c == d ? 1 : 0, SymmetricEigen.Dot(v, vectors.AsSpan(d * n, n)), 1e-10);
            for (int i = 0; i < n; i++) Assert.Equal(values[c] * v[i], SymmetricEigen.Dot(matrix.AsSpan(i * n, n), v), 1e-10 * (1 + size));
        }
    }

    [Fact]
    public void The_origin_of_the_plane_is_the_mean_image_and_points_keep_their_scores()
    {
        const int features = 25;
        float[] data = Data(300, features);
        PrincipalComponents pca = PrincipalComponents.Fit(data, features);
        var image = new float[features];
        pca.Inverse([0, 0], image);
        for (int f = 0; f < features; f++)
        {
            double mean = Enumerable.Range(0, 300).Average(i => (double)data[i * features + f]);
            Assert.Equal(mean, image[f], 1e-6);
        }

        DecisionGrid grid = DecisionGrid.Over(pca, data, 31);
        float[] images = grid.Images();
        Assert.Equal((961, 961 * features), (grid.Count, images.Length));
        double[] scores = pca.Transform(images);
        for (int row = 0; row < 31; row++)
        {
            for (int column = 0; column < 31; column++)
            {
                Assert.Equal(grid.Horizontal[column], scores[(row * 31 + column) * 2], 1e-4);
                Assert.Equal(grid.Vertical[row], scores[(row * 31 + column) * 2 + 1], 1e-4);
            }
        }

        var part = new float[5 * features];
        grid.Images(40, part);
        Assert.Equal(images[(40 * features)..(45 * features)], part);

        double[] own = pca.Transform(data);
        Assert.Equal(own.Where((_, i) => i % 2 == 0).Min() - 1, grid.Horizontal[0], 1e-12);
        Assert.Equal(own.Where((_, i) => i % 2 == 0).Max() + 1, grid.Horizontal[^1], 1e-12);
        Assert.Equal(own.Where((_, i) => i % 2 == 1).Min() - 1, grid.Vertical[0], 1e-12);
        Assert.Equal(own.Where((_, i) => i % 2 == 1).Max() + 1, grid.Vertical[^1], 1e-12);
        Assert.Equal(300, DecisionGrid.Over(pca, data).Resolution);
    }

    [Fact]
    public void The_fit_does_not_depend_on_threads()
    {
        float[] data = Data(1500, 50);
        PrincipalComponents one = PrincipalComponents.Fit(data, 50, 2, 1), many = PrincipalComponents.Fit(data, 50, 2, 4);
        Assert.Equal(one.Loadings(0).ToArray(), many.Loadings(0).ToArray());
        Assert.Equal(one.Variances, many.Variances);
    }

    [Fact]
    public void Agreement_is_the_share_of_equal_points()
    {
        Assert.Equal(0.75, DecisionGrid.Agreement([1, 2, 3, 4], [1, 2, 0, 4]));
        Assert.Throws<ArgumentException>(() => DecisionGrid.Agreement([1], [1, 2]));
        Assert.Throws<ArgumentException>(() => DecisionGrid.Agreement([], []));
    }

    [Fact]
    public void Bad_data_is_named()
    {
        Assert.Throws<ArgumentException>(() => PrincipalComponents.Fit(new float[5], 2));
        Assert.Throws<ArgumentException>(() => PrincipalComponents.Fit(new float[2], 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => PrincipalComponents.Fit(new float[8], 2, 3));
        float[] data = Data(10, 5);
        data[13] = float.NaN;
        Assert.Contains("feature 3", Assert.Throws<ArgumentException>(() => PrincipalComponents.Fit(data, 5)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => DecisionGrid.Over(PrincipalComponents.Fit(Data(10, 5), 5, 3), Data(10, 5)));
    }
}
