using System.Globalization;
using SkiaSharp;

namespace WeightMem.Evaluation.Figures;

/// <summary>A training network near a generated one.</summary>
/// <param name="Label">What the network is called, such as <c>run 000012</c>; may be empty.</param>
/// <param name="Values">Its parameters at the figure's indices, aligned to the generated network where the target has symmetries.</param>
/// <param name="Distance">Its L2 distance to the generated network over all parameters.</param>
public sealed record HeatmapNeighbour(string Label, float[] Values, double Distance);

/// <summary>One generated network and its nearest training networks.</summary>
/// <param name="Label">What the network is called, such as <c>generated 1</c>.</param>
/// <param name="Generated">Its parameters at the figure's indices.</param>
/// <param name="Neighbours">The nearest training networks, nearest first: one to three.</param>
public sealed record HeatmapBlock(string Label, float[] Generated, IReadOnlyList<HeatmapNeighbour> Neighbours);

/// <summary>
/// Parameter values of generated networks above those of their nearest training networks (specification, section 5, "Heatmap"). A copy
/// shows as a first black row that looks like the red one.
/// </summary>
public static class HeatmapFigure
{
    private const string Name = "heatmap";
    private const int Width = 780;
    private const float Left = 116, Right = 640, Top = 16, RowHeight = 23, FrameGap = 11, BlockGap = 26;

    /// <summary>Draws up to three blocks.</summary>
    /// <param name="blocks">One to three blocks.</param>
    /// <param name="parameters">The parameter indices shown, ascending; every row has as many values.</param>
    /// <param name="parameterCount">The number of parameters of the whole network, for the note below.</param>
    /// <returns>The figure; its CSV has one row per block, network and parameter.</returns>
    /// <exception cref="ArgumentException">Wrong number of blocks, neighbours or values, or a value that is not finite.</exception>
    public static Figure Draw(IReadOnlyList<HeatmapBlock> blocks, IReadOnlyList<int> parameters, int parameterCount)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        ArgumentNullException.ThrowIfNull(parameters);
        if (blocks.Count is < 1 or > 3)
            throw new ArgumentException($"{Name}: one to three blocks are drawn, found {blocks.Count}.", nameof(blocks));
        var csv = new CsvText("block", "row", "role", "network", "distance", "parameter", "value");
        for (int b = 0; b < blocks.Count; b++)
        {
            HeatmapBlock block = blocks[b];
            if (block.Neighbours.Count is < 1 or > 3)
                throw new ArgumentException($"{Name}: block {b} has {block.Neighbours.Count} neighbours, one to three are drawn.");
            AddRow(csv, b, 0, "generated", block.Label, double.NaN, block.Generated, parameters);
            for (int n = 0; n < block.Neighbours.Count; n++)
            {
                HeatmapNeighbour neighbour = block.Neighbours[n];
                AddRow(csv, b, n + 1, "training", neighbour.Label, neighbour.Distance, neighbour.Values, parameters);
            }
        }

