using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace WeightMem.Evaluation.Statistics;

/// <summary>
/// The largest eigenvalues of a symmetric matrix with their eigenvectors: Householder reduction to tridiagonal form, bisection by Sturm
/// counts, inverse iteration, back-transformation (Golub and Van Loan, ch. 8). Its time does not depend on the spectrum, and nothing
/// in it is random.
/// </summary>
internal static class SymmetricEigen
{
    private const double Tiny = 2.2250738585072014e-308; // the smallest normal number

    /// <summary>The largest eigenpairs.</summary>
    /// <param name="matrix">Symmetric, row-major <c>[n, n]</c>; destroyed.</param>
    /// <param name="n">Size.</param>
    /// <param name="count">How many, 1 to n.</param>
    /// <returns>Eigenvalues in decreasing order, and unit eigenvectors as rows <c>[count, n]</c>.</returns>
    public static (double[] Values, double[] Vectors) Largest(double[] matrix, int n, int count)
    {
        double[] diagonal = new double[n], off = new double[n]; // off[i] stands between i and i + 1
        Tridiagonalise(matrix, n, diagonal, off);
        double[] values = new double[count], vectors = new double[count * n];
        double size = 0;
        for (int i = 0; i < n; i++) size = Math.Max(size, Math.Abs(diagonal[i]) + Math.Abs(off[i]) + (i > 0 ? Math.Abs(off[i - 1]) : 0));
        for (int c = 0; c < count; c++)
        {
            values[c] = Bisect(diagonal, off, n - c, size);
            Span<double> vector = vectors.AsSpan(c * n, n);
            InverseIteration(diagonal, off, values[c], size, vector, vectors.AsSpan(0, c * n), c);
        }

        for (int c = 0; c < count; c++) BackTransform(matrix, n, vectors.AsSpan(c * n, n));
        return (values, vectors);
    }

    /// <summary>
    /// Reduces by reflections I - v v^T with |v|^2 = 2. Reflector k acts on entries k + 1 to n - 1 and is left in row k of the matrix there.
    /// </summary>
    private static void Tridiagonalise(double[] a, int n, double[] diagonal, double[] off)
    {
        var p = new double[n];
        for (int k = 0; k < n - 1; k++)
        {
            diagonal[k] = a[k * n + k];
            int begin = k + 1, m = n - begin;
            Span<double> v = a.AsSpan(k * n + begin, m); // row k right of the diagonal is column k below it
            double largest = 0;
            foreach (double value in v) largest = Math.Max(largest, Math.Abs(value));
            if (m == 1 || largest == 0)
            {
                off[k] = v[0];
                v.Clear();
                continue;
            }

            foreach (ref double value in v) value /= largest;
            double norm = Math.Sqrt(Dot(v, v));
            double alpha = v[0] > 0 ? -norm : norm;
            off[k] = alpha * largest;
            v[0] -= alpha;
            double scale = Math.Sqrt(2 / Dot(v, v));
            foreach (ref double value in v) value *= scale;

            // A' = (I - v v^T) A (I - v v^T) = A - v w^T - w v^T with p = A v and w = p - v (p.v) / 2
            Span<double> w = p.AsSpan(0, m);
            for (int i = 0; i < m; i++) w[i] = Dot(a.AsSpan((begin + i) * n + begin, m), v);
            AddScaled(w, v, -0.5 * Dot(w, v));
            for (int i = 0; i < m; i++)
            {
                Span<double> row = a.AsSpan((begin + i) * n + begin, m);
                AddScaled(row, w, -v[i], v, -w[i]);
            }
        }

        diagonal[n - 1] = a[n * n - 1];
        off[n - 1] = 0;
    }

    private static void BackTransform(double[] a, int n, Span<double> vector)
    {
        for (int k = n - 2; k >= 0; k--)
        {
            ReadOnlySpan<double> v = a.AsSpan(k * n + k + 1, n - k - 1);
            Span<double> part = vector[(k + 1)..];
            AddScaled(part, v, -Dot(v, part));
        }

        Normalise(vector);
    }

    /// <summary>The eigenvalue of a rank (1 is the smallest), by counting the eigenvalues below the middle of an interval.</summary>
    private static double Bisect(double[] diagonal, double[] off, int rank, double size)
    {
        double low = -size, high = size;
        for (int step = 0; step < 200; step++)
        {
            double middle = 0.5 * (low + high);
            if (middle <= low || middle >= high) break;
            if (CountBelow(diagonal, off, middle, size) >= rank) high = middle;
            else low = middle;
        }

        return 0.5 * (low + high);
    }

    private static int CountBelow(double[] diagonal, double[] off, double x, double size)
    {
        double least = size * 1e-300 + Tiny, pivot = 1;
        int count = 0;
        for (int i = 0; i < diagonal.Length; i++)
        {
            double square = i == 0 ? 0 : off[i - 1] * off[i - 1];
            pivot = diagonal[i] - x - square / pivot;
            if (Math.Abs(pivot) < least) pivot = -least;
            if (pivot < 0) count++;
        }

        return count;
    }

