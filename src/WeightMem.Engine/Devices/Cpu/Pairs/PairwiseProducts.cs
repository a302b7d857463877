using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace WeightMem.Engine.Devices.Cpu.Pairs;

/// <summary>
/// Inner products between two blocks of rows in single precision, with a bound on their error: all that ranking by
/// ||a - b||^2 = ||a||^2 + ||b||^2 - 2 a.b needs. Whoever ranks recomputes the winners by <see cref="DirectDistance"/>. For one thread at a time.
/// </summary>
/// <remarks>
/// Rows are copied into panels first, four side by side, a vector of each in turn, filled up with zeros at their ends: rows as they lie in memory share no alignment, and most loads from them
/// would touch two cache lines.
/// </remarks>
internal sealed unsafe class PairwiseProducts : IDisposable
{
    // Sums run in single precision over chunks of this many columns and in double precision across chunks, so that the rounding error stays that of a short sum. A strip of b and
    // the panel of a that is multiplied with it are 39 KB, and stay in the first cache; all panels of a block stay in the second.
    private const int Chunk = 832, PanelRows = 4, StripPanels = 2, BlockRows = 64;

    private readonly float* _a, _b;
    private readonly double* _products;
    private readonly int _mostA, _mostB;

    /// <summary>Takes memory for blocks of at most so many rows.</summary>
    public PairwiseProducts(int mostA, int mostB)
    {
        (_mostA, _mostB) = (mostA, mostB);
        nuint panels = (nuint)(Panels(mostA) + BlockRows / PanelRows) * PanelRows * Chunk;
        _a = (float*)NativeMemory.AlignedAlloc(panels * sizeof(float) + (nuint)mostA * (nuint)mostB * sizeof(double), 64);
        _b = _a + (nuint)Panels(mostA) * PanelRows * Chunk;
        _products = (double*)(_a + panels);
    }

    private static int Lanes => Vector512.IsHardwareAccelerated ? 16 : 8;

    /// <summary>
    /// |computed - exact| &lt;= this * ||a|| * ||b|| + <see cref="AbsoluteError"/>: the error bound of a sum of products, 2^-24 for each
    /// of the additions that one product passes through, with a quarter to spare for the second-order terms.
    /// </summary>
    public static double RelativeError(int columns)
    {
        int longest = Math.Min(columns, Chunk);
        int additions = longest / Lanes + 1 + 8; // one lane's chain, the reduction over the lanes
        return 1.25 * additions / 16777216.0 + 1e-12;
    }

    /// <summary>What products that underflow can lose in all.</summary>
    public static double AbsoluteError(int columns) => columns * 1.2e-38;

    /// <summary>products[i, j] = a[i, :] . b[j, :] for row-major a [rowsA, columns] and b [rowsB, columns].</summary>
    /// <returns>The products, row-major <c>[rowsA, rowsB]</c>, until the next call.</returns>
    /// <exception cref="ArgumentException">There are more rows than memory was taken for, or fewer values.</exception>
    public ReadOnlySpan<double> Multiply(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int rowsA, int rowsB, int columns)
    {
        if (rowsA > _mostA || rowsB > _mostB || a.Length < (long)rowsA * columns || b.Length < (long)rowsB * columns)
            throw new ArgumentException($"blocks of {rowsA} and {rowsB} rows of {columns} values do not fit");
        var products = new Span<double>(_products, rowsA * rowsB);
        products.Clear();
        fixed (float* fromA = a, fromB = b)
        {
            for (int begin = 0; begin < columns; begin += Chunk)
            {
                int length = Math.Min(Chunk, columns - begin), vectors = (length + Lanes - 1) / Lanes;
                Pack(_a, fromA + begin, rowsA, columns, length);
                for (int block = 0; block < rowsB; block += BlockRows)
                {
                    int rows = Math.Min(BlockRows, rowsB - block);
                    Pack(_b, fromB + (long)block * columns + begin, rows, columns, length);
                    Block(_products + block, rowsB, rowsA, rows, vectors);
                }
            }
        }

        return products;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_a);

    private static int Panels(int rows) => (rows + PanelRows - 1) / PanelRows;

