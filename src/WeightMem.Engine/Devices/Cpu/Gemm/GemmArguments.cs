namespace WeightMem.Engine.Devices.Cpu.Gemm;

/// <summary>
/// One batched product in single precision: C = alpha * op(A) op(B) + beta * C, plus a bias row, where op transposes or not. All
/// matrices are stored by rows; strides are in elements.
/// </summary>
internal unsafe struct GemmArguments
{
    /// <summary>First element of A: stored [M, K], or [K, M] if <see cref="TransposeA"/>.</summary>
    public float* A;

    /// <summary>First element of B: stored [K, N], or [N, K] if <see cref="TransposeB"/>.</summary>
    public float* B;

    /// <summary>First element of C, stored [M, N]. Overlaps neither A nor B.</summary>
    public float* C;

    /// <summary>N values that are added to every row of every C, or null.</summary>
    public float* Bias;

    /// <summary>Rows of op(A) and C.</summary>
    public int M;

    /// <summary>Columns of op(B) and C.</summary>
    public int N;

    /// <summary>Columns of op(A), rows of op(B).</summary>
    public int K;

    /// <summary>Elements from one stored row of A to the next.</summary>
    public nint RowStrideA;

    /// <summary>Elements from one stored row of B to the next.</summary>
    public nint RowStrideB;

    /// <summary>Elements from one row of C to the next.</summary>
    public nint RowStrideC;

    /// <summary>Whether A is stored transposed.</summary>
    public bool TransposeA;

    /// <summary>Whether B is stored transposed.</summary>
    public bool TransposeB;

    /// <summary>How many products.</summary>
    public int Batch;

    /// <summary>Elements from one A to the next; 0 shares one A.</summary>
    public nint BatchStrideA;

    /// <summary>Elements from one B to the next; 0 shares one B.</summary>
    public nint BatchStrideB;

    /// <summary>Elements from one C to the next.</summary>
    public nint BatchStrideC;

    /// <summary>Factor of the product.</summary>
    public float Alpha;

    /// <summary>Factor of the old C, which is not read when this is 0.</summary>
    public float Beta;
}
