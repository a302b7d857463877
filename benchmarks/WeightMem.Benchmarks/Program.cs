using System.Globalization;
using WeightMem.Benchmarks;

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

switch (command)
{
    case "gemm":
        Report.Write(folder, "gemm", "Matrix product, single precision", Measurement.RunAll(GemmRows.All(peers), filter, rounds));
        return 0;
    case "gpt":
        Report.Write(folder, "gpt", "G.pt at the size of the preset small", Measurement.RunAll(GptRows.All(peers), filter, rounds));
        return 0;
    case "cnn":
        Report.Write(folder, "cnn", "Populations of small CNNs", Measurement.RunAll(CnnRows.All(peers), filter, rounds));
        return 0;
    case "fields":
        Report.Write(folder, "fields", "Occupancy fields, surfaces and point clouds", Measurement.RunAll(FieldRows.All(peers), filter, rounds));
        return 0;
    case "pdiff":
        Report.Write(folder, "pdiff", "Layers and models of P-diff, forward and backward", Measurement.RunAll(PDiffRows.All(peers), filter, rounds));
        return 0;
    case "all":
        Report.Write(folder, "gemm", "Matrix product, single precision", Measurement.RunAll(GemmRows.All(peers), filter, rounds));
        Report.Write(folder, "gpt", "G.pt at the size of the preset small", Measurement.RunAll(GptRows.All(peers), filter, rounds));
        Report.Write(folder, "cnn", "Populations of small CNNs", Measurement.RunAll(CnnRows.All(peers), filter, rounds));
        Report.Write(folder, "fields", "Occupancy fields, surfaces and point clouds", Measurement.RunAll(FieldRows.All(peers), filter, rounds));
        Report.Write(folder, "pdiff", "Layers and models of P-diff, forward and backward", Measurement.RunAll(PDiffRows.All(peers), filter, rounds));
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
        Console.Error.WriteLine("usage: WeightMem.Benchmarks all|gemm|gpt|cnn|evaluation|fields|pdiff|files|pool [--filter words] [--rounds n] [--out folder] [--no-peers]");
        Console.Error.WriteLine("       evaluation: [--networks on both sides] [--slice networks that the peer does]");
        Console.Error.WriteLine("       files: [--folder temporary folder] [--size megabytes of the large files]");
        return 2;
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
