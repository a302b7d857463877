using System.Numerics;
using WeightMem.Formats;

namespace WeightMem.Models.Populations;

/// <summary>Finds rows with weights that are not numbers or infinite, which no measure can take.</summary>
public static class FiniteRows
{
    private const int MostNamed = 8;

    /// <summary>The rows that hold NaN or infinite values, in order.</summary>
    /// <param name="values">All rows, <c>[count, parameters]</c>.</param>
    /// <param name="parameters">Length of a row.</param>
    public static int[] Bad(ReadOnlySpan<float> values, int parameters)
    {
        var bad = new List<int>();
        for (int row = 0; row < values.Length / parameters; row++)
        {
            if (!All(values.Slice(row * parameters, parameters))) bad.Add(row);
        }

        return [.. bad];
    }

    /// <summary>Whether all values are finite.</summary>
    internal static bool All(ReadOnlySpan<float> values)
    {
        // Zero times a finite number is zero; times anything else it is NaN, which stays.
        Vector<float> sum = Vector<float>.Zero;
        int i = 0;
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count) sum += new Vector<float>(values[i..]) * Vector<float>.Zero;
        bool finite = Vector.EqualsAll(sum, Vector<float>.Zero);
        for (; i < values.Length; i++) finite &= float.IsFinite(values[i]);
        return finite;
    }

    /// <summary>Refuses rows that hold NaN or infinite values.</summary>
    /// <param name="path">The file the rows are from, for the error.</param>
    /// <param name="values">All rows, <c>[count, parameters]</c>.</param>
    /// <param name="parameters">Length of a row.</param>
    /// <param name="rows">Which row of the file each one is; none where they are all its rows.</param>
    /// <exception cref="FileFormatException">There are such rows; the message has their number and the first of them.</exception>
    public static void Check(string path, ReadOnlySpan<float> values, int parameters, ReadOnlySpan<int> rows = default)
    {
        int[] bad = Bad(values, parameters);
        if (bad.Length == 0) return;
        int count = values.Length / parameters;
        for (int i = 0; i < bad.Length && !rows.IsEmpty; i++) bad[i] = rows[bad[i]];
        string named = string.Join(", ", bad.Take(MostNamed)) + (bad.Length > MostNamed ? ", ..." : "");
        throw new FileFormatException(
            path, "finite weights", $"NaN or infinite values in {bad.Length} of {count} rows (rows {named}, from 0)");
    }
}
