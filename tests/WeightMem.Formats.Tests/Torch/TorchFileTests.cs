using System.Numerics;
using WeightMem.Formats.Numpy;
using WeightMem.Formats.Pickle;
using WeightMem.Formats.Torch;
using Xunit;

namespace WeightMem.Formats.Tests.Torch;

/// <summary>Files in the exact layouts of <c>torch.save</c>, written by CPython's pickler (<c>fixtures/make_torch.py</c>).</summary>
public sealed class TorchFileTests
{
    public static TheoryData<string> States =>
        ["torch-state-protocol2.pt", "torch-state-protocol3.pt", "torch-state-protocol4.pt", "torch-state-protocol5.pt", "torch-state-deflated.pt", "torch-state-stream.pt"];

    [Theory]
    [MemberData(nameof(States))]
    public void Reads_every_kind_of_tensor(string name)
    {
        Dictionary<string, NamedArray> expected = NpzFile.Read(Fixture("torch-state.expected.npz")).ToDictionary(a => a.Name);
        using ArrayFile file = ArrayFile.Open(Fixture(name));
        int most = name.Contains("stream", StringComparison.Ordinal) ? expected.Count - 2 : expected.Count; // untyped storages are younger than the stream form
        Assert.Equal(most, file.Arrays.Count());
        foreach (ArrayEntry entry in file.Arrays)
        {
            NamedArray array = file.Read(entry.Name);
            Assert.Equal(expected[entry.Name].Shape, array.Shape);
            Assert.Equal(entry.Type, array.Type);
            Assert.Equal(Values(expected[entry.Name]), Values(array));
        }

        Assert.Equal(ElementType.BFloat16, file.Read("as_bf16").Type);
        Assert.Equal(ElementType.Boolean, file.Read("as_b1").Type);
        Assert.Equal(ElementType.Complex64, file.Read("as_c8").Type);
    }

    [Theory]
    [InlineData("real-state.pt", "real-state.expected.npz")]
    [InlineData("real-state-stream.pt", "real-state.expected.npz")]
    [InlineData("real-views.pt", "real-views.expected.npz")]
    [InlineData("real-views-stream.pt", "real-views.expected.npz")]
    public void Reads_what_PyTorch_itself_writes(string name, string numbers)
    {
        IReadOnlyList<NamedArray> expected = NpzFile.Read(Fixture(numbers));
        using ArrayFile file = ArrayFile.Open(Fixture(name));
        Assert.Equal(expected.Select(a => a.Name), file.Arrays.Select(a => a.Name));
        foreach (NamedArray array in expected)
        {
            NamedArray read = file.Read(array.Name);
            Assert.Equal(array.Shape, read.Shape);
            Assert.Equal(Values(array), Values(read));
        }
    }

    [Fact]
    public void Reads_modules_checkpoints_datasets_scripts_and_odd_tensors_of_PyTorch()
    {
        using ArrayFile module = ArrayFile.Open(Fixture("real-module.pt"));
        Assert.Equal([2, 1, 2, 2], module.Read("_modules/conv/_parameters/weight").Shape);
        using ArrayFile checkpoint = ArrayFile.Open(Fixture("real-checkpoint.pt"));
        Assert.Equal(0.1f, checkpoint.Read("optimizer_state_dict/state/4/exp_avg").ToFloats()[0]);
        using ArrayFile dataset = ArrayFile.Open(Fixture("real-dataset.pt"));
        Assert.Equal([3L, 7L], dataset.Read("testset/tensors/1").ToLongs());
        using ArrayFile script = ArrayFile.Open(Fixture("real-script.pt"));
        Assert.Equal([-1f, -0.875f], script.Read("weight").ToFloats());
        using ArrayFile odd = ArrayFile.Open(Fixture("real-odd.pt"));
        Assert.Equal([1f, 1f], odd.Read("sparse/(1)/1").ToFloats());
        Assert.Equal([-1f, -0.875f], odd.Read("dense").ToFloats());
    }