    /// <summary>Adds the products of all packed rows of a and of b.</summary>
    private void Block(double* to, int stride, int rowsA, int rowsB, int vectors)
    {
        int panel = PanelRows * vectors * Lanes;
        for (int strip = 0; strip < Panels(rowsB); strip += StripPanels)
        {
            for (int i = 0; i < Panels(rowsA); i++)
            {
                for (int j = strip; j < Math.Min(strip + StripPanels, Panels(rowsB)); j++)
                {
                    double* tile = to + (long)i * PanelRows * stride + j * PanelRows;
                    int rows = Math.Min(PanelRows, rowsA - i * PanelRows), columns = Math.Min(PanelRows, rowsB - j * PanelRows);
                    float* a = _a + (long)i * panel, b = _b + (long)j * panel;
                    if (Vector512.IsHardwareAccelerated)
                    {
                        Tile512(tile, stride, rows, columns, a, b, vectors);
                    }
                    else
                    {
                        Tile256(tile, stride, Math.Min(2, rows), columns, a, b, vectors);
                        if (rows > 2) Tile256(tile + 2 * stride, stride, rows - 2, columns, a + 2 * Lanes, b, vectors);
                    }
                }
            }
        }
    }

    /// <summary>Copies a chunk of rows into panels. Rows that the last panel lacks are its first again: nobody takes their products.</summary>
    private static void Pack(float* panel, float* source, int rows, int columns, int length)
    {
        int whole = length / Lanes, rest = length % Lanes, step = PanelRows * Lanes, size = step * (whole + (rest > 0 ? 1 : 0));
        for (int first = 0; first < rows; first += PanelRows, panel += size)
        {
            int there = Math.Min(PanelRows, rows - first);
            float* r0 = source + (long)first * columns, r1 = r0 + (there > 1 ? columns : 0), r2 = r0 + (there > 2 ? 2L * columns : 0), r3 = r0 + (there > 3 ? 3L * columns : 0);
            long ahead = first + 2 * PanelRows <= rows ? (long)PanelRows * columns : 0; // to the rows that come next: a chunk is too short for a processor to foresee them
            for (int v = 0; v < whole; v++)
            {
                float* to = panel + v * step;
                int at = v * Lanes;
                if (Sse.IsSupported)
                {
                    Sse.Prefetch0(r0 + ahead + at);
                    Sse.Prefetch0(r1 + ahead + at);
                    Sse.Prefetch0(r2 + ahead + at);
                    Sse.Prefetch0(r3 + ahead + at);
                }

                if (Vector512.IsHardwareAccelerated)
                {
                    Vector512.Load(r0 + at).StoreAligned(to);
                    Vector512.Load(r1 + at).StoreAligned(to + 16);
                    Vector512.Load(r2 + at).StoreAligned(to + 32);
                    Vector512.Load(r3 + at).StoreAligned(to + 48);
                }
                else
                {
                    Vector256.Load(r0 + at).StoreAligned(to);
                    Vector256.Load(r1 + at).StoreAligned(to + 8);
                    Vector256.Load(r2 + at).StoreAligned(to + 16);
                    Vector256.Load(r3 + at).StoreAligned(to + 24);
                }
            }

            if (rest == 0) continue;
            var last = new Span<float>(panel + whole * step, step);
            last.Clear();
            for (int r = 0; r < there; r++) new ReadOnlySpan<float>(r0 + (long)r * columns + whole * Lanes, rest).CopyTo(last[(r * Lanes)..]);
        }
    }

