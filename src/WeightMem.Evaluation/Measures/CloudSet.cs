using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Formats.Meshes;
using WeightMem.Models.Shapes;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// A normalised point cloud for each shape of a population, all of one size. A shape without a surface has none; it keeps its place and is infinitely far from
/// everything, so that it is counted and never dropped.
/// </summary>
public sealed class CloudSet
{
    /// <summary>Clouds in the order of the population; null for an empty shape.</summary>
    /// <exception cref="ArgumentException">Clouds differ in size.</exception>
    public CloudSet(IReadOnlyList<float[]?> clouds)
    {
        Clouds = clouds;
        Points = clouds.FirstOrDefault(c => c is not null)?.Length / 3 ?? 0;
        if (clouds.Any(c => c is not null && c.Length != 3 * Points)) throw new ArgumentException("the clouds of a set have one number of points");
        Filled = [.. Enumerable.Range(0, clouds.Count).Where(i => clouds[i] is not null)];
    }

    /// <summary>The clouds, <c>[points, 3]</c> each.</summary>
    public IReadOnlyList<float[]?> Clouds { get; }

    /// <summary>Points of a cloud; 0 when all are empty.</summary>
    public int Points { get; }

    /// <summary>Number of shapes, the empty ones included.</summary>
    public int Count => Clouds.Count;

    /// <summary>The shapes that have a cloud.</summary>
    public IReadOnlyList<int> Filled { get; }

    /// <summary>Number of empty shapes.</summary>
    public int Empty => Count - Filled.Count;

    /// <summary>Draws clouds of meshes; a mesh without area gives none.</summary>
    public static CloudSet OfMeshes(IReadOnlyList<MeshData> meshes, int points, RandomStream stream)
    {
        var clouds = new float[]?[meshes.Count];
        Parallel.For(0, clouds.Length, i =>
        {
            if (meshes[i].TriangleCount > 0) clouds[i] = PointClouds.Normalize(SurfaceSampler.Draw(meshes[i], points, stream.Sub("shape", i)));
        });
        return new CloudSet(clouds);
    }

    /// <summary>Some of the shapes.</summary>
    public CloudSet Select(IEnumerable<int> shapes) => new([.. shapes.Select(i => Clouds[i])]);

    /// <summary>Chamfer distances <c>[this, other]</c> (specification of HyperDiffusion, 4.3); infinite where a shape is empty.</summary>
    public double[] Chamfer(Device device, CloudSet other)
    {
        var distances = new double[Count * other.Count];
        distances.AsSpan().Fill(double.PositiveInfinity);
        if (Filled.Count == 0 || other.Filled.Count == 0) return distances;
        using Scope scope = device.Scope();
        Tensor found = device.Empty((Filled.Count, other.Filled.Count), DType.F64);
        device.Kernels.ChamferDistances(found, Pack(device), other.Pack(device));
        double[] values = found.ToArray<double>();
        for (int i = 0; i < Filled.Count; i++)
        {
            for (int j = 0; j < other.Filled.Count; j++) distances[Filled[i] * other.Count + other.Filled[j]] = values[i * other.Filled.Count + j];
        }

        return distances;
    }

    private Tensor Pack(Device device)
    {
        var packed = new float[3 * Points * Filled.Count];
        for (int i = 0; i < Filled.Count; i++) Clouds[Filled[i]]!.CopyTo(packed, 3 * Points * i);
        return device.From(packed, (Filled.Count, Points, 3));
    }
}
