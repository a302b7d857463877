using WeightMem.Cuda.Blas;
using WeightMem.Tests;
using Xunit;
using static WeightMem.Cuda.Tests.Standin;

namespace WeightMem.Cuda.Tests;

[Collection(Standin.Collection)]
public sealed class StandinBlasTests
{
    // A = [[1, 2, 3], [4, 5, 6]] and B = [[1, 2], [3, 4], [5, 6]], column by column; the product is [[22, 28], [49, 64]].
    private static readonly float[] A = [1, 4, 2, 5, 3, 6];
    private static readonly float[] B = [1, 3, 5, 2, 4, 6];
    private static readonly float[] Product = [22, 49, 28, 64];

    [Fact]
    public void A_product_is_column_major_and_adds_to_what_is_there()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var stream = new CudaStream(context);
        using var blas = new CublasHandle(stream);
        using var a = Upload(stream, A);
        using var b = Upload(stream, B);
        using var c = Upload(stream, [1, 1, 1, 1]);
        Assert.InRange(blas.Version, 11_00_00, 99_99_99);
        blas.MathMode = CublasMathMode.Pedantic;
        Assert.Equal(CublasMathMode.Pedantic, blas.MathMode);
        var (n, t) = (MatrixOperation.None, MatrixOperation.Transpose);
        blas.Sgemm(n, n, 2, 2, 3, 2, a.Pointer<float>(), 2, b.Pointer<float>(), 3, 10, c.Pointer<float>(), 2);
        Assert.Equal(Product.Select(x => (2 * x) + 10), Download(stream, c, 4));

        // The transposes of both, in the other order, give the transpose of the product.
        blas.Sgemm(t, t, 2, 2, 3, 1, b.Pointer<float>(), 3, a.Pointer<float>(), 2, 0, c.Pointer<float>(), 2);
        Assert.Equal([22, 28, 49, 64], Download(stream, c, 4));
    }

    [Fact]
    public void Batches_and_typed_products_agree_with_the_plain_one()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var stream = new CudaStream(context);
        using var blas = new CublasHandle(stream, workspaceBytes: 1 << 16);
        using var a = Upload(stream, [.. A, .. A.Select(x => -x)]);
        using var b = Upload(stream, B);
        using var c = Upload(stream, new float[8]);
        float[] expected = [.. Product, .. Product.Select(x => -x)];
        var n = MatrixOperation.None;
        blas.SgemmStridedBatched(
            n, n, 2, 2, 3, 1, a.Pointer<float>(), 2, 6, b.Pointer<float>(), 3, 0, 0, c.Pointer<float>(), 2, 4, batch: 2);
        Assert.Equal(expected, Download(stream, c, 8));

        stream.Clear(c.Pointer<float>(), 8);
        var operandA = new MatrixOperand(a.Pointer<float>().Address, MatrixElement.Single, 2, 6);
        var operandB = new MatrixOperand(b.Pointer<float>().Address, MatrixElement.Single, 3);
        var operandC = new MatrixOperand(c.Pointer<float>().Address, MatrixElement.Single, 2, 4);
        blas.Gemm(n, n, 2, 2, 3, 1, operandA, operandB, 0, operandC, MatrixCompute.Single, batch: 2);
        Assert.Equal(expected, Download(stream, c, 8));

        stream.Clear(c.Pointer<float>(), 8);
        blas.Gemm(n, n, 2, 2, 3, 1, operandA, operandB, 0, operandC, MatrixCompute.SinglePedantic);
        Assert.Equal([.. Product, 0, 0, 0, 0], Download(stream, c, 8));
    }

    [Fact]
    public void An_impossible_size_is_an_error_with_the_name_of_the_call()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var stream = new CudaStream(context);
        using var blas = new CublasHandle(stream);
        using var c = Upload(stream, new float[4]);
        var error = Assert.Throws<CudaException>(() => blas.Sgemm(
            MatrixOperation.None, MatrixOperation.None, 2, 2, 2, 1, c.Pointer<float>(), 1, c.Pointer<float>(), 2, 0, c.Pointer<float>(),
            2));
        Assert.Equal(7, error.Code);
        Assert.StartsWith("cublasSgemm_v2 failed: ", error.Message, StringComparison.Ordinal);
        Assert.Empty(error.SuspectedLaunches);
    }
}
