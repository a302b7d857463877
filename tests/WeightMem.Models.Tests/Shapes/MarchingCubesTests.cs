using WeightMem.Engine.Random;
using WeightMem.Formats.Meshes;
using WeightMem.Models.Shapes;
using Xunit;

namespace WeightMem.Models.Tests.Shapes;

public sealed class MarchingCubesTests
{
    [Theory]
    [InlineData(0.0)]
    [InlineData(1.386)]
    public void A_sphere_is_found_with_its_radius_closed_and_turned_outwards(double level)
    {
        // Logit 40 (0.3 - r), HyperDiffusion specification section 10, test 8.
        SampleGrid grid = SampleGrid.UnitCube(65);
        MeshData mesh = MarchingCubes.Extract(Sample(grid, (x, y, z) => 40 * (0.3 - Math.Sqrt(x * x + y * y + z * z))), grid, level);
        MeshTopology topology = MeshTopology.Of(mesh);
        Assert.Equal(("watertight, 1 component(s), Euler characteristic 2", 0), (topology.Describe(), topology.CrowdedEdges));
        double radius = 0.3 - level / 40, tolerance = grid.Spacing * grid.Spacing / radius; // linear interpolation of a curved function: h^2 / (8 r) and the node's own distance
        for (int i = 0; i < mesh.VertexCount; i++)
        {
            double r = Math.Sqrt(Enumerable.Range(0, 3).Sum(d => mesh.Vertices[3 * i + d] * mesh.Vertices[3 * i + d]));
            Assert.InRange(r, radius - tolerance, radius + tolerance);
        }

        Assert.InRange(topology.Volume / (4.0 / 3 * Math.PI * radius * radius * radius), 0.99, 1.001);
    }

    [Fact]
    public void A_torus_has_euler_characteristic_zero()
    {
        SampleGrid grid = SampleGrid.UnitCube(48);
        MeshData mesh = MarchingCubes.Extract(
            Sample(grid, (x, y, z) => 0.1 - Math.Sqrt(Math.Pow(Math.Sqrt(x * x + y * y) - 0.3, 2) + z * z)), grid, 0);
        MeshTopology topology = MeshTopology.Of(mesh);
        Assert.True(topology.IsWatertight);
        Assert.Equal((0, 1), (topology.Euler, topology.Components));
    }

    [Fact]
    public void Noise_of_every_configuration_is_closed_and_no_edge_is_crowded()
    {
        var grid = new SampleGrid(20, 17, 70, 0, 0, 0, 1);
        var stream = new RandomStream(3, "noise");
        float[] values = Sample(grid, (x, y, z) => x is 0 or 19 || y is 0 or 16 || z is 0 or 69 ? -1 : stream.Double((long)((x * 17 + y) * 70 + z)) - 0.5);
        MeshTopology topology = MeshTopology.Of(MarchingCubes.Extract(values, grid, 0));
        Assert.True(topology.IsWatertight, topology.Describe());
        Assert.Equal(0, topology.CrowdedEdges);
        Assert.True(topology.Volume > 0);
    }

    [Fact]
    public void No_diagonal_of_the_table_lies_in_a_face()
    {
        for (int inside = 0; inside < 256; inside++)
        {
            byte[] triangles = CubeTriangles.Table[inside];
            var uses = new Dictionary<(int, int), int>();
            for (int t = 0; t < triangles.Length; t += 3)
            {
                for (int i = 0; i < 3; i++)
                {
                    (int a, int b) = (triangles[t + i], triangles[t + (i + 1) % 3]);
                    uses[(Math.Min(a, b), Math.Max(a, b))] = uses.GetValueOrDefault((Math.Min(a, b), Math.Max(a, b))) + 1;
                }
            }

            Assert.All(uses, pair => Assert.True(pair.Value == 1 || !CubeTriangles.ShareFace(pair.Key.Item1, pair.Key.Item2), $"corners {inside}"));
        }
    }

    [Fact]
    public void A_level_outside_the_values_gives_an_empty_mesh_and_a_nan_an_error()
    {
        SampleGrid grid = SampleGrid.UnitCube(4);
        float[] values = Sample(grid, (x, y, z) => x + y + z);
        Assert.Equal(0, MarchingCubes.Extract(values, grid, 9).TriangleCount);
        Assert.Equal(0, MarchingCubes.Extract(values, grid, -9).VertexCount);
        values[42] = float.NaN; // next to nodes outside
        Assert.Contains("not finite", Assert.Throws<ArgumentException>(() => MarchingCubes.Extract(values, grid, 0)).Message, StringComparison.Ordinal);
    }

    private static float[] Sample(SampleGrid grid, Func<double, double, double, double> f)
    {
        var values = new float[grid.Nodes];
        for (int x = 0; x < grid.CountX; x++)
        {
            for (int y = 0; y < grid.CountY; y++)
            {
                for (int z = 0; z < grid.CountZ; z++)
                    values[grid.Row(x, y) + z] = (float)f(grid.X + x * grid.Spacing, grid.Y + y * grid.Spacing, grid.Z + z * grid.Spacing);
            }
        }

        return values;
    }
}
