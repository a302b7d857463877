using WeightMem.Cuda.Interop;
using WeightMem.Cuda.Libraries;
using WeightMem.Cuda.Memory;

namespace WeightMem.Cuda;

/// <summary>
/// Single-precision matrix products by cuBLAS on one stream. The workspace is a buffer of our own, so that products have the same bits each time and can be
/// recorded into graphs. Matrices are row-major here; cuBLAS, which is column-major, computes the transposed product.
/// </summary>
public sealed unsafe class CublasHandle : IDisposable
{
    /// <summary>What NVIDIA recommends for Hopper; others need less.</summary>
    private const uint WorkspaceBytes = 32 << 20;

    private readonly DeviceBuffer _workspace;
    private nint _handle;

    /// <summary>Opens cuBLAS on a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="allowTf32">Whether factors may be rounded to TF32 on tensor cores.</param>
    /// <exception cref="CudaUnavailableException">cuBLAS was not found.</exception>
    /// <exception cref="CudaException">cuBLAS refused.</exception>
    public CublasHandle(CudaStream stream, bool allowTf32)
    {
        ArgumentNullException.ThrowIfNull(stream);
        CudaLibraries.Require(CudaLibrary.Cublas);
        nint queue = stream.Enter();
        _workspace = new DeviceBuffer(stream, WorkspaceBytes);
        nint handle;
        CudaException.CheckBlas(CudaLibrary.Cublas, Cublas.cublasCreate_v2(&handle));
        _handle = handle;
        CudaException.CheckBlas(CudaLibrary.Cublas, Cublas.cublasSetStream_v2(handle, queue));
        CudaException.CheckBlas(CudaLibrary.Cublas, Cublas.cublasSetWorkspace_v2(handle, _workspace.Pointer<byte>().Address, WorkspaceBytes));
        const int tf32 = 3, pedantic = 2;
        CudaException.CheckBlas(CudaLibrary.Cublas, Cublas.cublasSetMathMode(handle, allowTf32 ? tf32 : pedantic));
        int version;
        CudaException.CheckBlas(CudaLibrary.Cublas, Cublas.cublasGetVersion_v2(handle, &version));
        Version = version;
    }

    /// <summary>The version as cuBLAS counts it, such as 120300 for 12.3.</summary>
    public int Version { get; }

    /// <summary>c = alpha a b + beta c for each matrix of a batch, all row-major; with beta = 0 the old c is not read.</summary>
    /// <param name="c">The first result.</param>
    /// <param name="a">The first left factor, <c>[rows, depth]</c>, or stored as <c>[depth, rows]</c>.</param>
    /// <param name="b">The first right factor, <c>[depth, columns]</c>, or stored as <c>[columns, depth]</c>.</param>
    /// <param name="product">Sizes, strides and factors.</param>
    /// <exception cref="CudaException">cuBLAS refused, or earlier work failed.</exception>
    public void Multiply(DevicePointer<float> c, DeviceReader<float> a, DeviceReader<float> b, in MatrixProduct product)
    {
        ObjectDisposedException.ThrowIf(_handle == 0, this);
        float alpha = product.Alpha, beta = product.Beta;
        int transposeA = product.IsATransposed ? 1 : 0, transposeB = product.IsBTransposed ? 1 : 0;
        int result = product.Batch == 1
            ? Cublas.cublasSgemm_v2(
                _handle, transposeB, transposeA, product.Columns, product.Rows, product.Depth, &alpha, b.Address, product.BStride, a.Address, product.AStride,
                &beta, c.Address, product.CStride)
            : Cublas.cublasSgemmStridedBatched(
                _handle, transposeB, transposeA, product.Columns, product.Rows, product.Depth, &alpha, b.Address, product.BStride, product.BBatch, a.Address,
                product.AStride, product.ABatch, &beta, c.Address, product.CStride, product.CBatch, product.Batch);
        CudaException.CheckBlas(CudaLibrary.Cublas, result);
    }

    /// <summary>Closes cuBLAS. Work in the stream must be done. Never throws.</summary>
    public void Dispose()
    {
        if (_handle != 0) _ = Cublas.cublasDestroy_v2(_handle);
        _handle = 0;
        _workspace.Dispose();
    }
}

/// <summary>Sizes of a batch of matrix products.</summary>
/// <param name="Batch">Number of products.</param>
/// <param name="Rows">Rows of a result.</param>
/// <param name="Columns">Columns of a result.</param>
/// <param name="Depth">Length of the sums.</param>
/// <param name="AStride">Elements from one stored row of the left factor to the next.</param>
/// <param name="BStride">The same for the right factor.</param>
/// <param name="CStride">The same for the result.</param>
/// <param name="ABatch">Elements from one left factor to the next; 0 uses one for all.</param>
/// <param name="BBatch">The same for the right factors.</param>
/// <param name="CBatch">The same for the results.</param>
/// <param name="IsATransposed">Whether the left factor is stored transposed.</param>
/// <param name="IsBTransposed">Whether the right factor is stored transposed.</param>
/// <param name="Alpha">Factor on the product.</param>
/// <param name="Beta">Factor on the old result.</param>
public readonly record struct MatrixProduct(
    int Batch, int Rows, int Columns, int Depth, int AStride, int BStride, int CStride, long ABatch, long BBatch, long CBatch,
    bool IsATransposed, bool IsBTransposed, float Alpha, float Beta);
