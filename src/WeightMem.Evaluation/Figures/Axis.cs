using System.Globalization;

namespace WeightMem.Evaluation.Figures;

/// <summary>One mark of an axis.</summary>
/// <param name="Value">Where it is, in data units.</param>
/// <param name="Label">Its number; empty for a minor mark.</param>
internal readonly record struct Tick(double Value, string Label);

/// <summary>One axis of a plot: the range it shows, straight or logarithmic, and at most four labelled ticks.</summary>
internal sealed class Axis
{
    private const int MostTicks = 4;

    private Axis(double low, double high, bool logarithmic, IReadOnlyList<Tick> ticks)
    {
        Low = low;
        High = high;
        IsLogarithmic = logarithmic;
        Ticks = ticks;
    }

    /// <summary>The lower end, in data units.</summary>
    public double Low { get; }

    /// <summary>The upper end, in data units.</summary>
    public double High { get; }

    /// <summary>True where equal steps are equal ratios.</summary>
    public bool IsLogarithmic { get; }

    /// <summary>Labelled ticks, two to four where the range allows, and minor ones with empty labels.</summary>
    public IReadOnlyList<Tick> Ticks { get; }

    /// <summary>
    /// A straight axis from <paramref name="low"/> to <paramref name="high"/>; an empty range is widened around its value.
    /// </summary>
    /// <param name="low">Smallest value, finite.</param>
    /// <param name="high">Largest value, finite.</param>
    /// <param name="leastDecimals">Decimals that every label has at least.</param>
    public static Axis Linear(double low, double high, int leastDecimals = 0)
    {
        (low, high) = Widen(low, high);
        (double step, int decimals) = Step(low, high);
        string format = "F" + Math.Max(decimals, leastDecimals).ToString(CultureInfo.InvariantCulture);
        var ticks = new List<Tick>();
        for (long i = (long)Math.Ceiling(low / step - 1e-9); i <= (long)Math.Floor(high / step + 1e-9); i++)
            ticks.Add(new Tick(i * step, (i * step).ToString(format, CultureInfo.InvariantCulture)));
        return new Axis(low, high, false, ticks);
    }

    /// <summary>A logarithmic axis over positive values, widened to at least a factor of two.</summary>
    public static Axis Logarithmic(double low, double high)
    {
        if (high < 2 * low) (low, high) = (low / Math.Sqrt(2), high * Math.Sqrt(2));
        int first = (int)Math.Ceiling(Math.Log10(low) - 1e-9), last = (int)Math.Floor(Math.Log10(high) + 1e-9);
        var ticks = new List<Tick>();
        if (last - first >= 1)
        {
            int every = (last - first + MostTicks) / MostTicks; // ceiling of the number of decades over the number of labels
            for (int power = first; power <= last; power++)
                ticks.Add(new Tick(Math.Pow(10, power), (power - first) % every == 0 ? LogLabel(power) : ""));
            AddMinor(ticks, first - 1, last, low, high);
        }
        else
        {
            AddOneToFive(ticks, first - 1, low, high);
        }

        return new Axis(low, high, true, ticks);
    }

    /// <summary>Where a value lies between the ends: 0 at the lower one, 1 at the upper one.</summary>
    public double Fraction(double value) => IsLogarithmic
        ? Math.Log(value / Low) / Math.Log(High / Low)
        : (value - Low) / (High - Low);

    /// <summary>The ends moved apart by a share of the range on both sides, so that marks do not sit on the axes.</summary>
    public static (double Low, double High) Padded(double low, double high, double share)
    {
        (low, high) = Widen(low, high);
        double margin = (high - low) * share;
        return (low - margin, high + margin);
    }

    private static (double Low, double High) Widen(double low, double high)
    {
        if (high > low) return (low, high);
        double half = low == 0 ? 0.5 : Math.Abs(low) * 0.05;
        return (low - half, low + half);
    }

    // Steps of 1, 2, 2.5 or 5 times a power of ten where they leave three or four ticks, else the next best mantissa.
    private static (double Step, int Decimals) Step(double low, double high)
    {
        (double step, int decimals, int count) = Smallest(low, high, [1, 2, 2.5, 5]);
        if (count < 3) (step, decimals, _) = Smallest(low, high, [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8]);
        return (step, decimals);
    }

    // The smallest step that leaves at most four ticks in the range.
    private static (double Step, int Decimals, int Count) Smallest(double low, double high, ReadOnlySpan<double> mantissas)
    {
        for (int power = (int)Math.Floor(Math.Log10((high - low) / MostTicks)) - 1; ; power++)
        {
            foreach (double mantissa in mantissas)
            {
                double step = mantissa * Math.Pow(10, power);
                double count = Math.Floor(high / step + 1e-9) - Math.Ceiling(low / step - 1e-9) + 1;
                if (count <= MostTicks) return (step, Math.Max(0, -power + (mantissa % 1 == 0 ? 0 : 1)), (int)count);
            }
        }
    }

    // Within one decade: labels at 1, 2, 5 of each power.
    private static void AddOneToFive(List<Tick> ticks, int first, double low, double high)
    {
        for (int power = first; power <= first + 2; power++)
        {
            for (int digit = 1; digit <= 9; digit++)
            {
                double value = digit * Math.Pow(10, power);
                if (value < low || value > high) continue;
                ticks.Add(new Tick(value, digit is 1 or 2 or 5 ? Plain(value, Math.Max(0, -power)) : ""));
            }
        }
    }

    private static void AddMinor(List<Tick> ticks, int first, int last, double low, double high)
    {
        if (last - first > 6) return; // marks closer than that are a grey bar
        for (int power = first; power <= last; power++)
        {
            for (int digit = 2; digit <= 9; digit++)
            {
                double value = digit * Math.Pow(10, power);
                if (value >= low && value <= high) ticks.Add(new Tick(value, ""));
            }
        }
    }

    private static string LogLabel(int power) => power is >= -4 and <= 4
        ? Plain(Math.Pow(10, power), Math.Max(0, -power))
        : "1e" + power.ToString(CultureInfo.InvariantCulture);

    private static string Plain(double value, int decimals) =>
        value.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
