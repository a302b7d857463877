using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Hdf5;
using WeightMem.Formats.Numpy;
using WeightMem.Models.Populations;
using Xunit;

namespace WeightMem.Models.Tests.Populations;

public sealed class PopulationFileTests : IDisposable
{
    private static readonly ParameterLayout Layout = new(("fc1.weight", (3, 2)), ("fc1.bias", 3), ("scale", new Shape()));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Round_trips_everything_known_of_a_population()
    {
        Population population = Make(7);
        PopulationFile.Write(_folder["p.h5"], population);
        AssertSame(population, PopulationFile.Read(_folder["p.h5"]));
    }

    [Fact]
    public void A_metric_that_cannot_be_stored_is_refused_before_anything_is_written()
    {
        Population population = Make(1);
        population.Metrics["a/b"] = [1];
        Assert.Throws<ArgumentException>(() => PopulationFile.Write(_folder["p.h5"], population));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Round_trips_a_bare_an_empty_and_a_nan_population()
    {
        var bare = new Population("mlp", Layout, [.. Make(2).Weights]);
        bare.Weights[3] = float.NaN;
        var empty = new Population("mlp", Layout, []);
        foreach (Population population in new[] { bare, empty })
        {
            PopulationFile.Write(_folder["p.h5"], population);
            AssertSame(population, PopulationFile.Read(_folder["p.h5"]));
        }
    }

    [Fact]
    public void Reads_weights_of_populations_matrices_and_foreign_files()
    {
        Population population = Make(4);
        PopulationFile.Write(_folder["p.h5"], population);
        WeightRows own = WeightRows.Read(_folder["p.h5"]);
        AssertSame(population, own.Population!);
        AssertSame(population, own.ToPopulation("mlp", Layout));

        NpyFile.Write(_folder["w.npy"], NamedArray.Of("w", population.Weights, 4, 10));
        double[] doubles = Array.ConvertAll(population.Weights, w => (double)w);
        NpyFile.Write(_folder["d.npy"], NamedArray.Of("w", doubles, 4, 10));
        var foreign = new Hdf5Contents();
        foreign.Add("model/params", NamedArray.Of("w", doubles, 4, 10));
        foreign.Add("epochs", NamedArray.Of("e", [1, 2, 3, 4], 4));
        foreign.Write(_folder["f.hdf5"]);
        foreach (string name in new[] { "w.npy", "d.npy", "f.hdf5" })
        {
            WeightRows rows = WeightRows.Read(_folder[name]);
            Assert.Null(rows.Population);
            Assert.Equal((4, 10), (rows.Count, rows.Parameters));
            Assert.Equal(population.Weights, rows.Values);
            Assert.Equal([0, 1, 2, 3], rows.ToPopulation("mlp", Layout).Run);
        }
    }

    [Fact]
    public void Weights_of_another_width_kind_or_rank_are_one_clear_line()
    {
        NpyFile.Write(_folder["w.npy"], NamedArray.Of("w", new float[12], 2, 6));
        Assert.Equal(
            $"{_folder["w.npy"]}: expected rows of 10 weights for mlp, found rows of 6",
            Assert.Throws<FileFormatException>(() => WeightRows.Read(_folder["w.npy"]).ToPopulation("mlp", Layout)).Message);
        NpyFile.Write(_folder["i.npy"], NamedArray.Of("w", new int[12], 2, 6));
        Assert.Contains("a matrix of floats", Message("i.npy"), StringComparison.Ordinal);
        NpyFile.Write(_folder["r.npy"], NamedArray.Of("w", new float[12], 12));
        Assert.Contains("Float32 [12]", Message("r.npy"), StringComparison.Ordinal);
        File.WriteAllText(_folder["a.txt"], "weights");
        Assert.Contains("a file of a known kind", Message("a.txt"), StringComparison.Ordinal);
        var two = new Hdf5Contents();
        two.Add("a", NamedArray.Of("a", new float[4], 2, 2));
        two.Add("b", NamedArray.Of("b", new float[4], 2, 2));
        two.Write(_folder["two.h5"]);
        Assert.Contains("2 matrices: a, b", Message("two.h5"), StringComparison.Ordinal);

        string Message(string name) => Assert.Throws<FileFormatException>(() => WeightRows.Read(_folder[name])).Message;
    }

    [Theory]
    [InlineData("format", "another HDF5 file")]
    [InlineData("version", "population version 1")]
    [InlineData("target", "an attribute target")]
    [InlineData("weights", "a dataset weights")]
    [InlineData("weights type", "dataset weights Float32 [any, 10], found Float64")]
    [InlineData("weights width", "dataset weights Float32 [any, 10], found Float32 [2, 9]")]
    [InlineData("run", "a dataset run")]
    [InlineData("step length", "dataset step Int32 [2], found Int32 [3]")]
    [InlineData("score rank", "dataset score Float32 [2], found Float32 [2, 1]")]
    [InlineData("images", "an attribute images")]
    [InlineData("words", "dataset wrong UInt64 [2, 2], found UInt64 [2, 1]")]
    [InlineData("bits", "error masks")]
    [InlineData("metric", "dataset metrics/a Float32 [2], found Float32 [1]")]
    [InlineData("names", "a dataset layout/names")]
    [InlineData("shapes", "dataset layout/shapes Int64 [2, 5]")]
    [InlineData("negative", "parameter b with a shape, starting at 6")]
    [InlineData("offset", "parameter b with a shape, starting at 6")]
    [InlineData("twice", "parameter a occurs twice")]
    [InlineData("huge", "with a shape")]
    public void Every_missing_or_misfit_part_is_one_clear_line(string fault, string said)
    {
        var contents = new Hdf5Contents();
        contents.SetAttribute("", "format", fault == "format" ? "other" : "weightmem-population");
        contents.SetAttribute("", "version", fault == "version" ? 99 : 1);
        if (fault != "target") contents.SetAttribute("", "target", "mlp");
        if (fault == "weights type") contents.Add("weights", NamedArray.Of("w", new double[20], 2, 10));
        else if (fault == "weights width") contents.Add("weights", NamedArray.Of("w", new float[18], 2, 9));
        else if (fault != "weights") contents.Add("weights", NamedArray.Of("w", new float[20], 2, 10));
        if (fault != "run") contents.Add("run", NamedArray.Of("r", new int[2], 2));
        contents.Add("step", fault == "step length" ? NamedArray.Of("s", new int[3], 3) : NamedArray.Of("s", new int[2], 2));
        contents.Add("score", fault == "score rank" ? NamedArray.Of("s", new float[2], 2, 1) : NamedArray.Of("s", new float[2], 2));
        int words = fault == "words" ? 1 : 2;
        var masks = new ulong[2 * words];
        if (fault == "bits") masks[3] = 1UL << 63;
        contents.Add("wrong", NamedArray.Of("w", masks, 2, words), fault == "images" ? [] : [("images", 100)]);
        if (fault == "metric") contents.Add("metrics/a", NamedArray.Of("a", new float[1], 1));
        if (fault != "names") contents.Add("layout/names", ["a", fault == "twice" ? "a" : "b"]);
        long[] shapes = [3, 2, -1, -1, -1, 4, -1, -1, -1, -1];
        if (fault == "negative") shapes[5] = -4;
        if (fault == "huge") (shapes[0], shapes[1]) = (long.MaxValue, long.MaxValue);
        contents.Add("layout/shapes", fault == "shapes" ? NamedArray.Of("s", shapes, 10) : NamedArray.Of("s", shapes, 2, 5));
        contents.Add("layout/offsets", NamedArray.Of("o", [0L, fault == "offset" ? 7L : 6L], 2));
        contents.Write(_folder["p.h5"]);
        string message = Assert.Throws<FileFormatException>(() => PopulationFile.Read(_folder["p.h5"])).Message;
        Assert.Contains(said, message, StringComparison.Ordinal);
        Assert.StartsWith(_folder["p.h5"], message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_that_are_not_finite_are_named()
    {
        Population population = Make(20);
        FiniteRows.Check("p.h5", population.Weights, population.Parameters);
        population.Row(4)[9] = float.NaN;
        population.Row(11)[0] = float.NegativeInfinity;
        Assert.Equal([4, 11], FiniteRows.Bad(population.Weights, population.Parameters));
        Assert.Equal(
            "p.h5: expected finite weights, found NaN or infinite values in 2 of 20 rows (rows 4, 11, from 0)",
            Assert.Throws<FileFormatException>(() => FiniteRows.Check("p.h5", population.Weights, population.Parameters)).Message);
    }

    internal static Population Make(int count)
    {
        var stream = new RandomStream(1, "population-file");
        var weights = new float[count * 10];
        for (int i = 0; i < weights.Length; i++) weights[i] = (float)stream.Double(i) - 0.5f;
        var words = new ulong[count * 2];
        for (int i = 0; i < words.Length; i++) words[i] = stream.Word(1000 + i);
        return new Population("mlp", Layout, weights, [.. Enumerable.Range(0, count).Select(i => i / 2)], [.. Enumerable.Range(0, count)])
        {
            Score = [.. Enumerable.Range(0, count).Select(i => 10f * i)],
            Loss = [.. Enumerable.Range(0, count).Select(i => i / 7f)],
            Wrong = new ErrorMasks(words, count, 100),
            Metrics = new Dictionary<string, float[]> { ["train_loss"] = [.. Enumerable.Range(0, count).Select(i => i / 3f)], ["ü"] = new float[count] },
            Provenance = new Dictionary<string, string> { ["seed"] = "1", ["settings"] = "{\"lr\": 0.1}\n", ["empty"] = "" },
        };
    }

    internal static void AssertSame(Population expected, Population found)
    {
        Assert.Equal(expected.Target, found.Target);
        Assert.Equal(expected.Layout.Entries, found.Layout.Entries);
        Assert.Equal(expected.Weights.Select(BitConverter.SingleToInt32Bits), found.Weights.Select(BitConverter.SingleToInt32Bits));
        Assert.Equal(expected.Run, found.Run);
        Assert.Equal(expected.Step, found.Step);
        Assert.Equal(expected.Score, found.Score);
        Assert.Equal(expected.Loss, found.Loss);
        Assert.Equal(expected.Wrong?.Words, found.Wrong?.Words);
        Assert.Equal(expected.Wrong?.Images, found.Wrong?.Images);
        Assert.Equal(expected.Metrics, found.Metrics);
        Assert.Equal(expected.Provenance, found.Provenance);
    }
}
