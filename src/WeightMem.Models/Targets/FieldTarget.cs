using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Formats.Meshes;
using WeightMem.Models.Populations;
using WeightMem.Models.Shapes;

namespace WeightMem.Models.Targets;

/// <summary>
/// The occupancy field of HyperDiffusion (arXiv 2303.17015): from a point of space, encoded by four octaves of sines and cosines, to a logit that is positive
/// inside a shape. With three layers of 128 units it has 36,737 parameters. State-dict names as published.
/// </summary>
public sealed class FieldTarget : ITarget
{
    private readonly Mlp _network;

    /// <summary>A field of so many hidden layers and units.</summary>
    /// <exception cref="ArgumentException">A number is not positive.</exception>
    public FieldTarget(int hidden, int width)
    {
        if (hidden < 1 || width < 1) throw new ArgumentException($"a field has at least one hidden layer and one unit, not {hidden} of {width}");
        Net = new FieldNet(hidden, width);
        Name = $"field-{hidden}x{width}";
        _network = new Mlp([FieldNet.Features, .. Enumerable.Repeat(width, hidden), 1]);
        Layout = new ParameterLayout(_network.Layout.Entries.Select(
            (entry, i) => ($"layers.{i / 2}.{(i % 2 == 0 ? "weight" : "bias")}", entry.Shape)));
    }

    /// <summary>The sizes, as kernels take them.</summary>
    public FieldNet Net { get; }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public ParameterLayout Layout { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> HiddenWidths => _network.HiddenWidths;

    /// <summary>Parameters of one network.</summary>
    public int Parameters => Net.Parameters;

    /// <summary>Weights and biases uniform in ±1/sqrt(fan_in), PyTorch's default for a linear layer.</summary>
    public void Initialize(Span<float> row, RandomStream stream) => _network.Initialize(row, stream);

    /// <inheritdoc/>
    public int[] PermutationIndex(IReadOnlyList<int[]> permutations) => _network.PermutationIndex(permutations);

    /// <summary>The logits of every network of a population at points.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="population">Networks of this target.</param>
    /// <param name="points"><c>[points, 3]</c>, the same for all networks, or <c>[count, points, 3]</c>; coordinates from -1 to 1.</param>
    /// <param name="pointsOfEach">Whether every network has points of its own.</param>
    /// <returns><c>[count, points]</c></returns>
    /// <exception cref="ArgumentException">The population is of another target, or the points are not those of all or of one.</exception>
    public float[] Logits(Device device, Population population, ReadOnlySpan<float> points, bool pointsOfEach = false)
    {
        Check(population);
        int sets = pointsOfEach ? population.Count : 1;
        if (points.Length % (3 * Math.Max(1, sets)) != 0) throw new ArgumentException($"{points.Length} coordinates are no points of {sets} network(s)");
        int n = points.Length / 3 / Math.Max(1, sets);
        if (population.Count == 0 || n == 0) return [];
        using Scope scope = device.Scope();
        Tensor logits = device.Empty((population.Count, n));
        device.Kernels.FieldLogits(logits, device.From(population.Weights, (population.Count, Parameters)), device.From(points, (sets, n, 3)), Net);
        var values = new float[logits.Elements];
        device.ReadFloats(logits, values);
        return values;
    }

    /// <summary>The logits of one network on the nodes of a grid, <c>[x, y, z]</c>.</summary>
    public float[] GridLogits(Device device, ReadOnlySpan<float> row, SampleGrid grid)
    {
        using Scope scope = device.Scope();
        Tensor logits = device.Empty((1, grid.CountX, grid.CountY, grid.CountZ)), x = Axis(0), y = Axis(1), z = Axis(2);
        device.Kernels.FieldGridLogits(logits, device.From(row, (1, Parameters)), x, y, z, Net);
        var values = new float[grid.Nodes];
        device.ReadFloats(logits, values);
        return values;

        Tensor Axis(int axis)
        {
            float[] nodes = grid.Axis(axis);
            return device.From(nodes, nodes.Length);
        }
    }

    /// <summary>
    /// The logits of one network where the published code evaluates them: its indices are divided without rounding down, which shears the grid by up to one node
    /// (HyperDiffusion specification, section 4.1). Only to compare numbers with it.
    /// </summary>
    public float[] ShearedGridLogits(Device device, ReadOnlySpan<float> row, SampleGrid grid)
    {
        var network = new Population(Name, Layout, row.ToArray());
        var values = new float[grid.Nodes];
        var points = new float[3 * grid.CountY * grid.CountZ];
        for (int x = 0; x < grid.CountX; x++)
        {
            for (int y = 0; y < grid.CountY; y++)
            {
                for (int z = 0; z < grid.CountZ; z++)
                {
                    int at = 3 * (y * grid.CountZ + z);
                    double along = y + (double)z / grid.CountZ;
                    points[at] = (float)(grid.X + grid.Spacing * (x + along / grid.CountY));
                    points[at + 1] = (float)(grid.Y + grid.Spacing * along);
                    points[at + 2] = (float)(grid.Z + grid.Spacing * z);
                }
            }

            Logits(device, network, points).CopyTo(values, grid.Row(x, 0));
        }

        return values;
    }

    /// <summary>The surface of every network of a population where its logit crosses a level, on N nodes each way of the unit cube.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="population">Networks of this target.</param>
    /// <param name="nodes">Nodes each way.</param>
    /// <param name="level">The level: 0, or 1.386 (probability 0.8) as published.</param>
    /// <param name="progress">Told the meshes done and in all.</param>
    /// <param name="cancellation">Looked at between networks.</param>
    /// <returns>A mesh for each network; one without triangles where the level is not crossed or a logit is not finite.</returns>
    public MeshData[] Extract(
        Device device, Population population, int nodes, double level, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        Check(population);
        SampleGrid grid = SampleGrid.UnitCube(nodes);
        var meshes = new MeshData[population.Count];
        for (int i = 0; i < meshes.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            float[] logits = GridLogits(device, population.Row(i), grid);
            meshes[i] = Array.TrueForAll(logits, float.IsFinite) ? MarchingCubes.Extract(logits, grid, level) : new MeshData([], []);
            progress?.Invoke(i + 1, meshes.Length);
        }

        return meshes;
    }

    private void Check(Population population)
    {
        if (population.Parameters != Parameters) throw new ArgumentException($"{Name} has {Parameters} parameters, and the networks of {population.Target} have {population.Parameters}");
    }
}
