using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Formats.Meshes;
using WeightMem.Models.Shapes;
using WeightMem.Models.Targets;

namespace WeightMem.Benchmarks;

/// <summary>
/// HyperDiffusion's small kernels: a field of 3 x 128 at points and on a grid, Chamfer distances of clouds of 2,048 points, training steps of many fields of 3 x 48, and
/// marching cubes. Operations of a Chamfer row are 8 a pair of points and count each pair once; of marching cubes one a cell.
/// </summary>
internal static class FieldRows
{
    public const string Section = "Fields, surfaces and point clouds";

    private const int Points = 65_536, Side = 40, Clouds = 8, CloudPoints = 2048, Networks = 32, Batch = 1024;

    public static IEnumerable<Func<BenchmarkRow>> All(bool peers)
    {
        foreach (int threads in new[] { 1, 2 })
        {
            yield return () => Evaluation(threads, grid: false, peers);
            yield return () => Evaluation(threads, grid: true, peers);
            yield return () => Chamfer(threads, peers);
            yield return () => Fitting(threads, peers);
        }

        yield return Surface;
    }

    private static BenchmarkRow Evaluation(int threads, bool grid, bool peers)
    {
        var target = new FieldTarget(3, 128);
        float[] row = Row(target, 0), axis = new SampleGrid(Side, Side, Side, -0.5, -0.5, -0.5, 1.0 / (Side - 1)).Axis(0);
        int count = grid ? Side * Side * Side : Points;
        var points = new float[3 * count];
        var stream = new RandomStream(1, "points");
        for (int i = 0; i < points.Length; i++)
            points[i] = grid ? axis[i % 3 == 0 ? i / 3 / Side / Side : i % 3 == 1 ? i / 3 / Side % Side : i / 3 % Side] : (float)(stream.Double(i) - 0.5);
        var device = new CpuDevice(threads);
        Scope scope = device.Scope();
        Tensor weights = device.From(row, (1, target.Parameters)), at = device.From(points, (1, count, 3)), logits = device.Empty((1, count)), nodes = device.From(axis, Side);
        Tensor onGrid = logits.Reshape(grid ? new Shape([1, Side, Side, Side]) : (1, count));
        Action ours = grid ? () => device.Kernels.FieldGridLogits(onGrid, weights, nodes, nodes, nodes, target.Net) : () => device.Kernels.FieldLogits(logits, weights, at, target.Net);
        ours();
        float[] expected = logits.ToArray<float>();
        var contenders = new List<Contender> { new("ours", () => { }, ours, () => 0) };
        Action free = () => { };
        if (peers)
        {
            LibTorch.SetThreads(threads);
            var peer = new TorchField(target, row, points);
            free = peer.Dispose;
            contenders.Add(new Contender("libtorch", () => LibTorch.SetThreads(threads), () => peer.Logits(), () => Relative(expected, peer.Logits())));
        }

        return new BenchmarkRow
        {
            Section = Section,
            IsPipeline = true,
            Name = grid ? $"field 3x128 on {Side}^3 = {count} nodes" : $"field 3x128 at {count} points",
            Threads = threads,
            Flops = 2 * target.Net.Products * count,
            LargestError = 1e-4,
            Contenders = contenders,
            Free = () => Free(free, scope, device),
        };
    }

    private static BenchmarkRow Chamfer(int threads, bool peers)
    {
        var stream = new RandomStream(2, "clouds");
        float[] a = [.. Enumerable.Range(0, Clouds * CloudPoints * 3).Select(i => (float)(stream.Double(i) - 0.5))];
        float[] b = [.. Enumerable.Range(0, Clouds * CloudPoints * 3).Select(i => (float)(stream.At(1).Double(i) - 0.5))];
        var device = new CpuDevice(threads);
        Scope scope = device.Scope();
        Tensor first = device.From(a, (Clouds, CloudPoints, 3)), second = device.From(b, (Clouds, CloudPoints, 3)), found = device.Empty((Clouds, Clouds), DType.F64);
        void Ours() => device.Kernels.ChamferDistances(found, first, second);
        Ours();
        float[] expected = [.. found.ToArray<double>().Select(d => (float)d)];
        var contenders = new List<Contender> { new("ours", () => { }, Ours, () => 0) };
        Action free = () => { };
        if (peers)
        {
            LibTorch.SetThreads(threads);
            var peer = new TorchClouds(a, b, Clouds);
            free = peer.Dispose;
            contenders.Add(new Contender("libtorch cdist + min", () => LibTorch.SetThreads(threads), () => peer.Distances(), () => Relative(expected, peer.Distances())));
        }

        return new BenchmarkRow
        {
            Section = Section,
            IsPipeline = true,
            Name = $"Chamfer, {Clouds * Clouds} pairs of clouds of {CloudPoints}",
            Threads = threads,
            Flops = 8.0 * Clouds * Clouds * CloudPoints * CloudPoints,
            LargestError = 1e-2, // the peer's product form loses digits of small distances
            Contenders = contenders,
            Free = () => Free(free, scope, device),
        };
    }

