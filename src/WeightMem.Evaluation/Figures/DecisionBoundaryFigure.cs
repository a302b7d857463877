using System.Globalization;
using SkiaSharp;

namespace WeightMem.Evaluation.Figures;

/// <summary>The class maps of one generated network and of its nearest training network.</summary>
/// <param name="Generated">
/// The class at every grid point, <c>[resolution, resolution]</c>; the first index runs upwards along the second PCA dimension, the
/// second one to the right along the first.
/// </param>
/// <param name="Training">The same for the nearest training network.</param>
/// <param name="TestAgreement">The share (0 .. 1) of real test images on which both predict the same class; null if unknown.</param>
public sealed record BoundaryPair(byte[] Generated, byte[] Training, double? TestAgreement);

/// <summary>The part of the plane that class maps cover, in PCA scores; the ends are the first and the last grid point.</summary>
/// <param name="XLow">Lowest score of dimension 1.</param>
/// <param name="XHigh">Highest score of dimension 1.</param>
/// <param name="YLow">Lowest score of dimension 2.</param>
/// <param name="YHigh">Highest score of dimension 2.</param>
public readonly record struct BoundaryExtent(double XLow, double XHigh, double YLow, double YHigh);

/// <summary>
/// Decision boundaries in the plane of the first two principal components of the test images (specification, sections 3 M8 and 5):
/// generated left, nearest training network right. Columns that look the same mean that the generated network is the same function
/// there; the agreement is printed because eyes are generous.
/// </summary>
public static class DecisionBoundaryFigure
{
    private const string Name = "decision boundary";
    private const float Left = 52, ColumnGap = 18, Top = 40, NoteHeight = 34, BarHeight = 58, BottomLabel = 28;

    /// <summary>Draws one to three pairs.</summary>
    /// <param name="pairs">The pairs, one row of panels each.</param>
    /// <param name="resolution">Grid points per side.</param>
    /// <param name="extent">The part of the plane covered; sets the panels' proportions, since both axes have the same scale.</param>
    /// <param name="classCount">The number of classes, 1 .. 10.</param>
    /// <param name="classNames">Names for the class bar; their numbers if null.</param>
    /// <returns>The figure; its CSV has one row per grid point with the class of every map.</returns>
    /// <exception cref="ArgumentException">Wrong sizes, a class outside the range, or an empty extent.</exception>
    public static Figure Draw(
        IReadOnlyList<BoundaryPair> pairs, int resolution, BoundaryExtent extent, int classCount, IReadOnlyList<string>? classNames = null)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentOutOfRangeException.ThrowIfLessThan(resolution, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(classCount, 10);
        if (pairs.Count is < 1 or > 3)
            throw new ArgumentException($"{Name}: one to three pairs are drawn, found {pairs.Count}.", nameof(pairs));
        if (!(extent.XHigh > extent.XLow && extent.YHigh > extent.YLow))
            throw new ArgumentException($"{Name}: the extent {extent} is empty.", nameof(extent));
        if (classNames is not null && classNames.Count != classCount)
            throw new ArgumentException($"{Name}: {classNames.Count} names for {classCount} classes.", nameof(classNames));
        foreach (BoundaryPair pair in pairs)
        {
            Check(pair.Generated, resolution, classCount);
            Check(pair.Training, resolution, classCount);
        }

        string[] names = [.. classNames ?? Enumerable.Range(0, classCount).Select(index => index.ToString(CultureInfo.InvariantCulture))];
        (float panelWidth, float panelHeight) = PanelSize(extent);
        var size = new SKSize(panelWidth, panelHeight);
        float width = Left + 2 * panelWidth + ColumnGap + 14;
        float height = Top + pairs.Count * (panelHeight + NoteHeight) + BottomLabel + BarHeight;
        return new Figure((int)Math.Ceiling(width), (int)Math.Ceiling(height),
            "Decision boundaries of generated networks beside those of their nearest training networks.", Table(pairs, resolution, extent),
            canvas => Draw(canvas, pairs, resolution, size, names));
    }

    /// <summary>The share of grid points on which two class maps agree.</summary>
    internal static double Agreement(byte[] first, byte[] second)
    {
        int same = 0;
        for (int i = 0; i < first.Length; i++) same += first[i] == second[i] ? 1 : 0;
        return (double)same / first.Length;
    }

    private static void Check(byte[] map, int resolution, int classCount)
    {
        if (map.Length != resolution * resolution)
            throw new ArgumentException($"{Name}: a class map has {map.Length} points, {resolution} x {resolution} are needed.");
        int highest = map.Max();
        if (highest >= classCount) throw new ArgumentException($"{Name}: class {highest} in a map of {classCount} classes.");
    }

    // Equal scale on both axes; very long shapes are cut down so that three rows still fit a page.
    private static (float Width, float Height) PanelSize(BoundaryExtent extent)
    {
        const float side = 284;
        double ratio = (extent.YHigh - extent.YLow) / (extent.XHigh - extent.XLow);
        return ratio <= 1.1 ? (side, (float)(side * ratio)) : ((float)(side * 1.1 / ratio), side * 1.1f);
    }

    private static string Table(IReadOnlyList<BoundaryPair> pairs, int resolution, BoundaryExtent extent)
    {
        string[] columns = [.. pairs.SelectMany((_, i) => new[] { $"generated_{i + 1}", $"training_{i + 1}" })];
        var csv = new CsvText(["pca_1", "pca_2", .. columns]);
        for (int row = 0; row < resolution; row++)
        {
            double y = extent.YLow + (extent.YHigh - extent.YLow) * row / (resolution - 1);
            for (int column = 0; column < resolution; column++)
            {
                double x = extent.XLow + (extent.XHigh - extent.XLow) * column / (resolution - 1);
                csv.Add((float)x).Add((float)y);
                foreach (BoundaryPair pair in pairs)
                    csv.Add(pair.Generated[row * resolution + column]).Add(pair.Training[row * resolution + column]);
                csv.EndRow();
            }
        }

        return csv.ToString();
    }

