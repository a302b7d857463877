using System.Globalization;
using SkiaSharp;
using WeightMem.Engine.Random;

namespace WeightMem.Evaluation.Figures;

/// <summary>The networks of one population as points of the scatter.</summary>
/// <param name="Name">Its name in <c>evaluation.json</c>; sets colour and shape.</param>
/// <param name="Similarity">The largest error similarity of each network to a training network, 0 .. 1.</param>
/// <param name="Accuracy">The accuracy of each network on the test images, in percent.</param>
/// <param name="Label">What the legend says; the name if null.</param>
public sealed record NoveltyPopulation(string Name, double[] Similarity, double[] Accuracy, string? Label = null);

/// <summary>What the two axes of the scatter measure.</summary>
/// <param name="Horizontal">Name of the horizontal axis.</param>
/// <param name="Vertical">Name of the vertical axis.</param>
/// <param name="HorizontalColumn">Its column in the CSV.</param>
/// <param name="VerticalColumn">Its column in the CSV.</param>
/// <param name="Description">What the figure shows, in one sentence.</param>
public sealed record NoveltyAxes(string Horizontal, string Vertical, string HorizontalColumn, string VerticalColumn, string Description)
{
    /// <summary>Of networks that classify images.</summary>
    public static NoveltyAxes Images { get; } = new(
        "maximum similarity", "accuracy (%)", "max_similarity", "accuracy_percent", "Scatter of accuracy against the largest error similarity to a training network, by population.");

    /// <summary>Of shapes.</summary>
    public static NoveltyAxes Shapes { get; } = new(
        "min distance to training set", "min distance to test set", "min_cd_train", "min_cd_test",
        "Scatter of the least Chamfer distance to a test shape against that to a training shape, by population.");
}

/// <summary>What trivial networks of one kind score over a range of novelty.</summary>
/// <param name="Name">Their kind, such as <c>noise</c>.</param>
/// <param name="Similarity">Mean largest error similarity at each setting.</param>
/// <param name="Accuracy">Mean accuracy at each setting, in percent.</param>
/// <param name="Label">What the legend says.</param>
public sealed record NoveltyLine(string Name, double[] Similarity, double[] Accuracy, string Label);

/// <summary>
/// Performance against novelty (specification, section 5): a generator is worth its name where its points lie left of those of noisy
/// copies at equal height, or above them at equal similarity.
/// </summary>
public static class NoveltyPerformanceFigure
{
    /// <summary>The most points drawn of one population; all statistics elsewhere use every network.</summary>
    public const int MostPoints = 100;

    private const string Name = "performance against novelty";
    private const int Width = 640, Height = 460;

    /// <summary>Draws the scatter.</summary>
    /// <param name="populations">The populations, drawn in order except that generated ones come last, on top.</param>
    /// <param name="stream">Chooses the points drawn of a population of more than <see cref="MostPoints"/>.</param>
    /// <param name="typicalTrainingError">
    /// The share (0 .. 1) of test images that a typical training network gets wrong; with it a line, or a note where
    /// it lies outside the axes, shows the similarity that a network of independent errors has to it, s0 = ab / (a + b - ab)
    /// (specification, section 3, M4). Null leaves both out.
    /// </param>
    /// <param name="axes">What is measured; null for networks that classify images.</param>
    /// <param name="lines">Lines through trivial networks from near copies to wrecks: what a generator must be above.</param>
    /// <returns>The figure; its CSV has one row per network, drawn or not, and says which were drawn; rows of lines have the line's name.</returns>
    /// <exception cref="ArgumentException">No population, an empty one, unequal lengths, or a number that is not finite.</exception>
    public static Figure Draw(
        IReadOnlyList<NoveltyPopulation> populations, RandomStream stream, double? typicalTrainingError = null, NoveltyAxes? axes = null,
        IReadOnlyList<NoveltyLine>? lines = null)
    {
        ArgumentNullException.ThrowIfNull(populations);
        if (populations.Count == 0) throw new ArgumentException($"{Name}: no population.", nameof(populations));
        axes ??= NoveltyAxes.Images;
        var csv = new CsvText("population", "index", axes.HorizontalColumn, axes.VerticalColumn, "drawn");
        var series = new List<Series>();
        int others = 0;
        foreach (NoveltyPopulation population in populations)
        {
            FigureInput.RequireFinite(population.Similarity, population.Name, Name);
            FigureInput.RequireFinite(population.Accuracy, population.Name, Name);
            int similarities = population.Similarity.Length, accuracies = population.Accuracy.Length;
            if (similarities != accuracies)
                throw new ArgumentException($"{Name}: '{population.Name}' has {similarities} similarities and {accuracies} accuracies.");
            int place = FigureStyle.HasFixedColour(population.Name) ? 0 : others++;
            series.Add(AddSeries(csv, population, place, stream));
        }

        foreach (NoveltyLine line in lines ?? [])
        {
            FigureInput.RequireFinite(line.Similarity, line.Name, Name);
            FigureInput.RequireFinite(line.Accuracy, line.Name, Name);
            for (int i = 0; i < line.Similarity.Length; i++) csv.Add(line.Name).Add(i).Add(line.Similarity[i]).Add(line.Accuracy[i]).Add(1).EndRow();
        }

        var chance = typicalTrainingError is { } error and > 0 ? error : (double?)null;
        return new Figure(Width, Height, axes.Description, csv.ToString(), canvas => Draw(canvas, series, chance, axes, lines ?? []));
    }

