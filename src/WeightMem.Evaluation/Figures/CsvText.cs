using System.Globalization;
using System.Text;

namespace WeightMem.Evaluation.Figures;

/// <summary>
/// Builds the CSV behind a figure: comma-separated, a header line, LF line ends, numbers in the shortest form that reads back to the same
/// bits, text quoted where RFC 4180 asks for it.
/// </summary>
internal sealed class CsvText
{
    private readonly StringBuilder text = new();
    private bool startOfLine = true;

    /// <summary>Starts the file with its column names.</summary>
    public CsvText(params ReadOnlySpan<string> columns)
    {
        foreach (string column in columns) Add(column);
        EndRow();
    }

    /// <summary>Adds a text cell to the row.</summary>
    public CsvText Add(string value)
    {
        Separate();
        if (value.AsSpan().IndexOfAny(",\"\r\n") < 0) text.Append(value);
        else text.Append('"').Append(value.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        return this;
    }

    /// <summary>Adds a whole number.</summary>
    public CsvText Add(long value)
    {
        Separate();
        text.Append(CultureInfo.InvariantCulture, $"{value}");
        return this;
    }

    /// <summary>Adds a number; NaN is an empty cell, infinities are <c>inf</c> and <c>-inf</c>.</summary>
    public CsvText Add(double value)
    {
        Separate();
        if (double.IsInfinity(value)) text.Append(value > 0 ? "inf" : "-inf");
        else if (!double.IsNaN(value)) text.Append(CultureInfo.InvariantCulture, $"{value:R}");
        return this;
    }

    /// <summary>Adds a single-precision number in its own shortest form.</summary>
    public CsvText Add(float value)
    {
        Separate();
        if (float.IsInfinity(value)) text.Append(value > 0 ? "inf" : "-inf");
        else if (!float.IsNaN(value)) text.Append(CultureInfo.InvariantCulture, $"{value:R}");
        return this;
    }

    /// <summary>Ends the row.</summary>
    public void EndRow()
    {
        text.Append('\n');
        startOfLine = true;
    }

    /// <summary>The whole file.</summary>
    public override string ToString() => text.ToString();

    private void Separate()
    {
        if (!startOfLine) text.Append(',');
        startOfLine = false;
    }
}
