using System.Globalization;
using SkiaSharp;

namespace WeightMem.Evaluation.Figures;

/// <summary>One network of the gallery.</summary>
/// <param name="Percentile">Where its distance stands among those of all generated networks, in percent.</param>
/// <param name="Distance">Its distance to the nearest training network.</param>
/// <param name="Score">Its accuracy in percent; null if unknown.</param>
/// <param name="Similarity">Its largest error similarity; null if unknown.</param>
/// <param name="Maps">Its class map beside that of the training network.</param>
public sealed record GalleryEntry(double Percentile, double Distance, double? Score, double? Similarity, BoundaryPair Maps);

/// <summary>
/// Generated networks from the nearest to the farthest (evaluation specification, section 5, the percentile gallery): what is far away may be new, or broken; the class maps and the scores
/// tell which.
/// </summary>
public static class PercentileGalleryFigure
{
    private const string Name = "percentile gallery";
    private const float Side = 150, Gap = 12, Left = 30, Top = 30;

    /// <summary>Draws the gallery.</summary>
    /// <param name="entries">One to six networks in increasing distance.</param>
    /// <param name="resolution">Grid points per side of every map.</param>
    /// <returns>The figure; its CSV has one row per network.</returns>
    /// <exception cref="ArgumentException">No entries, too many, or maps of other sizes.</exception>
    public static Figure Draw(IReadOnlyList<GalleryEntry> entries, int resolution)
    {
        ArgumentNullException.ThrowIfNull(entries);
        if (entries.Count is < 1 or > 6) throw new ArgumentException($"{Name}: one to six networks are drawn, found {entries.Count}.", nameof(entries));
        if (entries.Any(e => e.Maps.Generated.Length != resolution * resolution || e.Maps.Training.Length != resolution * resolution))
            throw new ArgumentException($"{Name}: a class map has not {resolution} x {resolution} points.");
        var csv = new CsvText("percentile", "distance", "accuracy_percent", "max_similarity", "grid_agreement");
        foreach (GalleryEntry e in entries)
            csv.Add(e.Percentile).Add(e.Distance).Add(e.Score ?? double.NaN).Add(e.Similarity ?? double.NaN).Add(DecisionBoundaryFigure.Agreement(e.Maps.Generated, e.Maps.Training)).EndRow();
        int width = (int)(Left + entries.Count * (Side + Gap) + 6), height = (int)(Top + 2 * Side + Gap + 78);
        return new Figure(width, height, "Class maps of generated networks from the nearest to the farthest, above those of their nearest training networks.", csv.ToString(), canvas => Draw(canvas, entries, resolution));
    }

    private static void Draw(SKCanvas canvas, IReadOnlyList<GalleryEntry> entries, int resolution)
    {
        float lower = Top + Side + Gap, notes = lower + Side + 20;
        FigureFont.DrawUpwards(canvas, "generated", Left - 10, Top + Side / 2, FigureStyle.TickSize, FigureStyle.Generated);
        FigureFont.DrawUpwards(canvas, "nearest training", Left - 10, lower + Side / 2, FigureStyle.TickSize, FigureStyle.Training);
        for (int i = 0; i < entries.Count; i++)
        {
            GalleryEntry e = entries[i];
            float left = Left + i * (Side + Gap), middle = left + Side / 2;
            FigureFont.Draw(canvas, e.Percentile switch { 0 => "nearest", 100 => "farthest", _ => Text(e.Percentile, "F0") + " %" }, middle, Top - 10, FigureStyle.TickSize, TextAlign.Centre);
            DecisionBoundaryFigure.DrawPanel(canvas, e.Maps.Generated, resolution, SKRect.Create(left, Top, Side, Side));
            DecisionBoundaryFigure.DrawPanel(canvas, e.Maps.Training, resolution, SKRect.Create(left, lower, Side, Side));
            FigureFont.Draw(canvas, "distance " + Text(e.Distance, "G3"), middle, notes, FigureStyle.NoteSize, TextAlign.Centre);
            if (e.Score is { } score) FigureFont.Draw(canvas, Text(score, "F1") + " % right", middle, notes + 18, FigureStyle.NoteSize, TextAlign.Centre);
            if (e.Similarity is { } similarity) FigureFont.Draw(canvas, "similarity " + Text(similarity, "F2"), middle, notes + 36, FigureStyle.NoteSize, TextAlign.Centre);
        }
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
