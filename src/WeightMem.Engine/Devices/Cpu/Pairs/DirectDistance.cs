using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace WeightMem.Engine.Devices.Cpu.Pairs;

/// <summary>
/// Squared distances by direct differences in double precision. The order of summation is fixed (16 lanes, element i in lane i mod 16),
/// so the bits do not depend on the machine's vector width, and equal rows give exactly 0.
/// </summary>
public static class DirectDistance
{
    /// <summary>Sum of (a[i] - b[i])^2.</summary>
    /// <exception cref="ArgumentException">The rows are of different lengths.</exception>
    public static double Squared(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        if (a.Length != b.Length) throw new ArgumentException($"rows of {a.Length} and {b.Length} values have no distance");
        Vector256<double> s0 = default, s1 = default, s2 = default, s3 = default;
        ref float pa = ref MemoryMarshal.GetReference(a);
        ref float pb = ref MemoryMarshal.GetReference(b);
        int i = 0;
        for (; i <= a.Length - 16; i += 16)
        {
            s0 += SquaredDifference(ref pa, ref pb, i);
            s1 += SquaredDifference(ref pa, ref pb, i + 4);
            s2 += SquaredDifference(ref pa, ref pb, i + 8);
            s3 += SquaredDifference(ref pa, ref pb, i + 12);
        }

        double sum = Vector256.Sum((s0 + s1) + (s2 + s3));
        for (; i < a.Length; i++)
        {
            double difference = (double)a[i] - b[i];
            sum += difference * difference;
        }

        return sum;
    }

    /// <summary>Sum of a[i] b[i].</summary>
    /// <exception cref="ArgumentException">The rows are of different lengths.</exception>
    public static double Inner(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        if (a.Length != b.Length) throw new ArgumentException($"rows of {a.Length} and {b.Length} values have no inner product");
        Vector256<double> s0 = default, s1 = default, s2 = default, s3 = default;
        ref float pa = ref MemoryMarshal.GetReference(a);
        ref float pb = ref MemoryMarshal.GetReference(b);
        int i = 0;
        for (; i <= a.Length - 16; i += 16)
        {
            s0 += Load(ref pa, i) * Load(ref pb, i);
            s1 += Load(ref pa, i + 4) * Load(ref pb, i + 4);
            s2 += Load(ref pa, i + 8) * Load(ref pb, i + 8);
            s3 += Load(ref pa, i + 12) * Load(ref pb, i + 12);
        }

        double sum = Vector256.Sum((s0 + s1) + (s2 + s3));
        for (; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }

    /// <summary>Sum of a[i]^2.</summary>
    public static double SquaredNorm(ReadOnlySpan<float> a)
    {
        Vector256<double> s0 = default, s1 = default, s2 = default, s3 = default;
        ref float pa = ref MemoryMarshal.GetReference(a);
        int i = 0;
        for (; i <= a.Length - 16; i += 16)
        {
            s0 += Square(ref pa, i);
            s1 += Square(ref pa, i + 4);
            s2 += Square(ref pa, i + 8);
            s3 += Square(ref pa, i + 12);
        }

        double sum = Vector256.Sum((s0 + s1) + (s2 + s3));
        for (; i < a.Length; i++) sum += (double)a[i] * a[i];
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> SquaredDifference(ref float a, ref float b, int i)
    {
        // Multiplied, then added: a fused instruction would round differently where there is none.
        Vector256<double> difference = Load(ref a, i) - Load(ref b, i);
        return difference * difference;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Square(ref float a, int i)
    {
        Vector256<double> value = Load(ref a, i);
        return value * value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Load(ref float a, int i)
    {
        (Vector128<double> lower, Vector128<double> upper) = Vector128.Widen(Vector128.LoadUnsafe(ref a, (nuint)i));
        return Vector256.Create(lower, upper);
    }
}
