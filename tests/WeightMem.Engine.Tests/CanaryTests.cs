using System.Diagnostics;
using WeightMem.Cuda;
using WeightMem.Cuda.Kernels;
using WeightMem.Cuda.Libraries;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Devices;
using WeightMem.Tests;
using Xunit;

namespace WeightMem.Engine.Tests;

/// <summary>
/// Deliberate bugs in kernels. On a GPU <c>benchmarks/gpu-check.sh</c> lets each tool of compute-sanitizer find its own; here the stand-in's checks must. Each runs in
/// a process of its own: a context does not survive it.
/// </summary>
public sealed class CanaryTests
{
    private const string Variable = "WEIGHTMEM_TESTS_CANARY";
    private const int Threads = 64;

    [Theory]
    [InlineData("out_of_bounds", "mem", "700")]
    [InlineData("missing_barrier", "race", "719")]
    [InlineData("uninitialised", "plain", "not a number")]
    [InlineData("divergent_barrier", "plain", "719")]
    public void The_stand_in_reports_each(string kernel, string check, string expected)
    {
        if (!CudaStandin.IsThere() || !CudaLibraries.IsStandin(CudaLibrary.Driver)) return;
        (int code, string output) = Plant(kernel, check);
        Assert.NotEqual(0, code);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    /// <summary>Compiles all and runs the one that the variable names: the bug is the kernel's, and whoever watches is to report it.</summary>
    [Fact]
    public void A_canary_runs_where_one_is_asked_for()
    {
        if (!CudaStandin.IsThere()) return;
        using CudaContext context = CudaContext.Open();
        using var stream = new CudaStream(context);
        var program = new KernelProgram("canaries.cu", Text(typeof(CanaryTests), "canaries.cu")) { Headers = [new KernelHeader("prelude.cuh", Text(typeof(Device), "kernels/prelude.cuh"))] };
        using LoadedKernels kernels = new KernelCompiler(null).Load(program, context);
        foreach (string name in (string[])["out_of_bounds", "missing_barrier", "uninitialised", "divergent_barrier"]) Assert.NotNull(kernels.Function(name));
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } asked) return;
        using var buffer = new DeviceBuffer(stream, Threads * sizeof(float));
        var arguments = new KernelArguments();
        arguments.Add(buffer.Pointer<float>());
        arguments.Add(Threads);
        kernels.Function(asked).Launch(stream, new LaunchConfig(1, Threads), arguments);
        stream.Synchronize();
        if (!CudaLibraries.IsStandin(CudaLibrary.Driver)) return;
        float[] values = new float[Threads];
        stream.CopyToHost<float>(values, buffer.Pointer<float>());
        stream.Synchronize();
        Assert.False(values.Any(float.IsNaN), "a result is not a number");
    }

    // This program once more, for the one canary.
    private static (int Code, string Output) Plant(string kernel, string check)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet") start.ArgumentList.Add(typeof(CanaryTests).Assembly.Location);
        foreach (string argument in (string[])["-noColor", "-method", $"*.{nameof(A_canary_runs_where_one_is_asked_for)}"]) start.ArgumentList.Add(argument);
        start.Environment[Variable] = kernel;
        start.Environment["WEIGHTMEM_STANDIN_CHECK"] = check;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    private static string Text(Type of, string name)
    {
        using Stream stream = of.Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
