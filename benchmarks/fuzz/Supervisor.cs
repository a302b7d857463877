using System.Diagnostics;
using System.Globalization;

namespace WeightMem.Fuzz;

/// <summary>How much of a target is run.</summary>
/// <param name="Seed">Seed of the damage.</param>
/// <param name="Inputs">The most inputs.</param>
/// <param name="Seconds">The most seconds.</param>
/// <param name="Threads">Workers at a time.</param>
/// <param name="Findings">Folder for inputs that are findings.</param>
internal sealed record Plan(long Seed, long Inputs, double Seconds, int Threads, string Findings);

/// <summary>
/// Runs a target in processes of its own, this program started again: what no code can catch (a stack overflow, an access violation, a loop
/// without end) ends the worker only. The input it was at is a finding, and a new worker goes on behind it.
/// </summary>
internal static class Supervisor
{
    private const double LongestInputSeconds = 20;
    private const int Glance = 50; // milliseconds

    /// <summary>Memory of a worker's managed heap: beyond it comes an OutOfMemoryException, which is a finding.</summary>
    private const string HeapLimit = "0x100000000"; // 4 GiB

    /// <summary>Reads inputs until there are no more, or the time is over.</summary>
    public static TargetResult Run(Target target, Plan plan)
    {
        string folder = Directory.CreateTempSubdirectory("weightmem-fuzz-").FullName;
        try
        {
            long start = Stopwatch.GetTimestamp();
            var all = new Counts();
            var each = new Counts[plan.Threads];
            Parallel.For(0, plan.Threads, new ParallelOptions { MaxDegreeOfParallelism = plan.Threads }, t =>
                each[t] = RunStripe(target, plan, t, start, Path.Combine(folder, $"tally-{t}")));
            foreach (Counts counts in each) all.Add(counts);
            return new TargetResult(target.Name, Stopwatch.GetElapsedTime(start).TotalSeconds, all);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Reads one input of as many as there are workers: which ones are read in all does not depend on their number.</summary>
    private static Counts RunStripe(Target target, Plan plan, long first, long start, string tallyPath)
    {
        var sum = new Counts();
        while (first < plan.Inputs && Stopwatch.GetElapsedTime(start).TotalSeconds < plan.Seconds)
        {
            File.Delete(tallyPath);
            using var tally = new Tally(tallyPath);
            tally.Counts.Index = -1;
            using Process worker = Start(target, plan, first, tallyPath);
            (bool stuck, bool late) = Watch(worker, tally, start, plan.Seconds);
            Counts counts = tally.Counts;
            bool crashed = stuck || (worker.ExitCode != 0 && !late);
            if (crashed)
            {
                if (counts.Index < 0) throw new InvalidOperationException($"a worker of {target.Name} ended before its first input");
                counts.Findings++;
                counts.Inputs++;
                string finding = stuck ? $"no end within {LongestInputSeconds} s" : $"the process ended with exit code {worker.ExitCode}";
                Worker.Save(target, plan.Seed, counts.Index, new InputMaker(target, plan.Seed).Make(counts.Index), finding, plan.Findings);
            }

            sum.Add(counts);
            if (!crashed) break;
            first = counts.Index + plan.Threads;
        }

        return sum;
    }

    /// <summary>Waits for a worker's end; ends it when the time is over or when it stays at one input.</summary>
    /// <returns>Whether it was ended because it stayed at one input, and whether because the time is over.</returns>
    private static (bool Stuck, bool Late) Watch(Process worker, Tally tally, long start, double seconds)
    {
        long index = -1, since = Stopwatch.GetTimestamp();
        while (!worker.WaitForExit(Glance))
        {
            long now = Volatile.Read(ref tally.Counts.Index);
            if (now != index) (index, since) = (now, Stopwatch.GetTimestamp());
            bool stuck = Stopwatch.GetElapsedTime(since).TotalSeconds > LongestInputSeconds;
            if (!stuck && Stopwatch.GetElapsedTime(start).TotalSeconds < seconds) continue;
            worker.Kill();
            worker.WaitForExit();
            return (stuck, !stuck);
        }

        return (false, false);
    }

    private static Process Start(Target target, Plan plan, long first, string tallyPath)
    {
        var info = new ProcessStartInfo(Environment.ProcessPath!);
        string[] arguments =
        [
            "--target", target.Name, "--seed", Text(plan.Seed), "--inputs", Text(plan.Inputs), "--findings", plan.Findings,
            "--first", Text(first), "--step", Text(plan.Threads), "--tally", tallyPath,
        ];
        foreach (string argument in arguments) info.ArgumentList.Add(argument);
        info.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        info.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        return Process.Start(info) ?? throw new InvalidOperationException("the worker did not start");

        static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
