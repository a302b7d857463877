using WeightMem.Formats;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Models.Tests.Populations;

public sealed class GptCheckpointSetTests : IDisposable
{
    private static readonly string Fixture = Path.Combine(AppContext.BaseDirectory, "fixtures", "gpt-set");

    /// <summary>12 and 3 as floats.</summary>
    private static readonly byte[] Sizes = [0, 0, 0x40, 0x41, 0, 0, 0x40, 0x40];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Reads_every_finished_run_with_steps_scores_and_layout()
    {
        GptCheckpointSet set = GptCheckpointSet.Open(Fixture);
        Assert.Equal(["000000", "000001", "000003_000004"], set.Folders.Select(f => Path.GetFileName(f)!));
        Assert.Equal(["000002"], set.Unfinished.Select(f => Path.GetFileName(f)!));
        Population all = set.Read();
        Assert.Equal("mlp-4-3-2", all.Target);
        Assert.Equal(new Mlp(4, 3, 2).Layout.Entries, all.Layout.Entries);
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1, 3, 3, 3, 3, 4, 4, 4, 4], all.Run);
        for (int i = 0; i < all.Count; i++)
        {
            int run = all.Run[i], c = i % 4;
            Assert.Equal(new[] { 0, 3, 7, 10 }[c], all.Step[i]); // five iterations an epoch
            Assert.Equal(Enumerable.Range(0, 23).Select(j => run + c / 8f + j / 1024f), all.Row(i).ToArray());
            Assert.Equal(2.25f - c / 2f + run / 16f, all.Loss![i]);
            Assert.Equal(100 - (88 - 25 * c + run), all.Score![i]);
            Assert.Equal(90 - 25 * c, all.Metrics["avg_train_err"][i]);
        }

        Assert.Equal(["avg_train_err", "avg_train_loss"], all.Metrics.Keys.Order());
        Assert.Equal("checkpoint set of G.pt", all.Provenance["source"]);
    }

    [Fact]
    public void Reads_the_first_runs_the_finals_or_one_folder()
    {
        GptCheckpointSet set = GptCheckpointSet.Open(Fixture);
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1, 3, 3, 3, 3], set.Read(runs: 3).Run);
        Population finals = set.Read(finalsOnly: true);
        Assert.Equal(finals.Weights, set.Read().Finals().Weights);
        Assert.Equal([10, 10, 10, 10], finals.Step);
        Assert.Equal([75f + 12, 74f + 12, 72f + 12, 71f + 12], finals.Score!);
        Assert.Equal(4, set.Runs().Count());
        Assert.Equal([3, 4], GptCheckpointSet.Open(Path.Combine(Fixture, "000003_000004")).Read(finalsOnly: true).Run);
        Assert.True(GptCheckpointSet.IsSet(Fixture));
        Assert.True(GptCheckpointSet.IsSet(Path.Combine(Fixture, "000002")));
        Assert.False(GptCheckpointSet.IsSet(_folder.Path));
    }

    [Fact]
    public void Names_that_are_no_numbers_and_other_keys_are_taken_in_order()
    {
        Place("000000", "mnist_a", text => text.Replace("000000/ep", "ep", StringComparison.Ordinal));
        var error = Assert.Throws<FileFormatException>(() => GptCheckpointSet.Open(_folder.Path).Read());
        Assert.Contains("a checkpoint 'ep000_it00000.pt'", error.Message, StringComparison.Ordinal);

        // In a list of several runs a key without the run's name is looked for after it; one that is no checkpoint's name counts on.
        Place("000003_000004", "mnist_a", text => text.Replace("\"000003/ep", "\"ep", StringComparison.Ordinal));
        Place("000001", "mnist_b", text => text);
        Population all = GptCheckpointSet.Open(_folder.Path).Read();
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2], all.Run);
        Assert.Equal([3f, 4f, 1f], new[] { 0, 4, 8 }.Select(i => all.Row(i)[0]));
        Assert.Equal([0, 3, 7, 10], all.Step[..4]);
    }

    [Fact]
    public void A_set_without_a_finished_run_is_refused()
    {
        Assert.Contains("found nothing", Message(_folder["absent"]), StringComparison.Ordinal);
        Assert.Contains("found none", Message(_folder.Path), StringComparison.Ordinal);
        Assert.Contains("1 without DONE.txt", Message(Path.Combine(Fixture, "000002")), StringComparison.Ordinal);
        File.WriteAllText(_folder["file"], "");
        Assert.Contains("found a file", Message(_folder["file"]), StringComparison.Ordinal);

        static string Message(string path) => Assert.Throws<FileFormatException>(() => GptCheckpointSet.Open(path)).Message;
    }

    [Theory]
    [InlineData("", "none at line")]
    [InlineData("[]", "to be an object")]
    [InlineData("{}", "at least one run")]
    [InlineData("{\"checkpoints\": {}}", "checkpoints of run '000000'")]
    [InlineData("{\"checkpoints\": []}", "checkpoints to be an object")]
    [InlineData("{\"000000\": {}}", "an object checkpoints of run '000000'")]
    [InlineData("{\"checkpoints\": {\"a\": 1}}", "checkpoint 'a' to be an object")]
    [InlineData("{\"checkpoints\": {\"a\": {\"b\": \"c\"}}}", "a number 'b' of checkpoint 'a'")]
    [InlineData("{\"checkpoints\": {\"a\": {}, \"a\": {}}}", "a name twice")]
    [InlineData("{\"checkpoints\": {\"\\ud800\": {}}}", "or text that is none")]
    [InlineData("{\"checkpoints\": {\"a\": {\"b\": NaN}}}", "none at line 1")]
    [InlineData("{\"checkpoints\": {\"000000/absent.pt\": {}}}", "'000000/absent.pt', as its list says")]
    [InlineData("{\"checkpoints\": {\"000000/ep000_it00000.pt_arch\": {}}}", "sizes of tensors at '000000/ep000_it00000.pt_arch_arch'")]
    [InlineData("{\"checkpoints\": {\"000000/ep000_it00003.pt\": {}, \"000000/ep000_it00000.pt\": {}}}", "in time order")]
    [InlineData("{\"000009\": {\"checkpoints\": {\"a\": {}}}}", "the runs of folder 000000")]
    public void A_damaged_list_is_named(string list, string said)
    {
        Place("000000", "000000", _ => list);
        string message = Assert.Throws<FileFormatException>(() => GptCheckpointSet.Open(_folder.Path).Read()).Message;
        Assert.StartsWith(_folder.Path, message, StringComparison.Ordinal);
        Assert.Contains(said, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_damaged_database_and_other_sizes_are_named()
    {
        Place("000001", "000001", text => text);
        string path = Path.Combine(_folder["000001"], "data.mdb");
        byte[] bytes = File.ReadAllBytes(path);
        int sizes = bytes.AsSpan().LastIndexOf(Sizes);
        Assert.True(sizes > 0);
        Assert.Contains("as its sizes say", Changed(sizes + 2, 0x80), StringComparison.Ordinal);
        Assert.Contains("whole sizes", Changed(sizes, 1), StringComparison.Ordinal);
        Assert.Contains("an LMDB file", Changed(16, 0), StringComparison.Ordinal);
        bytes[sizes + 7] = 0x41; // the second tensor grows
        Assert.Contains("as its sizes say", Changed(sizes, 0), StringComparison.Ordinal);

        string Changed(int at, byte value)
        {
            byte[] other = [.. bytes];
            other[at] = value;
            File.WriteAllBytes(path, other);
            return Assert.Throws<FileFormatException>(() => GptCheckpointSet.Open(_folder.Path).Read()).Message;
        }
    }

    [Fact]
    public void Sizes_that_no_target_has_make_a_flat_layout()
    {
        GptArchitecture convolutions = GptArchitecture.Of([432, 4608, 320, 10]);
        Assert.Equal("flat-432-4608-320-10", convolutions.Target);
        Assert.Equal(["tensor0", "tensor1", "tensor2", "tensor3"], convolutions.Layout.Entries.Select(e => e.Name));
        Assert.Equal(5370, convolutions.Layout.Count);
        Assert.Equal("mlp-784-10-10", GptArchitecture.Of([7840, 10, 100, 10]).Target);
        Assert.Equal("flat-1-128-32-1024-32-32-1", GptArchitecture.Of([1, 128, 32, 1024, 32, 32, 1]).Target);
        Assert.Equal("flat-7", GptArchitecture.Of([7]).Target);
    }

    [Fact]
    public void Runs_of_other_networks_are_refused()
    {
        Place("000000", "000000", text => text);
        Place("000001", "000001", text => text);
        string path = Path.Combine(_folder["000001"], "data.mdb");
        byte[] bytes = File.ReadAllBytes(path);
        for (int at; (at = bytes.AsSpan().IndexOf(Sizes)) >= 0;)
            (bytes[at + 2], bytes[at + 6]) = (0x30, 0x80); // they become 11 and 4
        File.WriteAllBytes(path, bytes);
        string message = Assert.Throws<FileFormatException>(() => GptCheckpointSet.Open(_folder.Path).Read()).Message;
        Assert.Contains("a network mlp-4-3-2, as in the run before, found flat-11-4-6-2", message, StringComparison.Ordinal);
    }

    /// <summary>Copies a folder of the fixture under another name, its list changed.</summary>
    private void Place(string from, string name, Func<string, string> change)
    {
        Directory.CreateDirectory(_folder[name]);
        foreach (string file in Directory.GetFiles(Path.Combine(Fixture, from))) File.Copy(file, Path.Combine(_folder[name], Path.GetFileName(file)), true);
        string list = Path.Combine(_folder[name], "runs.json");
        File.WriteAllText(list, change(File.ReadAllText(list)));
    }
}
