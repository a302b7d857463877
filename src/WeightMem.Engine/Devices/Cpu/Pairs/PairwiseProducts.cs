using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace WeightMem.Engine.Devices.Cpu.Pairs;

/// <summary>
/// Inner products between two blocks of rows in single precision, with a bound on their error: all that ranking by
/// ||a - b||^2 = ||a||^2 + ||b||^2 - 2 a.b needs. Whoever ranks recomputes the winners by <see cref="DirectDistance"/>.
/// </summary>
internal static class PairwiseProducts
{
    // Sums run in single precision over chunks of this many columns and in double precision across chunks:
    // four rows of a chunk fill a third of a 48 KB cache, and the rounding error stays that of a short sum.
    private const int Chunk = 1024;

    /// <summary>
    /// |computed - exact| &lt;= this * ||a|| * ||b|| + <see cref="AbsoluteError"/>: the error bound of a sum of products, 2^-24 for each
    /// of the additions that one product passes through, with a quarter to spare for the second-order terms.
    /// </summary>
    public static double RelativeError(int columns)
    {
        int longest = Math.Min(columns, Chunk);
        int additions = longest / Lanes + Lanes + 8; // one lane's chain, the tail, the reduction over the lanes
        return 1.25 * additions / 16777216.0 + 1e-12;
    }

    /// <summary>What products that underflow can lose in all.</summary>
    public static double AbsoluteError(int columns) => columns * 1.2e-38;

    private static int Lanes => Vector512.IsHardwareAccelerated ? 16 : 8;

    /// <summary>products[i, j] = a[i, :] . b[j, :] for row-major a [rowsA, columns] and b [rowsB, columns].</summary>
    public static void Multiply(
        Span<double> products, ReadOnlySpan<float> a, ReadOnlySpan<float> b, int rowsA, int rowsB, int columns)
    {
        if (products.Length < rowsA * rowsB || a.Length < (long)rowsA * columns || b.Length < (long)rowsB * columns)
            throw new ArgumentException($"blocks of {rowsA} and {rowsB} rows of {columns} values do not fit the spans");
        products[..(rowsA * rowsB)].Clear();
        ref double c = ref MemoryMarshal.GetReference(products);
        ref float pa = ref MemoryMarshal.GetReference(a);
        ref float pb = ref MemoryMarshal.GetReference(b);
        for (int begin = 0; begin < columns; begin += Chunk)
        {
            int length = Math.Min(Chunk, columns - begin);
            int j = 0;
            for (; j <= rowsB - 4; j += 4)
            {
                ref float tileB = ref Unsafe.Add(ref pb, (nint)j * columns + begin);
                int i = 0;
                if (Vector512.IsHardwareAccelerated)
                {
                    for (; i <= rowsA - 4; i += 4)
                        Tile4x4(ref Unsafe.Add(ref c, (nint)i * rowsB + j), rowsB, ref Unsafe.Add(ref pa, (nint)i * columns + begin), ref tileB, columns, length);
                }
                else
                {
                    for (; i <= rowsA - 2; i += 2)
                        Tile2x4(ref Unsafe.Add(ref c, (nint)i * rowsB + j), rowsB, ref Unsafe.Add(ref pa, (nint)i * columns + begin), ref tileB, columns, length);
                }

                for (; i < rowsA; i++)
                {
                    for (int jj = 0; jj < 4; jj++)
                    {
                        Unsafe.Add(ref c, (nint)i * rowsB + j + jj) +=
                            Single(ref Unsafe.Add(ref pa, (nint)i * columns + begin), ref Unsafe.Add(ref tileB, (nint)jj * columns), length);
                    }
                }
            }

            for (; j < rowsB; j++)
            {
                for (int i = 0; i < rowsA; i++)
                {
                    Unsafe.Add(ref c, (nint)i * rowsB + j) +=
                        Single(ref Unsafe.Add(ref pa, (nint)i * columns + begin), ref Unsafe.Add(ref pb, (nint)j * columns + begin), length);
                }
            }
        }
    }

    private static void Tile4x4(ref double c, int stride, ref float a, ref float b, int columns, int length)
    {
        Vector512<float> c00 = default, c01 = default, c02 = default, c03 = default, c10 = default, c11 = default, c12 = default, c13 = default;
        Vector512<float> c20 = default, c21 = default, c22 = default, c23 = default, c30 = default, c31 = default, c32 = default, c33 = default;
        ref float a1 = ref Unsafe.Add(ref a, columns);
        ref float a2 = ref Unsafe.Add(ref a1, columns);
        ref float a3 = ref Unsafe.Add(ref a2, columns);
        ref float b1 = ref Unsafe.Add(ref b, columns);
        ref float b2 = ref Unsafe.Add(ref b1, columns);
        ref float b3 = ref Unsafe.Add(ref b2, columns);
        nuint k = 0, whole = (nuint)(length & ~15);
        for (; k < whole; k += 16)
        {
            Vector512<float> y0 = Vector512.LoadUnsafe(ref b, k), y1 = Vector512.LoadUnsafe(ref b1, k);
            Vector512<float> y2 = Vector512.LoadUnsafe(ref b2, k), y3 = Vector512.LoadUnsafe(ref b3, k);
            Vector512<float> x = Vector512.LoadUnsafe(ref a, k);
            c00 = Vector512.MultiplyAddEstimate(x, y0, c00);
            c01 = Vector512.MultiplyAddEstimate(x, y1, c01);
            c02 = Vector512.MultiplyAddEstimate(x, y2, c02);
            c03 = Vector512.MultiplyAddEstimate(x, y3, c03);
            x = Vector512.LoadUnsafe(ref a1, k);
            c10 = Vector512.MultiplyAddEstimate(x, y0, c10);
            c11 = Vector512.MultiplyAddEstimate(x, y1, c11);
            c12 = Vector512.MultiplyAddEstimate(x, y2, c12);
            c13 = Vector512.MultiplyAddEstimate(x, y3, c13);
            x = Vector512.LoadUnsafe(ref a2, k);
            c20 = Vector512.MultiplyAddEstimate(x, y0, c20);
            c21 = Vector512.MultiplyAddEstimate(x, y1, c21);
            c22 = Vector512.MultiplyAddEstimate(x, y2, c22);
            c23 = Vector512.MultiplyAddEstimate(x, y3, c23);
            x = Vector512.LoadUnsafe(ref a3, k);
            c30 = Vector512.MultiplyAddEstimate(x, y0, c30);
            c31 = Vector512.MultiplyAddEstimate(x, y1, c31);
            c32 = Vector512.MultiplyAddEstimate(x, y2, c32);
            c33 = Vector512.MultiplyAddEstimate(x, y3, c33);
        }

        AddRow(ref c, Sums(c00, c01, c02, c03), ref a, ref b, columns, (int)whole, length);
        AddRow(ref Unsafe.Add(ref c, stride), Sums(c10, c11, c12, c13), ref a1, ref b, columns, (int)whole, length);
        AddRow(ref Unsafe.Add(ref c, 2 * stride), Sums(c20, c21, c22, c23), ref a2, ref b, columns, (int)whole, length);
        AddRow(ref Unsafe.Add(ref c, 3 * stride), Sums(c30, c31, c32, c33), ref a3, ref b, columns, (int)whole, length);
    }

