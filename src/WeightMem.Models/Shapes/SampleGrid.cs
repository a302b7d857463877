namespace WeightMem.Models.Shapes;

/// <summary>A regular grid of nodes; values on it are stored as <c>[x, y, z]</c>, z fastest.</summary>
/// <param name="CountX">Nodes along x, at least 2; so for the others.</param>
/// <param name="CountY">Nodes along y.</param>
/// <param name="CountZ">Nodes along z.</param>
/// <param name="X">Coordinate of the first node.</param>
/// <param name="Y">Coordinate of the first node.</param>
/// <param name="Z">Coordinate of the first node.</param>
/// <param name="Spacing">Distance of neighbouring nodes.</param>
public readonly record struct SampleGrid(int CountX, int CountY, int CountZ, double X, double Y, double Z, double Spacing)
{
    /// <summary>Number of nodes.</summary>
    public long Nodes => (long)CountX * CountY * CountZ;

    /// <summary>Number of cells.</summary>
    public long Cells => (CountX - 1L) * (CountY - 1L) * (CountZ - 1L);

    /// <summary>N nodes each way on [-0.5, 0.5], both ends included: the grid of HyperDiffusion's evaluation.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 2 nodes, or more than an array holds.</exception>
    public static SampleGrid UnitCube(int nodes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nodes, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(nodes, 1024);
        return new SampleGrid(nodes, nodes, nodes, -0.5, -0.5, -0.5, 1.0 / (nodes - 1));
    }

    /// <summary>A grid of a spacing over a box, its first node in the box's least corner.</summary>
    public static SampleGrid Over(ShapeBox box, double spacing) => new(
        (int)Math.Ceiling((box.MaxX - box.MinX) / spacing - 1e-9) + 1, (int)Math.Ceiling((box.MaxY - box.MinY) / spacing - 1e-9) + 1,
        (int)Math.Ceiling((box.MaxZ - box.MinZ) / spacing - 1e-9) + 1, box.MinX, box.MinY, box.MinZ, spacing);

    /// <summary>Where the values of a column of nodes along z start.</summary>
    public long Row(int x, int y) => ((long)x * CountY + y) * CountZ;

    /// <summary>The coordinates along one axis (0, 1, 2).</summary>
    public float[] Axis(int axis)
    {
        (int count, double first) = axis switch { 0 => (CountX, X), 1 => (CountY, Y), _ => (CountZ, Z) };
        var values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float)(first + i * Spacing);
        return values;
    }
}
