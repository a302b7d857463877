using System.Security.Cryptography;
using System.Text;
using WeightMem.Engine.Random;
using WeightMem.Formats.Meshes;

namespace WeightMem.Models.Shapes;

/// <summary>Airplanes of <see cref="AirplaneGenerator"/> as a set with splits: the first indices are for training, then come validation and test.</summary>
public sealed class ProceduralAirplanes : IShapeSource
{
    private readonly AirplaneGenerator _generator;
    private readonly Dictionary<string, int> _indices = [];
    private readonly long _seed;
    private readonly double _edge, _spacing;

    /// <summary>A set of airplanes; nothing is made yet.</summary>
    /// <param name="seed">Seed of the set.</param>
    /// <param name="training">Airplanes to learn from.</param>
    /// <param name="validation">Validation airplanes.</param>
    /// <param name="test">Test airplanes.</param>
    /// <param name="fine">Thin edges and a grid of 1/160 for the full study; else edges of 0.008 on a grid of 1/100.</param>
    public ProceduralAirplanes(long seed, int training, int validation, int test, bool fine)
    {
        (_seed, _edge, _spacing) = (seed, fine ? 0.003 : 0.008, fine ? 1.0 / 160 : 1.0 / 100);
        _generator = new AirplaneGenerator(seed, _edge);
        for (int i = 0; i < training + validation + test; i++) _indices.Add(Airplane.IdOf(seed, i), i);
        Training = Ids(0, training);
        Validation = Ids(training, validation);
        Test = Ids(training + validation, test);
        Making = FormattableString.Invariant($"procedural airplanes 1, seed {seed}, edge {_edge}, spacing 1/{1 / _spacing:F0}");
        Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(FormattableString.Invariant($"{Making}, {training} {validation} {test}"))));
    }

    /// <inheritdoc/>
    public string Name => "procedural-airplanes";

    /// <inheritdoc/>
    public string Description => FormattableString.Invariant(
        $"procedural airplanes of seed {_seed}: {Training.Count} training, {Validation.Count} validation, {Test.Count} test; made here, not ShapeNet");

    /// <inheritdoc/>
    public IReadOnlyList<string> Training { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Validation { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Test { get; }

    /// <inheritdoc/>
    public string Hash { get; }

    /// <summary>What decides each airplane, whatever their number: the version of the way they are made, the seed, the meshes' fineness.</summary>
    public string Making { get; }

    /// <summary>The airplane of an id.</summary>
    /// <exception cref="ArgumentException">There is none of that id.</exception>
    public Airplane Make(string id) => _generator.Make(Index(id));

    /// <inheritdoc/>
    public Shape3D Load(string id)
    {
        Airplane airplane = Make(id);
        MeshData mesh = AirplaneMesh.Extract(airplane, _spacing);
        MeshScale scale = MeshScale.Of(mesh);
        return new Shape3D(id, scale.Apply(mesh), (x, y, z) =>
        {
            (double u, double v, double w) = scale.Undo(x, y, z);
            return airplane.At(u, v, w) < 0;
        });
    }

    /// <inheritdoc/>
    public double[] Cloud(string id, int points) => SurfaceSampler.Draw(Load(id).Mesh, points, new RandomStream(_seed, "airplane clouds").Sub("shape", Index(id)));

    private int Index(string id) => _indices.TryGetValue(id, out int index) ? index : throw new ArgumentException($"no airplane of this set has the id {id}");

    private string[] Ids(int first, int count) => [.. _indices.Where(p => p.Value >= first && p.Value < first + count).Select(p => p.Key).Order(StringComparer.Ordinal)];
}
