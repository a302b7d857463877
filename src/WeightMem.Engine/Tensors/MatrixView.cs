namespace WeightMem.Engine.Tensors;

/// <summary>
/// A batch of row-major matrices inside a tensor, the operand of a matrix product: sizes as the product sees them, where the
/// first element lies, the distance between rows and between matrices. A value; it owns nothing.
/// </summary>
public readonly struct MatrixView
{
    private MatrixView(Tensor tensor, int rows, int columns, long offset, int rowStride, int batch, long batchStride, bool transposed)
    {
        Tensor = tensor;
        Rows = rows;
        Columns = columns;
        Offset = offset;
        RowStride = rowStride;
        Batch = batch;
        BatchStride = batchStride;
        IsTransposed = transposed;
    }

    /// <summary>The tensor that holds the elements.</summary>
    public Tensor Tensor { get; }

    /// <summary>Rows of each matrix, after transposition.</summary>
    public int Rows { get; }

    /// <summary>Columns of each matrix, after transposition.</summary>
    public int Columns { get; }

    /// <summary>Elements before the first one.</summary>
    public long Offset { get; }

    /// <summary>Elements from one stored row to the next (the leading dimension).</summary>
    public int RowStride { get; }

    /// <summary>Number of matrices; operands of one product agree, or have 1 and are shared.</summary>
    public int Batch { get; }

    /// <summary>Elements from one matrix to the next; 0 repeats one matrix.</summary>
    public long BatchStride { get; }

    /// <summary>Whether the stored matrix is the transpose of this one.</summary>
    public bool IsTransposed { get; }

    /// <summary>All of a tensor as one matrix: the last dimension is the columns, the others together the rows.</summary>
    public static MatrixView Of(Tensor tensor) =>
        new(tensor, tensor.Shape.Rows, tensor.Shape.Columns, 0, tensor.Shape.Columns, 1, 0, false);

    /// <summary>A tensor of three dimensions as a batch of matrices: <c>[batch, rows, columns]</c>.</summary>
    /// <exception cref="ArgumentException">The tensor has another rank.</exception>
    public static MatrixView BatchOf(Tensor tensor)
    {
        if (tensor.Shape.Rank != 3) throw new ArgumentException($"a batch of matrices has three dimensions, not {tensor.Shape}");
        int rows = tensor.Shape[1], columns = tensor.Shape[2];
        return new MatrixView(tensor, rows, columns, 0, columns, tensor.Shape[0], (long)rows * columns, false);
    }

    /// <summary>Any strided batch.</summary>
    /// <exception cref="ArgumentException">The described elements leave the tensor.</exception>
    public static MatrixView Strided(Tensor tensor, int rows, int columns, long offset, int rowStride, int batch = 1, long batchStride = 0)
    {
        long last = offset + (batch - 1) * batchStride + (long)(rows - 1) * rowStride + columns;
        if (rows < 1 || columns < 1 || batch < 1 || offset < 0 || rowStride < columns || last > tensor.Elements)
        {
            throw new ArgumentException(
                $"a batch of {batch} matrices {rows}x{columns} at offset {offset}, row stride {rowStride}, batch stride {batchStride} leaves {tensor}");
        }

        return new MatrixView(tensor, rows, columns, offset, rowStride, batch, batchStride, false);
    }

    /// <summary>The transposed view of the same elements.</summary>
    public MatrixView Transposed => new(Tensor, Columns, Rows, Offset, RowStride, Batch, BatchStride, !IsTransposed);

    /// <summary>Some neighbouring columns of each matrix.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The columns are not all there.</exception>
    public MatrixView ColumnRange(int start, int count)
    {
        if (start < 0 || count < 1 || start > Columns - count)
            throw new ArgumentOutOfRangeException(nameof(start), $"columns [{start}, {start + count}) of {this}");
        long offset = Offset + (IsTransposed ? (long)start * RowStride : start);
        return new MatrixView(Tensor, Rows, count, offset, RowStride, Batch, BatchStride, IsTransposed);
    }

    /// <summary>Sizes and strides.</summary>
    public override string ToString() =>
        $"{Batch} x {Rows}x{Columns}{(IsTransposed ? " (transposed)" : "")} in {Tensor.Shape} at {Offset}, strides {RowStride}, {BatchStride}";
}
