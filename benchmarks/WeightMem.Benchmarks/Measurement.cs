using System.Diagnostics;

namespace WeightMem.Benchmarks;

/// <summary>
/// Times rows: every contender is checked first, then all run in turns, so that a disturbance hits them alike.
/// </summary>
internal static class Measurement
{
    private const double BurstSeconds = 0.004;

    /// <summary>Measures every row whose name holds all words of the filter.</summary>
    public static List<RowResult> RunAll(IEnumerable<Func<BenchmarkRow>> rows, string filter, int rounds)
    {
        var results = new List<RowResult>();
        string[] words = filter.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (Func<BenchmarkRow> make in rows)
        {
            using BenchmarkRow row = make();
            string label = $"{row.Name}, {row.Threads} thread{(row.Threads == 1 ? "" : "s")}";
            if (!words.All(word => label.Contains(word, StringComparison.OrdinalIgnoreCase))) continue;
            if (Measure(row, rounds) is not { } result) continue;
            results.Add(result);
            Console.Error.WriteLine(Report.Line(result));
        }

        return results;
    }

    private static RowResult? Measure(BenchmarkRow row, int rounds)
    {
        var checkedOnes = new List<(Contender Contender, double Error)>();
        foreach (Contender contender in row.Contenders)
        {
            contender.Prepare();
            double error = contender.Error();
            if (error <= row.LargestError) checkedOnes.Add((contender, error));
            else Console.Error.WriteLine($"{row.Name}: {contender.Name} is wrong by {error:G3} and is left out");
        }

        if (checkedOnes.Count == 0 || checkedOnes[0].Contender != row.Contenders[0]) return null;

        var repetitions = new int[checkedOnes.Count];
        var times = new double[checkedOnes.Count][];
        for (int i = 0; i < checkedOnes.Count; i++)
        {
            times[i] = new double[rounds];
            checkedOnes[i].Contender.Prepare();
            WarmUp(checkedOnes[i].Contender);
            repetitions[i] = Math.Max(1, (int)(BurstSeconds / Burst(checkedOnes[i].Contender, 3)));
        }

        for (int round = 0; round < rounds; round++)
        {
            for (int turn = 0; turn < checkedOnes.Count; turn++)
            {
                int i = (turn + round) % checkedOnes.Count;
                checkedOnes[i].Contender.Prepare();
                // Threads of the contender before go on spinning for a while; the first run also warms the caches again.
                Thread.Sleep(5);
                checkedOnes[i].Contender.Run();
                times[i][round] = Burst(checkedOnes[i].Contender, repetitions[i]);
            }
        }

        var results = new List<ContenderResult>();
        for (int i = 0; i < checkedOnes.Count; i++)
        {
            double ratio = Median(times[i].Zip(times[0], (peer, ours) => peer / ours));
            results.Add(new ContenderResult(checkedOnes[i].Contender.Name, checkedOnes[i].Error, times[i].Min(), Median(times[i]), times[i].Max(), ratio));
        }

        // Warm by now: what is left are the tape's closures and tensors' handles, never their memory.
        const int Runs = 3;
        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < Runs; i++) row.Contenders[0].Run();
        long garbage = (GC.GetTotalAllocatedBytes(precise: true) - before) / Runs;
        return new RowResult(row.Section, row.Name, row.IsPipeline, row.Threads, row.Flops, row.Bytes, garbage, results);
    }

    /// <summary>Runs long enough for the run-time compiler to settle and for a processor to raise its clock.</summary>
    private static void WarmUp(Contender contender)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < 0.2) contender.Run();
    }

    /// <summary>Seconds for one run.</summary>
    private static double Burst(Contender contender, int repetitions)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < repetitions; i++) contender.Run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / repetitions;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }
}
