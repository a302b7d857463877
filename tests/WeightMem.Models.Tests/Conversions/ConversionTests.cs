using WeightMem.Formats;
using WeightMem.Formats.Numpy;
using WeightMem.Formats.Torch;
using WeightMem.Models.Conversions;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Tests.Populations;
using Xunit;

namespace WeightMem.Models.Tests.Conversions;

public sealed class ConversionTests : IDisposable
{
    private static readonly ITarget Target = TargetCatalog.Create("mlp-3-2-2", images: null);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_state_dict_goes_through_every_kind_of_file_and_comes_back_the_same()
    {
        TorchWriter.Write(_folder["0.pt"], WeightRowsTests.State(3));
        string[] kinds = ["1.safetensors", "2.npz", "3.h5", "4.pth", "5.hdf5", "6.pt"];
        string before = "0.pt";
        foreach (string kind in kinds)
        {
            new Conversion(_folder[before], _folder[kind]).Run();
            using ArrayFile file = ArrayFile.Open(_folder[kind]);
            foreach (NamedArray array in WeightRowsTests.State(3))
            {
                NamedArray read = file.Read(array.Name);
                Assert.Equal(array.Shape, read.Shape);
                Assert.Equal(array.ToFloats(), read.ToFloats());
            }

            before = kind;
        }
    }

    [Fact]
    public void A_row_and_a_state_dict_turn_into_each_other_by_a_named_layout()
    {
        NpyFile.Write(_folder["rows.npy"], NamedArray.Of("rows", [.. WeightRowsTests.Row(1), .. WeightRowsTests.Row(2)], 2, 14));
        Convert("rows.npy", "one.pt", c => c with { Row = 1, Target = Target.Name, Layout = Target.Layout });
        using (ArrayFile file = ArrayFile.Open(_folder["one.pt"]))
        {
            Assert.Equal(["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"], file.Arrays.Select(a => a.Name));
            Assert.Equal(WeightRowsTests.Row(2)[12..], file.Read("fc2.bias").ToFloats());
        }

        Convert("one.pt", "back.npy", c => c with { Target = Target.Name, Layout = Target.Layout });
        Assert.Equal(WeightRowsTests.Row(2), NpyFile.Read(_folder["back.npy"]).ToFloats());
        Convert("rows.npy", "population.h5", c => c with { Target = Target.Name, Layout = Target.Layout });
        Assert.Equal((2, Target.Name), (PopulationFile.Read(_folder["population.h5"]).Count, PopulationFile.Read(_folder["population.h5"]).Target));
        Convert("population.h5", "arrays.safetensors", c => c);
        using (ArrayFile file = ArrayFile.Open(_folder["arrays.safetensors"]))
        {
            Assert.Equal(["weights", "run", "step"], file.Arrays.Select(a => a.Name));
            Assert.Equal([0L, 1L], file.Read("run").ToLongs());
        }
    }

    [Fact]
    public void Types_that_the_new_kind_lacks_become_the_next_wider_one()
    {
        TorchWriter.Write(_folder["a.pt"], [NamedArray.OfBFloat16("b", [0x3F80, 0xC000], 2), NamedArray.Of("t", new[] { true, false }, 2), NamedArray.Of("s", new[] { 4f })]);
        Assert.Contains("b as Float32", Convert("a.pt", "a.npz", c => c), StringComparison.Ordinal);
        Assert.Equal([1f, -2f], NpzFile.Read(_folder["a.npz"])[0].ToFloats());
        Convert("a.pt", "a.h5", c => c);
        using ArrayFile file = ArrayFile.Open(_folder["a.h5"]);
        Assert.Equal([1L, 0L], file.Read("t").ToLongs());
        Assert.Equal([4f], file.Read("s").ToFloats());
    }

