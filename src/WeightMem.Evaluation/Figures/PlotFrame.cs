using SkiaSharp;

namespace WeightMem.Evaluation.Figures;

/// <summary>
/// The plotting area of a chart: maps data to the figure and draws the two axes with ticks that point inwards, and no frame above or to
/// the right.
/// </summary>
internal sealed class PlotFrame(SKRect area, Axis horizontal, Axis vertical)
{
    private const float MajorTick = 6, MinorTick = 3, LineWidth = 1.2f;

    /// <summary>The area inside the axes, in figure units.</summary>
    public SKRect Area { get; } = area;

    /// <summary>The horizontal position of a data value.</summary>
    public float X(double value) => Area.Left + (float)horizontal.Fraction(value) * Area.Width;

    /// <summary>The vertical position of a data value; larger values lie higher.</summary>
    public float Y(double value) => Area.Bottom - (float)vertical.Fraction(value) * Area.Height;

    /// <summary>The place of a data point.</summary>
    public SKPoint Point(double x, double y) => new(X(x), Y(y));

    /// <summary>Draws axes, ticks, numbers and the names of both axes.</summary>
    public void DrawAxes(SKCanvas canvas, string horizontalName, string verticalName)
    {
        DrawVertical(canvas, verticalName);
        using SKPaint line = Line();
        foreach (Tick tick in horizontal.Ticks)
        {
            float x = X(tick.Value);
            canvas.DrawLine(x, Area.Bottom, x, Area.Bottom - (tick.Label.Length > 0 ? MajorTick : MinorTick), line);
            FigureFont.Draw(canvas, tick.Label, x, Area.Bottom + 20, FigureStyle.TickSize, TextAlign.Centre);
        }

        FigureFont.Draw(canvas, horizontalName, Area.MidX, Area.Bottom + 45, FigureStyle.LabelSize, TextAlign.Centre);
    }

    /// <summary>Draws both axes, and ticks, numbers and name of the vertical one alone: below bars stand their names.</summary>
    public void DrawVertical(SKCanvas canvas, string name)
    {
        using SKPaint line = Line();
        canvas.DrawLine(Area.Left, Area.Top, Area.Left, Area.Bottom, line);
        canvas.DrawLine(Area.Left, Area.Bottom, Area.Right, Area.Bottom, line);
        float widest = 0;
        foreach (Tick tick in vertical.Ticks)
        {
            float y = Y(tick.Value);
            canvas.DrawLine(Area.Left, y, Area.Left + (tick.Label.Length > 0 ? MajorTick : MinorTick), y, line);
            FigureFont.Draw(canvas, tick.Label, Area.Left - 7, y + FigureStyle.TickSize * 0.36f, FigureStyle.TickSize, TextAlign.Right);
            widest = Math.Max(widest, FigureFont.Width(tick.Label, FigureStyle.TickSize));
        }

        FigureFont.DrawUpwards(canvas, name, Area.Left - 7 - widest - 10, Area.MidY, FigureStyle.LabelSize);
    }

    private static SKPaint Line()
    {
        SKPaint line = FigureStyle.Stroke(FigureStyle.Ink, LineWidth);
        line.StrokeCap = SKStrokeCap.Square;
        return line;
    }
}
