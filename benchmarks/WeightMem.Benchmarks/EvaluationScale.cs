using System.Diagnostics;
using System.Globalization;
using System.Text;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Benchmarks;

/// <summary>
/// The measures over pairs at the size of a published study: 10,000 by 10,000 networks of 7,960 weights, error masks over 10,000 images. The peer does the same on a slice, the way the public
/// code of the paper does it; both are scaled to pairs per second in the same run.
/// </summary>
internal static class EvaluationScale
{
    private const int Images = 10_000;

    /// <summary>Measures and writes <c>evaluation.md</c>.</summary>
    /// <param name="folder">Folder of the results.</param>
    /// <param name="networks">Networks on both sides.</param>
    /// <param name="slice">Networks of the slice that the peer does.</param>
    public static void Write(string folder, int networks, int slice)
    {
        int threads = Environment.ProcessorCount;
        LibTorch.SetThreads(threads);
        using var device = new CpuDevice(threads);
        var target = new Mlp(784, 10, 10);
        Population references = PairProblem.Networks(target, networks, 1), queries = PairProblem.Networks(target, networks, 2);
        (queries.Wrong, references.Wrong) = (PairProblem.Masks(networks, Images, 3), PairProblem.Masks(networks, Images, 4));
        Population few = queries.Select([.. Enumerable.Range(0, slice)]), fewer = queries.Select([.. Enumerable.Range(0, Math.Max(8, slice / 50))]);
        Population some = references.Select([.. Enumerable.Range(0, Math.Min(networks, 1000))]);
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"# Measures over pairs, {networks:N0} by {networks:N0} networks of 7,960 weights, masks of {Images:N0} bits\n\n"));
        text.Append("| measure | ours, whole | ours, pairs/s | peer, pairs/s | ratio | peer does |\n|---|---|---|---|---|---|\n");

        // Before the peer takes any memory.
        double ofDistances = Time(() => MinimumDistance.Nearest(device, queries, references, Exclusion.None).Nearest()), ofSimilarities = Time(() => ErrorSimilarity.Maximum(device, queries, references, Exclusion.None).Values);
        double ofPermuted = Time(() => Permuted(some, some));
        long peak;
        using (var now = Process.GetCurrentProcess()) peak = now.PeakWorkingSet64;
        Row("min L2", Whole(networks, ofDistances),
            () => MinimumDistance.Nearest(device, few, references, Exclusion.None).Nearest(), () => PairProblem.Distances(few, references), few.Count, networks, "cdist of the slice in float32 (its matrix-product path), then the row minimum");
        Row("max similarity", Whole(networks, ofSimilarities),
            () => ErrorSimilarity.Maximum(device, few, references, Exclusion.None).Values, () => PairProblem.Similarities(few.Wrong!, references.Wrong!), few.Count, networks, "and, or and sums of boolean tensors, a query at a time");
        Row("min L2, permuted", Whole(some.Count, ofPermuted),
            () => Permuted(few, some), () => PairProblem.Assignments(fewer, some), fewer.Count, some.Count, "cdist of two networks' units and one assignment, a pair at a time; its slice has 8 queries, since its time a pair is the same for any number");
        text.Append(CultureInfo.InvariantCulture, $"\nPeak memory of the process after our whole runs, both populations in it ({2.0 * networks * 7960 * 4 / 1e9:F2} GB of weights): {peak / 1e9:F2} GB. {threads} threads, {SimdSupport.Best}. Times are of one run; ratios of the slice, the medians of 3 turns.\n");
        Console.Write(text.ToString());
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "evaluation.md"), text.ToString());

        double[] Permuted(Population left, Population right) => AlignedDistance.Nearest(device, left, right, Exclusion.None).Neighbours.Nearest();

        void Row(string name, string whole, Func<double[]> ours, Func<double[]> theirs, int theirQueries, int references, string how)
        {
            double[] left = ours(), right = theirs();
            double error = left.Zip(right, (a, b) => Math.Abs(a - b) / Math.Max(1e-6, Math.Abs(a))).Max();
            if (error > 1e-3) throw new InvalidOperationException($"{name}: the peer's numbers differ by {error:G3}");
            double[] our = new double[3], their = new double[3];
            for (int turn = 0; turn < 3; turn++)
            {
                our[turn] = (double)left.Length * references / Time(ours);
                their[turn] = (double)theirQueries * references / Time(theirs);
            }

            Array.Sort(our);
            Array.Sort(their);
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {whole} | {our[1]:G3} | {their[1]:G3} | {our[1] / their[1]:F1} | {how} |\n");
        }

        static string Whole(int networks, double seconds) =>
            string.Create(CultureInfo.InvariantCulture, $"{networks:N0} x {networks:N0}: {seconds:F1} s ({(double)networks * networks / seconds:G3} pairs/s)");
    }

    private static double Time(Func<double[]> work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalSeconds;
    }
}
