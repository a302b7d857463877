using WeightMem.Cuda.Kernels;
using Xunit;

namespace WeightMem.Cuda.Tests;

public sealed class KernelCacheTests : IDisposable
{
    private static readonly KernelProgram Program = new("a.cu", "source")
    {
        Headers = [new KernelHeader("b.cuh", "text")],
        Options = ["--std=c++17"],
        NameExpressions = ["scale<float>"],
    };

    private static readonly KernelArchitecture Architecture = new(80, IsBinary: true);

    private readonly string _folder = Directory.CreateTempSubdirectory("weightmem-kernels-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Gives_back_what_was_written()
    {
        var cache = new KernelCache(Path.Combine(_folder, "made", "at", "first", "write"));
        var key = Key();
        Assert.Null(cache.Read(key));
        cache.Write(key, Compiled());
        var read = cache.Read(key);

        Assert.NotNull(read);
        Assert.True(read.FromCache);
        Assert.Equal(Compiled().Image, read.Image);
        Assert.Equal(Compiled().LoweredNames, read.LoweredNames);
        Assert.Equal([cache.PathOf(key)], Directory.GetFiles(cache.Folder));
        cache.Remove(key);
        Assert.Null(cache.Read(key));
    }

    [Fact]
    public void A_file_cut_at_every_byte_counts_as_absent()
    {
        var (cache, key, whole) = Written();
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(cache.PathOf(key), whole[..length]);
            Assert.Null(cache.Read(key));
        }
    }

    [Fact]
    public void A_file_with_any_byte_changed_or_added_counts_as_absent()
    {
        var (cache, key, whole) = Written();
        for (var i = 0; i < whole.Length; i++)
        {
            whole[i] ^= 0x10;
            File.WriteAllBytes(cache.PathOf(key), whole);
            Assert.Null(cache.Read(key));
            whole[i] ^= 0x10;
        }

        File.WriteAllBytes(cache.PathOf(key), [.. whole, 0]);
        Assert.Null(cache.Read(key));
    }

    [Fact]
    public void A_file_under_the_name_of_another_key_counts_as_absent()
    {
        var (cache, key, _) = Written();
        var other = KernelKey.Of(Program, Architecture, "NVRTC 13.0");
        File.Copy(cache.PathOf(key), cache.PathOf(other));
        Assert.Null(cache.Read(other));
    }

    [Fact]
    public void A_damaged_file_is_replaced_by_the_next_write()
    {
        var (cache, key, _) = Written();
        File.WriteAllText(cache.PathOf(key), "damage");
        cache.Write(key, Compiled());
        Assert.Equal(Compiled().Image, cache.Read(key)?.Image);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_only_means_no_cache()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "in the way");
        var cache = new KernelCache(Path.Combine(file, "kernels"));
        cache.Write(Key(), Compiled());
        Assert.Null(cache.Read(Key()));
        Assert.Equal([file], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void The_key_depends_on_every_ingredient()
    {
        var keys = new List<byte[]>
        {
            Key(),
            Key(Program with { FileName = "b.cu" }),
            Key(Program with { Text = "source " }),
            Key(Program with { Headers = [] }),
            Key(Program with { Headers = [new KernelHeader("c.cuh", "text")] }),
            Key(Program with { Headers = [new KernelHeader("b.cuh", "texts")] }),
            Key(Program with { Headers = [new KernelHeader("b.cuht", "ext")] }),
            Key(Program with { Headers = [.. Program.Headers, .. Program.Headers] }),
            Key(Program with { Options = [] }),
            Key(Program with { Options = ["--std=c++17", "--use_fast_math"] }),
            Key(Program with { Options = ["--std=c++17--use_fast_math"] }),
            Key(Program with { NameExpressions = [] }),
            Key(Program with { NameExpressions = ["scale<double>"] }),
            Key(Program with { Options = ["--std=c++17", "scale<float>"], NameExpressions = [] }),
            KernelKey.Of(Program, new KernelArchitecture(90, IsBinary: true), "NVRTC 12.8"),
            KernelKey.Of(Program, new KernelArchitecture(80, IsBinary: false), "NVRTC 12.8"),
            KernelKey.Of(Program, Architecture, "NVRTC 12.9"),
        };
        Assert.Equal(keys.Count, keys.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(Key(), Key(Program with { Options = ["--std=c++17"] }));
    }

    [Theory]
    [InlineData(90, 90, true)]
    [InlineData(86, 80, true)]
    [InlineData(89, 80, true)]
    [InlineData(120, 90, false)]
    [InlineData(75, 75, true)]
    public void The_highest_architecture_not_above_the_device_is_taken(int device, int expected, bool binary) =>
        Assert.Equal(new KernelArchitecture(expected, binary), KernelArchitecture.Choose([75, 80, 90], device));

    [Fact]
    public void A_device_older_than_all_architectures_is_refused()
    {
        var error = Assert.Throws<CudaUnavailableException>(() => KernelArchitecture.Choose([75, 80], 70));
        Assert.Equal("NVRTC compiles for 75, 80, but the device is 70", error.Message);
    }

    [Fact]
    public void The_option_names_code_or_ptx()
    {
        Assert.Equal("--gpu-architecture=sm_80", Architecture.Option);
        Assert.Equal("--gpu-architecture=compute_90", new KernelArchitecture(90, IsBinary: false).Option);
    }

    private static byte[] Key(KernelProgram? program = null) => KernelKey.Of(program ?? Program, Architecture, "NVRTC 12.8");

    private static CompiledKernels Compiled() =>
        new([1, 2, 3, 0, 255], new Dictionary<string, string> { ["scale<float>"] = "_Z5scaleIfEvPT_" }, FromCache: false);

    private (KernelCache Cache, byte[] Key, byte[] File) Written()
    {
        var cache = new KernelCache(_folder);
        cache.Write(Key(), Compiled());
        return (cache, Key(), File.ReadAllBytes(cache.PathOf(Key())));
    }
}