    private static void Tile2x4(ref double c, int stride, ref float a, ref float b, int columns, int length)
    {
        Vector256<float> c00 = default, c01 = default, c02 = default, c03 = default, c10 = default, c11 = default, c12 = default, c13 = default;
        ref float a1 = ref Unsafe.Add(ref a, columns);
        ref float b1 = ref Unsafe.Add(ref b, columns);
        ref float b2 = ref Unsafe.Add(ref b1, columns);
        ref float b3 = ref Unsafe.Add(ref b2, columns);
        nuint k = 0, whole = (nuint)(length & ~7);
        for (; k < whole; k += 8)
        {
            Vector256<float> x0 = Vector256.LoadUnsafe(ref a, k), x1 = Vector256.LoadUnsafe(ref a1, k);
            Vector256<float> y = Vector256.LoadUnsafe(ref b, k);
            c00 = Vector256.MultiplyAddEstimate(x0, y, c00);
            c10 = Vector256.MultiplyAddEstimate(x1, y, c10);
            y = Vector256.LoadUnsafe(ref b1, k);
            c01 = Vector256.MultiplyAddEstimate(x0, y, c01);
            c11 = Vector256.MultiplyAddEstimate(x1, y, c11);
            y = Vector256.LoadUnsafe(ref b2, k);
            c02 = Vector256.MultiplyAddEstimate(x0, y, c02);
            c12 = Vector256.MultiplyAddEstimate(x1, y, c12);
            y = Vector256.LoadUnsafe(ref b3, k);
            c03 = Vector256.MultiplyAddEstimate(x0, y, c03);
            c13 = Vector256.MultiplyAddEstimate(x1, y, c13);
        }

        AddRow(ref c, Sums(c00, c01, c02, c03), ref a, ref b, columns, (int)whole, length);
        AddRow(ref Unsafe.Add(ref c, stride), Sums(c10, c11, c12, c13), ref a1, ref b, columns, (int)whole, length);
    }

    private static Vector128<float> Sums(Vector512<float> s0, Vector512<float> s1, Vector512<float> s2, Vector512<float> s3) => Sums(
        s0.GetLower() + s0.GetUpper(), s1.GetLower() + s1.GetUpper(), s2.GetLower() + s2.GetUpper(), s3.GetLower() + s3.GetUpper());

    private static Vector128<float> Sums(Vector256<float> s0, Vector256<float> s1, Vector256<float> s2, Vector256<float> s3) =>
        Vector128.Create(Sum(s0), Sum(s1), Sum(s2), Sum(s3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Sum(Vector256<float> s) => Vector128.Sum(s.GetLower() + s.GetUpper());

    /// <summary>Adds the four products of one row of a tile, after their tail of fewer than a vector's columns.</summary>
    private static void AddRow(ref double c, Vector128<float> sums, ref float a, ref float b, int columns, int begin, int length)
    {
        for (int j = 0; j < 4; j++)
        {
            float sum = sums.GetElement(j);
            ref float row = ref Unsafe.Add(ref b, (nint)j * columns);
            for (int k = begin; k < length; k++) sum += Unsafe.Add(ref a, k) * Unsafe.Add(ref row, k);
            Unsafe.Add(ref c, j) += sum;
        }
    }

    private static float Single(ref float a, ref float b, int length)
    {
        Vector256<float> total = default;
        nuint k = 0, whole = (nuint)(length & ~7);
        // Half as long a vector as a tile's on wide machines, so two of them: the same length of chain, the same bound.
        Vector256<float> second = default;
        for (; k + 8 < whole; k += 16)
        {
            total = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref a, k), Vector256.LoadUnsafe(ref b, k), total);
            second = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref a, k + 8), Vector256.LoadUnsafe(ref b, k + 8), second);
        }

        if (k < whole) total = Vector256.MultiplyAddEstimate(Vector256.LoadUnsafe(ref a, k), Vector256.LoadUnsafe(ref b, k), total);
        float sum = Sum(total + second);
        for (int i = (int)whole; i < length; i++) sum += Unsafe.Add(ref a, i) * Unsafe.Add(ref b, i);
        return sum;
    }
}
