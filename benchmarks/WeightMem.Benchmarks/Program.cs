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
    case "all":
        Report.Write(folder, "gemm", "Matrix product, single precision", Measurement.RunAll(GemmRows.All(peers), filter, rounds));
        Report.Write(folder, "gpt", "G.pt at the size of the preset small", Measurement.RunAll(GptRows.All(peers), filter, rounds));
        return 0;
    case "pool":
        PoolLatency.Print();
        return 0;
    default:
        Console.Error.WriteLine("usage: WeightMem.Benchmarks all|gemm|gpt|pool [--filter words] [--rounds n] [--out folder] [--no-peers]");
        return 2;
}
