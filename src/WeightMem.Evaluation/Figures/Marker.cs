using SkiaSharp;

namespace WeightMem.Evaluation.Figures;

/// <summary>The shapes of scatter marks; they repeat what colour says, for print and for the colour-blind.</summary>
internal enum Marker
{
    /// <summary>A disc.</summary>
    Circle,

    /// <summary>A square.</summary>
    Square,

    /// <summary>A square on its corner.</summary>
    Diamond,

    /// <summary>A triangle that points up.</summary>
    Triangle,

    /// <summary>A triangle that points down.</summary>
    TriangleDown,
}

/// <summary>Draws scatter marks.</summary>
internal static class MarkerDrawing
{
    /// <summary>The mark of a population; names without a fixed one alternate between the two triangles.</summary>
    public static Marker Of(string population, int placeAmongOthers) => population switch
    {
        "training" or "generated" => Marker.Circle,
        "generated-known-starts" => Marker.Diamond,
        "heldout" => Marker.Square,
        _ => placeAmongOthers % 2 == 0 ? Marker.Triangle : Marker.TriangleDown,
    };

    /// <summary>Draws one mark of about the area of a disc of the given radius, with a thin black edge.</summary>
    public static void Draw(SKCanvas canvas, Marker marker, float x, float y, float radius, SKPaint fill, SKPaint edge)
    {
        if (marker == Marker.Circle)
        {
            canvas.DrawCircle(x, y, radius, fill);
            canvas.DrawCircle(x, y, radius, edge);
            return;
        }

        using SKPath path = Outline(marker, x, y, radius);
        canvas.DrawPath(path, fill);
        canvas.DrawPath(path, edge);
    }

    private static SKPath Outline(Marker marker, float x, float y, float r)
    {
        var path = new SKPath();
        float s = r * 0.89f, d = r * 1.25f, t = r * 1.22f; // sizes that give every shape the area of the disc
        SKPoint[] corners = marker switch
        {
            Marker.Square => [new(x - s, y - s), new(x + s, y - s), new(x + s, y + s), new(x - s, y + s)],
            Marker.Diamond => [new(x, y - d), new(x + d, y), new(x, y + d), new(x - d, y)],
            Marker.TriangleDown => [new(x, y + t), new(x + t, y - t * 0.75f), new(x - t, y - t * 0.75f)],
            _ => [new(x, y - t), new(x + t, y + t * 0.75f), new(x - t, y + t * 0.75f)],
        };
        path.AddPoly(corners, close: true);
        return path;
    }
}
