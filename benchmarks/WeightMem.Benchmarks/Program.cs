using System.Globalization;
using WeightMem.Benchmarks;
using WeightMem.Evaluation.Studies;

string command = args.Length > 0 && !args[0].StartsWith('-') ? args[0] : "";
string Option(string name, string otherwise)
{
    int index = Array.IndexOf(args, name);
    return index >= 0 && index + 1 < args.Length ? args[index + 1] : otherwise;
}

int rounds = int.Parse(Option("--rounds", "15"), CultureInfo.InvariantCulture);
string filter = Option("--filter", "");
string folder = Option("--out", Path.Combine("benchmarks", "results"));
bool peers = !args.Contains("--no-peers");
var sections = new Dictionary<string, Func<bool, IEnumerable<Func<BenchmarkRow>>>>
{
    ["gemm"] = GemmRows.All,
    ["ops"] = OpRows.All,
    ["flat"] = FlatRows.All,
    ["generators"] = GeneratorRows.All,
    ["cnn"] = CnnRows.All,
    ["fields"] = FieldRows.All,
    ["pairs"] = PairRows.All,
};

switch (command)
{
    case "all":
        Run([.. sections.Values.SelectMany(rows => rows(peers))], [.. StudyPresets.Methods], folder);
        return 0;
    case "studies":
        Run([], [.. StudyPresets.Methods], args.Contains("--out") ? folder : null);
        return 0;
    case var section when sections.TryGetValue(section, out Func<bool, IEnumerable<Func<BenchmarkRow>>>? rows):
        Run([.. rows(peers)], [], args.Contains("--out") ? folder : null);
        return 0;
    case "evaluation":
        EvaluationScale.Write(folder, int.Parse(Option("--networks", "10000"), CultureInfo.InvariantCulture), int.Parse(Option("--slice", "200"), CultureInfo.InvariantCulture));
        return 0;
    case "files":
        return Files();
    case "pool":
        PoolLatency.Print();
        return 0;
    default:
        Console.Error.WriteLine("usage: WeightMem.Benchmarks all|gemm|ops|flat|generators|cnn|fields|pairs|studies|evaluation|files|pool [--filter words] [--rounds n] [--out folder] [--no-peers]");
        Console.Error.WriteLine("       evaluation: [--networks on both sides] [--slice networks that the peer does]");
        Console.Error.WriteLine("       files: [--folder temporary folder] [--size megabytes of the large files]");
        return 2;
}

void Run(IReadOnlyList<Func<BenchmarkRow>> rows, IReadOnlyList<string> studies, string? into)
{
    List<Roof> before = Roofs.Measure();
    List<RowResult> measured = Measurement.RunAll(rows, filter, rounds);
    List<Roof> roofs = Roofs.Better(before, Roofs.Measure());
    List<StudyTime> whole = [];
    if (measured.Count > 0) Write();

    // Each takes minutes: what is there is written after each.
    foreach (string study in studies.Where(s => filter.Length == 0 || s.Contains(filter, StringComparison.Ordinal)))
    {
        whole.Add(StudyTimes.Measure(study, "small"));
        Write();
    }

    void Write() => Report.Write(new BenchmarkRun(DateTime.UtcNow, Report.Machine(), roofs, measured, whole), into);
}

int Files()
{
    long bytes = long.Parse(Option("--size", "1000"), CultureInfo.InvariantCulture) * 1_000_000;
    string place = Option("--folder", Path.GetTempPath()), work = Path.Combine(place, $"weightmem-files-{Guid.NewGuid():N}");
    long free = new DriveInfo(Path.GetFullPath(place)).AvailableFreeSpace;
    if (free < 3 * bytes)
    {
        Console.Error.WriteLine($"{place}: {free / 1_000_000} MB are free and {3 * bytes / 1_000_000} are needed; choose another --folder or a smaller --size");
        return 1;
    }

    Directory.CreateDirectory(work);
    try
    {
        FileReport.Write(folder, FileMeasurement.RunAll(new FileRows(work, bytes).All(), filter, rounds));
        return 0;
    }
    finally
    {
        Directory.Delete(work, recursive: true);
    }
}
