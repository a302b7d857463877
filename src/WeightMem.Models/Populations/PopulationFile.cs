using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Hdf5;

namespace WeightMem.Models.Populations;

/// <summary>
/// Populations as <c>.h5</c> files:
/// <list type="bullet">
/// <item><c>weights</c> float32 <c>[count, parameters]</c>, contiguous; <c>run</c> and <c>step</c> int32 <c>[count]</c>;</item>
/// <item><c>score</c> (percent) and <c>loss</c> (nats) float32 <c>[count]</c>, where measured;</item>
/// <item><c>wrong</c> uint64 <c>[count, words]</c>, where measured: bit i % 64 of word i / 64 is set when image i is classified wrongly;
/// its attribute <c>images</c> is the number of images;</item>
/// <item><c>metrics/NAME</c> float32 <c>[count]</c>, further numbers of each row;</item>
/// <item><c>layout/names</c>, <c>layout/shapes</c> int64 <c>[entries, 5]</c> padded with -1, <c>layout/offsets</c> int64
/// <c>[entries]</c>;</item>
/// <item>attributes of the file: <c>format</c>, <c>version</c>, <c>target</c>; attributes of the group <c>provenance</c>: texts.</item>
/// </list>
/// </summary>
public static class PopulationFile
{
    /// <summary>The dataset of the weights.</summary>
    internal const string Weights = "weights";

    private const string MetricsGroup = "metrics/";
    private const string Format = "weightmem-population";
    private const int Version = 1;
    private const int ShapeColumns = Shape.MaxRank;

    /// <summary>The datasets that a population has where they have been measured.</summary>
    private static readonly string[] Optional = ["score", "loss", "wrong"];

    /// <summary>Writes a population, atomically.</summary>
    /// <exception cref="ArgumentException">The name of a metric cannot be that of a dataset.</exception>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, Population population)
    {
        int count = population.Count;
        var contents = new Hdf5Contents();
        contents.SetAttribute("", "format", Format);
        contents.SetAttribute("", "version", Version);
        contents.SetAttribute("", "target", population.Target);
        contents.Add(Weights, NamedArray.Of(Weights, population.Weights, count, population.Parameters));
        contents.Add("run", NamedArray.Of("run", population.Run, count));
        contents.Add("step", NamedArray.Of("step", population.Step, count));
        if (population.Score is { } score) contents.Add("score", NamedArray.Of("score", score, count));
        if (population.Loss is { } loss) contents.Add("loss", NamedArray.Of("loss", loss, count));
        if (population.Wrong is { } wrong)
            contents.Add("wrong", NamedArray.Of("wrong", wrong.Words, count, wrong.WordsPerRow), ("images", wrong.Images));

        foreach ((string name, float[] values) in population.Metrics)
        {
            if (name is "" or "." || name.Contains('/')) throw new ArgumentException($"a metric '{name}' cannot be stored: its name is empty or a path");
            contents.Add(MetricsGroup + name, NamedArray.Of(name, values, count));
        }

        IReadOnlyList<ParameterEntry> entries = population.Layout.Entries;
        var shapes = new long[entries.Count * ShapeColumns];
        Array.Fill(shapes, -1);
        for (int i = 0; i < entries.Count; i++)
        {
            for (int d = 0; d < entries[i].Shape.Rank; d++) shapes[i * ShapeColumns + d] = entries[i].Shape[d];
        }

        contents.Add("layout/names", [.. entries.Select(e => e.Name)]);
        contents.Add("layout/shapes", NamedArray.Of("shapes", shapes, entries.Count, ShapeColumns));
        contents.Add("layout/offsets", NamedArray.Of("offsets", entries.Select(e => e.Offset).ToArray(), entries.Count));
        contents.AddGroup("provenance");
        foreach ((string key, string value) in population.Provenance) contents.SetAttribute("provenance", key, value);
        contents.Write(path);
    }

    /// <summary>
    /// Reads a population that <see cref="Write"/> wrote, or a folder of <see cref="PopulationShards"/>. Weights may be NaN:
    /// <see cref="FiniteRows"/> finds them.
    /// </summary>
    /// <exception cref="FileReadException">The file is missing or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no population, is cut or damaged, or its parts do not fit together.</exception>
    public static Population Read(string path)
    {
        Verify(path);
        using PopulationReader reader = PopulationReader.Open(path);
        return reader.Read();
    }

    /// <summary>Compares a population, or the shards of one, with its checksum.</summary>
    /// <exception cref="FileReadException">A file is missing or not readable.</exception>
    /// <exception cref="FileFormatException">A file is damaged.</exception>
    internal static void Verify(string path)
    {
        foreach (string file in Directory.Exists(path) ? PopulationShards.Files(path) : [path]) Hdf5Checksum.Verify(file);
    }

    /// <summary>Whether a file is an HDF5 file that says it is a population.</summary>
    /// <exception cref="FileFormatException">It is an HDF5 file by its name, but cut or damaged.</exception>
    public static bool IsPopulation(string path)
    {
        if (!File.Exists(path) || Path.GetExtension(path).ToLowerInvariant() is not (".h5" or ".hdf5")) return false;
        using Hdf5Reader reader = Hdf5Reader.Open(path);
        return IsPopulation(reader);
    }

    private static bool IsPopulation(Hdf5Reader reader) => reader.Text("", "format") == Format;

