using System.Diagnostics;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using WeightMem.Cuda;
using WeightMem.Cuda.Kernels;
using WeightMem.Cuda.Libraries;
using WeightMem.Engine.Cases;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cuda;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Tests;
using Xunit;

namespace WeightMem.Engine.Tests;

/// <summary>
/// The PTX that the program carries: that it was made from the sources as they are, and that a device without NVRTC and cuBLAS computes with it. The stand-in
/// runs no PTX, so images of its own take the place of the shipped ones there, in a process that finds a driver and nothing else.
/// </summary>
public sealed partial class ShippedKernelsTests
{
    /// <summary>The families.</summary>
    public static TheoryData<string> Sources => [.. EngineText("kernels/").Where(name => name.EndsWith(".cu", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Sources))]
    public void The_shipped_ptx_was_made_from_the_sources_as_they_are(string source)
    {
        string ptx = System.Text.Encoding.UTF8.GetString(ShippedKernels.Image(source));
        Assert.True(ptx.StartsWith($"// sources {SourcesHash(source)}\n", StringComparison.Ordinal), $"{source} has changed since its PTX was made: run native/ptx.sh");
        string target = source.Contains("_mma", StringComparison.Ordinal) ? "sm_80" : "sm_70";
        Assert.Contains($"\n.target {target}\n", ptx, StringComparison.Ordinal);
        foreach (KernelSignature kernel in KernelSignatures.Parse(Read(typeof(Device).Assembly, "kernels/" + source)))
        {
            Match entry = Regex.Match(ptx, $@"\.visible \.entry {kernel.Name}\(([^)]*)\)", RegexOptions.Singleline);
            Assert.True(entry.Success, $"{source}: {kernel.Name} is not in the PTX");
            Assert.Equal(kernel.Parameters.Count, entry.Groups[1].Value.Split(".param").Length - 1);
        }
    }

    [Fact]
    public void No_ptx_is_shipped_of_what_is_not_there() => Assert.Equal(Sources.Select(row => row.Data).Order(StringComparer.Ordinal), ShippedKernels.Names);

    /// <summary>Runs in every process; without a compiler only the shipped kernels can be what computes.</summary>
    [Fact]
    public void A_handful_of_cases_agree_with_the_reference()
    {
        if (!CudaStandin.IsThere()) return;
        using Device reference = new ReferenceDevice();
        using var device = new CudaDevice();
        Assert.Equal(CudaLibraries.Nvrtc is null, device.Paths["kernels"] == ShippedKernels.Origin);
        Assert.Equal(CudaLibraries.Cublas is null, device.MatrixProducts.StartsWith("own kernel", StringComparison.Ordinal));
        int compared = 0;
        foreach (OpCase opCase in OpCases.All.Where(c => c.Name.Contains("odd", StringComparison.Ordinal)))
        {
            double[][] expected = CaseRunner.Outputs(opCase, reference), found = CaseRunner.Outputs(opCase, device);
            for (int i = 0; i < expected.Length; i++)
            {
                double error = CaseRunner.Error(expected[i], found[i]);
                Assert.True(error <= opCase.Tolerance, $"{opCase}, output {i}: error {error:G3} > {opCase.Tolerance:G3}");
                compared++;
            }
        }

        Assert.True(compared >= 30, $"only {compared} outputs were compared");
    }

