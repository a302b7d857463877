using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Models.Populations;
using Xunit;

namespace WeightMem.Models.Tests.Populations;

public sealed class PopulationShardsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Rows_are_read_on_demand_from_a_file_and_across_shards()
    {
        Population whole = PopulationFileTests.Make(11);
        PopulationFile.Write(_folder["p.h5"], whole);
        PopulationShards shards = PopulationShards.Open(_folder["set"]);
        Assert.Equal(0, shards.Count);
        Assert.Null(shards.Target);
        foreach ((int from, int to) in new[] { (0, 4), (4, 5), (5, 5), (5, 11) })
            shards.Append(whole.Select([.. Enumerable.Range(from, to - from)]));
        Assert.Equal(4, shards.Count);
        foreach ((string path, int parts) in new[] { (_folder["p.h5"], 1), (_folder["set"], 4) })
        {
            using PopulationReader reader = PopulationReader.Open(path);
            Assert.Equal((path, parts), (reader.Path, reader.Parts));
            Assert.Equal(("mlp", 11, 10), (reader.Target, reader.Count, reader.Parameters));
            Assert.Equal(whole.Layout.Entries, reader.Layout.Entries);
            Assert.Equal(whole.Run, reader.Run);
            Assert.Equal(whole.Step, reader.Step);
            Assert.Equal(whole.Score!, reader.Score!);
            Assert.Equal(whole.Loss!, reader.Loss!);
            Assert.Equal(whole.Wrong!.Words, reader.Wrong!.Words);
            Assert.Equal(whole.Metrics, reader.Metrics);
            Assert.Equal(whole.Provenance, reader.Provenance);
            for (int first = 11; first >= 0; first--)
            {
                for (int rows = 0; rows <= 11 - first; rows++)
                {
                    var into = new float[rows * 10];
                    reader.ReadRows(first, into);
                    Assert.Equal(whole.Weights[(first * 10)..((first + rows) * 10)], into);
                }
            }

            Assert.Throws<ArgumentException>(() => reader.ReadRows(0, new float[9]));
            Assert.Throws<ArgumentOutOfRangeException>(() => reader.ReadRows(11, new float[10]));
            Assert.Throws<ArgumentOutOfRangeException>(() => reader.ReadRows(-1, new float[10]));
            PopulationFileTests.AssertSame(whole, reader.Read());
            PopulationFileTests.AssertSame(whole, PopulationFile.Read(path));
            PopulationFileTests.AssertSame(whole, WeightRows.Read(path).Population!);
        }
    }

    [Fact]
    public void Shards_of_another_population_are_refused_when_added_and_when_read()
    {
        PopulationShards shards = PopulationShards.Open(_folder["set"]);
        Population first = PopulationFileTests.Make(2);
        shards.Append(first);
        var layout = new ParameterLayout(("w", 10));
        foreach ((Population other, string said) in new[]
        {
            (new Population("cnn", first.Layout, new float[10]) { Provenance = first.Provenance }, "the target of the first shard (mlp), found cnn"),
            (new Population("mlp", layout, new float[10]) { Provenance = first.Provenance }, "the parameter layout of the first shard"),
            (Of("seed", "2"), "the seed of the first shard (1), found 2"),
            (Of("more", new string('x', 99)), $"the more of the first shard (none), found {new string('x', 60)}..."),
        })
        {
            string message = Assert.Throws<FileFormatException>(() => shards.Append(other)).Message;
            Assert.StartsWith(shards.PathOf(1), message, StringComparison.Ordinal);
            Assert.Contains(said, message, StringComparison.Ordinal);
            PopulationFile.Write(shards.PathOf(1), other);
            Assert.Equal(message, Assert.Throws<FileFormatException>(() => PopulationReader.Open(shards.Folder)).Message);
            Assert.Equal(message, Assert.Throws<FileFormatException>(() => PopulationShards.Open(shards.Folder)).Message);
            File.Delete(shards.PathOf(1));
        }

        // Where a shard was made may differ.
        shards.Append(Of("zoo.device", "another"));
        Assert.Equal(2, PopulationShards.Open(shards.Folder).Count);

        Population Of(string key, string value)
        {
            Population other = first.Select([1]);
            other.Provenance[key] = value;
            return other;
        }
    }

    [Fact]
    public void A_gap_an_empty_folder_and_a_cut_shard_are_one_clear_line()
    {
        Assert.Contains("a folder of shards (shard-00000.h5, ...), found none", Message(_folder.Path), StringComparison.Ordinal);
        Assert.Contains("there is no such file", Message(_folder["absent"]), StringComparison.Ordinal);
        PopulationShards shards = PopulationShards.Open(_folder.Path);
        for (int i = 0; i < 3; i++) shards.Append(PopulationFileTests.Make(1));
        File.Move(shards.PathOf(1), _folder["aside"]);
        Assert.Equal($"{_folder.Path}: expected shard shard-00001.h5, found a gap before shard-00002.h5", Message(_folder.Path));
        byte[] bytes = File.ReadAllBytes(_folder["aside"]);
        File.WriteAllBytes(shards.PathOf(1), bytes[..^100]);
        Assert.StartsWith(shards.PathOf(1), Message(_folder.Path), StringComparison.Ordinal);
        File.WriteAllBytes(shards.PathOf(1), bytes);
        shards.Delete();
        Assert.Equal(["aside"], Directory.GetFileSystemEntries(_folder.Path).Select(f => Path.GetFileName(f)));

        static string Message(string path) => Assert.ThrowsAny<FileFormatException>(() => PopulationReader.Open(path).Dispose()).Message;
    }

    [Fact]
    public void A_shard_changed_meanwhile_is_noticed()
    {
        PopulationShards shards = PopulationShards.Open(_folder["set"]);
        for (int i = 0; i < 2; i++) shards.Append(PopulationFileTests.Make(3));
        using PopulationReader reader = PopulationReader.Open(shards.Folder);
        PopulationFile.Write(shards.PathOf(0), PopulationFileTests.Make(2));
        string message = Assert.Throws<FileFormatException>(() => reader.ReadRows(0, new float[10])).Message;
        Assert.Contains("a file that has changed", message, StringComparison.Ordinal);
        reader.ReadRows(3, new float[30]);
    }

    [Fact]
    public void Deleting_the_last_shard_deletes_the_folder()
    {
        PopulationShards shards = PopulationShards.Open(_folder["set"]);
        shards.Append(PopulationFileTests.Make(1));
        Assert.True(PopulationShards.IsShards(shards.Folder));
        shards.Delete();
        Assert.False(Directory.Exists(shards.Folder));
        Assert.Equal(0, shards.Count);
        shards.Append(PopulationFileTests.Make(1));
        Assert.Equal(1, PopulationShards.Open(shards.Folder).Count);
    }
}
