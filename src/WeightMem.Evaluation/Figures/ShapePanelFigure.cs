using SkiaSharp;
using WeightMem.Formats.Meshes;

namespace WeightMem.Evaluation.Figures;

/// <summary>Whose shape a picture shows; sets its colour.</summary>
public enum ShapeRole
{
    /// <summary>A shape that was learnt from, or its field.</summary>
    Training,

    /// <summary>What a generator made.</summary>
    Generated,

    /// <summary>A shape that the generator has not seen, or its field.</summary>
    HeldOut,

    /// <summary>A training field with noise.</summary>
    Noise,
}

/// <summary>One shape of a panel.</summary>
/// <param name="Mesh">Its surface; without triangles the cell says that it is empty.</param>
/// <param name="Role">Whose it is.</param>
/// <param name="Note">A line under it, such as <c>L₂ 2.1</c>.</param>
public sealed record ShapeCell(MeshData Mesh, ShapeRole Role, string Note);

/// <summary>A table of shaded shapes: generated ones beside their nearest training shapes, percentiles, populations.</summary>
public static class ShapePanelFigure
{
    private const string Name = "shape panel";
    private const int Cell = 168, NoteHeight = 22, HeadingHeight = 26, Edge = 8, GroupGap = 22;

    /// <summary>Draws a table of shapes, row by row.</summary>
    /// <param name="headings">Over each column.</param>
    /// <param name="rows">The cells of each row, as many as there are headings; null for none.</param>
    /// <param name="description">What the figure shows, in one sentence.</param>
    /// <param name="group">Columns that belong together: a gap follows each such group.</param>
    /// <returns>The figure; its CSV has one row per cell.</returns>
    /// <exception cref="ArgumentException">There are no cells, or a row has another length.</exception>
    public static Figure Draw(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<ShapeCell?>> rows, string description, int group = int.MaxValue)
    {
        if (headings.Count == 0 || rows.Count == 0) throw new ArgumentException($"{Name}: there are no shapes to draw");
        var csv = new CsvText("row", "column", "heading", "role", "note", "vertices", "triangles");
        var pictures = new byte[]?[rows.Count, headings.Count];
        for (int r = 0; r < rows.Count; r++)
        {
            if (rows[r].Count != headings.Count) throw new ArgumentException($"{Name}: row {r} has {rows[r].Count} shapes for {headings.Count} columns");
            for (int c = 0; c < headings.Count; c++)
            {
                if (rows[r][c] is not { } cell) continue;
                csv.Add(r).Add(c).Add(headings[c]).Add(cell.Role.ToString()).Add(cell.Note).Add(cell.Mesh.VertexCount).Add(cell.Mesh.TriangleCount).EndRow();
                if (cell.Mesh.TriangleCount > 0) pictures[r, c] = MeshRenderer.Draw(cell.Mesh, 2 * Cell, MeshView.ThreeQuarter, Tint(cell.Role));
            }
        }

        int gaps = (headings.Count - 1) / group, width = 2 * Edge + headings.Count * Cell + gaps * GroupGap;
        int height = HeadingHeight + rows.Count * (Cell + NoteHeight) + Edge;
        return new Figure(width, height, description, csv.ToString(), canvas =>
        {
            for (int c = 0; c < headings.Count; c++)
            {
                float left = Edge + c * Cell + c / group * GroupGap;
                FigureFont.Draw(canvas, FigureFont.Fit(headings[c], FigureStyle.NoteSize, Cell - 6), left + Cell / 2f, 18, FigureStyle.NoteSize, TextAlign.Centre);
                for (int r = 0; r < rows.Count; r++)
                {
                    if (rows[r][c] is { } cell) DrawCell(canvas, cell, pictures[r, c], left, HeadingHeight + r * (Cell + NoteHeight));
                }
            }
        });
    }

    private static void DrawCell(SKCanvas canvas, ShapeCell cell, byte[]? picture, float left, float top)
    {
        if (picture is null)
        {
            FigureFont.Draw(canvas, "no surface", left + Cell / 2f, top + Cell / 2f, FigureStyle.NoteSize, TextAlign.Centre, FigureStyle.Faint);
        }
        else
        {
            var format = new SKImageInfo(2 * Cell, 2 * Cell, SKColorType.Rgba8888, SKAlphaType.Premul);
            using SKData data = SKData.CreateCopy(picture);
            using SKImage image = SKImage.FromPixels(format, data);
            canvas.DrawImage(image, SKRect.Create(left, top, Cell, Cell), new SKSamplingOptions(SKFilterMode.Linear));
        }

        FigureFont.Draw(canvas, FigureFont.Fit(cell.Note, 11.5f, Cell - 6), left + Cell / 2f, top + Cell + 11, 11.5f, TextAlign.Centre, FigureStyle.Faint);
    }

    private static SKColor Tint(ShapeRole role) => role switch
    {
        ShapeRole.Training => SKColor.Parse("#a9bdd6"),
        ShapeRole.Generated => SKColor.Parse("#e3a79b"),
        ShapeRole.HeldOut => SKColor.Parse("#a5cbb0"),
        _ => SKColor.Parse("#c3b6d9"),
    };
}
