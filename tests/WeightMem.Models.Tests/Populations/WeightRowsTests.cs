using WeightMem.Formats;
using WeightMem.Formats.Numpy;
using WeightMem.Formats.Safetensors;
using WeightMem.Formats.Torch;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Models.Tests.Populations;

/// <summary>Weights from files that were not written here.</summary>
public sealed class WeightRowsTests : IDisposable
{
    private static readonly ITarget Target = TargetCatalog.Create("mlp-3-2-2", images: null);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_state_dict_in_any_order_becomes_a_row_in_the_targets_order()
    {
        NamedArray[] state = State(1);
        TorchWriter.Write(_folder["a.pt"], [.. state.Reverse()]);
        SafetensorsFile.Write(_folder["a.safetensors"], [.. state.Reverse()]);
        NpzFile.Write(_folder["a.npz"], [.. state.Reverse(), NamedArray.Of("num_batches_tracked", new[] { 5L })]);
        foreach (string name in new[] { "a.pt", "a.safetensors", "a.npz" })
        {
            WeightRows rows = WeightRows.Read(_folder[name]);
            Assert.Equal((1, 14), (rows.Count, rows.Parameters));
            Assert.Equal("fc2.bias", rows.Population!.Layout.Entries[0].Name);
            Assert.Equal(Row(1), rows.ToPopulation(Target.Name, Target.Layout).Weights);
        }
    }

