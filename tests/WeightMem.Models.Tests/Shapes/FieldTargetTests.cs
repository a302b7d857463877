using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Formats.Meshes;
using WeightMem.Models.Populations;
using WeightMem.Models.Shapes;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Models.Tests.Shapes;

public sealed class FieldTargetTests
{
    private static readonly FieldTarget Small = new(2, 16);

    [Theory]
    [InlineData("field", 36_737)]
    [InlineData("field-3x48", 6_097)]
    [InlineData("field-3x32", 3_041)]
    public void Parameters_are_those_of_the_specification(string name, int parameters)
    {
        var target = TargetCatalog.Create<FieldTarget>(name, null);
        Assert.Equal((parameters, parameters), (target.Parameters, (int)target.Layout.Count));
        Assert.Equal(["layers.0.weight", "layers.0.bias", "layers.1.weight"], target.Layout.Entries.Take(3).Select(e => e.Name));
        Assert.Equal(parameters, target.Layout.Entries.Sum(e => e.Count));
    }

    [Fact]
    public void Offsets_and_the_round_trip_of_a_row_are_right()
    {
        var target = new FieldTarget(3, 128);
        Assert.Equal([0L, 3456, 3584, 19968, 20096, 36480, 36608, 36736], target.Layout.Entries.Select(e => e.Offset));
        float[] row = Row(target, 1), back = new float[row.Length];
        target.Layout.Pack(back, target.Layout.Unpack(row));
        Assert.Equal(row, back);
    }

    [Fact]
    public void Features_come_in_the_published_order()
    {
        // A field whose first unit reads one feature, and whose output reads that unit.
        var target = new FieldTarget(1, 1);
        double[] p = [0.3, -0.2, 0.45];
        var expected = new List<double>(p);
        foreach (int k in new[] { 1, 2, 4, 8 })
        {
            expected.AddRange(p.Select(v => Math.Sin(k * v)));
            expected.AddRange(p.Select(v => Math.Cos(k * v)));
        }

        using var device = new CpuDevice();
        for (int feature = 0; feature < 27; feature++)
        {
            var row = new float[target.Parameters];
            (row[feature], row[27], row[28]) = (1, 2, 1); // the bias keeps the unit on
            float logit = target.Logits(device, Of(target, row), [0.3f, -0.2f, 0.45f])[0];
            Assert.Equal(expected[feature] + 2, logit, 2e-6);
        }
    }

    [Fact]
    public void A_permutation_leaves_logits_and_moves_the_vector_far()
    {
        var target = new FieldTarget(3, 32);
        float[] row = Row(target, 3);
        int[] index = target.PermutationIndex([.. target.HiddenWidths.Select((n, i) => new RandomStream(9, "order").Sub("layer", i).Permutation(n))]);
        float[] permuted = [.. index.Select(i => row[i])];
        var points = new float[300];
        for (int i = 0; i < points.Length; i++) points[i] = (float)(new RandomStream(2, "points").Double(i) - 0.5);
        using var device = new CpuDevice();
        float[] a = target.Logits(device, Of(target, row), points), b = target.Logits(device, Of(target, permuted), points);
        Assert.True(a.Zip(b, (x, y) => Math.Abs(x - y)).Max() < 1e-4);
        Assert.True(Math.Sqrt(row.Zip(permuted, (x, y) => Math.Pow(x - y, 2)).Sum()) > 3);
    }

