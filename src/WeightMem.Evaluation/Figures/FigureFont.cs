using SkiaSharp;

namespace WeightMem.Evaluation.Figures;

/// <summary>Where a text stands against its anchor point.</summary>
internal enum TextAlign
{
    /// <summary>The text starts at the point.</summary>
    Left,

    /// <summary>The text is centred on the point.</summary>
    Centre,

    /// <summary>The text ends at the point.</summary>
    Right,
}

/// <summary>
/// Text drawn as outlines of the embedded font. Outlines and not characters: a picture then needs no font where it is looked at, and PNG
/// and SVG are the same picture. Without an embedded font the library takes any file it finds under the system's font folders, or none.
/// </summary>
internal static class FigureFont
{
    private const string Resource = "WeightMem.Evaluation.Figures.Fonts.DejaVuSans.ttf";

    private static readonly SKTypeface Sans = Load();

    /// <summary>The width of a text in figure units.</summary>
    public static float Width(string text, float size)
    {
        using SKFont font = Sized(size);
        return font.MeasureText(text);
    }

    /// <summary>Draws one line of text with its base line at <paramref name="y"/>.</summary>
    public static void Draw(
        SKCanvas canvas, string text, float x, float y, float size, TextAlign align = TextAlign.Left, SKColor? colour = null)
    {
        using SKFont font = Sized(size);
        float left = x - align switch
        {
            TextAlign.Centre => font.MeasureText(text) / 2,
            TextAlign.Right => font.MeasureText(text),
            _ => 0,
        };
        using SKPath outline = font.GetTextPath(text, new SKPoint(left, y));
        using SKPaint paint = FigureStyle.Fill(colour ?? FigureStyle.Ink);
        canvas.DrawPath(outline, paint);
    }

    /// <summary>Draws a line of text that reads upwards, centred on the point; <paramref name="x"/> is its base line.</summary>
    public static void DrawUpwards(SKCanvas canvas, string text, float x, float y, float size, SKColor? colour = null)
    {
        canvas.Save();
        canvas.RotateDegrees(-90, x, y);
        Draw(canvas, text, x, y, size, TextAlign.Centre, colour);
        canvas.Restore();
    }

    /// <summary>Cuts a text that is wider than <paramref name="width"/> and ends it with an ellipsis.</summary>
    public static string Fit(string text, float size, float width)
    {
        if (Width(text, size) <= width) return text;
        int length = text.Length;
        while (length > 0 && Width(text[..length] + "…", size) > width) length--;
        if (length > 0 && char.IsHighSurrogate(text[length - 1])) length--;
        return text[..length].TrimEnd() + "…";
    }

    // Outlines are wanted unhinted and at exact positions, or text would move when the picture is scaled.
    private static SKFont Sized(float size) =>
        new(Sans, size) { Hinting = SKFontHinting.None, Subpixel = true, LinearMetrics = true, Edging = SKFontEdging.Antialias };

    private static SKTypeface Load()
    {
        using Stream stream = typeof(FigureFont).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The assembly lacks its font {Resource}.");
        using SKData data = SKData.Create(stream);
        return SKTypeface.FromData(data) ?? throw new InvalidOperationException($"The font {Resource} cannot be read.");
    }
}
