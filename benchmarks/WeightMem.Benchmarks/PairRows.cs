using WeightMem.Engine.Devices.Cpu;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Benchmarks;

/// <summary>Measures over pairs of networks at a size that fits a table; <see cref="EvaluationScale"/> has them at a published one.</summary>
internal static class PairRows
{
    public const string Section = "Measures over pairs of networks";

    private const int Queries = 200, References = 2000, Images = 10_000;

    public static IEnumerable<Func<BenchmarkRow>> All(bool peers)
    {
        foreach (int threads in new[] { 1, 2 })
        {
            yield return () => Row("min L2", Queries, References, threads, peers);
            yield return () => Row("max similarity", 20, References, threads, peers); // each query takes the peer 20 ms
            yield return () => Row("min L2, permuted", 50, 50, threads, peers);
        }
    }

    private static BenchmarkRow Row(string measure, int queries, int references, int threads, bool peers)
    {
        var target = new Mlp(784, 10, 10);
        Population a = PairProblem.Networks(target, queries, 2), b = PairProblem.Networks(target, references, 1);
        (a.Wrong, b.Wrong) = (PairProblem.Masks(queries, Images, 3), PairProblem.Masks(references, Images, 4));
        var device = new CpuDevice(threads);
        double pairs = (double)queries * references;
        (Func<double[]> ours, Func<double[]> theirs, string name, double flops, double bytes) = measure switch
        {
            "min L2" => (
                (Func<double[]>)(() => MinimumDistance.Nearest(device, a, b, Exclusion.None).Nearest()), (Func<double[]>)(() => PairProblem.Distances(a, b)),
                $"min L2, {queries} x {references} networks of {target.Parameters} weights", 2 * pairs * target.Parameters, 4.0 * (queries + references) * target.Parameters),
            "max similarity" => (
                () => ErrorSimilarity.Maximum(device, a, b, Exclusion.None).Values, () => PairProblem.Similarities(a.Wrong, b.Wrong),
                $"max error similarity, {queries} x {references} masks of {Images} images", 0, (queries + references) * Images / 8.0),
            _ => (
                () => AlignedDistance.Nearest(device, a, b, Exclusion.None).Neighbours.Nearest(), () => PairProblem.Assignments(a, b),
                $"min L2 over orders of 10 hidden units, {queries} x {references} networks", 2 * pairs * 100 * 795, 4.0 * (queries + references) * target.Parameters),
        };
        double[] expected = ours();
        var contenders = new List<Contender> { new("ours", () => { }, () => ours(), () => 0) };
        if (peers)
        {
            contenders.Add(new Contender(
                measure == "min L2, permuted" ? "libtorch one by one" : "libtorch", () => LibTorch.SetThreads(threads), () => theirs(),
                () => expected.Zip(theirs(), (x, y) => Math.Abs(x - y) / Math.Max(1e-6, Math.Abs(x))).Max()));
        }

        return new BenchmarkRow
        {
            Section = Section,
            IsPipeline = true,
            Name = name,
            Threads = threads,
            Flops = flops,
            Bytes = bytes,
            LargestError = 1e-3, // the peer's product form loses digits
            Contenders = contenders,
            Free = device.Dispose,
        };
    }
}