    [Fact]
    public void A_driver_alone_is_enough()
    {
        if (!CudaStandin.IsThere() || !CudaLibraries.IsStandin(CudaLibrary.Driver) || CudaLibraries.Nvrtc is null) return;
        string folder = Directory.CreateTempSubdirectory("weightmem-images-").FullName;
        try
        {
            using CudaContext context = CudaContext.Open();
            var compiler = new KernelCompiler(null);
            KernelHeader[] headers = [.. EngineText("kernels/").Where(n => n.EndsWith(".cuh", StringComparison.Ordinal)).Select(n => new KernelHeader(n, Read(typeof(Device).Assembly, "kernels/" + n)))];
            foreach (string source in Sources.Select(row => row.Data))
            {
                var program = new KernelProgram(source, Read(typeof(Device).Assembly, "kernels/" + source)) { Headers = headers };
                File.WriteAllBytes(Path.Combine(folder, Path.ChangeExtension(source, ".ptx")), compiler.Compile(program, context.Properties.Architecture).Image);
            }

            (int code, string output) = DriverOnly((ShippedKernels.ImagesVariable, folder));
            Assert.True(code == 0, output);
            Assert.Matches(@"Total: 1\b.*Failed: 0", output);

            // The stand-in's driver takes no PTX: what a driver that is too old would answer.
            (code, output) = DriverOnly();
            Assert.NotEqual(0, code);
            Assert.Contains("the driver does not take the shipped PTX of", output, StringComparison.Ordinal);
            Assert.Contains("Nvrtc", output, StringComparison.Ordinal);

            (code, output) = DriverOnly((CudaPrograms.SourcesVariable, folder));
            Assert.NotEqual(0, code);
            Assert.Contains($"{CudaPrograms.SourcesVariable} names sources in {folder}, but there is no NVRTC", output, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Runs in every process: on a device before 8.0 attention is float32, whatever was asked for.</summary>
    [Fact]
    public void Attention_says_what_computes_it_and_is_as_right_as_that()
    {
        if (!CudaStandin.IsThere()) return;
        OpCase opCase = OpCases.All.Single(c => c.ToString() == "Attention odd");
        using Device reference = new ReferenceDevice();
        using var device = new CudaDevice(math: MatrixMath.Tf32);
        double[][] expected = CaseRunner.Gradients(opCase, reference), found = CaseRunner.Gradients(opCase, device);
        double error = CaseRunner.Error(expected[0], found[0]);
        using CudaContext context = CudaContext.Open();
        bool cores = context.Properties.Architecture >= 80;
        Assert.Contains(cores ? "TF32 on tensor cores" : "float32: tensor cores with TF32 begin at capability 8.0", device.Paths["attention"], StringComparison.Ordinal);
        Assert.InRange(error, cores ? 1e-5 : 0, cores ? opCase.Modes[MatrixMath.Tf32].Tolerance : 4 * opCase.Tolerance);
    }

    [Fact]
    public void Devices_before_tensor_cores_compute_attention_in_float32()
    {
        if (!CudaStandin.IsThere() || !CudaLibraries.IsStandin(CudaLibrary.Driver)) return;
        (int code, string output) = Again(nameof(Attention_says_what_computes_it_and_is_as_right_as_that), ("WEIGHTMEM_STANDIN_CAPABILITY", "7.5"));
        Assert.True(code == 0, output);
        Assert.Matches(@"Total: 1\b.*Failed: 0", output);
    }

    // A driver and nothing else: this program once more, for one test above.
    private static (int Code, string Output) DriverOnly(params (string Name, string Value)[] variables) => Again(
        nameof(A_handful_of_cases_agree_with_the_reference),
        [
            ("WEIGHTMEM_CUDA_LIBRARIES", ""), ("WEIGHTMEM_LIBCUDA", CudaStandin.Library), (ShippedKernels.ImagesVariable, ""),
            .. ((string[])["NVRTC", "CUBLAS", "CUBLASLT"]).Select(library => ("WEIGHTMEM_LIB" + library, "/hidden/from/this/test")), .. variables,
        ]);

    private static (int Code, string Output) Again(string method, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet") start.ArgumentList.Add(typeof(ShippedKernelsTests).Assembly.Location);
        foreach (string argument in (string[])["-noColor", "-method", $"*.{method}"]) start.ArgumentList.Add(argument);
        foreach ((string name, string value) in variables)
        {
            if (value.Length > 0) start.Environment[name] = value;
            else start.Environment.Remove(name);
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    // As native/ptx.sh has it: the file and every header that it reaches, and clang's own, in the order of their names.
    private static string SourcesHash(string source)
    {
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in (string[])["clang/device.cuh", "clang/maths.cuh"]) texts[name] = Read(typeof(ShippedKernelsTests).Assembly, name);
        Add(source);
        return Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Concat(texts.Values))));

        void Add(string name)
        {
            if (texts.ContainsKey(name)) return;
            texts[name] = Read(typeof(Device).Assembly, "kernels/" + name);
            foreach (Match include in Include().Matches(texts[name])) Add(include.Groups[1].Value);
        }
    }

    private static IEnumerable<string> EngineText(string folder) => typeof(Device).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(folder, StringComparison.Ordinal) && !name[folder.Length..].Contains('/', StringComparison.Ordinal))
        .Select(name => name[folder.Length..])
        .Order(StringComparer.Ordinal);

    private static string Read(Assembly assembly, string name)
    {
        using Stream stream = assembly.GetManifestResourceStream(name) ?? throw new FileNotFoundException($"{name} is not in {assembly.GetName().Name}");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex("^#include \"(.*)\"", RegexOptions.Multiline)]
    private static partial Regex Include();
}
