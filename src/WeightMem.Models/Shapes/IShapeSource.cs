using WeightMem.Formats.Meshes;

namespace WeightMem.Models.Shapes;

/// <summary>A shape in the unit cube.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Mesh">Its surface, normalised by <see cref="MeshScale"/>.</param>
/// <param name="IsInside">Whether a normalised point is inside.</param>
public sealed record Shape3D(string Id, MeshData Mesh, Func<double, double, double, bool> IsInside);

/// <summary>Where shapes come from: made here, or files of ShapeNet.</summary>
public interface IShapeSource
{
    /// <summary>Name as in configurations.</summary>
    string Name { get; }

    /// <summary>What the shapes are and whose, for reports.</summary>
    string Description { get; }

    /// <summary>Ids of the shapes to learn from, sorted.</summary>
    IReadOnlyList<string> Training { get; }

    /// <summary>Ids of the validation shapes, sorted.</summary>
    IReadOnlyList<string> Validation { get; }

    /// <summary>Ids of the test shapes, sorted.</summary>
    IReadOnlyList<string> Test { get; }

    /// <summary>SHA-256 of what decides the shapes.</summary>
    string Hash { get; }

    /// <summary>One shape, ready to draw samples from. May be called from several threads.</summary>
    Shape3D Load(string id);

    /// <summary>Points of a shape's surface, drawn uniformly by area, <c>[points, 3]</c>: what measures compare generated shapes with.</summary>
    double[] Cloud(string id, int points);
}