    [Fact]
    public void The_grid_the_points_and_the_sparse_grid_agree()
    {
        float[] row = Row(Small, 4);
        for (int i = 0; i < row.Length; i++) row[i] *= 3;
        SampleGrid grid = SampleGrid.UnitCube(21);
        using var device = new CpuDevice();
        float[] dense = Small.GridLogits(device, row, grid), axis = grid.Axis(0);
        var points = new float[3 * dense.Length];
        for (int i = 0; i < dense.Length; i++) (points[3 * i], points[3 * i + 1], points[3 * i + 2]) = (axis[i / 441], axis[i / 21 % 21], axis[i % 21]);
        float[] plain = Small.Logits(device, Of(Small, row), points);
        for (int i = 0; i < dense.Length; i++) Assert.Equal(plain[i], dense[i], 2e-5);

        double level = dense.Order().ElementAt(dense.Length / 2);
        (float[] sparse, long evaluated) = SparseGrid.Evaluate(21, level, 0.05, p => Small.Logits(device, Of(Small, row), p));
        Assert.InRange(evaluated, 216, dense.Length);
        MeshData whole = MarchingCubes.Extract(plain, grid, level), refined = MarchingCubes.Extract(sparse, grid, level);
        Assert.Equal(whole.Triangles, refined.Triangles);
        Assert.Equal(whole.Vertices, refined.Vertices);
    }

    [Fact]
    public void The_sparse_grid_of_a_sphere_is_the_dense_one_and_takes_fewer_points()
    {
        static float[] Sphere(float[] p) => [.. Enumerable.Range(0, p.Length / 3).Select(i =>
            (float)(40 * (0.3 - Math.Sqrt(p[3 * i] * p[3 * i] + p[3 * i + 1] * p[3 * i + 1] + p[3 * i + 2] * p[3 * i + 2]))))];
        SampleGrid grid = SampleGrid.UnitCube(65);
        float[] axis = grid.Axis(0), all = new float[3 * grid.Nodes];
        for (int i = 0; i < grid.Nodes; i++) (all[3 * i], all[3 * i + 1], all[3 * i + 2]) = (axis[i / 4225], axis[i / 65 % 65], axis[i % 65]);
        (float[] sparse, long evaluated) = SparseGrid.Evaluate(65, 1.386, 0.5, Sphere);
        Assert.True(evaluated < grid.Nodes / 2, $"{evaluated}");
        MeshData dense = MarchingCubes.Extract(Sphere(all), grid, 1.386), found = MarchingCubes.Extract(sparse, grid, 1.386);
        Assert.Equal(dense.Triangles, found.Triangles);
        Assert.Equal(dense.Vertices, found.Vertices);
        Assert.Throws<ArgumentException>(() => SparseGrid.Evaluate(64, 0, 8, Sphere));
    }

    [Fact]
    public void The_published_shear_moves_points_by_up_to_a_node()
    {
        // Logit y: on the sheared grid it grows along z.
        var target = new FieldTarget(1, 1);
        var row = new float[target.Parameters];
        (row[1], row[27], row[28]) = (1, 1, 1);
        SampleGrid grid = SampleGrid.UnitCube(5);
        using var device = new CpuDevice();
        float[] straight = target.GridLogits(device, row, grid), sheared = target.ShearedGridLogits(device, row, grid);
        Assert.Equal(straight[1], straight[0], 1e-6);
        Assert.Equal(grid.Spacing / 5, sheared[1] - sheared[0], 1e-5);
        Assert.Equal(straight[0], sheared[0], 1e-6);
    }

    [Fact]
    public void A_field_that_is_not_finite_or_never_crosses_the_level_has_an_empty_mesh()
    {
        float[] row = Row(Small, 5), broken = Row(Small, 6);
        row[^1] = 1e6f;
        broken[3] = float.NaN;
        using var device = new CpuDevice();
        MeshData[] meshes = Small.Extract(device, new Population(Small.Name, Small.Layout, [.. row, .. broken]), 9, 0, cancellation: TestContext.Current.CancellationToken);
        Assert.All(meshes, m => Assert.Equal(0, m.TriangleCount));
    }

    internal static float[] Row(FieldTarget target, long seed)
    {
        var row = new float[target.Parameters];
        target.Initialize(row, new RandomStream(seed, "row"));
        return row;
    }

    private static Population Of(FieldTarget target, float[] row) => new(target.Name, target.Layout, row);
}
