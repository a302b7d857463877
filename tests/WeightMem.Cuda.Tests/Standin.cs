using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using WeightMem.Cuda.Kernels;
using WeightMem.Cuda.Libraries;
using WeightMem.Cuda.Memory;
using Xunit;

namespace WeightMem.Cuda.Tests;

/// <summary>
/// The CPU stand-in for the tests: found or built below "native", and named to the locator. Where it cannot be built, a test that needs
/// it says so and checks that the locator reports it.
/// </summary>
internal static unsafe partial class Standin
{
    /// <summary>Tests that share the stand-in's process-wide state, such as a kernel's fault, run one after another.</summary>
    public const string Collection = "stand-in";

    /// <summary>The kernels of these tests.</summary>
    public static readonly KernelProgram Vectors =
        new("vectors.cu", TestSources.Read("vectors.cu")) { NameExpressions = ["scale_by<float, 3>", "scale_by<int, -2>"] };

    private static readonly string OwnPath = System.IO.Path.Combine(Repository(), "native", "build", "libwmstandin.so");

    private static readonly string Path =
        Environment.GetEnvironmentVariable("WEIGHTMEM_CUDA_LIBRARIES") is { Length: > 0 } named ? named : OwnPath;

    private static readonly Lazy<string> BuildMessage = new(Build);

    /// <summary>Names the stand-in before any test can ask for a library. A real GPU is never used by these tests.</summary>
    [ModuleInitializer]
    internal static void Choose()
    {
        Environment.SetEnvironmentVariable("WEIGHTMEM_CUDA_LIBRARIES", Path);
        // Native code does not see what .NET sets; the planted faults would print on the console.
        if (OperatingSystem.IsLinux())
            _ = SetEnvironmentVariable("WEIGHTMEM_STANDIN_QUIET", "1", 1);
    }

    /// <summary>Whether the stand-in is there; if not, the locator must say so.</summary>
    public static bool IsThere()
    {
        var message = BuildMessage.Value;
        if (CudaLibraries.Driver is not null)
            return true;
        TestContext.Current.TestOutputHelper?.WriteLine($"not run on the stand-in: {message}");
        Assert.False(File.Exists(Path), "the stand-in was built, but the locator did not load it: " + CudaLibraries.Report);
        Assert.Contains(Path, CudaLibraries.Report.Line(CudaLibrary.Driver), StringComparison.Ordinal);
        Assert.Contains(Path, Assert.Throws<CudaUnavailableException>(() => CudaContext.Open()).Message, StringComparison.Ordinal);
        return false;
    }

    /// <summary>Clears the error that a planted fault left.</summary>
    public static void ResetError() => ((delegate* unmanaged<void>)Export("standinResetError"))();

    /// <summary>Lets the nth call of a function fail.</summary>
    public static void FailCall(string name, int nth, int code)
    {
        var text = Marshal.StringToCoTaskMemUTF8(name);
        var result = ((delegate* unmanaged<nint, int, int, int>)Export("standinFailCall"))(text, nth, code);
        Marshal.FreeCoTaskMem(text);
        Assert.Equal(0, result);
    }

    /// <summary>What the stand-in says about memory, modules, streams and the like that nobody released.</summary>
    public static string Leaks()
    {
        const int capacity = 4096;
        var text = stackalloc byte[capacity];
        _ = ((delegate* unmanaged<byte*, int, int>)Export("standinLeakReport"))(text, capacity);
        return Marshal.PtrToStringUTF8((nint)text) ?? "";
    }

    /// <summary>The kernels of vectors.cu, compiled without a cache.</summary>
    public static LoadedKernels Load(CudaContext context) => new KernelCompiler(cache: null).Load(Vectors, context);

    /// <summary>A buffer with these values.</summary>
    public static DeviceBuffer Upload(CudaStream stream, params float[] values)
    {
        var buffer = DeviceBuffer.Of<float>(stream, (nuint)values.Length);
        stream.CopyToDevice<float>(buffer.Pointer<float>(), values);
        return buffer;
    }

    /// <summary>The first values of a buffer.</summary>
    public static float[] Download(CudaStream stream, DeviceBuffer buffer, int count)
    {
        var values = new float[count];
        stream.CopyToHost<float>(values, buffer.Pointer<float>());
        return values;
    }

    private static nint Export(string name)
    {
        Assert.True(CudaLibraries.TryGetExport(CudaLibrary.Driver, name, out var address), $"the stand-in does not export {name}");
        return address;
    }

    private static string Build()
    {
        var script = System.IO.Path.Combine(Repository(), "native", "build.sh");
        if (Path != OwnPath || File.Exists(Path) || !File.Exists(script) || OperatingSystem.IsWindows())
            return File.Exists(Path) ? $"{Path} is there" : $"{Path} does not exist";
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