    /// <summary>
    /// Solves (T - x) y = previous y a few times by elimination with row exchanges, kept orthogonal to the vectors found before.
    /// </summary>
    private static void InverseIteration(
        double[] diagonal, double[] off, double x, double size, Span<double> y, ReadOnlySpan<double> before, int found)
    {
        int n = y.Length;
        double[] u0 = new double[n], u1 = new double[n], u2 = new double[n], factor = new double[n];
        var exchanged = new bool[n];
        double least = Math.Max(size * 2.2e-16, 1e-290);
        Factor(diagonal, off, x, least, u0, u1, u2, factor, exchanged);

        // A start that is neither symmetric nor smooth, so that it is orthogonal to nothing that is looked for.
        for (int i = 0; i < n; i++) y[i] = 1 + 0.5 * Math.Sin(1.7 * (i + 1) * (found + 1) + found);
        for (int iteration = 0; iteration < 6; iteration++)
        {
            Orthogonalise(y, before, found);
            Normalise(y);
            Solve(u0, u1, u2, factor, exchanged, y);
            Normalise(y); // the solution may be of the order of 1 / least
        }

        Orthogonalise(y, before, found);
        Normalise(y);
    }

    private static void Factor(
        double[] diagonal, double[] off, double x, double least, double[] u0, double[] u1, double[] u2, double[] factor, bool[] exchanged)
    {
        int n = diagonal.Length;
        double d = diagonal[0] - x, e = n > 1 ? off[0] : 0;
        for (int i = 0; i < n - 1; i++)
        {
            double below = off[i], nextD = diagonal[i + 1] - x, nextE = i + 2 < n ? off[i + 1] : 0;
            exchanged[i] = Math.Abs(below) > Math.Abs(d);
            if (exchanged[i])
            {
                (u0[i], u1[i], u2[i]) = (below, nextD, nextE);
                factor[i] = d / below;
                (d, e) = (e - factor[i] * nextD, -factor[i] * nextE);
            }
            else
            {
                if (Math.Abs(d) < least) d = least;
                (u0[i], u1[i], u2[i]) = (d, e, 0);
                factor[i] = below / d;
                (d, e) = (nextD - factor[i] * e, nextE);
            }
        }

        u0[n - 1] = Math.Abs(d) < least ? least : d;
    }

    private static void Solve(double[] u0, double[] u1, double[] u2, double[] factor, bool[] exchanged, Span<double> y)
    {
        int n = y.Length;
        for (int i = 0; i < n - 1; i++)
        {
            if (exchanged[i]) (y[i], y[i + 1]) = (y[i + 1], y[i]);
            y[i + 1] -= factor[i] * y[i];
        }

        for (int i = n - 1; i >= 0; i--)
        {
            double value = y[i];
            if (i + 1 < n) value -= u1[i] * y[i + 1];
            if (i + 2 < n) value -= u2[i] * y[i + 2];
            y[i] = value / u0[i];
        }
    }

    private static void Orthogonalise(Span<double> y, ReadOnlySpan<double> before, int found)
    {
        for (int pass = 0; pass < 2; pass++)
        {
            for (int c = 0; c < found; c++)
            {
                ReadOnlySpan<double> other = before.Slice(c * y.Length, y.Length);
                AddScaled(y, other, -Dot(y, other));
            }
        }
    }

    private static void Normalise(Span<double> y)
    {
        double largest = 0;
        foreach (double value in y) largest = Math.Max(largest, Math.Abs(value));
        if (largest == 0) return;
        foreach (ref double value in y) value /= largest;
        double norm = Math.Sqrt(Dot(y, y));
        foreach (ref double value in y) value /= norm;
    }

    /// <summary>Inner product in 8 lanes.</summary>
    internal static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        Vector256<double> s0 = default, s1 = default;
        ref double pa = ref MemoryMarshal.GetReference(a);
        ref double pb = ref MemoryMarshal.GetReference(b);
        int i = 0;
        for (; i <= a.Length - 8; i += 8)
        {
            s0 += Vector256.LoadUnsafe(ref pa, (nuint)i) * Vector256.LoadUnsafe(ref pb, (nuint)i);
            s1 += Vector256.LoadUnsafe(ref pa, (nuint)i + 4) * Vector256.LoadUnsafe(ref pb, (nuint)i + 4);
        }

        double sum = Vector256.Sum(s0 + s1);
        for (; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    private static void AddScaled(Span<double> y, ReadOnlySpan<double> x, double scale)
    {
        for (int i = 0; i < y.Length; i++) y[i] += scale * x[i];
    }

    private static void AddScaled(Span<double> y, ReadOnlySpan<double> x, double scaleX, ReadOnlySpan<double> z, double scaleZ)
    {
        ref double py = ref MemoryMarshal.GetReference(y);
        ref double px = ref MemoryMarshal.GetReference(x);
        ref double pz = ref MemoryMarshal.GetReference(z);
        int i = 0;
        for (; i <= y.Length - 4; i += 4)
        {
            Vector256<double> sum = Vector256.LoadUnsafe(ref px, (nuint)i) * scaleX + Vector256.LoadUnsafe(ref pz, (nuint)i) * scaleZ;
            (Vector256.LoadUnsafe(ref py, (nuint)i) + sum).StoreUnsafe(ref py, (nuint)i);
        }

        for (; i < y.Length; i++) y[i] += scaleX * x[i] + scaleZ * z[i];
    }
}
