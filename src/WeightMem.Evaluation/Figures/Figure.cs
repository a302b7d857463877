using System.Globalization;
using System.Text;
using SkiaSharp;

namespace WeightMem.Evaluation.Figures;

/// <summary>
/// One finished figure: a drawing that is rendered to PNG or SVG on demand by the same code, and the table of the numbers behind it.
/// The same figure renders to the same bytes every time.
/// </summary>
public sealed class Figure
{
    private readonly Action<SKCanvas> draw;

    /// <summary>Makes a figure of a drawing routine; everything it needs has been checked before.</summary>
    internal Figure(int width, int height, string description, string csv, Action<SKCanvas> draw)
    {
        Width = width;
        Height = height;
        Description = description;
        Csv = csv;
        this.draw = draw;
    }

    /// <summary>Width in CSS pixels; the PNG has twice as many.</summary>
    public int Width { get; }

    /// <summary>Height in CSS pixels; the PNG has twice as many.</summary>
    public int Height { get; }

    /// <summary>What the figure shows, in one sentence, for readers who cannot see it.</summary>
    public string Description { get; }

    /// <summary>The data behind the figure: a header line and one line per row, LF line ends.</summary>
    public string Csv { get; }

    /// <summary>Renders the figure as PNG on white.</summary>
    /// <param name="scale">Pixels per CSS pixel, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The scale is not positive.</exception>
    public byte[] Png(int scale = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(scale, 1);
        var format = new SKImageInfo(Width * scale, Height * scale, SKColorType.Rgba8888, SKAlphaType.Premul);
        using SKSurface surface = SKSurface.Create(format);
        surface.Canvas.Clear(SKColors.White);
        surface.Canvas.Scale(scale);
        draw(surface.Canvas);
        using SKImage image = surface.Snapshot();
        using SKData data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    /// <summary>Renders the figure as SVG on white, UTF-8. Text is drawn as outlines, so no font is needed to look at it.</summary>
    public byte[] Svg()
    {
        using var stream = new MemoryStream();
        using (SKCanvas canvas = SKSvgCanvas.Create(SKRect.Create(Width, Height), stream))
        {
            using SKPaint paper = FigureStyle.Fill(SKColors.White);
            canvas.DrawRect(SKRect.Create(Width, Height), paper);
            draw(canvas);
        }

        return Encoding.UTF8.GetBytes(Finish(Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length)));
    }

    // The library writes no view box, without which a browser crops the picture instead of scaling it, and no description.
    private string Finish(string svg)
    {
        int open = svg.IndexOf("<svg", StringComparison.Ordinal);
        int close = svg.IndexOf('>', open);
        string opening = string.Create(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\"");
        return string.Concat(svg.AsSpan(0, open), opening, svg.AsSpan(open + 4, close + 1 - open - 4),
            $"\n\t<title>{System.Security.SecurityElement.Escape(Printable(Description))}</title>") + svg[(close + 1)..];
    }

    // XML has no way to write most control characters or half a surrogate pair.
    private static string Printable(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            result.Append(Rune.IsControl(rune) || rune.Value is 0xFFFE or 0xFFFF ? " " : rune.ToString());
        return result.ToString();
    }
}
