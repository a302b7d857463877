using SkiaSharp;

namespace WeightMem.Evaluation.Figures;

/// <summary>
/// The look that all figures share: colours, opacity and text sizes, after the paper's figures (arXiv 2506.07998; evaluation
/// specification, section 5). Lengths are figure units: one CSS pixel, a quarter of a pixel's area in the doubled PNG.
/// </summary>
internal static class FigureStyle
{
    /// <summary>Axis names.</summary>
    public const float LabelSize = 17;

    /// <summary>Numbers on ticks, and legends.</summary>
    public const float TickSize = 15;

    /// <summary>Notes inside a figure.</summary>
    public const float NoteSize = 13;

    /// <summary>The opacity of a series: 0.8 of 255.</summary>
    public const byte SeriesAlpha = 204;

    /// <summary>The first series: the training population.</summary>
    public static readonly SKColor Training = SKColor.Parse("#1f77b4");

    /// <summary>The second series: what the generator made.</summary>
    public static readonly SKColor Generated = SKColor.Parse("#ff0000");

    /// <summary>The third series: low noise, or averages.</summary>
    public static readonly SKColor Third = SKColor.Parse("#493d8c");

    /// <summary>The fourth series: high noise, or Gaussian draws.</summary>
    public static readonly SKColor Fourth = SKColor.Parse("#ffa500");

    /// <summary>Held-out networks, which the paper does not draw: a green that keeps apart from the four others.</summary>
    public static readonly SKColor HeldOut = SKColor.Parse("#118844");

    /// <summary>Networks generated from starts that the generator has seen.</summary>
    public static readonly SKColor KnownStarts = SKColor.Parse("#e377c2");

    /// <summary>Text and axes.</summary>
    public static readonly SKColor Ink = SKColor.Parse("#1a1a1a");

    /// <summary>Notes and secondary lines.</summary>
    public static readonly SKColor Faint = SKColor.Parse("#6b6b6b");

    // Further series, in order, once the paper's four are used up.
    private static readonly SKColor[] Others =
        [Third, Fourth, SKColor.Parse("#17becf"), SKColor.Parse("#8c564b"), SKColor.Parse("#7f7f7f")];

    // The ten colours of "tab10".
    private static readonly SKColor[] Tab10 =
    [
        SKColor.Parse("#1f77b4"), SKColor.Parse("#ff7f0e"), SKColor.Parse("#2ca02c"), SKColor.Parse("#d62728"), SKColor.Parse("#9467bd"),
        SKColor.Parse("#8c564b"), SKColor.Parse("#e377c2"), SKColor.Parse("#7f7f7f"), SKColor.Parse("#bcbd22"), SKColor.Parse("#17becf"),
    ];

    /// <summary>
    /// The colour of a population by its name in <c>evaluation.json</c>; a name without a fixed colour takes the next free one, by its
    /// place among such names.
    /// </summary>
    public static SKColor Population(string name, int placeAmongOthers) => name switch
    {
        "training" => Training,
        "generated" => Generated,
        "generated-known-starts" => KnownStarts,
        "heldout" => HeldOut,
        _ => Others[placeAmongOthers % Others.Length],
    };

    /// <summary>True where <see cref="Population"/> knows the name.</summary>
    public static bool HasFixedColour(string name) => name is "training" or "generated" or "generated-known-starts" or "heldout";

    /// <summary>The colour of a class: tab10 at opacity 0.3 over white, so that it needs no blending where it is drawn.</summary>
    public static SKColor Class(int index)
    {
        SKColor colour = Tab10[index % Tab10.Length];
        return new SKColor(Over(colour.Red), Over(colour.Green), Over(colour.Blue));

        static byte Over(byte channel) => (byte)Math.Round(0.3 * channel + 0.7 * 255);
    }

    /// <summary>A paint that fills.</summary>
    public static SKPaint Fill(SKColor colour) => new() { Color = colour, IsAntialias = true, Style = SKPaintStyle.Fill };

    /// <summary>A paint that draws lines.</summary>
    public static SKPaint Stroke(SKColor colour, float width) => new()
    {
        Color = colour,
        IsAntialias = true,
        Style = SKPaintStyle.Stroke,
        StrokeWidth = width,
        StrokeJoin = SKStrokeJoin.Round,
    };
}
