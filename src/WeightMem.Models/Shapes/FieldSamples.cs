using WeightMem.Engine.Random;
using WeightMem.Models.Generators.Baselines;

namespace WeightMem.Models.Shapes;

/// <summary>
/// Points of space with inside and outside, to fit a field to (HyperDiffusion specification, section 1.3): first points near the surface, drawn on it and moved by
/// normal noise of 0.01, then uniform points of the cube.
/// </summary>
/// <param name="Points"><c>[samples, 3]</c></param>
/// <param name="Inside"><c>[samples]</c>: 1 inside, 0 outside.</param>
public sealed record FieldSamples(float[] Points, float[] Inside)
{
    /// <summary>Standard deviation of the points near the surface, each coordinate.</summary>
    public const double SurfaceNoise = 0.01;

    /// <summary>Number of samples.</summary>
    public int Count => Inside.Length;

    /// <summary>Draws samples of a shape.</summary>
    public static FieldSamples Draw(Shape3D shape, int nearSurface, int uniform, RandomStream stream)
    {
        var points = new float[3 * (nearSurface + uniform)];
        double[] surface = nearSurface > 0 ? SurfaceSampler.Draw(shape.Mesh, nearSurface, stream.Sub("surface")) : [], noise = new double[3 * nearSurface];
        BoxMuller.Fill(noise, stream.Sub("noise"));
        RandomStream cube = stream.Sub("cube");
        for (int i = 0; i < points.Length; i++)
            points[i] = (float)(i < noise.Length ? surface[i] + SurfaceNoise * noise[i] : cube.Double(i - noise.Length) - 0.5);
        var inside = new float[points.Length / 3];
        for (int i = 0; i < inside.Length; i++) inside[i] = shape.IsInside(points[3 * i], points[3 * i + 1], points[3 * i + 2]) ? 1 : 0;
        return new FieldSamples(points, inside);
    }

    /// <summary>Points inside both, over points inside either, of these samples and of a field's logits at them; 1 where neither has any.</summary>
    public double IntersectionOverUnion(ReadOnlySpan<float> logits, double level)
    {
        int both = 0, either = 0;
        for (int i = 0; i < Inside.Length; i++)
        {
            bool a = Inside[i] > 0.5f, b = logits[i] > level;
            both += a && b ? 1 : 0;
            either += a || b ? 1 : 0;
        }

        return either == 0 ? 1 : (double)both / either;
    }
}
