using WeightMem.Evaluation.Statistics;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// M8: a regular grid over the plane of the first two principal components of the test images, and the image at each of its points,
/// so that networks can be asked for the class there. Point (row, column) has score 2 = <see cref="Vertical"/>[row] and score 1 =
/// <see cref="Horizontal"/>[column]; points are numbered row after row.
/// </summary>
public sealed class DecisionGrid
{
    /// <summary>Points per axis in the paper.</summary>
    public const int DefaultResolution = 300;

    private readonly PrincipalComponents _components;

    private DecisionGrid(PrincipalComponents components, double[] horizontal, double[] vertical)
    {
        (_components, Horizontal, Vertical) = (components, horizontal, vertical);
    }

    /// <summary>Values of the first score, ascending, <c>[resolution]</c>.</summary>
    public double[] Horizontal { get; }

    /// <summary>Values of the second score, ascending, <c>[resolution]</c>.</summary>
    public double[] Vertical { get; }

    /// <summary>Points per axis.</summary>
    public int Resolution => Horizontal.Length;

    /// <summary>Number of points: the square of the resolution.</summary>
    public int Count => Resolution * Resolution;

    /// <summary>Pixels of one image.</summary>
    public int Features => _components.Features;

    /// <summary>The grid over the scores of images, one unit wider than they reach on every side.</summary>
    /// <param name="components">Two components, fitted on the images.</param>
    /// <param name="images">The images, <c>[count, features]</c>; at least one.</param>
    /// <param name="resolution">Points per axis, at least 2.</param>
    /// <exception cref="ArgumentException">There are not two components, or no images.</exception>
    public static DecisionGrid Over(PrincipalComponents components, ReadOnlySpan<float> images, int resolution = DefaultResolution)
    {
        if (components.Components != 2) throw new ArgumentException($"a plane has 2 components, not {components.Components}");
        if (images.Length == 0) throw new ArgumentException("a decision grid needs images to lie around");
        ArgumentOutOfRangeException.ThrowIfLessThan(resolution, 2);
        double[] scores = components.Transform(images);
        return new DecisionGrid(components, Axis(scores, 0, resolution), Axis(scores, 1, resolution));
    }

    /// <summary>The images at all points, <c>[resolution * resolution, features]</c>: 282 MB at 300 and 784.</summary>
    public float[] Images()
    {
        var images = new float[(long)Count * Features];
        Parallel.For(0, Resolution, row => Images(row * Resolution, images.AsSpan(row * Resolution * Features, Resolution * Features)));
        return images;
    }

    /// <summary>The images at some points in a row, for work in parts.</summary>
    /// <param name="first">The first point.</param>
    /// <param name="images">Receives whole images, <c>[points, features]</c>.</param>
    public void Images(int first, Span<float> images)
    {
        for (int i = 0; i < images.Length / Features; i++)
        {
            int point = first + i;
            _components.Inverse([Horizontal[point % Resolution], Vertical[point / Resolution]], images.Slice(i * Features, Features));
        }
    }

    /// <summary>Share of points, 0 to 1, where two class maps agree.</summary>
    /// <exception cref="ArgumentException">The maps are of different sizes, or empty.</exception>
    public static double Agreement(ReadOnlySpan<int> map, ReadOnlySpan<int> other)
    {
        if (map.Length != other.Length || map.Length == 0)
            throw new ArgumentException($"class maps of {map.Length} and {other.Length} points cannot be compared");
        int equal = 0;
        for (int i = 0; i < map.Length; i++) equal += map[i] == other[i] ? 1 : 0;
        return (double)equal / map.Length;
    }

    private static double[] Axis(double[] scores, int component, int resolution)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        for (int i = component; i < scores.Length; i += 2)
        {
            low = Math.Min(low, scores[i]);
            high = Math.Max(high, scores[i]);
        }

        (low, high) = (low - 1, high + 1);
        var axis = new double[resolution];
        for (int i = 0; i < resolution; i++) axis[i] = low + (high - low) * i / (resolution - 1);
        return axis;
    }
}
