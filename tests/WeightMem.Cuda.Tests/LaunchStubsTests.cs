extern alias generators;

using System.Collections.Immutable;
using generators::WeightMem.Cuda.Generators;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using WeightMem.Cuda.Kernels;
using WeightMem.Cuda.Memory;
using Xunit;

namespace WeightMem.Cuda.Tests;

public sealed class LaunchStubsTests
{
    private const string Kernel = """
        extern "C" __global__ void mix_rows(float* y, const float* x, const unsigned* index, Shape shape, int n, unsigned char in) { }
        """;

    private const string Caller = """
        using WeightMem.Cuda;
        using WeightMem.Cuda.Memory;
        namespace Engine.Kernels
        {
            public struct Shape { public int Rows, Columns; }
            internal static class Caller
            {
                public static void Call(
                    CudaModule module, CudaStream stream, DevicePointer<float> y, DeviceReader<float> x, DevicePointer<uint> index)
                {
                    new MixKernels(module).MixRows(stream, new LaunchConfig(1, 32), ARGUMENTS);
                }
            }
        }
        """;

    [Fact]
    public void The_stub_of_a_kernel_compiles_and_takes_an_output_as_input() =>
        Assert.Empty(Errors(Kernel, "y, x, index, new Shape(), 3, 1"));

    [Theory]
    [InlineData("unsigned int", "uint")]
    [InlineData("long long", "long")]
    [InlineData("unsigned long long", "ulong")]
    [InlineData("size_t", "ulong")]
    [InlineData("bool", "bool")]
    [InlineData("const u8*", "global::WeightMem.Cuda.Memory.DeviceReader<byte>")]
    [InlineData("f16*", "global::WeightMem.Cuda.Memory.DevicePointer<global::System.Half>")]
    [InlineData("bf16*", "global::WeightMem.Cuda.Memory.DevicePointer<global::WeightMem.Cuda.Memory.BFloat16>")]
    [InlineData("void*", "global::WeightMem.Cuda.Memory.DevicePointer<byte>")]
    [InlineData("Shape", "Shape")]
    public void A_type_of_device_code_has_its_type_in_the_stub(string type, string expected)
    {
        var kernels = KernelSignatures.Parse($"extern \"C\" __global__ void k({type} value) {{ }}");
        Assert.Contains($"LaunchConfig config, {expected} value)", LaunchStubs.Write("a.cu", "Engine", kernels), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x, y, index, new Shape(), 3, 1", "CS1503")]
    [InlineData("y, index, x, new Shape(), 3, 1", "CS1503")]
    [InlineData("y, x, index, 3, new Shape(), 1", "CS1503")]
    [InlineData("y, x, index, new Shape(), 3L, 1", "CS1503")]
    [InlineData("y, x, index, new Shape(), 3", "CS7036")]
    public void Arguments_in_the_wrong_order_do_not_compile(string arguments, string code) =>
        Assert.Contains(Errors(Kernel, arguments), error => error.Id == code);

    [Theory]
    [InlineData("long n", "differs in size between systems")]
    [InlineData("long double n", "unknown type")]
    [InlineData("float** n", "single pointer")]
    public void A_kernel_without_stub_is_an_error_of_the_build_that_names_the_file(string parameter, string message)
    {
        var errors = Errors($"extern \"C\" __global__ void k({parameter}) {{ }}", "");
        var error = Assert.Single(errors, error => error.Id == "WMCUDA1");
        Assert.StartsWith("mix.cu: ", error.GetMessage(), StringComparison.Ordinal);
        Assert.Contains(message, error.GetMessage(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_stubs_of_this_project_have_the_parameters_of_its_kernels()
    {
        var kernels = KernelSignatures.Parse(TestSources.Read("vectors.cu"));
        Assert.Equal(["vector_add", "vector_scale", "write_unchecked"], kernels.Select(kernel => kernel.Name));
        var add = typeof(Kernels.VectorsKernels).GetMethod(nameof(Kernels.VectorsKernels.VectorAdd))!;
        Assert.Equal(
            [
                typeof(CudaStream), typeof(LaunchConfig), typeof(DevicePointer<float>), typeof(DeviceReader<float>),
                typeof(DeviceReader<float>), typeof(int),
            ],
            add.GetParameters().Select(parameter => parameter.ParameterType));
        Assert.Equal(["y", "a", "b", "n"], add.GetParameters().Skip(2).Select(parameter => parameter.Name));
        Assert.Equal("vectors.cu", Kernels.VectorsKernels.FileName);
    }

    [Fact]
    public void An_unchanged_source_is_not_generated_again()
    {
        var compilation = Compilation("");
        var generator = new LaunchStubGenerator().AsSourceGenerator();
        GeneratorDriver driver = CSharpGeneratorDriver.Create([generator], [new KernelText("mix.cu", Kernel)], CSharpParseOptions.Default,
            driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));
        driver = driver.RunGenerators(compilation, TestContext.Current.CancellationToken);
        driver = driver.RunGenerators(Compilation("class Other { }"), TestContext.Current.CancellationToken);
        var steps = driver.GetRunResult().Results[0].TrackedOutputSteps.SelectMany(step => step.Value).SelectMany(step => step.Outputs);
        Assert.All(steps, output => Assert.Equal(IncrementalStepRunReason.Cached, output.Reason));
        Assert.NotEmpty(steps);
    }

    private static ImmutableArray<Diagnostic> Errors(string kernel, string arguments)
    {
        var compilation = Compilation(Caller.Replace("ARGUMENTS", arguments, StringComparison.Ordinal));
        var driver = CSharpGeneratorDriver.Create(
            [new LaunchStubGenerator().AsSourceGenerator()], [new KernelText("kernels/mix.cu", kernel)]);
        driver.RunGeneratorsAndUpdateCompilation(compilation, out var whole, out var reported, TestContext.Current.CancellationToken);
        var errors = whole.GetDiagnostics(TestContext.Current.CancellationToken).Where(error => error.Severity == DiagnosticSeverity.Error);
        return [.. reported, .. errors];
    }

    private static CSharpCompilation Compilation(string source)
    {
        var system = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path) is "System.Runtime.dll" or "System.Private.CoreLib.dll" or "System.Numerics.Vectors.dll");
        var references = system.Append(typeof(CudaStream).Assembly.Location).Select(path => MetadataReference.CreateFromFile(path));
        return CSharpCompilation.Create(
            "Engine", [CSharpSyntaxTree.ParseText(source)], references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
    }

    private sealed class KernelText(string path, string text) : AdditionalText
    {
        public override string Path => path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }
}
