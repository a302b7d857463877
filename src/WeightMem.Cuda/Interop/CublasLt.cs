using System.Runtime.InteropServices;

namespace WeightMem.Cuda.Interop;

/// <summary>cublasLt: matrix products with an epilogue. Every function returns a cublasStatus_t.</summary>
internal static unsafe partial class CublasLt
{
    private const string Library = "cublasLt";

    [LibraryImport(Library)]
    public static partial int cublasLtCreate(nint* handle);

    [LibraryImport(Library)]
    public static partial int cublasLtDestroy(nint handle);

    [LibraryImport(Library)]
    public static partial int cublasLtMatmulDescCreate(nint* description, int computeType, int scaleType);

    [LibraryImport(Library)]
    public static partial int cublasLtMatmulDescDestroy(nint description);

    [LibraryImport(Library)]
    public static partial int cublasLtMatmulDescSetAttribute(nint description, int attribute, void* value, nuint bytes);

    [LibraryImport(Library)]
    public static partial int cublasLtMatrixLayoutCreate(nint* layout, int type, ulong rows, ulong columns, long leadingDimension);

    [LibraryImport(Library)]
    public static partial int cublasLtMatrixLayoutDestroy(nint layout);

    [LibraryImport(Library)]
    public static partial int cublasLtMatrixLayoutSetAttribute(nint layout, int attribute, void* value, nuint bytes);

    [LibraryImport(Library)]
    public static partial int cublasLtMatmulPreferenceCreate(nint* preference);

    [LibraryImport(Library)]
    public static partial int cublasLtMatmulPreferenceDestroy(nint preference);

    [LibraryImport(Library)]
    public static partial int cublasLtMatmulPreferenceSetAttribute(nint preference, int attribute, void* value, nuint bytes);

    [LibraryImport(Library)]
    public static partial int cublasLtMatmulAlgoGetHeuristic(
        nint handle, nint description, nint layoutA, nint layoutB, nint layoutC, nint layoutD, nint preference, int wanted,
        HeuristicResult* results, int* found);

    [LibraryImport(Library)]
    public static partial int cublasLtMatmul(
        nint handle, nint description, void* alpha, ulong a, nint layoutA, ulong b, nint layoutB, void* beta, ulong c, nint layoutC,
        ulong d, nint layoutD, Algorithm* algorithm, ulong workspace, nuint workspaceBytes, nint stream);

    /// <summary>An algorithm choice, opaque to us: eight 64-bit words.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Algorithm
    {
        public fixed ulong Words[8];
    }

    /// <summary>One proposal of the heuristic: 96 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct HeuristicResult
    {
        public Algorithm Algorithm;
        public nuint WorkspaceBytes;
        public int State;
        public float Waves;
        public fixed int Reserved[4];
    }
}
