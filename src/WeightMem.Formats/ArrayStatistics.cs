using System.Numerics;

namespace WeightMem.Formats;

/// <summary>What an array's numbers are like.</summary>
/// <param name="Count">Number of elements.</param>
/// <param name="Minimum">The least finite element; null when there is none, or elements are complex.</param>
/// <param name="Mean">The mean of the finite elements, summed in float64; null as for the minimum.</param>
/// <param name="Maximum">The greatest finite element; null as for the minimum.</param>
/// <param name="NaN">Elements that are not numbers.</param>
/// <param name="Infinite">Elements that are infinite.</param>
public sealed record ArrayStatistics(long Count, double? Minimum, double? Mean, double? Maximum, long NaN, long Infinite)
{
    /// <summary>The statistics of an array. Of complex numbers only NaN and infinite ones are counted.</summary>
    public static ArrayStatistics Of(NamedArray array)
    {
        if (array.ElementsAs<ComplexSingle>() is { } single)
            return Complex(single, c => float.IsNaN(c.Real) || float.IsNaN(c.Imaginary), c => float.IsInfinity(c.Real) || float.IsInfinity(c.Imaginary));
        if (array.ElementsAs<Complex>() is { } both)
            return Complex(both, c => double.IsNaN(c.Real) || double.IsNaN(c.Imaginary), c => double.IsInfinity(c.Real) || double.IsInfinity(c.Imaginary));
        return array.Type switch
        {
            ElementType.Boolean or ElementType.UInt8 => Real(array.ElementsAs<byte>()!),
            ElementType.Int8 => Real(array.ElementsAs<sbyte>()!),
            ElementType.UInt16 => Real(array.ElementsAs<ushort>()!),
            ElementType.Int16 => Real(array.ElementsAs<short>()!),
            ElementType.UInt32 => Real(array.ElementsAs<uint>()!),
            ElementType.Int32 => Real(array.ElementsAs<int>()!),
            ElementType.UInt64 => Real(array.ElementsAs<ulong>()!),
            ElementType.Int64 => Real(array.ElementsAs<long>()!),
            ElementType.Float16 => Real(array.ElementsAs<Half>()!),
            ElementType.Float64 => Real(array.ElementsAs<double>()!),
            _ => Real(array.ToFloats()),
        };
    }

    private static ArrayStatistics Real<T>(T[] values)
        where T : unmanaged, INumber<T>
    {
        T minimum = default, maximum = default;
        double sum = 0;
        long finite = 0, nan = 0;
        foreach (T value in values)
        {
            if (!T.IsFinite(value))
            {
                if (T.IsNaN(value)) nan++;
                continue;
            }

            if (finite++ == 0) minimum = maximum = value;
            if (value < minimum) minimum = value;
            if (value > maximum) maximum = value;
            sum += double.CreateTruncating(value);
        }

        long infinite = values.Length - finite - nan;
        return finite == 0
            ? new ArrayStatistics(values.Length, null, null, null, nan, infinite)
            : new ArrayStatistics(values.Length, double.CreateTruncating(minimum), sum / finite, double.CreateTruncating(maximum), nan, infinite);
    }

    private static ArrayStatistics Complex<T>(T[] values, Func<T, bool> isNaN, Func<T, bool> isInfinite) =>
        new(values.Length, null, null, null, values.LongCount(isNaN), values.LongCount(v => !isNaN(v) && isInfinite(v)));
}