    private static void Draw(SKCanvas canvas, IReadOnlyList<BoundaryPair> pairs, int resolution, SKSize panel, string[] names)
    {
        float right = Left + panel.Width + ColumnGap;
        float leftMiddle = Left + panel.Width / 2, rightMiddle = right + panel.Width / 2;
        FigureFont.Draw(canvas, "generated", leftMiddle, Top - 14, FigureStyle.LabelSize, TextAlign.Centre, FigureStyle.Generated);
        FigureFont.Draw(canvas, "nearest training", rightMiddle, Top - 14, FigureStyle.LabelSize, TextAlign.Centre, FigureStyle.Training);
        float top = Top;
        foreach (BoundaryPair pair in pairs)
        {
            DrawPanel(canvas, pair.Generated, resolution, SKRect.Create(Left, top, panel.Width, panel.Height));
            DrawPanel(canvas, pair.Training, resolution, SKRect.Create(right, top, panel.Width, panel.Height));
            FigureFont.DrawUpwards(canvas, "PCA dimension 2", Left - 14, top + panel.Height / 2, FigureStyle.TickSize);
            FigureFont.Draw(canvas, Note(pair), right - ColumnGap / 2, top + panel.Height + 20, FigureStyle.TickSize, TextAlign.Centre);
            top += panel.Height + NoteHeight;
        }

        FigureFont.Draw(canvas, "PCA dimension 1", leftMiddle, top + 14, FigureStyle.TickSize, TextAlign.Centre);
        FigureFont.Draw(canvas, "PCA dimension 1", rightMiddle, top + 14, FigureStyle.TickSize, TextAlign.Centre);
        ClassBar(canvas, names, Left, right + panel.Width, top + BottomLabel);
    }

    private static string Note(BoundaryPair pair)
    {
        string grid = Percent(Agreement(pair.Generated, pair.Training));
        return pair.TestAgreement is { } test
            ? $"agreement {grid} on the grid, {Percent(test)} on test images"
            : $"agreement {grid} on the grid";
    }

    private static string Percent(double share) => (100 * share).ToString("F1", CultureInfo.InvariantCulture) + " %";

    /// <summary>One class map in its frame.</summary>
    internal static void DrawPanel(SKCanvas canvas, byte[] map, int resolution, SKRect area)
    {
        using SKImage image = ClassMap(map, resolution);
        using (var paint = new SKPaint { IsAntialias = true })
            canvas.DrawImage(image, area, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear), paint);
        using SKPaint frame = FigureStyle.Stroke(FigureStyle.Ink, 1);
        canvas.DrawRect(area, frame);
    }

    /// <summary>
    /// The filled map with thin edges between classes, three pixels to the grid point. Painted and not traced, because the outline of a
    /// noisy map has as many corners as the map has points.
    /// </summary>
    private static SKImage ClassMap(byte[] map, int resolution)
    {
        const int scale = 3;
        int side = resolution * scale;
        var pixels = new SKColor[side * side];
        SKColor[] colours = [.. Enumerable.Range(0, 10).Select(FigureStyle.Class)];
        for (int y = 0; y < side; y++)
        {
            int row = resolution - 1 - y / scale; // pictures count rows downwards
            int below = y % scale == scale - 1 ? -1 : y % scale == 0 ? 1 : 0; // the row across the nearest border, in map order
            for (int x = 0; x < side; x++)
            {
                int column = x / scale, beside = x % scale == scale - 1 ? 1 : x % scale == 0 ? -1 : 0;
                byte here = map[row * resolution + column];
                bool edge = ClassAt(column + beside, row) != here || ClassAt(column, row + below) != here;
                pixels[y * side + x] = edge ? FigureStyle.Faint : colours[here];

                byte ClassAt(int atColumn, int atRow) =>
                    (uint)atColumn < (uint)resolution && (uint)atRow < (uint)resolution ? map[atRow * resolution + atColumn] : here;
            }
        }

        using var bitmap = new SKBitmap(new SKImageInfo(side, side, SKColorType.Rgba8888, SKAlphaType.Opaque)) { Pixels = pixels };
        bitmap.SetImmutable();
        return SKImage.FromBitmap(bitmap);
    }

    private static void ClassBar(SKCanvas canvas, string[] names, float left, float right, float top)
    {
        float width = (right - left) / names.Length;
        float size = NameSize(names, width - 6);
        for (int i = 0; i < names.Length; i++)
        {
            using SKPaint fill = FigureStyle.Fill(FigureStyle.Class(i));
            var box = SKRect.Create(left + i * width, top, width, 14);
            canvas.DrawRect(box, fill);
            using SKPaint edge = FigureStyle.Stroke(FigureStyle.Faint, 0.8f);
            canvas.DrawRect(box, edge);
            FigureFont.Draw(canvas, FigureFont.Fit(names[i], size, width - 4), box.MidX, top + 30, size, TextAlign.Centre);
        }
    }

    // Names shrink together, down to what can still be read.
    private static float NameSize(string[] names, float room)
    {
        float widest = names.Max(name => FigureFont.Width(name, FigureStyle.NoteSize));
        return Math.Clamp(FigureStyle.NoteSize * room / Math.Max(widest, 1), 10, FigureStyle.NoteSize);
    }
}
