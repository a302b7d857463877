using WeightMem.Formats.Meshes;

namespace WeightMem.Models.Shapes;

/// <summary>Turns airplanes into watertight meshes.</summary>
public static class AirplaneMesh
{
    /// <summary>Every airplane lies inside, with room to spare (specification 7.3).</summary>
    public static ShapeBox Region { get; } = new(-.9, -.3, -.6, .9, .4, .75);

    /// <summary>
    /// Marching cubes of minus the airplane's function, over the region. Parts are evaluated in their boxes only; next to the surface all parts are, so the mesh is
    /// that of the whole function.
    /// </summary>
    /// <param name="airplane">The airplane.</param>
    /// <param name="spacing">Grid spacing: 1/160, or 1/100 for coarse grids.</param>
    public static MeshData Extract(Airplane airplane, double spacing)
    {
        SampleGrid grid = SampleGrid.Over(Region, spacing);
        var values = new float[grid.Nodes];
        Array.Fill(values, -1);
        foreach (ISolid part in airplane.Parts) Union(values, grid, part);
        CompleteBorder(values, grid, airplane);
        return MarchingCubes.Extract(values, grid, 0);
    }

    private static void Union(float[] values, SampleGrid grid, ISolid part)
    {
        ShapeBox box = part.Bounds;
        (int x0, int x1) = Nodes(box.MinX, box.MaxX, grid.X, grid.Spacing, grid.CountX);
        (int y0, int y1) = Nodes(box.MinY, box.MaxY, grid.Y, grid.Spacing, grid.CountY);
        (int z0, int z1) = Nodes(box.MinZ, box.MaxZ, grid.Z, grid.Spacing, grid.CountZ);
        for (int x = x0; x <= x1; x++)
        {
            for (int y = y0; y <= y1; y++)
            {
                Span<float> row = values.AsSpan((int)grid.Row(x, y), grid.CountZ);
                for (int z = z0; z <= z1; z++)
                {
                    float value = (float)-part.At(grid.X + x * grid.Spacing, grid.Y + y * grid.Spacing, grid.Z + z * grid.Spacing);
                    row[z] = Math.Max(row[z], value);
                }
            }
        }
    }

    /// <summary>The whole function at the outer nodes of edges that the surface crosses: a part that is near but not here may be the nearest.</summary>
    private static void CompleteBorder(float[] values, SampleGrid grid, Airplane airplane)
    {
        long stepX = (long)grid.CountY * grid.CountZ, stepY = grid.CountZ;
        for (int x = 1; x < grid.CountX - 1; x++)
        {
            for (int y = 1; y < grid.CountY - 1; y++)
            {
                long row = grid.Row(x, y);
                for (int z = 1; z < grid.CountZ - 1; z++)
                {
                    long at = row + z;
                    if (values[at] > 0) continue;
                    bool touches = values[at - 1] > 0 || values[at + 1] > 0 || values[at - stepY] > 0 || values[at + stepY] > 0 || values[at - stepX] > 0
                        || values[at + stepX] > 0;
                    if (touches) values[at] = (float)-airplane.At(grid.X + x * grid.Spacing, grid.Y + y * grid.Spacing, grid.Z + z * grid.Spacing);
                }
            }
        }
    }

    /// <summary>The nodes of one axis in a range and one node further each way.</summary>
    private static (int First, int Last) Nodes(double low, double high, double origin, double spacing, int count) => (
        Math.Max(0, (int)Math.Floor((low - origin) / spacing) - 1), Math.Min(count - 1, (int)Math.Ceiling((high - origin) / spacing) + 1));
}