    [Fact]
    public void Reads_a_training_checkpoint_with_classes_that_are_nowhere_installed()
    {
        foreach (string name in new[] { "torch-checkpoint.ckpt", "torch-checkpoint-protocol4.ckpt" })
        {
            using ArrayFile file = ArrayFile.Open(Fixture(name));
            Dictionary<string, string?> texts = file.Items.Where(i => i.Text is not null).ToDictionary(i => i.Name, i => i.Text);
            Assert.Equal([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], file.Read("state_dict/fc1.weight").ToDoubles());
            Assert.Equal([12.0], file.Read("optimizer_states/0/state/0/step").ToDoubles());
            Assert.Equal([0.9, 0.999], file.Read("optimizer_states/0/param_groups/0/betas").ToDoubles());
            Assert.Equal([784, 10], file.Read("hyper_parameters/layers").ToLongs());
            Assert.Equal([2, 3], file.Read("size").ToLongs());
            Assert.Equal([0, 1, 2, 3, 4, 5], file.Read("numpy/fortran").ToLongs());
            Assert.Equal([1, 2], file.Read("numpy/big_endian").ToLongs());
            Assert.Equal([2.5], file.Read("numpy/scalar").ToDoubles());
            Assert.Equal(new Complex(1, 2), file.Read("numpy/complex").ElementsAs<Complex>()![0]);
            Assert.Equal("object argparse.Namespace", texts["hyper_parameters"]);
            Assert.Equal("3", texts["epoch"]);
            Assert.Equal("a large whole number", texts["big"]);
            Assert.Equal("'日本'", texts["names/2"]);
            Assert.Equal("torch.float32", texts["dtype"]);
            Assert.Equal("object torch.device('cuda', 0)", texts["device"]);
        }
    }