    /// <summary>Reads everything of a population but its weights, whose dataset is checked.</summary>
    /// <exception cref="FileFormatException">The file is no population, is damaged, or its parts do not fit together.</exception>
    internal static PopulationFacts ReadFacts(Hdf5Reader reader)
    {
        if (!IsPopulation(reader)) throw new FileFormatException(reader.Path, $"a population (attribute format '{Format}')", "another HDF5 file");
        if (reader.Integer("", "version") is not Version)
        {
            string found = reader.Integer("", "version")?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none";
            throw new FileFormatException(reader.Path, $"population version {Version}", found);
        }

        string target = reader.Text("", "target") ?? throw new FileFormatException(reader.Path, "an attribute target", "none");
        ParameterLayout layout = ReadLayout(reader);
        CheckSizes(reader, Weights, ElementType.Float32, -1, layout.Count);
        string[] measured = [.. reader.Datasets.Select(d => d.Path).Where(p => p.StartsWith(MetricsGroup, StringComparison.Ordinal))];
        reader.CheckSize([Weights, "run", "step", .. Optional.Where(p => reader.Find(p) is not null), .. measured]);
        long count = reader.Find(Weights)!.Shape[0];
        int[] run = Need(reader, "run", ElementType.Int32, count).ElementsAs<int>()!;
        var metrics = new Dictionary<string, float[]>();
        foreach (string path in measured)
            metrics[path[MetricsGroup.Length..]] = Need(reader, path, ElementType.Float32, count).ToFloats();
        return new PopulationFacts(target, layout, run, Need(reader, "step", ElementType.Int32, count).ElementsAs<int>()!)
        {
            Score = reader.Find("score") is null ? null : Need(reader, "score", ElementType.Float32, count).ToFloats(),
            Loss = reader.Find("loss") is null ? null : Need(reader, "loss", ElementType.Float32, count).ToFloats(),
            Wrong = reader.Find("wrong") is null ? null : ReadMasks(reader, count),
            Metrics = metrics,
            Provenance = new Dictionary<string, string>(reader.Texts("provenance")),
        };
    }

    private static ErrorMasks ReadMasks(Hdf5Reader reader, long count)
    {
        long images = reader.Integer("wrong", "images") ?? -1;
        if (images is < 1 or > int.MaxValue - 63)
        {
            throw new FileFormatException(
                reader.Path, "an attribute images of dataset wrong, 1 or more", images < 0 ? "none" : $"{images}");
        }

        NamedArray words = Need(reader, "wrong", ElementType.UInt64, count, ErrorMasks.WordsFor((int)images));
        try
        {
            return new ErrorMasks(words.ElementsAs<ulong>()!, (int)count, (int)images);
        }
        catch (ArgumentException error)
        {
            throw new FileFormatException(reader.Path, "error masks in dataset wrong", error.Message, error);
        }
    }

    private static ParameterLayout ReadLayout(Hdf5Reader reader)
    {
        string[] names = reader.ReadTexts("layout/names");
        long[] shapes = Need(reader, "layout/shapes", ElementType.Int64, names.Length, ShapeColumns).ToLongs();
        long[] offsets = Need(reader, "layout/offsets", ElementType.Int64, names.Length).ToLongs();
        var entries = new List<ParameterEntry>();
        long end = 0;
        for (int i = 0; i < names.Length; i++)
        {
            ReadOnlySpan<long> row = shapes.AsSpan(i * ShapeColumns, ShapeColumns);
            int rank = row.IndexOf(-1L) is var at and >= 0 ? at : ShapeColumns;
            long size = NamedArray.CountOf(row[..rank]) ?? -1;
            bool whole = row[rank..].IndexOfAnyExcept(-1L) < 0 && size is >= 0 and <= int.MaxValue;
            if (!whole || offsets[i] != end || row[..rank].ContainsAnyInRange(int.MaxValue + 1L, long.MaxValue))
            {
                throw new FileFormatException(
                    reader.Path,
                    $"parameter {names[i]} with a shape, starting at {end}",
                    $"shape [{string.Join(", ", row.ToArray())}] at {offsets[i]}");
            }

            var sizes = new int[rank];
            for (int d = 0; d < rank; d++) sizes[d] = (int)row[d];
            entries.Add(new ParameterEntry(names[i], new Shape(sizes), offsets[i]));
            end += size;
        }

        try
        {
            if (end is 0 or > int.MaxValue) throw new ArgumentException($"a row of {end} parameters");
            return new ParameterLayout(entries);
        }
        catch (ArgumentException error)
        {
            throw new FileFormatException(reader.Path, "a parameter layout", error.Message, error);
        }
    }

    /// <summary>A dataset of a given type and sizes; -1 stands for any size.</summary>
    private static NamedArray Need(Hdf5Reader reader, string name, ElementType type, params long[] sizes)
    {
        CheckSizes(reader, name, type, sizes);
        return reader.Read(name);
    }

    /// <summary>Compares the sizes of a dataset, if it is there, before its data are read.</summary>
    private static void CheckSizes(Hdf5Reader reader, string name, ElementType type, params long[] sizes)
    {
        if (reader.Find(name) is not { } info) return;
        bool fits = info.Type == type && info.Shape.Length == sizes.Length;
        for (int i = 0; fits && i < sizes.Length; i++) fits = sizes[i] < 0 || info.Shape[i] == sizes[i];
        if (fits) return;
        string wanted = string.Join(", ", sizes.Select(s => s < 0 ? "any" : $"{s}"));
        string element = info.Type is null ? "elements of another kind" : $"{info.Type}";
        throw new FileFormatException(
            reader.Path, $"dataset {name} {type} [{wanted}]", $"{element} [{string.Join(", ", info.Shape)}]");
    }
}
