namespace WeightMem.Evaluation.Figures;

/// <summary>Checks that figures share; a figure is drawn of sound numbers or not at all.</summary>
internal static class FigureInput
{
    /// <summary>Refuses an empty series and numbers that are not finite, naming the series and the first such number.</summary>
    public static void RequireFinite(ReadOnlySpan<double> values, string series, string figure)
    {
        if (values.Length == 0) throw new ArgumentException($"{figure}: the series '{series}' is empty.");
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
                throw new ArgumentException($"{figure}: value {i} of the series '{series}' is {values[i]}, a finite number is needed.");
        }
    }

    /// <summary>Refuses numbers that are not finite.</summary>
    public static void RequireFinite(ReadOnlySpan<float> values, string series, string figure)
    {
        if (values.Length == 0) throw new ArgumentException($"{figure}: the series '{series}' is empty.");
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                throw new ArgumentException($"{figure}: value {i} of the series '{series}' is {values[i]}, a finite number is needed.");
        }
    }
}
