using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Measures;
using WeightMem.Formats;
using WeightMem.Formats.Numpy;
using WeightMem.Models.Populations;
using Xunit;

namespace WeightMem.Evaluation.Tests.Measures;

/// <summary>Training sets larger than memory are cut down without moving any distance of a judged network.</summary>
public sealed class TrainingReductionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("weightmem-reduction-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData("set.h5")]
    [InlineData("set.npy")]
    public void Nearest_networks_are_those_of_the_whole_set(string file)
    {
        Population training = Made.Flat(40, 530, 417, run: [.. Enumerable.Range(0, 530).Select(i => i / 2)]), queries = Made.Flat(40, 7, 418), heldout = Made.Flat(40, 5, 419);
        string path = Path.Combine(_folder, file);
        if (file == "set.h5") PopulationFile.Write(path, training);
        else NpyFile.Write(path, NamedArray.Of("set", training.Weights, training.Count, training.Parameters));
        using StoredRows stored = StoredRows.Open(path, finals: false)!;
        Assert.Equal(530, stored.Count);
        ReducedTraining reduced = Reduce(stored, training, [queries, heldout], 60);
        Assert.Equal((60, 530, 3), (reduced.Networks.Count, reduced.Of, reduced.Neighbours));
        Assert.InRange(reduced.Sampled, 60 - 36, 60 - 3);
        foreach (Population judged in new[] { queries, heldout })
        {
            Neighbours whole = OnCpu.Nearest(judged, training, Exclusion.None, 3), part = OnCpu.Nearest(judged, reduced.Networks, Exclusion.None, 3);
            Assert.Equal(whole.Distances, part.Distances);
        }
    }

    [Fact]
    public void Of_runs_only_the_last_steps_are_taken()
    {
        Population training = Made.Flat(10, 12, 420, run: [.. Enumerable.Range(0, 12).Select(i => i / 4)]);
        training.Step.AsSpan().Clear();
        for (int i = 0; i < 12; i++) training.Step[i] = i % 4;
        string path = Path.Combine(_folder, "runs.h5");
        PopulationFile.Write(path, training);
        using StoredRows stored = StoredRows.Open(path, finals: true)!;
        Assert.Equal(training.Finals().Weights, stored.Read([0, 1, 2]).Values);
        Assert.Equal([2, 0], stored.Read([2, 0]).Population!.Run);
        Assert.Equal(training.Finals().Weights, stored.ReadAll().Values);
    }

    [Fact]
    public void A_population_with_a_flipped_bit_is_refused_before_anything_is_read()
    {
        string path = Path.Combine(_folder, "flipped.h5");
        PopulationFile.Write(path, Made.Flat(10, 12, 423));
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 16;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("the file is damaged", Assert.Throws<FileFormatException>(() => StoredRows.Open(path, finals: true)).Message, StringComparison.Ordinal);
        Assert.Contains("the file is damaged", Assert.Throws<FileFormatException>(() => WeightRows.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Last_steps_that_are_not_finite_are_all_named_by_their_rows_of_the_file()
    {
        Population training = Made.Flat(10, 12, 424, run: [.. Enumerable.Range(0, 12).Select(i => i / 4)]);
        for (int i = 0; i < 12; i++) training.Step[i] = i % 4;
        foreach (int row in new[] { 3, 5, 11 }) training.Row(row)[0] = float.PositiveInfinity; // row 5 is no last step
        string path = Path.Combine(_folder, "infinite.h5");
        PopulationFile.Write(path, training);
        using StoredRows stored = StoredRows.Open(path, finals: true)!;
        Assert.Contains("2 of 3 rows (rows 3, 11, from 0)", Assert.Throws<FileFormatException>(() => stored.ReadAll()).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => stored.Read([3]));
    }

    [Fact]
    public void Rows_that_are_not_finite_are_named_as_in_the_file()
    {
        Population training = Made.Flat(10, 12, 421);
        training.Row(8)[3] = float.NaN;
        string path = Path.Combine(_folder, "nan.npy");
        NpyFile.Write(path, NamedArray.Of("nan", training.Weights, 12, 10));
        using StoredRows stored = StoredRows.Open(path, finals: false)!;
        Assert.Contains("rows 8", Assert.Throws<FileFormatException>(() => Reduce(stored, training, [Made.Flat(10, 2, 422)], 5)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Matrices_of_any_float_are_read_and_other_arrays_are_not()
    {
        string doubles = Path.Combine(_folder, "doubles.npy"), whole = Path.Combine(_folder, "whole.npy"), cut = Path.Combine(_folder, "cut.npy");
        NpyFile.Write(doubles, NamedArray.Of("d", new[] { 1.5, 2, 3, 4, 5, 6 }, 3, 2));
        NpyFile.Write(whole, NamedArray.Of("i", new[] { 1, 2, 3, 4 }, 2, 2));
        File.WriteAllBytes(cut, File.ReadAllBytes(doubles)[..^8]);
        using StoredRows stored = StoredRows.Open(doubles, false)!;
        Assert.Equal([5, 6, 1.5f, 2], stored.Read([2, 0]).Values);
        Assert.Null(StoredRows.Open(whole, false));
        Assert.Contains("cut.npy", Assert.Throws<FileFormatException>(() => StoredRows.Open(cut, false)).Message, StringComparison.Ordinal);
    }

    private static ReducedTraining Reduce(StoredRows stored, Population like, Population[] judged, int most)
    {
        using var device = new CpuDevice(1);
        return TrainingReduction.Reduce(device, stored, rows => rows.ToPopulation(like.Target, like.Layout), judged, most, new RandomStream(1, "reduction"), tileRows: 100);
    }
}