    private static void Tile512(double* to, int stride, int rows, int columns, float* a, float* b, int vectors)
    {
        Vector512<float> c00 = default, c01 = default, c02 = default, c03 = default, c10 = default, c11 = default, c12 = default, c13 = default;
        Vector512<float> c20 = default, c21 = default, c22 = default, c23 = default, c30 = default, c31 = default, c32 = default, c33 = default;
        for (float* end = a + (nint)vectors * 64; a != end; a += 64, b += 64)
        {
            Vector512<float> y0 = Vector512.LoadAligned(b), y1 = Vector512.LoadAligned(b + 16), y2 = Vector512.LoadAligned(b + 32), y3 = Vector512.LoadAligned(b + 48);
            Vector512<float> x = Vector512.LoadAligned(a);
            c00 = Vector512.MultiplyAddEstimate(x, y0, c00);
            c01 = Vector512.MultiplyAddEstimate(x, y1, c01);
            c02 = Vector512.MultiplyAddEstimate(x, y2, c02);
            c03 = Vector512.MultiplyAddEstimate(x, y3, c03);
            x = Vector512.LoadAligned(a + 16);
            c10 = Vector512.MultiplyAddEstimate(x, y0, c10);
            c11 = Vector512.MultiplyAddEstimate(x, y1, c11);
            c12 = Vector512.MultiplyAddEstimate(x, y2, c12);
            c13 = Vector512.MultiplyAddEstimate(x, y3, c13);
            x = Vector512.LoadAligned(a + 32);
            c20 = Vector512.MultiplyAddEstimate(x, y0, c20);
            c21 = Vector512.MultiplyAddEstimate(x, y1, c21);
            c22 = Vector512.MultiplyAddEstimate(x, y2, c22);
            c23 = Vector512.MultiplyAddEstimate(x, y3, c23);
            x = Vector512.LoadAligned(a + 48);
            c30 = Vector512.MultiplyAddEstimate(x, y0, c30);
            c31 = Vector512.MultiplyAddEstimate(x, y1, c31);
            c32 = Vector512.MultiplyAddEstimate(x, y2, c32);
            c33 = Vector512.MultiplyAddEstimate(x, y3, c33);
        }

        // Reduced before anything is called: vectors that live across a call would be kept in memory, in the loop too.
        Vector128<float> s0 = Sums(c00, c01, c02, c03), s1 = Sums(c10, c11, c12, c13), s2 = Sums(c20, c21, c22, c23), s3 = Sums(c30, c31, c32, c33);
        Add(to, columns, s0);
        if (rows > 1) Add(to + stride, columns, s1);
        if (rows > 2) Add(to + 2 * stride, columns, s2);
        if (rows > 3) Add(to + 3 * stride, columns, s3);
    }

    /// <summary>Two of a panel's rows with four.</summary>
    private static void Tile256(double* to, int stride, int rows, int columns, float* a, float* b, int vectors)
    {
        Vector256<float> c00 = default, c01 = default, c02 = default, c03 = default, c10 = default, c11 = default, c12 = default, c13 = default;
        for (float* end = a + (nint)vectors * 32; a != end; a += 32, b += 32)
        {
            Vector256<float> x0 = Vector256.LoadAligned(a), x1 = Vector256.LoadAligned(a + 8);
            Vector256<float> y = Vector256.LoadAligned(b);
            c00 = Vector256.MultiplyAddEstimate(x0, y, c00);
            c10 = Vector256.MultiplyAddEstimate(x1, y, c10);
            y = Vector256.LoadAligned(b + 8);
            c01 = Vector256.MultiplyAddEstimate(x0, y, c01);
            c11 = Vector256.MultiplyAddEstimate(x1, y, c11);
            y = Vector256.LoadAligned(b + 16);
            c02 = Vector256.MultiplyAddEstimate(x0, y, c02);
            c12 = Vector256.MultiplyAddEstimate(x1, y, c12);
            y = Vector256.LoadAligned(b + 24);
            c03 = Vector256.MultiplyAddEstimate(x0, y, c03);
            c13 = Vector256.MultiplyAddEstimate(x1, y, c13);
        }

        Vector128<float> s0 = Sums(c00, c01, c02, c03), s1 = Sums(c10, c11, c12, c13); // as above
        Add(to, columns, s0);
        if (rows > 1) Add(to + stride, columns, s1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sums(Vector512<float> s0, Vector512<float> s1, Vector512<float> s2, Vector512<float> s3) => Sums(
        s0.GetLower() + s0.GetUpper(), s1.GetLower() + s1.GetUpper(), s2.GetLower() + s2.GetUpper(), s3.GetLower() + s3.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sums(Vector256<float> s0, Vector256<float> s1, Vector256<float> s2, Vector256<float> s3)
    {
        if (!Avx.IsSupported) return Vector128.Create(Vector256.Sum(s0), Vector256.Sum(s1), Vector256.Sum(s2), Vector256.Sum(s3));
        Vector256<float> halves = Avx.HorizontalAdd(Avx.HorizontalAdd(s0, s1), Avx.HorizontalAdd(s2, s3));
        return halves.GetLower() + halves.GetUpper();
    }

    private static void Add(double* to, int columns, Vector128<float> sums)
    {
        if (columns == PanelRows)
        {
            (Vector256.Load(to) + Vector256.Create(Vector128.WidenLower(sums), Vector128.WidenUpper(sums))).Store(to);
            return;
        }

        for (int j = 0; j < columns; j++) to[j] += sums.GetElement(j);
    }
}