    private static Series AddSeries(CsvText csv, NoveltyPopulation population, int place, RandomStream stream)
    {
        int count = population.Similarity.Length;
        int[] chosen = count <= MostPoints ? [.. Enumerable.Range(0, count)] : stream.Sub(population.Name).Choose(count, MostPoints);
        Array.Sort(chosen);
        var drawn = new bool[count];
        foreach (int index in chosen) drawn[index] = true;
        for (int i = 0; i < count; i++)
            csv.Add(population.Name).Add(i).Add(population.Similarity[i]).Add(population.Accuracy[i]).Add(drawn[i] ? 1 : 0).EndRow();
        return new Series(population.Label ?? population.Name, population.Name.StartsWith("generated", StringComparison.Ordinal),
            FigureStyle.Population(population.Name, place), MarkerDrawing.Of(population.Name, place),
            [.. chosen.Select(index => population.Similarity[index])], [.. chosen.Select(index => population.Accuracy[index])]);
    }

    private static void Draw(SKCanvas canvas, List<Series> series, double? typicalTrainingError, NoveltyAxes axes, IReadOnlyList<NoveltyLine> lines)
    {
        (double xLow, double xHigh) = Axis.Padded(series.Min(s => s.X.Min()), series.Max(s => s.X.Max()), 0.04);
        (double yLow, double yHigh) = Axis.Padded(series.Min(s => s.Y.Min()), series.Max(s => s.Y.Max()), 0.05);
        (double Similarity, double Accuracy)[] chance = typicalTrainingError is { } error ? Chance(error, yLow, yHigh) : [];
        bool chanceIsInside = chance.Any(point => point.Similarity >= xLow && point.Similarity <= xHigh);

        var entries = new List<LegendEntry>();
        foreach (Series one in series)
        {
            entries.Add(new LegendEntry(one.Label, (c, at) =>
            {
                using SKPaint fill = FigureStyle.Fill(one.Colour.WithAlpha(FigureStyle.SeriesAlpha));
                using SKPaint edge = FigureStyle.Stroke(SKColors.Black, 0.6f);
                MarkerDrawing.Draw(c, one.Marker, at.X + 4, at.Y, 6, fill, edge);
            }));
        }

        foreach (NoveltyLine line in lines)
        {
            entries.Add(new LegendEntry(line.Label, (c, at) =>
            {
                using SKPaint paint = FigureStyle.Stroke(FigureStyle.Ink, 2);
                c.DrawLine(at.X - 11, at.Y, at.X + 12, at.Y, paint);
            }));
        }

        if (chanceIsInside)
        {
            entries.Add(new LegendEntry("independent errors", (c, at) =>
            {
                using SKPaint line = FigureStyle.Stroke(FigureStyle.Faint, 1.6f);
                using SKPathEffect dash = SKPathEffect.CreateDash([5, 4], 0);
                line.PathEffect = dash;
                c.DrawLine(at.X - 11, at.Y, at.X + 12, at.Y, line);
            }));
        }

        var legend = new Legend(entries, Width - 30);
        var frame = new PlotFrame(new SKRect(84, 12 + legend.Height + 10, Width - 20, Height - 80),
            Axis.Linear(xLow, xHigh, leastDecimals: 2), Axis.Linear(yLow, yHigh));
        legend.Draw(canvas, Width / 2f, 10);
        if (chanceIsInside) DrawChance(canvas, frame, [.. chance.Where(point => point.Similarity >= xLow && point.Similarity <= xHigh)]);
        else if (chance.Length > 0) NoteChance(canvas, frame, chance);
        frame.DrawAxes(canvas, axes.Horizontal, axes.Vertical);
        foreach (NoveltyLine line in lines)
        {
            using var path = new SKPath();
            path.AddPoly([.. Inside(line, frame)], close: false);
            using SKPaint paint = FigureStyle.Stroke(FigureStyle.Ink, 2);
            canvas.DrawPath(path, paint);
        }

        foreach (Series one in series.Where(s => !s.Generated).Concat(series.Where(s => s.Generated)))
        {
            using SKPaint fill = FigureStyle.Fill(one.Colour.WithAlpha(FigureStyle.SeriesAlpha));
            using SKPaint edge = FigureStyle.Stroke(SKColors.Black, 0.5f);
            for (int i = 0; i < one.X.Length; i++)
                MarkerDrawing.Draw(canvas, one.Marker, frame.X(one.X[i]), frame.Y(one.Y[i]), 5, fill, edge);
        }
    }

