using WeightMem.Engine.Random;
using WeightMem.Formats.Meshes;
using WeightMem.Models.Shapes;
using Xunit;

namespace WeightMem.Models.Tests.Shapes;

public sealed class AirplaneTests
{
    private const double Spacing = 1.0 / 100;

    [Fact]
    public void Every_airplane_is_one_closed_piece_inside_its_region()
    {
        var generator = new AirplaneGenerator(0, 0.008);
        Parallel.For(0, 24, i =>
        {
            Airplane airplane = generator.Make(i);
            MeshTopology topology = MeshTopology.Of(AirplaneMesh.Extract(airplane, Spacing));
            Assert.True(topology.IsWatertight, $"{i}: {topology.Describe()}");
            Assert.True(topology.Components == 1, $"{i} ({airplane.Kind}): {topology.Describe()}");
            Assert.InRange(topology.Volume, 0.0005, 0.03);
        });
        Assert.Equal(5, Enumerable.Range(0, 40).Select(i => generator.Make(i).Kind).Distinct().Count());
    }

    [Fact]
    public void The_mesh_is_that_of_the_whole_function()
    {
        // The function at every node against the parts in their boxes, on a coarse grid.
        Airplane airplane = new AirplaneGenerator(5, 0.008).Make(3);
        SampleGrid grid = SampleGrid.Over(AirplaneMesh.Region, 0.02);
        var values = new float[grid.Nodes];
        for (int x = 0; x < grid.CountX; x++)
        {
            for (int y = 0; y < grid.CountY; y++)
            {
                for (int z = 0; z < grid.CountZ; z++)
                    values[grid.Row(x, y) + z] = (float)-airplane.At(grid.X + x * grid.Spacing, grid.Y + y * grid.Spacing, grid.Z + z * grid.Spacing);
            }
        }

        MeshData whole = MarchingCubes.Extract(values, grid, 0), parts = AirplaneMesh.Extract(airplane, 0.02);
        Assert.Equal(whole.Triangles, parts.Triangles);
        Assert.Equal(whole.Vertices, parts.Vertices);
    }

    [Fact]
    public void The_functions_sign_agrees_with_the_mesh_except_near_the_surface()
    {
        for (int i = 0; i < 3; i++)
        {
            Airplane airplane = new AirplaneGenerator(1, 0.008).Make(i);
            MeshData mesh = AirplaneMesh.Extract(airplane, Spacing);
            MeshScale scale = MeshScale.Of(mesh);
            MeshData normalized = scale.Apply(mesh);
            Assert.Equal(MeshScale.Extent, normalized.Vertices.Max(Math.Abs), 12);
            var inside = new MeshInside(normalized);
            var stream = new RandomStream(2, "points").Sub("airplane", i);
            double[] surface = SurfaceSampler.Draw(normalized, 4000, stream.Sub("surface"));
            int far = 0;
            for (int p = 0; p < 4000; p++)
            {
                var q = new double[3];
                for (int d = 0; d < 3; d++) q[d] = surface[3 * p + d] + 0.06 * (stream.Double(3L * p + d) - 0.5);
                (double x, double y, double z) = scale.Undo(q[0], q[1], q[2]);
                double f = airplane.At(x, y, z);
                int winding = inside.Winding(q[0], q[1], q[2]);
                Assert.InRange(winding, 0, 1);

                // Within one voxel of the surface the mesh may differ; elsewhere it may not.
                if (f < 0 == winding > 0) continue;
                Assert.True(Near(airplane, x, y, z), $"airplane {i} at ({x}, {y}, {z}): {f}, winding {winding}");
                far++;
            }

            Assert.InRange(far, 0, 400);
        }

        static bool Near(Airplane airplane, double x, double y, double z)
        {
            bool inside = airplane.At(x, y, z) < 0;
            for (int d = 0; d < 27; d++)
            {
                double h = Spacing;
                if (airplane.At(x + h * (d % 3 - 1), y + h * (d / 3 % 3 - 1), z + h * (d / 9 - 1)) < 0 != inside) return true;
            }

            return false;
        }
    }

    [Fact]
    public void An_airplane_depends_on_its_seed_and_index_alone()
    {
        Airplane a = new AirplaneGenerator(7, 0.003).Make(12), b = new AirplaneGenerator(7, 0.003).Make(12), c = new AirplaneGenerator(8, 0.003).Make(12);
        Assert.Equal(a.Parameters, b.Parameters);
        Assert.NotEqual(a.Parameters, c.Parameters);
        Assert.Equal(32, a.Id.Length);
        Assert.NotEqual(a.Id, c.Id);
    }

    [Fact]
    public void Surface_points_are_uniform_by_area()
    {
        // Two triangles of areas 1 and 3.
        var mesh = new MeshData([0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 5, 6, 0, 5, 0, 1, 5], [0, 1, 2, 3, 4, 5]);
        double[] points = SurfaceSampler.Draw(mesh, 40_000, new RandomStream(1, "points"));
        int upper = Enumerable.Range(0, 40_000).Count(i => points[3 * i + 2] > 1);
        Assert.InRange(upper / 40_000.0, 0.75 - 0.0087, 0.75 + 0.0087); // four standard errors
        Assert.All(Enumerable.Range(0, 40_000), i => Assert.True(points[3 * i] >= 0 && points[3 * i + 1] >= 0 && points[3 * i + 1] <= 1));
        Assert.Throws<ArgumentException>(() => SurfaceSampler.Draw(new MeshData([0, 0, 0], []), 3, default));
    }

    [Fact]
    public void A_mesh_with_a_hole_has_no_inside_and_says_why()
    {
        MeshData mesh = AirplaneMesh.Extract(new AirplaneGenerator(0, 0.008).Make(0), 0.03);
        var open = new MeshData(mesh.Vertices, mesh.Triangles[3..]);
        string message = Assert.Throws<ArgumentException>(() => new MeshInside(open)).Message;
        Assert.Contains("3 of", message, StringComparison.Ordinal);
        Assert.Contains("not watertight", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_clouds_normalisation_ignores_shift_and_scale()
    {
        var stream = new RandomStream(4, "cloud");
        double[] points = [.. Enumerable.Range(0, 300).Select(i => stream.Double(i))];
        float[] a = PointClouds.Normalize(points), b = PointClouds.Normalize([.. points.Select(p => 3.5 * p + 0.25)]);
        for (int i = 0; i < a.Length; i++) Assert.Equal(a[i], b[i], 1e-5f);

        // A shift that differs by axis moves the grand mean, and with it the one deviation: that is how the reference has it.
        double[] shifted = [.. points.Select((p, i) => p + (i % 3 == 0 ? 5 : 0))];
        Assert.True(Math.Abs(PointClouds.Normalize(shifted)[0]) < Math.Abs(a[0]));
        Assert.Throws<ArgumentException>(() => PointClouds.Normalize([1, 1, 1, 1, 1, 1]));
    }
}
