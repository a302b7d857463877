using System.Runtime.InteropServices;
using WeightMem.Cuda.Kernels;
using WeightMem.Cuda.Libraries;
using WeightMem.Cuda.Memory;
using Xunit;

namespace WeightMem.Cuda.Tests;

/// <summary>What the stand-in can do that no driver does, and the kernels and buffers of its tests.</summary>
internal static unsafe class Standin
{
    /// <summary>Tests that share the stand-in's process-wide state, such as a kernel's fault, run one after another.</summary>
    public const string Collection = "stand-in";

    /// <summary>The kernels of these tests.</summary>
    public static readonly KernelProgram Vectors =
        new("vectors.cu", TestSources.Read("vectors.cu")) { NameExpressions = ["scale_by<float, 3>", "scale_by<int, -2>"] };

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
}
