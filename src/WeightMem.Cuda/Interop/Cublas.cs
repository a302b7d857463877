using System.Runtime.InteropServices;

namespace WeightMem.Cuda.Interop;

/// <summary>cuBLAS. Matrices are column-major. Every function but <see cref="cublasGetStatusString"/> returns a cublasStatus_t.</summary>
internal static unsafe partial class Cublas
{
    private const string Library = "cublas";

    [LibraryImport(Library)]
    public static partial int cublasCreate_v2(nint* handle);

    [LibraryImport(Library)]
    public static partial int cublasDestroy_v2(nint handle);

    [LibraryImport(Library)]
    public static partial int cublasSetStream_v2(nint handle, nint stream);

    [LibraryImport(Library)]
    public static partial int cublasSetWorkspace_v2(nint handle, ulong workspace, nuint bytes);

    [LibraryImport(Library)]
    public static partial int cublasSetMathMode(nint handle, int mode);

    [LibraryImport(Library)]
    public static partial int cublasGetVersion_v2(nint handle, int* version);

    [LibraryImport(Library)]
    public static partial byte* cublasGetStatusString(int status);

    [LibraryImport(Library)]
    public static partial int cublasSgemm_v2(
        nint handle, int transA, int transB, int m, int n, int k, float* alpha, ulong a, int lda, ulong b, int ldb, float* beta, ulong c,
        int ldc);

    [LibraryImport(Library)]
    public static partial int cublasSgemmStridedBatched(
        nint handle, int transA, int transB, int m, int n, int k, float* alpha, ulong a, int lda, long strideA, ulong b, int ldb,
        long strideB, float* beta, ulong c, int ldc, long strideC, int batch);

    [LibraryImport(Library)]
    public static partial int cublasGemmEx(
        nint handle, int transA, int transB, int m, int n, int k, void* alpha, ulong a, int typeA, int lda, ulong b, int typeB, int ldb,
        void* beta, ulong c, int typeC, int ldc, int computeType, int algorithm);

    [LibraryImport(Library)]
    public static partial int cublasGemmStridedBatchedEx(
        nint handle, int transA, int transB, int m, int n, int k, void* alpha, ulong a, int typeA, int lda, long strideA, ulong b,
        int typeB, int ldb, long strideB, void* beta, ulong c, int typeC, int ldc, long strideC, int batch, int computeType,
        int algorithm);
}