    [Fact]
    public void Reads_the_attributes_of_a_pickled_dataset()
    {
        using TorchFile file = TorchFile.Open(Fixture("torch-dataset.pt"));
        object? train = PickleConventions.Get(file.Root, "trainset");
        Assert.Equal(new PickleGlobal("ghrp.checkpoints_to_datasets.dataset_simclr", "SimCLRDataset"), ((PickleObject)train!).Argument(0) ?? ((PickleObject)train).Global);
        IReadOnlyList<object?> weights = PickleConventions.AsItems(PickleConventions.Attribute(train, "data_in"))!;
        Assert.Equal(3, weights.Count);
        Assert.Equal([2f, 2, 2, 2, 2], file.Read(weights[2], "w")!.ToFloats());
        Assert.Equal([0L, 10L, 20L], PickleConventions.AsItems(PickleConventions.Attribute(train, "epochs"))!.Cast<long>());

        using ArrayFile list = ArrayFile.Open(Fixture("torch-dataset.pt"));
        Assert.Equal([101f, 101, 101, 101, 101], list.Read("testset/data_in/1").ToFloats());
        Assert.Equal([0.5, 0.51, 0.52], list.Read("trainset/properties/test_acc").ToDoubles());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Reads_plain_pickles_of_every_protocol(int protocol)
    {
        using ArrayFile file = ArrayFile.Open(Fixture($"plain-protocol{protocol}.pkl"));
        Dictionary<string, string?> texts = file.Items.Where(i => i.Text is not null).ToDictionary(i => i.Name, i => i.Text);
        Assert.Equal([0.0, 1, 2, 3], file.Read("numpy").ToDoubles());
        Assert.Equal([0f, 1, 2, 3, 4, 5], file.Read("tensor").ToFloats());
        Assert.Equal([1, 2.5], file.Read("list").ToDoubles());
        Assert.Equal("2 bytes", texts["bytes"]);
        Assert.Equal(@"'a.b'\é'", texts["text"]);
        Assert.Equal("None", texts["none"]);
        Assert.Equal("True", texts["yes"]);
        Assert.Equal("-5", texts["negative"]);
        Assert.Equal("0.1", texts["float"]);
        Assert.Equal("Infinity", texts["infinite"]);
        Assert.Equal("'x'", texts["tuple/1"]);
    }

    [Fact]
    public void Runs_nothing()
    {
        using ArrayFile file = ArrayFile.Open(Fixture("danger.pkl"));
        Assert.Equal([1f, 1, 1], file.Read("weights").ToFloats());
        Assert.Contains(file.Items, i => i.Name == "boom" && i.Text!.Contains("system", StringComparison.Ordinal));
        Assert.False(File.Exists("danger-was-run"));
    }

    [Fact]
    public void Values_that_hold_themselves_or_each_other_many_times_end()
    {
        using ArrayFile file = ArrayFile.Open(Fixture("cycle.pkl"));
        Assert.Contains(file.Items, i => i.Name == "knot/0" && i.Text == "the same as knot");
        Assert.InRange(file.Items.Count, 50, 1000);
    }

    [Fact]
    public void Reads_big_endian_storages_and_single_tensors()
    {
        using ArrayFile big = ArrayFile.Open(Fixture("torch-big-endian.pt"));
        Assert.Equal([0f, 1, 2, 3, 4, 5], big.Read("w").ToFloats());
        using ArrayFile single = ArrayFile.Open(Fixture("torch-tensor.pt"));
        Assert.Equal("torch-tensor", single.Arrays.Single().Name);
    }

    [Theory]
    [InlineData("torch-state-protocol2.pt")]
    [InlineData("torch-state-protocol4.pt")]
    [InlineData("torch-state-deflated.pt")]
    [InlineData("torch-state-stream.pt")]
    [InlineData("torch-dataset.pt")]
    [InlineData("real-module.pt")]
    [InlineData("real-views-stream.pt")]
    [InlineData("plain-protocol0.pkl")]
    [InlineData("plain-protocol4.pkl")]
    public void Reads_a_file_cut_at_every_byte(string name)
    {
        byte[] whole = File.ReadAllBytes(Fixture(name));
        (int refused, int equal) = CutFile.AtEveryByte(whole, Text);
        Assert.Equal((whole.Length, 0), (refused, equal));
    }

    [Fact]
    public void Round_trips_every_type()
    {
        NamedArray[] arrays = [.. NpzFile.Read(Fixture("torch-state.expected.npz")), NamedArray.OfBFloat16("bf16", [0x3F80, 0x7FC0], 2),
            NamedArray.Of("u16", new ushort[] { 1, 65535 }, 2), NamedArray.Of("u64", [ulong.MaxValue], 1)];
        using var stream = new MemoryStream();
        TorchWriter.Write(stream, arrays);
        using TorchFile file = TorchFile.Open(new MemoryStream(stream.ToArray()), "a.pt");
        IReadOnlyList<KeyValuePair<object?, object?>> entries = PickleConventions.AsEntries(file.Root)!;
        Assert.Equal(arrays.Length, entries.Count);
        for (int i = 0; i < arrays.Length; i++)
        {
            Assert.Equal(arrays[i].Name, entries[i].Key);
            NamedArray read = file.Read(entries[i].Value, arrays[i].Name)!;
            Assert.Equal(arrays[i].Type, read.Type);
            Assert.Equal(arrays[i].Shape, read.Shape);
            Assert.Equal(Values(arrays[i]), Values(read));
        }
    }

    [Fact]
    public void Equal_contents_give_equal_bytes_and_storages_are_aligned()
    {
        NamedArray[] arrays = [NamedArray.Of("a", [1f, 2f, 3f], 3), NamedArray.Of("b", [9f], 1)];
        using MemoryStream first = new(), second = new();
        TorchWriter.Write(first, arrays);
        TorchWriter.Write(second, arrays);
        Assert.Equal(first.ToArray(), second.ToArray());
        Assert.Equal(0, first.ToArray().AsSpan().IndexOf(new byte[] { 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40 }) % 64);
    }

    internal static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "fixtures", name);

    internal static string Text(Stream stream)
    {
        using TorchFile file = TorchFile.Open(stream, "cut.bin");
        using ArrayFile list = TorchTree.List(file, 1000);
        return string.Join('\n', list.Items.Select(i => i.Array is null ? $"{i.Name}: {i.Text}" : $"{i.Name}: {string.Join(',', Values(list.Read(i.Name)))}"));
    }

    private static string[] Values(NamedArray array)
    {
        if (array.ElementsAs<ComplexSingle>() is { } single) return [.. single.Select(c => c.ToString())];
        if (array.ElementsAs<Complex>() is { } both) return [.. both.Select(c => c.ToString())];
        return [.. array.ToDoubles().Select(v => v.ToString("R", System.Globalization.CultureInfo.InvariantCulture))];
    }
}
