using WeightMem.Cuda.Kernels;
using WeightMem.Tests;
using Xunit;
using static WeightMem.Cuda.Tests.Standin;

namespace WeightMem.Cuda.Tests;

[Collection(Standin.Collection)]
public sealed class StandinCompilerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("weightmem-standin-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_second_compilation_comes_from_the_cache_and_a_damaged_one_is_made_again()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        var compiler = new KernelCompiler(new KernelCache(_folder));
        using (var first = compiler.Load(Vectors, context))
            Assert.False(first.FromCache);
        using (var second = new KernelCompiler(new KernelCache(_folder)).Load(Vectors, context))
        {
            Assert.True(second.FromCache);
            Assert.NotEmpty(second.Function("scale_by<float, 3>").Name);
        }

        var file = Assert.Single(Directory.GetFiles(_folder));
        var whole = File.ReadAllBytes(file);
        File.WriteAllBytes(file, whole[..^1]);
        using (var third = compiler.Load(Vectors, context))
            Assert.False(third.FromCache);
        Assert.Equal(whole, File.ReadAllBytes(file));

        // An entry that is whole but means nothing to the driver.
        var key = KernelKey.Of(
            Vectors, KernelArchitecture.Choose([.. compiler.SupportedArchitectures], context.Properties.Architecture), compiler.Identity);
        compiler.Cache!.Write(key, new CompiledKernels([1, 2, 3], new Dictionary<string, string>(), FromCache: false));
        using (var fourth = compiler.Load(Vectors, context))
            Assert.False(fourth.FromCache);
        Assert.Equal(whole, File.ReadAllBytes(file));
    }

    [Fact]
    public void A_source_with_errors_is_named_with_its_first_errors()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        var program = new KernelProgram(
            "broken.cu", "#include \"sizes.cuh\"\nextern \"C\" __global__ void k(float* y) { y[0] = absent_name; }\n")
        {
            Headers = [new KernelHeader("sizes.cuh", "enum { Rows = 3 };\n")],
        };
        var error = Assert.Throws<KernelCompilationException>(() => new KernelCompiler(new KernelCache(_folder)).Load(program, context));
        Assert.StartsWith("broken.cu did not compile", error.Message, StringComparison.Ordinal);
        Assert.Contains("absent_name", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Empty(Directory.GetFiles(_folder));
    }
}
