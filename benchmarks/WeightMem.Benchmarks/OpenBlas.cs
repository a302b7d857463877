using System.Runtime.InteropServices;

namespace WeightMem.Benchmarks;

/// <summary>OpenBLAS, if the system has it.</summary>
internal static unsafe partial class OpenBlas
{
    private const int RowMajor = 101, NoTranspose = 111, Transpose = 112;

    private static readonly delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> s_gemm;
    private static readonly delegate* unmanaged<int, void> s_setThreads;

    static OpenBlas()
    {
        // Idle OpenBLAS threads yield in a loop, by default for longer than the pause between two contenders.
        if (OperatingSystem.IsLinux()) SetEnvironment("OPENBLAS_THREAD_TIMEOUT", "22", 1);
        if (!NativeLibrary.TryLoad("libopenblas.so.0", out nint library)) return;
        s_gemm = (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)
            NativeLibrary.GetExport(library, "cblas_sgemm");
        s_setThreads = (delegate* unmanaged<int, void>)NativeLibrary.GetExport(library, "openblas_set_num_threads");
    }

    public static bool IsPresent => s_gemm != null;

    public static void SetThreads(int threads) => s_setThreads(threads);

    public static void Multiply(bool ta, bool tb, int m, int n, int k, float* a, int lda, float* b, int ldb, float* c, int ldc) =>
        s_gemm(RowMajor, ta ? Transpose : NoTranspose, tb ? Transpose : NoTranspose, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
