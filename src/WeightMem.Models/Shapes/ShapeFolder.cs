using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using WeightMem.Engine.Random;
using WeightMem.Formats;
using WeightMem.Formats.Meshes;
using WeightMem.Formats.Numpy;
using WeightMem.Formats.Splits;

namespace WeightMem.Models.Shapes;

/// <summary>
/// Shapes in the form of ShapeNet as HyperDiffusion reads them: <c>02691156/ID.obj</c> (or <c>.off</c>) with <c>train_split.lst</c>, <c>val_split.lst</c> and
/// <c>test_split.lst</c> beside them, clouds in <c>02691156_2048_pc/ID.obj.npy</c>, and, if there is one, a list of shapes to leave out in
/// <c>plane_problematic_shapes.txt</c>.
/// </summary>
public sealed class ShapeFolder : IShapeSource
{
    /// <summary>ShapeNet's number of airplanes.</summary>
    public const string Category = "02691156";

    /// <summary>Points of a stored cloud.</summary>
    public const int CloudPoints = 2048;

    private static readonly string[] Splits = ["train_split.lst", "val_split.lst", "test_split.lst"];

    private readonly string _root;

    private ShapeFolder(string root, string[][] splits)
    {
        _root = root;
        (Training, Validation, Test) = (splits[0], splits[1], splits[2]);
        Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', splits.Select(s => string.Join(' ', s))))));
    }

    /// <inheritdoc/>
    public string Name => "shapenet-airplanes";

    /// <inheritdoc/>
    public string Description => FormattableString.Invariant(
        $"shapes of {Path.GetFileName(_root)}/{Category}: {Training.Count} training, {Validation.Count} validation, {Test.Count} test");

