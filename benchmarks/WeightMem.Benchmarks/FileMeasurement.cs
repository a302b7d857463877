using System.Diagnostics;
using System.Globalization;

namespace WeightMem.Benchmarks;

/// <summary>Times rows of files: each round runs the floor and this project in turns, so that a disturbance hits both.</summary>
internal static class FileMeasurement
{
    /// <summary>Measures every row whose name holds all words of the filter.</summary>
    public static List<FileResult> RunAll(IEnumerable<FileRow> rows, string filter, int rounds)
    {
        var results = new List<FileResult>();
        string[] words = filter.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (FileRow row in rows.Where(row => words.All(word => row.Name.Contains(word, StringComparison.OrdinalIgnoreCase))))
        {
            if (!row.IsRight(row.Ours()))
            {
                Console.Error.WriteLine($"{row.Name}: what was read is wrong, and is not timed");
                continue;
            }

            results.Add(Measure(row, rounds));
            FileResult last = results[^1];
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Name}: {row.Bytes / last.Median / 1e9:F2} GB/s, {last.Ratio:F2} of the floor's time"));
        }

        return results;
    }

    private static FileResult Measure(FileRow row, int rounds)
    {
        double[] ours = new double[rounds], floor = new double[rounds];
        Seconds(row.Floor);
        for (int round = 0; round < rounds; round++)
        {
            if (round % 2 == 0) (floor[round], ours[round]) = (Seconds(row.Floor), Seconds(row.Ours));
            else (ours[round], floor[round]) = (Seconds(row.Ours), Seconds(row.Floor));
        }

        double ratio = Median(ours.Zip(floor, (our, least) => our / least));
        return new FileResult(row.Name, row.Bytes, Median(ours), ours.Min(), Median(floor), floor.Min(), ratio);
    }

    private static double Seconds(Func<object?> run)
    {
        // All memory goes back to the system first: both pay for fresh pages, and neither for freeing what the one before it held.
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        long start = Stopwatch.GetTimestamp();
        object? value = run();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        GC.KeepAlive(value);
        return seconds;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }
}
