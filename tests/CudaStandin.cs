using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using WeightMem.Cuda;
using WeightMem.Cuda.Libraries;
using Xunit;

namespace WeightMem.Tests;

/// <summary>
/// The CPU stand-in for the tests: found or built below "native", and named to the locator. Where it cannot be built, a test that needs
/// it says so and checks that the locator reports it.
/// </summary>
internal static partial class CudaStandin
{
    private static readonly string Path = Environment.GetEnvironmentVariable("WEIGHTMEM_CUDA_LIBRARIES") is { Length: > 0 } named
        ? named
        : System.IO.Path.Combine(Repository(), "native", "build", "libwmstandin.so");

    private static readonly Lazy<string> BuildMessage = new(Build);

    /// <summary>Whether the tests are to run on whatever CUDA device there is, as <c>benchmarks/gpu-check.sh</c> asks on a GPU machine.</summary>
    private static readonly bool OnGpu = Environment.GetEnvironmentVariable("WEIGHTMEM_TESTS_ON_GPU") == "1";

    /// <summary>The stand-in's file, whether it is there or not.</summary>
    public static string Library => Path;

    /// <summary>Names the stand-in before any test can ask for a library, unless a GPU is asked for.</summary>
    [ModuleInitializer]
    internal static void Choose()
    {
        if (OnGpu) return;
        // A test that starts this program again without some of the libraries names the others one by one.
        if (Environment.GetEnvironmentVariable("WEIGHTMEM_LIBCUDA") is null) Environment.SetEnvironmentVariable("WEIGHTMEM_CUDA_LIBRARIES", Path);
        // Native code does not see what .NET sets; the planted faults would print on the console.
        if (OperatingSystem.IsLinux())
            _ = SetEnvironmentVariable("WEIGHTMEM_STANDIN_QUIET", "1", 1);
    }

    /// <summary>Whether the stand-in is there; if not, the locator must say so.</summary>
    public static bool IsThere()
    {
        // On a GPU machine a missing library fails each test with what was looked for.
        if (OnGpu)
            return true;
        var message = BuildMessage.Value;
        if (CudaLibraries.Driver is not null)
            return true;
        TestContext.Current.TestOutputHelper?.WriteLine($"not run on the stand-in: {message}");
        Assert.False(File.Exists(Path), "the stand-in was built, but the locator did not load it: " + CudaLibraries.Report);
        Assert.Contains(Path, CudaLibraries.Report.Line(CudaLibrary.Driver), StringComparison.Ordinal);
        Assert.Contains(Path, Assert.Throws<CudaUnavailableException>(() => CudaContext.Open()).Message, StringComparison.Ordinal);
        return false;
    }

    private static string Build()
    {
        var script = System.IO.Path.Combine(Repository(), "native", "build.sh");
        if (File.Exists(Path) || !File.Exists(script) || OperatingSystem.IsWindows())
            return $"{Path} does not exist";
        var start = new ProcessStartInfo("sh", [script]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var build = Process.Start(start)!;
        var errors = build.StandardError.ReadToEndAsync();
        var output = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        return output + errors.Result;
    }

    private static string Repository()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            if (File.Exists(System.IO.Path.Combine(folder, "WeightMem.sln")))
                return folder;
        }

        return AppContext.BaseDirectory;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironmentVariable(string name, string value, int overwrite);
}
