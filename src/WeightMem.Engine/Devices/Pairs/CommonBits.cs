using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace WeightMem.Engine.Devices.Pairs;

/// <summary>Counts the bits that two packed masks have in common.</summary>
public static class CommonBits
{
    /// <summary>Number of bits set in both.</summary>
    /// <exception cref="ArgumentException">The masks have different lengths.</exception>
    public static int Count(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        if (a.Length != b.Length) throw new ArgumentException($"masks of {a.Length} and {b.Length} words cannot be compared");
        int count = 0, i = 0;
        if (Avx512BW.IsSupported) i = CountWide(a, b, out count);
        for (; i < a.Length; i++) count += BitOperations.PopCount(a[i] & b[i]);
        return count;
    }

    /// <summary>Number of bits set in both, one word at a time: what the wide way must equal.</summary>
    internal static int CountByWord(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        int count = 0;
        for (int i = 0; i < a.Length; i++) count += BitOperations.PopCount(a[i] & b[i]);
        return count;
    }

    /// <summary>
    /// Eight words at a time: the bits of each half byte from a table of 16 by a shuffle (Mula, Kurz and Lemire 2018), summed in bytes. A byte
    /// counts at most 8 bits a step, so up to 31 steps go before the bytes are added up.
    /// </summary>
    private static int CountWide(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, out int count)
    {
        Vector128<byte> sixteen = Vector128.Create((byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        Vector256<byte> half = Vector256.Create(sixteen, sixteen);
        Vector512<byte> table = Vector512.Create(half, half), low = Vector512.Create((byte)0x0F);
        Vector512<ulong> total = default;
        ref ulong pa = ref MemoryMarshal.GetReference(a);
        ref ulong pb = ref MemoryMarshal.GetReference(b);
        int i = 0, whole = a.Length & ~7;
        while (i < whole)
        {
            Vector512<byte> bytes = default;
            int end = Math.Min(whole, i + 31 * 8);
            for (; i < end; i += 8)
            {
                Vector512<byte> both = (Vector512.LoadUnsafe(ref pa, (nuint)i) & Vector512.LoadUnsafe(ref pb, (nuint)i)).AsByte();
                bytes += Avx512BW.Shuffle(table, both & low);
                bytes += Avx512BW.Shuffle(table, Avx512BW.ShiftRightLogical(both.AsUInt16(), 4).AsByte() & low);
            }

            total += Avx512BW.SumAbsoluteDifferences(bytes, Vector512<byte>.Zero).AsUInt64();
        }

        count = (int)Vector512.Sum(total);
        return whole;
    }
}