    /// <inheritdoc/>
    public IReadOnlyList<string> Training { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Validation { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Test { get; }

    /// <inheritdoc/>
    public string Hash { get; }

    /// <summary>Opens a folder and reads its lists.</summary>
    /// <exception cref="FileReadException">A list is missing.</exception>
    /// <exception cref="FileFormatException">A list is damaged, or a shape is in two of them.</exception>
    public static ShapeFolder Open(string root)
    {
        string folder = Path.Combine(root, Category), blacklist = Path.Combine(root, "plane_problematic_shapes.txt");
        HashSet<string> bad = File.Exists(blacklist) ? [.. SplitFile.Read(blacklist)] : [];
        var seen = new HashSet<string>();
        var splits = new string[Splits.Length][];
        for (int i = 0; i < splits.Length; i++)
        {
            string path = Path.Combine(folder, Splits[i]);
            splits[i] = [.. SplitFile.Read(path).Where(id => !bad.Contains(id)).Order(StringComparer.Ordinal)];
            if (Array.Find(splits[i], id => !seen.Add(id)) is { } twice) throw new FileFormatException(path, "shapes of no other list", twice);
        }

        return new ShapeFolder(root, splits);
    }

    /// <inheritdoc/>
    /// <exception cref="FileFormatException">The mesh is damaged, or not watertight: the message says how.</exception>
    public Shape3D Load(string id)
    {
        string path = MeshPath(id);
        MeshData mesh = Path.GetExtension(path) == ".off" ? OffFile.Read(path) : ObjFile.Read(path);
        try
        {
            MeshData normalized = MeshScale.Of(mesh).Apply(mesh);
            var inside = new MeshInside(normalized);
            return new Shape3D(id, normalized, (x, y, z) => inside.Winding(x, y, z) != 0);
        }
        catch (ArgumentException error)
        {
            throw new FileFormatException(path, "a watertight mesh", error.Message, error);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="FileFormatException">The cloud is no array of points, or has fewer than are asked for.</exception>
    public double[] Cloud(string id, int points)
    {
        string path = Path.Combine(_root, $"{Category}_{CloudPoints}_pc", id + ".obj.npy");
        NamedArray array = NpyFile.Read(path);
        if (array.Shape.Length != 2 || array.Shape[1] < 3 || array.Shape[0] < points)
            throw new FileFormatException(path, $"a cloud [{points} or more, 3]", $"[{string.Join(", ", array.Shape)}]");
        double[] values = array.ElementsAs<double>() ?? Array.ConvertAll(array.ToFloats(), v => (double)v);
        int columns = (int)array.Shape[1];
        int[] chosen = points == array.Shape[0] ? [.. Enumerable.Range(0, points)] : new RandomStream(0, "cloud points").Sub(id).Choose((int)array.Shape[0], points);
        return [.. chosen.SelectMany(i => new[] { values[i * columns], values[i * columns + 1], values[i * columns + 2] })];
    }

    /// <summary>What is wrong with the meshes of a folder, one line a shape; empty when all can be used.</summary>
    public IEnumerable<string> Check()
    {
        foreach (string id in Training.Concat(Validation).Concat(Test))
        {
            string? flaw = null;
            try
            {
                Load(id);
            }
            catch (FileFormatException error)
            {
                flaw = error.Message;
            }

            if (flaw is not null) yield return flaw;
        }
    }

    /// <summary>
    /// Writes airplanes in this form, with a table of all their numbers in <c>parameters.csv</c>. What is there is left as it is, so a stopped call goes on, and more of the same airplanes are added.
    /// </summary>
    /// <param name="root">The folder; made if missing.</param>
    /// <param name="airplanes">The set.</param>
    /// <param name="progress">Told the shapes written and in all; from several threads.</param>
    /// <param name="cancellation">Looked at between shapes.</param>
    /// <exception cref="FileWriteException">A file cannot be written, or the folder has airplanes of another seed or fineness.</exception>
    public static void Write(string root, ProceduralAirplanes airplanes, Action<int, int>? progress, CancellationToken cancellation)
    {
        string folder = Path.Combine(root, Category), clouds = Path.Combine(root, $"{Category}_{CloudPoints}_pc");
        Directory.CreateDirectory(folder);
        Directory.CreateDirectory(clouds);
        string making = Path.Combine(root, "airplanes.txt");
        string? there = File.Exists(making) ? File.ReadAllText(making).TrimEnd() : null;
        if (there is not null && there != airplanes.Making) throw new FileWriteException(root, $"its airplanes.txt says that it has other ones than {airplanes.Making}");
        if (there is null) AtomicFile.WriteText(making, airplanes.Making + "\n");
        string[] all = [.. airplanes.Training, .. airplanes.Validation, .. airplanes.Test];
        int done = 0;
        ShapeLoop.For(all.Length, i =>
        {
            string id = all[i], mesh = Path.Combine(folder, id + ".obj"), cloud = Path.Combine(clouds, id + ".obj.npy");
            if (!File.Exists(cloud)) NpyFile.Write(cloud, NamedArray.Of("", airplanes.Cloud(id, CloudPoints), CloudPoints, 3));
            if (!File.Exists(mesh)) ObjFile.Write(mesh, airplanes.Load(id).Mesh);
            progress?.Invoke(Interlocked.Increment(ref done), all.Length);
        }, cancellation);
        foreach ((string list, IReadOnlyList<string> ids) in Splits.Zip([airplanes.Training, airplanes.Validation, airplanes.Test]))
        {
            SplitFile.Write(Path.Combine(folder, list), ids);
            SplitFile.Write(Path.Combine(clouds, list), ids);
        }

        AtomicFile.WriteText(Path.Combine(root, "parameters.csv"), Table(airplanes, all));
    }

    private static string Table(ProceduralAirplanes airplanes, string[] ids)
    {
        Airplane[] made = [.. ids.Select(airplanes.Make)];
        string[] names = [.. made.SelectMany(a => a.Parameters.Select(p => p.Key)).Distinct().Order(StringComparer.Ordinal)];
        var text = new StringBuilder("id,kind," + string.Join(',', names) + "\n");
        foreach (Airplane airplane in made)
        {
            Dictionary<string, double> values = airplane.Parameters.ToDictionary(p => p.Key, p => p.Value);
            text.Append(airplane.Id).Append(',').Append(airplane.Kind);
            foreach (string name in names)
                text.Append(',').Append(values.TryGetValue(name, out double value) ? value.ToString("R", CultureInfo.InvariantCulture) : "");
            text.Append('\n');
        }

        return text.ToString();
    }

    private string MeshPath(string id)
    {
        string obj = Path.Combine(_root, Category, id + ".obj"), off = Path.Combine(_root, Category, id + ".off");
        return !File.Exists(obj) && File.Exists(off) ? off : obj;
    }
}
