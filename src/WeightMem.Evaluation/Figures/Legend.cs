using SkiaSharp;

namespace WeightMem.Evaluation.Figures;

/// <summary>One entry of a legend.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Sign">Draws the sign, given its centre.</param>
internal readonly record struct LegendEntry(string Text, Action<SKCanvas, SKPoint> Sign);

/// <summary>A legend above a plot: up to four columns, as few as the width needs, filled row by row and centred.</summary>
internal sealed class Legend
{
    private const float SignWidth = 26, Gap = 22, RowHeight = 23;

    private readonly IReadOnlyList<LegendEntry> entries;
    private readonly float[] columns;

    /// <summary>Lays the entries out in at most <paramref name="width"/> figure units.</summary>
    public Legend(IReadOnlyList<LegendEntry> entries, float width)
    {
        this.entries = entries;
        int count = Math.Clamp(entries.Count, 1, 4);
        columns = ColumnWidths(count);
        while (count > 1 && Total(columns) > width) columns = ColumnWidths(--count);
    }

    /// <summary>The height of all rows.</summary>
    public float Height => (entries.Count + columns.Length - 1) / columns.Length * RowHeight;

    /// <summary>Draws the legend centred on <paramref name="centre"/> with its first row below <paramref name="top"/>.</summary>
    public void Draw(SKCanvas canvas, float centre, float top)
    {
        float left = centre - Total(columns) / 2;
        for (int i = 0; i < entries.Count; i++)
        {
            int column = i % columns.Length;
            float x = left + columns.Take(column).Sum() + column * Gap;
            float y = top + (i / columns.Length + 0.5f) * RowHeight;
            entries[i].Sign(canvas, new SKPoint(x + SignWidth / 2, y));
            FigureFont.Draw(canvas, entries[i].Text, x + SignWidth + 4, y + FigureStyle.TickSize * 0.36f, FigureStyle.TickSize);
        }
    }

    private static float Total(float[] widths) => widths.Sum() + (widths.Length - 1) * Gap;

    private float[] ColumnWidths(int count)
    {
        var widths = new float[count];
        for (int i = 0; i < entries.Count; i++)
            widths[i % count] = Math.Max(widths[i % count], SignWidth + 4 + FigureFont.Width(entries[i].Text, FigureStyle.TickSize));
        return widths;
    }
}
