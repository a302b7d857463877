using System.Diagnostics;
using System.Globalization;

namespace WeightMem.Fuzz;

/// <summary>
/// Runs a target in processes of its own, this program started again: what no code can catch (a stack overflow, an access violation, a loop without end)
/// ends the worker only. The input it was at is a finding, and a new worker goes on behind it.
/// </summary>
internal static class Supervisor
{
    private const double LongestInputSeconds = 20;
    private const int Glance = 50; // milliseconds

    /// <summary>Memory of a worker's managed heap: beyond it comes an OutOfMemoryException, which is a finding.</summary>
    private const string HeapLimit = "0x100000000"; // 4 GiB

    /// <summary>Reads inputs until there are no more, or the time is over.</summary>
    public static TargetResult Run(Target target, long seed, long inputs, double seconds, int threads, string findings)
    {
        string folder = Directory.CreateTempSubdirectory("weightmem-fuzz-").FullName;
        try
        {
            long start = Stopwatch.GetTimestamp();
            var all = new Counts();
            Counts[] each = new Counts[threads];
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, t =>
                each[t] = RunStripe(target, seed, t, threads, inputs, start, seconds, Path.Combine(folder, $"tally-{t}"), findings));
            foreach (Counts counts in each) all.Add(counts);
            return new TargetResult(target.Name, Stopwatch.GetElapsedTime(start).TotalSeconds, all);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Reads every <paramref name="step"/>-th input: which ones are read does not depend on the number of workers.</summary>
    private static Counts RunStripe(Target target, long seed, long first, int step, long inputs, long start, double seconds, string tallyPath, string findings)
    {
        var sum = new Counts();
        while (first < inputs && Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            File.Delete(tallyPath);
            using var tally = new Tally(tallyPath);
            using Process worker = Start(target, seed, first, step, inputs, tallyPath, findings);
            bool stuck = Watch(worker, tally, start, seconds);
            Counts counts = tally.Counts;
            if (counts.Index == 0 && counts.Inputs == 0 && first > 0) throw new InvalidOperationException($"a worker of {target.Name} did not start");
            bool crashed = worker.ExitCode != 0 && (stuck || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds);
            if (crashed)
            {
                counts.Findings++;
                counts.Inputs++;
                string finding = stuck ? $"no end within {LongestInputSeconds} s" : $"the process ended with exit code {worker.ExitCode}";
                Worker.Save(target, seed, counts.Index, new InputMaker(target, seed).Make(counts.Index), finding, findings);
            }

            sum.Add(counts);
            if (!crashed) break;
            first = counts.Index + step;
        }

        return sum;
    }

    /// <summary>Waits for a worker's end; ends it when the time is over or when it stays at one input.</summary>
    /// <returns>Whether it stayed at one input.</returns>
    private static bool Watch(Process worker, Tally tally, long start, double seconds)
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
            return stuck;
        }

        return false;
    }

    private static Process Start(Target target, long seed, long first, int step, long inputs, string tallyPath, string findings)
    {
        var info = new ProcessStartInfo(Environment.ProcessPath!);
        string[] arguments =
        [
            "--target", target.Name, "--seed", Text(seed), "--inputs", Text(inputs), "--findings", findings,
            "--first", Text(first), "--step", Text(step), "--tally", tallyPath,
        ];
        foreach (string argument in arguments) info.ArgumentList.Add(argument);
        info.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        info.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        return Process.Start(info) ?? throw new InvalidOperationException("the worker did not start");

        static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
