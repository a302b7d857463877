using System.Globalization;

namespace WeightMem.Fuzz;

/// <summary>The process that reads inputs, and that a reader may kill.</summary>
internal static class Worker
{
    private const int InputsPerLook = 1024;

    /// <summary>Reads inputs first, first + step, and so on below end.</summary>
    public static void Run(Target target, long seed, long first, long step, long end, string tallyPath, string findings)
    {
        var maker = new InputMaker(target, seed);
        using var tally = new Tally(tallyPath);
        ref Counts counts = ref tally.Counts;
        for (long index = first; index < end; index += step)
        {
            counts.Index = index;
            byte[] input = maker.Make(index);
            Outcome outcome = Outcome.Of(target, input);
            if (outcome.Finding is { } finding)
            {
                counts.Findings++;
                Save(target, seed, index, input, finding, findings);
            }

            // The first inputs also pay for the run-time compiler.
            long micros = (long)(outcome.Seconds * 1e6);
            if (micros > counts.Slowest && counts.Inputs > 100) (counts.Slowest, counts.SlowestIndex) = (micros, index);
            if (outcome.Allocated > counts.MostAllocated) (counts.MostAllocated, counts.MostAllocatedIndex) = (outcome.Allocated, index);
            if (outcome.Accepted && outcome.Finding is null) counts.Accepted++;
            counts.Inputs++;
            if (counts.Inputs % InputsPerLook == 0) counts.PeakResident = PeakResident();
        }

        counts.Index = long.MaxValue;
        counts.PeakResident = PeakResident();
    }

    /// <summary>Keeps an input for later, and says so.</summary>
    public static void Save(Target target, long seed, long index, byte[] input, string finding, string folder)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{target.Name}-{seed}-{index}.bin"));
        File.WriteAllBytes(path, input);
        Console.Error.WriteLine($"finding: --target {target.Name} --seed {seed} --index {index} ({input.Length} bytes, {path}): {finding}");
    }

    private static long PeakResident()
    {
        if (!OperatingSystem.IsLinux()) return 0;
        string? line = File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.AsSpan(6).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) * 1024;
    }
}