    // What of a line lies inside the axes, in small steps. A clip would do, but the library numbers clips over the process, and equal figures would differ.
    private static IEnumerable<SKPoint> Inside(NoveltyLine line, PlotFrame frame)
    {
        const int steps = 40;
        for (int i = 0; i + 1 < line.Similarity.Length; i++)
        {
            for (int k = 0; k <= steps; k++)
            {
                double share = (double)k / steps;
                SKPoint point = frame.Point((1 - share) * line.Similarity[i] + share * line.Similarity[i + 1], (1 - share) * line.Accuracy[i] + share * line.Accuracy[i + 1]);
                if (frame.Area.Contains(point)) yield return point;
            }
        }
    }

    // The similarity of independent errors along the accuracy axis, sampled.
    private static (double Similarity, double Accuracy)[] Chance(double trainingError, double low, double high)
    {
        var points = new List<(double, double)>();
        for (int i = 0; i <= 100; i++)
        {
            double accuracy = low + (high - low) * i / 100, own = 1 - accuracy / 100;
            if (own is >= 0 and <= 1) points.Add((own * trainingError / (own + trainingError - own * trainingError), accuracy));
        }

        return [.. points];
    }

    private static void DrawChance(SKCanvas canvas, PlotFrame frame, (double Similarity, double Accuracy)[] points)
    {
        using var path = new SKPath();
        path.AddPoly([.. points.Select(point => frame.Point(point.Similarity, point.Accuracy))], close: false);
        using SKPaint line = FigureStyle.Stroke(FigureStyle.Faint, 1.6f);
        using SKPathEffect dash = SKPathEffect.CreateDash([5, 4], 0);
        line.PathEffect = dash;
        canvas.DrawPath(path, line);
    }

    // Chance usually lies far to the left of every point; stretching the axis to it would press the points together.
    private static void NoteChance(SKCanvas canvas, PlotFrame frame, (double Similarity, double Accuracy)[] points)
    {
        double low = points.Min(point => point.Similarity), high = points.Max(point => point.Similarity);
        string text = string.Create(CultureInfo.InvariantCulture, $"independent errors would give {low:F2} to {high:F2}");
        FigureFont.Draw(canvas, text, frame.Area.MidX, frame.Area.Bottom + 66, FigureStyle.NoteSize, TextAlign.Centre, FigureStyle.Faint);
    }

    private sealed record Series(string Label, bool Generated, SKColor Colour, Marker Marker, double[] X, double[] Y);
}