    [Fact]
    public void Meshes_keep_their_vertices_and_triangles_through_every_kind()
    {
        double[] vertices = [0, 0, 0, 1, 0, 0.1, 0, 1, 1e-7, 0.25, 0.5, 1];
        int[] triangles = [0, 1, 2, 0, 2, 3];
        NpzFile.Write(_folder["0.npz"], [NamedArray.Of("vertices", vertices, 4, 3), NamedArray.Of("triangles", triangles, 2, 3)]);
        string before = "0.npz";
        foreach (string kind in new[] { "1.obj", "2.off", "3.ply", "4.npz" })
        {
            Convert(before, kind, c => c);
            using ArrayFile file = ArrayFile.Open(_folder[kind]);
            Assert.Equal(vertices, file.Read("vertices").ToDoubles());
            Assert.Equal(triangles.Select(t => (long)t), file.Read("triangles").ToLongs());
            before = kind;
        }

        NpyFile.Write(_folder["cloud.npy"], NamedArray.Of("cloud", [1f, 2, 3, 4, 5, 6], 2, 3));
        Convert("cloud.npy", "cloud.ply", c => c);
        using ArrayFile cloud = ArrayFile.Open(_folder["cloud.ply"]);
        Assert.Equal([1.0, 2, 3, 4, 5, 6], cloud.Read("vertices").ToDoubles());
    }

    [Fact]
    public void A_checkpoint_set_becomes_a_folder_of_shards_and_reads_as_one_population()
    {
        string set = Path.Combine(AppContext.BaseDirectory, "fixtures", "gpt-set");
        Assert.Contains("16 networks", new Conversion(set, _folder["zoo.shards"]).Run(), StringComparison.Ordinal);
        Assert.Equal(GptCheckpointSet.Open(set).Read().Weights, PopulationFile.Read(_folder["zoo.shards"]).Weights);
        Assert.Contains("there already", Assert.Throws<FileWriteException>(() => new Conversion(set, _folder["zoo.shards"]).Run()).Message, StringComparison.Ordinal);
        Assert.Equal(["zoo.shards"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void What_is_no_array_is_named_when_it_is_left_out()
    {
        File.WriteAllText(_folder["a.pkl"], "\u007d(S'name'\nI1\nS'v'\n](I1\nI2\neu."); // {'name': 1, 'v': [1, 2]}
        Assert.EndsWith("; left out, as no arrays: name", Convert("a.pkl", "a.npz", c => c), StringComparison.Ordinal);
        Assert.Equal([1.0, 2.0], NpzFile.Read(_folder["a.npz"]).Single().ToDoubles());
    }

    [Fact]
    public void What_cannot_be_converted_is_refused_and_leaves_nothing()
    {
        NpyFile.Write(_folder["rows.npy"], NamedArray.Of("rows", new float[28], 2, 14));
        Assert.Contains("ends in .npy", Refused("rows.npy", "a.xyz", c => c), StringComparison.Ordinal);
        Assert.Contains("rows 0 to 1", Refused("rows.npy", "a.pt", c => c with { Row = 2, Target = Target.Name, Layout = Target.Layout }), StringComparison.Ordinal);
        Assert.Contains("--target", Refused("rows.npy", "a.pt", c => c with { Row = 0 }), StringComparison.Ordinal);
        NpzFile.Write(_folder["c.npz"], [NamedArray.Of("c", new System.Numerics.Complex[1], 1)]);
        Assert.Contains("no such type", Refused("c.npz", "a.h5", c => c), StringComparison.Ordinal);
        Assert.Contains("no such type", Refused("c.npz", "a.safetensors", c => c), StringComparison.Ordinal);
        Assert.Contains("[n, 3]", Refused("rows.npy", "a.ply", c => c), StringComparison.Ordinal);
        Assert.Equal(["c.npz", "rows.npy"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    private string Convert(string from, string to, Func<Conversion, Conversion> options) => options(new Conversion(_folder[from], _folder[to])).Run();

    private string Refused(string from, string to, Func<Conversion, Conversion> options) => Assert.Throws<ArgumentException>(() => Convert(from, to, options)).Message;
}
