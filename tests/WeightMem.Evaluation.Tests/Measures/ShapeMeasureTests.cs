using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Measures;
using WeightMem.Formats.Meshes;
using Xunit;

namespace WeightMem.Evaluation.Tests.Measures;

public sealed class ShapeMeasureTests
{
    [Fact]
    public void Chamfer_is_zero_of_a_cloud_with_itself_symmetric_and_twice_the_square_of_a_shifted_point()
    {
        using var device = new CpuDevice();
        CloudSet set = Clouds(4, 30, "a"), point = new([[1, 2, 3]]), shifted = new([[1.5f, 2, 3.25f]]);
        double[] self = set.Chamfer(device, set);
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(0, self[5 * i]);
            for (int j = 0; j < 4; j++) Assert.Equal(self[4 * i + j], self[4 * j + i], 1e-6);
        }

        Assert.Equal(2 * (0.25 + 0.0625), point.Chamfer(device, shifted)[0], 1e-6);
    }

    [Fact]
    public void Chamfer_does_not_depend_on_the_order_of_points_and_takes_clouds_of_two_sizes()
    {
        using var device = new CpuDevice();
        float[] cloud = Clouds(1, 37, "b").Clouds[0]!, other = Clouds(1, 53, "c").Clouds[0]!;
        int[] order = new RandomStream(1, "order").Permutation(37);
        float[] shuffled = [.. order.SelectMany(i => cloud[(3 * i)..(3 * i + 3)])];
        Assert.Equal(new CloudSet([cloud]).Chamfer(device, new CloudSet([other]))[0], new CloudSet([shuffled]).Chamfer(device, new CloudSet([other]))[0], 1e-9);
    }

    [Fact]
    public void Matching_coverage_and_minima_are_those_of_a_matrix_by_hand()
    {
        double[] distances =
        [
            1, 5, 4,
            2, 7, 9,
            8, 6, 3,
        ];
        Assert.Equal([1, 5, 3], CloudComparison.Matching(distances, 3));
        Assert.Equal([1, 0, 1], CloudComparison.Covered(distances, 3));
        Assert.Equal([1, 2, 3], CloudComparison.MinimumToReferences(distances, 3));

        // Shape i is reference i itself.
        int[] own = [0, 1, 2];
        Assert.Equal([4, 2, 6], CloudComparison.MinimumToReferences(distances, 3, own));
        Assert.Equal([2, 5, 4], CloudComparison.Matching(distances, 3, own));
    }

    [Fact]
    public void Two_halves_of_one_set_cannot_be_told_apart_and_two_far_sets_can()
    {
        using var device = new CpuDevice();
        CloudSet all = Clouds(200, 12, "halves"), a = all.Select(Enumerable.Range(0, 100)), b = all.Select(Enumerable.Range(100, 100));
        double accuracy = CloudComparison.OwnKindNearest(a.Chamfer(device, a), a.Chamfer(device, b), b.Chamfer(device, b)).Average();
        Assert.InRange(accuracy, 0.5 - 0.14, 0.5 + 0.14); // four standard errors of 200 draws
        CloudSet far = new([.. b.Clouds.Select(c => c!.Select(v => v + 100).ToArray())]);
        Assert.Equal(1, CloudComparison.OwnKindNearest(a.Chamfer(device, a), a.Chamfer(device, far), far.Chamfer(device, far)).Average());
        Assert.Equal(0, CloudComparison.OwnKindNearest(a.Chamfer(device, a), a.Chamfer(device, a), a.Chamfer(device, a)).Average()); // copies: the other's is as near
    }

    [Fact]
    public void Empty_shapes_keep_their_place_and_are_infinitely_far()
    {
        using var device = new CpuDevice();
        float[] cloud = Clouds(1, 9, "d").Clouds[0]!;
        CloudSet set = new([null, cloud, null]), reference = Clouds(2, 9, "e");
        Assert.Equal((3, 2, 1), (set.Count, set.Empty, set.Filled.Single()));
        double[] distances = set.Chamfer(device, reference);
        Assert.Equal([double.PositiveInfinity, double.PositiveInfinity], distances[..2]);
        Assert.All(distances[2..4], d => Assert.True(double.IsFinite(d)));
        Assert.Equal([double.PositiveInfinity, Math.Min(distances[2], distances[3]), double.PositiveInfinity], CloudComparison.MinimumToReferences(distances, 2));
        Assert.Equal(1, CloudComparison.Covered(distances, 2).Sum());
        Assert.All(new CloudSet([null]).Chamfer(device, reference), d => Assert.Equal(double.PositiveInfinity, d));
        CloudSet meshes = CloudSet.OfMeshes([new MeshData([], []), new MeshData([0, 0, 0, 1, 0, 0, 0, 1, 0], [0, 1, 2])], 5, new RandomStream(1, "m"));
        Assert.Equal(1, meshes.Empty);
    }

    [Fact]
    public void Earth_movers_distance_is_the_best_pairing()
    {
        float[] a = [0, 0, 0, 1, 0, 0, 0, 2, 0, 4, 4, 4];
        float[] b = [4, 4, 5, 0, 2, 1, 1, 0, 1, 0, 0, 1];
        Assert.Equal(1, EarthMover.Distance(a, b), 1e-12);
        Assert.Equal(0, EarthMover.Distance(a, a));
        double best = double.PositiveInfinity;
        CloudSet random = Clouds(2, 6, "f");
        float[] x = random.Clouds[0]!, y = random.Clouds[1]!;
        foreach (int[] order in Orders(6))
        {
            best = Math.Min(best, Enumerable.Range(0, 6).Average(i => Math.Sqrt(Enumerable.Range(0, 3).Sum(d => Math.Pow(x[3 * i + d] - (double)y[3 * order[i] + d], 2)))));
        }

        Assert.Equal(best, EarthMover.Distance(x, y), 1e-12);
        double[] matrix = EarthMover.Matrix(new CloudSet([x, null]), new CloudSet([y]), 99, new RandomStream(1, "thin"));
        Assert.Equal(best, matrix[0], 1e-12);
        Assert.Equal(double.PositiveInfinity, matrix[1]);
        Assert.Throws<ArgumentException>(() => EarthMover.Distance([], []));
    }

    private static IEnumerable<int[]> Orders(int n) => n == 0
        ? [[]]
        : Orders(n - 1).SelectMany(o => Enumerable.Range(0, n).Select(at => o.Take(at).Append(n - 1).Concat(o.Skip(at)).ToArray()));

    private static CloudSet Clouds(int count, int points, string name) => new([.. Enumerable.Range(0, count).Select(c =>
        Enumerable.Range(0, 3 * points).Select(i => (float)new RandomStream(c, name).Double(i)).ToArray())]);
}
