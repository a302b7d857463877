namespace WeightMem.Models.Shapes;

/// <summary>An axis-aligned box of space.</summary>
public readonly record struct ShapeBox(double MinX, double MinY, double MinZ, double MaxX, double MaxY, double MaxZ)
{
    /// <summary>A box that is symmetric in x: what mirrored parts of an airplane fill.</summary>
    public static ShapeBox Mirrored(double x, double minY, double maxY, double minZ, double maxZ) => new(-x, minY, minZ, x, maxY, maxZ);

    /// <summary>The smallest box around both.</summary>
    public ShapeBox Around(ShapeBox other) => new(
        Math.Min(MinX, other.MinX), Math.Min(MinY, other.MinY), Math.Min(MinZ, other.MinZ),
        Math.Max(MaxX, other.MaxX), Math.Max(MaxY, other.MaxY), Math.Max(MaxZ, other.MaxZ));
}