    private static BenchmarkRow Fitting(int threads, bool peers)
    {
        var target = new FieldTarget(3, 48);
        float[] rows = [.. Enumerable.Range(0, Networks).SelectMany(k => Row(target, k))];
        var stream = new RandomStream(3, "samples");
        float[] points = [.. Enumerable.Range(0, Networks * Batch * 3).Select(i => (float)(stream.Double(i) - 0.5))];
        float[] inside = [.. Enumerable.Range(0, Networks * Batch).Select(i => stream.At(1).Double(i) < 0.3 ? 1f : 0)];
        var device = new CpuDevice(threads);
        Scope scope = device.Scope();
        Tensor weights = device.From(rows, (Networks, target.Parameters)), at = device.From(points, (Networks, Batch, 3)), labels = device.From(inside, (Networks, Batch));
        Tensor index = device.From([.. Enumerable.Range(0, Networks * Batch).Select(i => i % Batch)], (Networks, Batch));
        Tensor gradient = device.Empty(weights.Shape), losses = device.Empty(Networks), m = device.Zeros(weights.Shape), v = device.Zeros(weights.Shape), rates = device.Empty(Networks);
        device.Kernels.Fill(rates, 1e-9);
        long step = 0;
        void Steps(int each)
        {
            step++;
            for (int k = 0; k < Networks; k += each)
            {
                device.Kernels.FieldGradient(
                    gradient.Slice(k, each), losses.Slice(k, each), weights.Slice(k, each), at.Slice(k, each), labels.Slice(k, each), index.Slice(k, each), target.Net);
                device.Kernels.AdamRows(
                    weights.Slice(k, each), m.Slice(k, each), v.Slice(k, each), gradient.Slice(k, each), rates.Slice(k, each), 0.9, 0.999, 1e-8, 0, step);
            }
        }

        Steps(Networks);
        float[] expected = gradient.ToArray<float>();
        var contenders = new List<Contender>
        {
            new("ours", () => { }, () => Steps(Networks), () => 0),
            new("ours one by one", () => { }, () => Steps(1), () => { Steps(1); return Relative(expected, gradient.ToArray<float>()); }),
        };
        Action free = () => { };
        if (peers)
        {
            LibTorch.SetThreads(threads);
            var peer = new TorchFieldFit(target, rows, points, inside, Batch);
            free = peer.Dispose;
            contenders.Add(new Contender("libtorch one by one", () => LibTorch.SetThreads(threads), peer.Step, () => Relative(expected[..target.Parameters], peer.FirstGradient())));
        }

        return new BenchmarkRow
        {
            Section = Section,
            IsPipeline = true,
            Name = $"{Networks} fields 3x48, training step of {Batch} points each",
            Threads = threads,
            Flops = 6 * target.Net.Products * Networks * Batch,
            LargestError = 1e-3,
            Contenders = contenders,
            Free = () => Free(free, scope, device),
        };
    }

    private static BenchmarkRow Surface()
    {
        SampleGrid grid = SampleGrid.UnitCube(128);
        Airplane airplane = new AirplaneGenerator(0, 0.008).Make(0);
        var values = new float[grid.Nodes];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)-airplane.At(
                grid.X + grid.Spacing * (i / grid.CountZ / grid.CountY), grid.Y + grid.Spacing * (i / grid.CountZ % grid.CountY), grid.Z + grid.Spacing * (i % grid.CountZ));
        }

        MeshData mesh = MarchingCubes.Extract(values, grid, 0);
        return new BenchmarkRow
        {
            Section = Section,
            Name = $"marching cubes of an airplane, 127^3 cells, {mesh.TriangleCount} triangles",
            Threads = 1,
            Flops = grid.Cells,
            LargestError = 0,
            Contenders = [new Contender("ours", () => { }, () => MarchingCubes.Extract(values, grid, 0), () => 0)],
        };
    }

    private static float[] Row(FieldTarget target, int network)
    {
        var row = new float[target.Parameters];
        target.Initialize(row, new RandomStream(network, "field benchmark"));
        return row;
    }

    private static void Free(Action peer, Scope scope, CpuDevice device)
    {
        peer();
        scope.Dispose();
        device.Dispose();
    }

    private static double Relative(float[] expected, float[] found) => expected.Zip(found, (e, f) => Math.Abs((double)e - f)).Max() / expected.Max(Math.Abs);
}
