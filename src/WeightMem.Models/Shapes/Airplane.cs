using System.Security.Cryptography;
using System.Text;

namespace WeightMem.Models.Shapes;

/// <summary>The kinds of airplane, with the letters of the specification.</summary>
public enum AirplaneKind
{
    /// <summary>A: a jet with engines under its wings.</summary>
    Airliner,

    /// <summary>B: a jet with engines at its tail.</summary>
    RearEngine,

    /// <summary>C: a fighter.</summary>
    Fighter,

    /// <summary>D: propellers.</summary>
    PropellerPlane,

    /// <summary>E: a glider.</summary>
    Glider,
}

/// <summary>
/// An airplane made of numbers: the union of implicit solids, so that inside and outside are exact everywhere (HyperDiffusion specification, section 7).
/// </summary>
public sealed class Airplane
{
    private readonly ISolid[] _parts;

    internal Airplane(string id, AirplaneKind kind, IReadOnlyList<KeyValuePair<string, double>> parameters, IReadOnlyList<ISolid> parts)
    {
        Id = id;
        Kind = kind;
        Parameters = parameters;
        _parts = [.. parts];
        Bounds = _parts.Select(part => part.Bounds).Aggregate((a, b) => a.Around(b));
    }

    /// <summary>32 hexadecimal digits, as ids of ShapeNet are.</summary>
    public string Id { get; }

    /// <summary>Its kind.</summary>
    public AirplaneKind Kind { get; }

    /// <summary>Every number that was drawn for it, in the order of drawing.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> Parameters { get; }

    /// <summary>A box that holds it.</summary>
    public ShapeBox Bounds { get; }

    internal IReadOnlyList<ISolid> Parts => _parts;

    /// <summary>Negative inside, positive outside; the least value of the parts.</summary>
    public double At(double x, double y, double z)
    {
        double least = double.PositiveInfinity;
        foreach (ISolid part in _parts) least = Math.Min(least, part.At(x, y, z));
        return least;
    }

    /// <summary>The id of a seed and an index: the first 32 digits of the SHA-256 of <c>plane:seed:index</c>.</summary>
    public static string IdOf(long seed, int index) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(FormattableString.Invariant($"plane:{seed}:{index}"))))[..32];
}
