using WeightMem.Cuda.Interop;
using WeightMem.Cuda.Libraries;
using WeightMem.Cuda.Memory;

namespace WeightMem.Cuda.Blas;

/// <summary>
/// cuBLAS on one stream with a workspace of its own, so that its sums are the same in every run and its work can be captured. Matrices are
/// column-major: element (i, j) lies at i + j * ld. To be used from one thread at a time.
/// </summary>
public sealed unsafe class CublasHandle : IDisposable
{
    private const int DefaultAlgorithm = -1;

    private readonly CublasNativeHandle _handle;
    private readonly DeviceBuffer _workspace;
    private CublasMathMode _mathMode;

    /// <summary>Starts cuBLAS.</summary>
    /// <param name="stream">The stream of all its work.</param>
    /// <param name="workspaceBytes">Size of the workspace; cuBLAS recommends 4 MiB, and 32 MiB from compute capability 9.0 on.</param>
    /// <exception cref="CudaUnavailableException">cuBLAS was not found.</exception>
    /// <exception cref="CudaException">cuBLAS did not start, or there is no room for the workspace.</exception>
    public CublasHandle(CudaStream stream, nuint workspaceBytes = 4 << 20)
    {
        ArgumentNullException.ThrowIfNull(stream);
        CudaLibraries.Require(CudaLibrary.Cublas);
        Stream = stream;
        var queue = stream.Enter();
        nint handle;
        Check(Cublas.cublasCreate_v2(&handle));
        _handle = new CublasNativeHandle(stream.Context.Handle, handle);
        _workspace = null!;
        try
        {
            _workspace = new DeviceBuffer(stream, workspaceBytes);
            // Setting the stream takes the workspace away, so the stream goes first.
            Check(Cublas.cublasSetStream_v2(handle, queue));
            Check(Cublas.cublasSetWorkspace_v2(handle, _workspace.Pointer<byte>().Address, workspaceBytes));
        }
        catch
        {
            _handle.Dispose();
            _workspace?.Dispose();
            throw;
        }
    }

    /// <summary>The stream of all work.</summary>
    public CudaStream Stream { get; }

    /// <summary>The version of cuBLAS as it tells it, for example 120800.</summary>
    public int Version
    {
        get
        {
            int version;
            Check(Cublas.cublasGetVersion_v2(Enter(), &version));
            return version;
        }
    }

    /// <summary>What cuBLAS may do with FP32 in <see cref="Sgemm"/> and <see cref="SgemmStridedBatched"/>.</summary>
    public CublasMathMode MathMode
    {
        get => _mathMode;
        set
        {
            Check(Cublas.cublasSetMathMode(Enter(), (int)value));
            _mathMode = value;
        }
    }

    /// <summary>C = alpha op(A) op(B) + beta C in FP32.</summary>
    /// <param name="transA">op of A.</param>
    /// <param name="transB">op of B.</param>
    /// <param name="m">Rows of op(A) and C.</param>
    /// <param name="n">Columns of op(B) and C.</param>
    /// <param name="k">Columns of op(A), rows of op(B).</param>
    /// <param name="alpha">Factor of the product.</param>
    /// <param name="a">A.</param>
    /// <param name="lda">Distance of columns of A in elements.</param>
    /// <param name="b">B.</param>
    /// <param name="ldb">Distance of columns of B.</param>
    /// <param name="beta">Factor of what C holds; with 0 it is not read.</param>
    /// <param name="c">C.</param>
    /// <param name="ldc">Distance of columns of C.</param>
    /// <exception cref="CudaException">A size is not possible, or earlier work failed.</exception>
    public void Sgemm(
        MatrixOperation transA, MatrixOperation transB, int m, int n, int k, float alpha, DeviceReader<float> a, int lda,
        DeviceReader<float> b, int ldb, float beta, DevicePointer<float> c, int ldc)
    {
        var handle = Enter();
        Check(Cublas.cublasSgemm_v2(
            handle, (int)transA, (int)transB, m, n, k, &alpha, a.Address, lda, b.Address, ldb, &beta, c.Address, ldc));
    }