        float height = Top + blocks.Sum(BlockHeight) + BlockGap * (blocks.Count - 1) + 38;
        string note = string.Create(CultureInfo.InvariantCulture, $"{parameters.Count} of {parameterCount} parameters, by ascending index");
        const string description = "Heat map of parameter values: each generated network above its nearest training networks.";
        return new Figure(Width, (int)Math.Ceiling(height), description, csv.ToString(),
            canvas => Draw(canvas, blocks, parameters.Count, note));
    }

    private static void AddRow(
        CsvText csv, int block, int row, string role, string label, double distance, float[] values, IReadOnlyList<int> parameters)
    {
        if (values.Length != parameters.Count)
            throw new ArgumentException($"{Name}: block {block} row {row} has {values.Length} values for {parameters.Count} parameters.");
        FigureInput.RequireFinite(values, label, Name);
        for (int i = 0; i < values.Length; i++)
            csv.Add(block).Add(row).Add(role).Add(label).Add(distance).Add(parameters[i]).Add(values[i]).EndRow();
    }

    private static float BlockHeight(HeatmapBlock block) => RowHeight + FrameGap + block.Neighbours.Count * RowHeight;

    private static void Draw(SKCanvas canvas, IReadOnlyList<HeatmapBlock> blocks, int columns, string note)
    {
        float top = Top;
        foreach (HeatmapBlock block in blocks)
        {
            DrawBlock(canvas, block, columns, top);
            top += BlockHeight(block) + BlockGap;
        }

        FigureFont.Draw(canvas, note, (Left + Right) / 2, top - BlockGap + 26, FigureStyle.NoteSize, TextAlign.Centre, FigureStyle.Faint);
    }

    private static void DrawBlock(SKCanvas canvas, HeatmapBlock block, int columns, float top)
    {
        float[] all = [.. block.Generated, .. block.Neighbours.SelectMany(neighbour => neighbour.Values)];
        float low = all.Min(), high = all.Max();
        double range = high > low ? (double)high - low : 1;
        float bottom = top + BlockHeight(block), training = top + RowHeight + FrameGap;

        ColourBar(canvas, low, high, top, bottom);
        Row(canvas, block.Generated, columns, top, low, range);
        for (int n = 0; n < block.Neighbours.Count; n++)
            Row(canvas, block.Neighbours[n].Values, columns, training + n * RowHeight, low, range);

        using SKPaint separator = FigureStyle.Stroke(SKColors.White, 2.5f);
        for (int n = 1; n < block.Neighbours.Count; n++)
            canvas.DrawLine(Left, training + n * RowHeight, Right, training + n * RowHeight, separator);
        using SKPaint red = FigureStyle.Stroke(FigureStyle.Generated, 4);
        using SKPaint black = FigureStyle.Stroke(SKColors.Black, 2.5f);
        red.StrokeJoin = black.StrokeJoin = SKStrokeJoin.Miter;
        // Frames lie outside the cells, or the first and the last parameter would look narrower than the others.
        canvas.DrawRect(SKRect.Inflate(new SKRect(Left, top, Right, top + RowHeight), 2, 2), red);
        canvas.DrawRect(SKRect.Inflate(new SKRect(Left, training, Right, bottom), 1.25f, 1.25f), black);

        FigureFont.Draw(canvas, FigureFont.Fit(block.Label, FigureStyle.NoteSize, Width - Right - 16), Right + 12, top + RowHeight * 0.70f,
            FigureStyle.NoteSize, TextAlign.Left, FigureStyle.Generated);
        string[] distances = [.. block.Neighbours.Select(neighbour => "L₂ " + Short(neighbour.Distance))];
        float numberWidth = distances.Max(text => FigureFont.Width(text, FigureStyle.NoteSize));
        for (int n = 0; n < block.Neighbours.Count; n++)
        {
            float line = training + (n + 0.70f) * RowHeight;
            FigureFont.Draw(canvas, distances[n], Right + 12 + numberWidth, line, FigureStyle.NoteSize, TextAlign.Right);
            float room = Width - (Right + 12 + numberWidth + 8) - 4;
            FigureFont.Draw(canvas, FigureFont.Fit(block.Neighbours[n].Label, 11, room), Right + 12 + numberWidth + 8, line, 11,
                TextAlign.Left, FigureStyle.Faint);
        }
    }

    private static void Row(SKCanvas canvas, float[] values, int columns, float top, float low, double range)
    {
        float width = (Right - Left) / columns;
        for (int i = 0; i < columns; i++)
        {
            using SKPaint fill = FigureStyle.Fill(Viridis.At((values[i] - low) / range));
            // Each cell reaches under the next one: cells that only touch let the paper shine through when the picture is scaled.
            float overlap = i + 1 < columns ? 0.5f : 0;
            canvas.DrawRect(new SKRect(Left + i * width, top, Left + (i + 1) * width + overlap, top + RowHeight), fill);
        }
    }

    private static void ColourBar(SKCanvas canvas, float low, float high, float top, float bottom)
    {
        const float barLeft = 82, barRight = 96;
        const int steps = 64;
        float step = (bottom - top) / steps;
        for (int i = 0; i < steps; i++)
        {
            using SKPaint fill = FigureStyle.Fill(Viridis.At((steps - 1 - i) / (steps - 1.0)));
            canvas.DrawRect(new SKRect(barLeft, top + i * step, barRight, top + (i + 1) * step + (i + 1 < steps ? 0.5f : 0)), fill);
        }

        using SKPaint edge = FigureStyle.Stroke(FigureStyle.Ink, 0.8f);
        canvas.DrawRect(new SKRect(barLeft, top, barRight, bottom), edge);
        double[] ticks = [high, low / 2.0 + high / 2.0, low];
        string[] labels = ColourLabels(ticks);
        for (int i = 0; i < ticks.Length; i++)
        {
            float y = top + (bottom - top) * i / 2;
            float baseLine = i == 0 ? y + 10 : i == 1 ? y + 4.5f : y - 1;
            FigureFont.Draw(canvas, labels[i], barLeft - 6, baseLine, FigureStyle.NoteSize, TextAlign.Right);
        }

        FigureFont.DrawUpwards(canvas, "parameter value", 28, (top + bottom) / 2, FigureStyle.NoteSize);
    }

    // One decimal; more only where small weights would make the labels equal.
    private static string[] ColourLabels(double[] values)
    {
        for (int decimals = 1; ; decimals++)
        {
            string[] labels = [.. values.Select(value => Fixed(value, decimals))];
            if (decimals == 6 || labels.Distinct().Count() == labels.Length) return labels;
        }
    }

    private static string Fixed(double value, int decimals)
    {
        double rounded = Math.Round(value, decimals);
        string format = "F" + decimals.ToString(CultureInfo.InvariantCulture);
        return (rounded == 0 ? 0 : rounded).ToString(format, CultureInfo.InvariantCulture); // no "-0.0"
    }

    private static string Short(double distance) => Fixed(distance, distance >= 100 ? 1 : 2);
}
