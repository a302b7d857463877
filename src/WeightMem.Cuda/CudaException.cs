using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using WeightMem.Cuda.Interop;
using WeightMem.Cuda.Libraries;

namespace WeightMem.Cuda;

/// <summary>A call into the driver, NVRTC, cuBLAS or cublasLt failed. The message is one line.</summary>
public sealed class CudaException : Exception
{
    private const int OutOfMemory = 2;

    private CudaException(CudaLibrary library, string call, int code, string name, string text, IReadOnlyList<string> launches)
        : base(Compose(call, code, name, text, launches))
    {
        Library = library;
        Call = call;
        Code = code;
        ErrorName = name;
        Text = text;
        SuspectedLaunches = launches;
    }

    /// <summary>The library that reported the error.</summary>
    public CudaLibrary Library { get; }

    /// <summary>The function that returned the error.</summary>
    public string Call { get; }

    /// <summary>The library's error code, for example 700.</summary>
    public int Code { get; }

    /// <summary>The library's name for the code, for example "CUDA_ERROR_ILLEGAL_ADDRESS".</summary>
    public string ErrorName { get; }

    /// <summary>The library's description of the code; may be empty.</summary>
    public string Text { get; }

    /// <summary>The kernels launched last, the latest first, when the error stems from a kernel; else empty.</summary>
    public IReadOnlyList<string> SuspectedLaunches { get; }

    /// <summary>Whether the error is one of a kernel's execution. The context cannot be used any more after it.</summary>
    public bool IsSticky => Library == CudaLibrary.Driver && StickyCode(Code);

    /// <summary>Throws when a driver call did not return 0.</summary>
    /// <param name="result">The call's result.</param>
    /// <param name="call">The call as written; only the function's name is kept.</param>
    internal static void Check(int result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != 0)
            throw OfDriver(FunctionName(call), result);
    }

    /// <summary>Throws when a call of NVRTC did not return 0.</summary>
    internal static void CheckNvrtc(int result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != 0)
            throw OfNvrtc(FunctionName(call), result);
    }

    /// <summary>Throws when a call of cuBLAS or cublasLt did not return 0.</summary>
    internal static void CheckBlas(CudaLibrary library, int status, [CallerArgumentExpression(nameof(status))] string call = "")
    {
        if (status != 0)
            throw OfBlas(library, FunctionName(call), status);
    }

    internal static unsafe CudaException OfDriver(string call, int code)
    {
        byte* name = null, text = null;
        if (CudaLibraries.Driver is not null)
        {
            // A code the driver does not know leaves the pointers null.
            _ = Driver.cuGetErrorName(code, &name);
            _ = Driver.cuGetErrorString(code, &text);
        }

        var sticky = StickyCode(code);
        var explanation = Utf8(text) + (sticky ? StandinReport() : "");

        // What is free tells whether a program wants too much or another one has the rest.
        nuint free, total;
        if (code == OutOfMemory && CudaLibraries.Driver is not null && Driver.cuMemGetInfo_v2(&free, &total) == 0)
            explanation += string.Create(CultureInfo.InvariantCulture, $", {free / 1e6:F1} of the device's {total / 1e6:F0} MB are free");
        return new CudaException(CudaLibrary.Driver, call, code, Utf8(name), explanation, sticky ? LaunchTrace.Latest() : []);
    }

    // The stand-in knows block, thread and often the line of a fault; no driver exports this name.
    private static unsafe string StandinReport()
    {
        if (!CudaLibraries.TryGetExport(CudaLibrary.Driver, "standinLastReport", out var address))
            return "";
        const int capacity = 2048;
        var report = stackalloc byte[capacity];
        var length = ((delegate* unmanaged<byte*, int, int>)address)(report, capacity);
        return length > 0 ? $" ({Utf8(report).Trim()})" : "";
    }

    private static unsafe CudaException OfNvrtc(string call, int code)
    {
        var name = CudaLibraries.Nvrtc is null ? "" : Utf8(Nvrtc.nvrtcGetErrorString(code));
        return new CudaException(CudaLibrary.Nvrtc, call, code, name, "", []);
    }

    private static unsafe CudaException OfBlas(CudaLibrary library, string call, int code)
    {
        var name = CudaLibraries.TryGetExport(CudaLibrary.Cublas, "cublasGetStatusString", out _)
            ? Utf8(Cublas.cublasGetStatusString(code))
            : "";
        // 13 is CUBLAS_STATUS_EXECUTION_FAILED: an earlier kernel may be the cause.
        return new CudaException(library, call, code, name, "", code == 13 ? LaunchTrace.Latest() : []);
    }

    // 700 illegal address, 702 time-out, 709 context destroyed, 710 assert, 714 to 720 faults of instructions and launches.
    private static bool StickyCode(int code) => code is 700 or 702 or 709 or 710 or (>= 714 and <= 720);

    private static string Compose(string call, int code, string name, string text, IReadOnlyList<string> launches)
    {
        var message = $"{call} failed: {(name.Length > 0 ? name : "error")} ({code})";
        if (text.Length > 0)
            message += ", " + text;
        if (launches.Count > 0)
            message += $"; suspected launch: {launches[0]}";
        if (launches.Count > 1)
            message += $", before it {string.Join(", ", launches.Skip(1))}";
        return message.ReplaceLineEndings(" ");
    }

    private static unsafe string Utf8(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    private static string FunctionName(string call)
    {
        var end = call.IndexOf('(', StringComparison.Ordinal);
        var start = call.LastIndexOf('.', end < 0 ? call.Length - 1 : end) + 1;
        return end < 0 ? call : call[start..end];
    }
}