    /// <summary>As <see cref="Sgemm"/>, for a batch of matrices at equal distances.</summary>
    /// <param name="transA">op of each A.</param>
    /// <param name="transB">op of each B.</param>
    /// <param name="m">Rows of op(A) and C.</param>
    /// <param name="n">Columns of op(B) and C.</param>
    /// <param name="k">Columns of op(A), rows of op(B).</param>
    /// <param name="alpha">Factor of the product.</param>
    /// <param name="a">The first A.</param>
    /// <param name="lda">Distance of columns of A in elements.</param>
    /// <param name="strideA">Distance of the matrices A in elements; 0 uses one for all.</param>
    /// <param name="b">The first B.</param>
    /// <param name="ldb">Distance of columns of B.</param>
    /// <param name="strideB">Distance of the matrices B.</param>
    /// <param name="beta">Factor of what C holds; with 0 it is not read.</param>
    /// <param name="c">The first C.</param>
    /// <param name="ldc">Distance of columns of C.</param>
    /// <param name="strideC">Distance of the matrices C.</param>
    /// <param name="batch">Number of products.</param>
    /// <exception cref="CudaException">A size is not possible, or earlier work failed.</exception>
    public void SgemmStridedBatched(
        MatrixOperation transA, MatrixOperation transB, int m, int n, int k, float alpha, DeviceReader<float> a, int lda, long strideA,
        DeviceReader<float> b, int ldb, long strideB, float beta, DevicePointer<float> c, int ldc, long strideC, int batch)
    {
        var handle = Enter();
        Check(Cublas.cublasSgemmStridedBatched(
            handle, (int)transA, (int)transB, m, n, k, &alpha, a.Address, lda, strideA, b.Address, ldb, strideB, &beta, c.Address, ldc,
            strideC, batch));
    }

    /// <summary>C = alpha op(A) op(B) + beta C for a batch of matrices of any supported types.</summary>
    /// <param name="transA">op of each A.</param>
    /// <param name="transB">op of each B.</param>
    /// <param name="m">Rows of op(A) and C.</param>
    /// <param name="n">Columns of op(B) and C.</param>
    /// <param name="k">Columns of op(A), rows of op(B).</param>
    /// <param name="alpha">Factor of the product.</param>
    /// <param name="a">The matrices A.</param>
    /// <param name="b">The matrices B.</param>
    /// <param name="beta">Factor of what C holds; with 0 it is not read.</param>
    /// <param name="c">The matrices C.</param>
    /// <param name="compute">How sums are computed; <see cref="MatrixCompute.Double"/> for FP64 matrices and only for them.</param>
    /// <param name="batch">Number of products; the strides are not used when it is 1.</param>
    /// <exception cref="CudaException">Types or sizes are not possible, or earlier work failed.</exception>
    public void Gemm(
        MatrixOperation transA, MatrixOperation transB, int m, int n, int k, double alpha, in MatrixOperand a, in MatrixOperand b,
        double beta, in MatrixOperand c, MatrixCompute compute, int batch = 1)
    {
        // The factors have the type of the sums.
        var (alphaSingle, betaSingle) = ((float)alpha, (float)beta);
        void* alphaAddress = compute == MatrixCompute.Double ? &alpha : &alphaSingle;
        void* betaAddress = compute == MatrixCompute.Double ? &beta : &betaSingle;
        var handle = Enter();
        if (batch == 1)
        {
            Check(Cublas.cublasGemmEx(
                handle, (int)transA, (int)transB, m, n, k, alphaAddress, a.Address, (int)a.Type, a.LeadingDimension, b.Address, (int)b.Type,
                b.LeadingDimension, betaAddress, c.Address, (int)c.Type, c.LeadingDimension, (int)compute, DefaultAlgorithm));
        }
        else
        {
            Check(Cublas.cublasGemmStridedBatchedEx(
                handle, (int)transA, (int)transB, m, n, k, alphaAddress, a.Address, (int)a.Type, a.LeadingDimension, a.Stride, b.Address,
                (int)b.Type, b.LeadingDimension, b.Stride, betaAddress, c.Address, (int)c.Type, c.LeadingDimension, c.Stride, batch,
                (int)compute, DefaultAlgorithm));
        }
    }

    /// <summary>Ends cuBLAS and releases the workspace in the order of the stream. Never throws.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        _workspace.Dispose();
    }

    private static void Check(int status, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(status))] string call = "") =>
        CudaException.CheckBlas(CudaLibrary.Cublas, status, call);

    private nint Enter()
    {
        _ = Stream.Enter();
        return _handle.Value;
    }

    private sealed class CublasNativeHandle(ContextHandle context, nint child) : ContextChild(context, child)
    {
        protected override delegate*<nint, nint, int> ReleaseFunction => &Destroy;

        private static int Destroy(nint child, nint companion) => Cublas.cublasDestroy_v2(child);
    }
}

/// <summary>A matrix, or a batch of them, for <see cref="CublasHandle.Gemm"/>.</summary>
/// <param name="Address">Address of the first element.</param>
/// <param name="Type">The element.</param>
/// <param name="LeadingDimension">Distance of columns in elements.</param>
/// <param name="Stride">Distance of the matrices of a batch in elements.</param>
public readonly record struct MatrixOperand(ulong Address, MatrixElement Type, int LeadingDimension, long Stride = 0);