    [Fact]
    public void Parameters_of_other_names_or_shapes_are_refused_by_name()
    {
        NamedArray[] state = State(1);
        state[0] = state[0].As("fc1.weight", 3, 2);
        TorchWriter.Write(_folder["a.pt"], state);
        Assert.Contains("fc1.weight [2, 3]", Refused(() => WeightRows.Read(_folder["a.pt"]).ToPopulation(Target.Name, Target.Layout)), StringComparison.Ordinal);
        state[0] = state[0].As("conv.weight", 2, 3);
        TorchWriter.Write(_folder["a.pt"], state);
        string message = Refused(() => WeightRows.Read(_folder["a.pt"]).ToPopulation(Target.Name, Target.Layout));
        Assert.Contains("none among conv.weight, fc1.bias", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_matrix_in_any_file_is_a_population_of_rows()
    {
        float[] values = [.. Row(1), .. Row(2), .. Row(3)];
        var matrix = NamedArray.Of("weights", values, 3, 14);
        TorchWriter.Write(_folder["m.pt"], [matrix, NamedArray.Of("loss", [1f, 2, 3], 3)]);
        NpzFile.Write(_folder["m.npz"], [matrix.As("anything", 3, 14)]);
        SafetensorsFile.Write(_folder["m.safetensors"], (IReadOnlyList<NamedArray>)[matrix]);
        foreach (string name in new[] { "m.pt", "m.npz", "m.safetensors" })
        {
            WeightRows rows = WeightRows.Read(_folder[name]);
            Assert.Equal((3, 14), (rows.Count, rows.Parameters));
            Assert.Equal(values, rows.ToPopulation(Target.Name, Target.Layout).Weights);
        }
    }

    [Fact]
    public void Parts_of_a_file_are_chosen_by_name_by_layout_or_by_habit()
    {
        NamedArray[] good = State(1), other = State(2);
        NpzFile.Write(_folder["p.npz"], [.. Under("state_dict", good), .. Under("optimizer", other)]);
        Assert.Equal(Row(1), WeightRows.Read(_folder["p.npz"]).Values);
        Assert.Equal(Row(2), WeightRows.Read(_folder["p.npz"], "optimizer").Values);
        NpzFile.Write(_folder["q.npz"], [.. Under("one", good), .. Under("two", other)]);
        Assert.Contains("'one' (4), 'two' (4)", Refused(() => WeightRows.Read(_folder["q.npz"])), StringComparison.Ordinal);
        NpzFile.Write(_folder["r.npz"], [.. Under("a", [NamedArray.Of("x", [1f], 1)]), .. Under("b", good)]);
        using ArrayFile file = ArrayFile.Open(_folder["r.npz"]);
        Assert.Equal("b", StateDict.Find(file, part: null, Target.Layout).Part);
    }

    [Fact]
    public void A_module_that_was_saved_whole_has_the_names_of_its_state_dict()
    {
        string[] paths = ["net/_modules/fc1/_parameters/weight", "net/_modules/fc1/_parameters/bias", "net/_modules/fc2/_parameters/weight", "net/_modules/fc2/_parameters/bias"];
        NpzFile.Write(_folder["net.npz"], [.. State(4).Zip(paths, (a, path) => a.As(path, a.Shape)), NamedArray.Of("net/_modules/norm/_buffers/mean", [1f], 1)]);
        using ArrayFile file = ArrayFile.Open(_folder["net.npz"]);
        Assert.Equal(["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "norm.mean"], StateDict.Find(file, "net").Layout.Entries.Select(e => e.Name));
    }

    [Fact]
    public void A_folder_of_checkpoints_is_a_population_with_runs_and_steps()
    {
        foreach (string run in new[] { "run-2", "run-10" })
        {
            Directory.CreateDirectory(_folder[run]);
            foreach (int step in new[] { 9, 100 }) TorchWriter.Write(Path.Combine(_folder[run], $"step_{step}.pt"), State(run.Length + step));
        }

        File.WriteAllText(_folder["notes.txt"], "no checkpoint");
        Population population = WeightRows.Read(_folder.Path).ToPopulation(Target.Name, Target.Layout);
        Assert.Equal([0, 0, 1, 1], population.Run);
        Assert.Equal([9, 100, 9, 100], population.Step);
        Assert.Equal([.. Row(14), .. Row(105), .. Row(15), .. Row(106)], population.Weights);

        TorchWriter.Write(Path.Combine(_folder["run-2"], "step_200.pt"), State(1)[1..]);
        Assert.Contains("step_200.pt: expected parameter fc1.weight", Refused(() => WeightRows.Read(_folder.Path)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_folder_and_a_file_of_no_weights_are_one_clear_line()
    {
        Assert.Contains("expected checkpoints", Refused(() => WeightRows.Read(_folder.Path)), StringComparison.Ordinal);
        NpzFile.Write(_folder["none.npz"], [NamedArray.Of("labels", new[] { 1L, 2L }, 2)]);
        Assert.Contains("the parameters of a network", Refused(() => WeightRows.Read(_folder["none.npz"])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("net_9", "net_10", -1)]
    [InlineData("net_10", "net_10", 0)]
    [InlineData("net_010", "net_10", -1)]
    [InlineData("a", "b", -1)]
    [InlineData("a1b2", "a1b10", -1)]
    [InlineData("a", "a1", -1)]
    [InlineData("12345678901234567890123", "12345678901234567890124", -1)]
    public void Names_are_ordered_with_numbers_as_numbers(string first, string second, int order)
    {
        Assert.Equal(order, Math.Sign(NaturalOrder.Comparer.Compare(first, second)));
        Assert.Equal(-order, Math.Sign(NaturalOrder.Comparer.Compare(second, first)));
    }

    internal static NamedArray[] State(int seed)
    {
        float[] row = Row(seed);
        return
        [
            NamedArray.Of("fc1.weight", row[..6], 2, 3), NamedArray.Of("fc1.bias", row[6..8], 2),
            NamedArray.Of("fc2.weight", row[8..12], 2, 2), NamedArray.Of("fc2.bias", row[12..], 2),
        ];
    }

    internal static float[] Row(int seed) => [.. Enumerable.Range(0, 14).Select(i => seed + i / 16f)];

    private static IEnumerable<NamedArray> Under(string part, IEnumerable<NamedArray> arrays) => arrays.Select(a => a.As($"{part}/{a.Name}", a.Shape));

    private static string Refused(Action action) => Assert.Throws<FileFormatException>(action).Message;
}
