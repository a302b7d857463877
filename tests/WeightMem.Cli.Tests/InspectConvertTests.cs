using System.Text.Json;
using WeightMem.Formats;
using WeightMem.Formats.Numpy;
using WeightMem.Formats.Torch;
using WeightMem.Models.Conversions;
using Xunit;

namespace WeightMem.Cli.Tests;

public sealed class InspectConvertTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("inspect-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Inspect_shows_names_types_shapes_and_values()
    {
        TorchWriter.Write(In("a.pt"), [NamedArray.Of("fc.weight", [1f, float.NaN, 3f, float.PositiveInfinity], 2, 2), NamedArray.Of("step", new[] { 7L })]);
        (int code, string output, string error) = CommandLine.Run("inspect", In("a.pt"));
        Assert.Equal((0, ""), (code, error));
        string[] lines = output.Split('\n');
        Assert.Contains("PyTorch zip", lines[0], StringComparison.Ordinal);
        Assert.Contains("2 arrays, 5 values", lines[0], StringComparison.Ordinal);
        Assert.Equal(["fc.weight", "Float32", "[2,", "2]", "1", "2", "3", "1", "NaN,", "1", "infinite"], lines[2].Split(' ', StringSplitOptions.RemoveEmptyEntries));

        (_, output, _) = CommandLine.Run("inspect", In("a.pt"), "--json");
        JsonElement array = JsonDocument.Parse(output).RootElement.GetProperty("arrays")[0];
        Assert.Equal(("fc.weight", 2.0, 1), (array.GetProperty("name").GetString(), array.GetProperty("mean").GetDouble(), array.GetProperty("nan").GetInt32()));
    }

    [Fact]
    public void Arrays_that_differ_in_a_number_are_shown_once()
    {
        NpzFile.Write(In("many.npz"), [.. Enumerable.Range(8, 20).Select(i => NamedArray.Of($"layer.{i}.bias", [1f], 1)), NamedArray.Of("last", [1f], 1)]);
        (_, string output, _) = CommandLine.Run("inspect", In("many.npz"));
        Assert.Contains("... 18 more alike, to layer.27.bias", output, StringComparison.Ordinal);
        Assert.Equal(6, output.TrimEnd('\n').Split('\n').Length);
        (_, output, _) = CommandLine.Run("inspect", In("many.npz"), "--all");
        Assert.Equal(23, output.TrimEnd('\n').Split('\n').Length);
    }

    [Fact]
    public void A_folder_of_checkpoints_is_shown_as_a_population_and_converted_to_one()
    {
        Directory.CreateDirectory(In("zoo"));
        for (int i = 0; i < 3; i++) TorchWriter.Write(Path.Combine(In("zoo"), $"net{i}.pt"), [NamedArray.Of("w", [i, 1f, 2f], 3)]);
        (int code, string output, _) = CommandLine.Run("inspect", In("zoo"));
        Assert.Equal(0, code);
        Assert.Contains("a population of 3 networks", output, StringComparison.Ordinal);
        (code, _, _) = CommandLine.Run("convert", In("zoo"), In("zoo.h5"));
        Assert.Equal(0, code);
        (_, output, _) = CommandLine.Run("zoo", "info", In("zoo.h5"), "--json");
        Assert.Equal(3, JsonDocument.Parse(output).RootElement.GetProperty("networks").GetInt32());
        (code, output, string error) = CommandLine.Run("convert", In("zoo.h5"), In("row.npz"), "--row", "2");
        Assert.Equal((0, ""), (code, error));
        Assert.Equal([2f, 1f, 2f], NpzFile.Read(In("row.npz")).Single().ToFloats());
    }

    [Theory]
    [InlineData("empty.pt", "", "an empty file")]
    [InlineData("text.pt", "hello", "a PyTorch file or a pickle")]
    [InlineData("cut.npz", "PK\u0003\u0004", "the directory at the end")]
    [InlineData("strange.xyz", "hello world", "a file of a known kind")]
    public void Files_that_cannot_be_read_are_one_line(string name, string content, string said)
    {
        File.WriteAllText(In(name), content);
        (int code, string output, string error) = CommandLine.Run("inspect", In(name));
        Assert.Equal((ExitCodes.BadInput, ""), (code, output));
        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.Contains(name, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(c => c == '\n'));
        (code, _, _) = CommandLine.Run("convert", In(name), In("out.npy"));
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.False(File.Exists(In("out.npy")));
    }

    [Fact]
    public void One_damaged_array_does_not_hide_the_others()
    {
        NpzFile.Write(In("a.npz"), [NamedArray.Of("good", [1f, 2f], 2), NamedArray.Of("bad", [12345f], 1)]);
        byte[] bytes = File.ReadAllBytes(In("a.npz"));
        bytes[bytes.AsSpan().IndexOf(BitConverter.GetBytes(12345f))] ^= 1;
        File.WriteAllBytes(In("a.npz"), bytes);
        (int code, string output, string error) = CommandLine.Run("inspect", In("a.npz"));
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains("1 of its arrays cannot be read", error, StringComparison.Ordinal);
        Assert.Contains("checksum", output, StringComparison.Ordinal);
        Assert.Contains("good", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.h5")]
    [InlineData("a.safetensors")]
    public void A_checksum_is_compared_and_what_a_damaged_file_holds_is_shown(string name)
    {
        ArrayOutput.Write(In(name), [NamedArray.Of("weights", [1f, 12345f, 3f], 3)]);
        (int code, string output, string error) = CommandLine.Run("inspect", In(name));
        Assert.Equal((0, ""), (code, error));
        Assert.EndsWith("3 values, its checksum is right", output.Split('\n')[0], StringComparison.Ordinal);

        byte[] bytes = File.ReadAllBytes(In(name));
        bytes[bytes.AsSpan().IndexOf(BitConverter.GetBytes(12345f))] ^= 1;
        File.WriteAllBytes(In(name), bytes);
        (code, output, error) = CommandLine.Run("inspect", In(name));
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains("weights", output, StringComparison.Ordinal);
        Assert.Contains("its checksum is wrong", output, StringComparison.Ordinal);
        Assert.Matches($"^weightmem: .*{name}: expected data with the checksum [0-9a-f]{{16}}, found [0-9a-f]{{16}}: the file is damaged\n$", error);
        (_, output, _) = CommandLine.Run("inspect", In(name), "--json");
        Assert.Equal("wrong", JsonDocument.Parse(output).RootElement.GetProperty("checksum").GetString());
        Assert.Equal(0, CommandLine.Run("inspect", In(name), "--no-values").Code);

        (code, _, error) = CommandLine.Run("convert", In(name), In("b.npz"));
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains("the file is damaged", error, StringComparison.Ordinal);
        Assert.False(File.Exists(In("b.npz")));
    }

    private string In(string name) => Path.Combine(_folder, name);
}
