using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using WeightMem.Engine.Devices.Cpu;

namespace WeightMem.Benchmarks;

/// <summary>Everything of one run of the benchmarks on one machine.</summary>
/// <param name="Measured">When, UTC.</param>
/// <param name="Machine">Processor, threads and runtime.</param>
/// <param name="Roofs">What it can do at best, measured before and after the rows.</param>
/// <param name="Rows">The rows.</param>
/// <param name="Studies">Whole studies.</param>
internal sealed record BenchmarkRun(DateTime Measured, string Machine, IReadOnlyList<Roof> Roofs, IReadOnlyList<RowResult> Rows, IReadOnlyList<StudyTime> Studies);

/// <summary>The tables that are printed, and the files beside them.</summary>
internal static class Report
{
    /// <summary>The machine in words.</summary>
    public static string Machine()
    {
        string processor = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[^1].Trim() ?? "unknown processor"
            : "unknown processor";
        return $"{processor}, {Environment.ProcessorCount} hardware threads, {SimdSupport.Best}, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}";
    }

    /// <summary>Writes <c>cpu-DATE.md</c> and <c>cpu-DATE.json</c> into a folder; without one, prints the tables.</summary>
    public static void Write(BenchmarkRun run, string? folder)
    {
        string text = Text(run);
        if (folder is null)
        {
            Console.Write(text);
            return;
        }

        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"cpu-{run.Measured:yyyy-MM-dd}"));
        File.WriteAllText(path + ".md", text);
        File.WriteAllText(path + ".json", JsonSerializer.Serialize(run, ReportJson.Default.BenchmarkRun) + "\n");
    }

    /// <summary>A row while the others are still measured.</summary>
    public static string Line(RowResult row) =>
        $"{row.Name} x{row.Threads}: {string.Join("  ", row.Contenders.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Name} {Time(c.Median)} ({c.Ratio:F2})")))}";

    private static string Text(BenchmarkRun run)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Speed on the CPU, {run.Measured:yyyy-MM-dd}\n\n{run.Machine}. The peer is libtorch 2.10 (TorchSharp), with as many threads; both compute in float32.\n\n");
        text.Append("Contenders run in turns, warm; a time is the median of the turns (least - most). A ratio is the median over the turns of peer time / our time: above 1, this project is faster.\n");
        text.Append("% of roof is the time that the machine's multiply-add peak, or its copy of as many bytes, allows, over our median; roofs are the best bursts of this run. The error is the largest\n");
        text.Append("relative one of all contenders: against float64 where there is a reference, else between them. Managed KB are what one of our warm runs leaves to the garbage collector; tensors come from a\n");
        text.Append("pool and take nothing. Rows marked + are steps of studies (pipelines), the others ops.\n\n");
        if (run.Roofs.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"| threads | multiply-add peak, GFLOP/s |{string.Concat(run.Roofs[0].GigabytesBySize.Keys.Select(s => $" copy touching {Size(s)}, GB/s |"))}\n|---|---|{string.Concat(run.Roofs[0].GigabytesBySize.Select(_ => "---|"))}\n");
            foreach (Roof roof in run.Roofs)
                text.Append(CultureInfo.InvariantCulture, $"| {roof.Threads} | {roof.Gigaflops:F0} |{string.Concat(roof.GigabytesBySize.Values.Select(v => string.Create(CultureInfo.InvariantCulture, $" {v:F0} |")))}\n");
        }

        Summary(text, run.Rows);
        foreach (IGrouping<string, RowResult> section in run.Rows.GroupBy(r => r.Section)) Table(text, section, run.Roofs);
        Studies(text, run.Studies);
        return text.ToString();
    }

    private static void Summary(StringBuilder text, IReadOnlyList<RowResult> rows)
    {
        RowResult[] compared = [.. rows.Where(r => r.LibTorch is not null)], steps = [.. compared.Where(r => r.IsPipeline)];
        if (compared.Length == 0) return;
        text.Append(CultureInfo.InvariantCulture, $"\nlibtorch / ours (its fastest way where there are several), {compared.Length} rows: **geometric mean {Mean(compared):F2}**, from {compared.Min(r => r.LibTorch!.Ratio):F2} to {compared.Max(r => r.LibTorch!.Ratio):F2}. ");
        if (steps.Length > 0) text.Append(CultureInfo.InvariantCulture, $"Pipelines, {steps.Length} rows: geometric mean {Mean(steps):F2}. ");
        text.Append("By table: ").AppendJoin(", ", compared.GroupBy(r => r.Section).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key} {Mean([.. s]):F2}"))).Append(".\n");
        Below("Under 0.8", compared.Where(r => r.LibTorch!.Ratio < 0.8));
        Below("Pipelines under 1.5", steps.Where(r => r.LibTorch!.Ratio < 1.5));

        void Below(string what, IEnumerable<RowResult> few)
        {
            string list = string.Join("; ", few.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Name}, {r.Threads} thread{(r.Threads == 1 ? "" : "s")} {r.LibTorch!.Ratio:F2}")));
            text.Append(CultureInfo.InvariantCulture, $"\n{what}: {(list.Length == 0 ? "none" : list)}.\n");
        }

        static double Mean(RowResult[] rows) => Math.Exp(rows.Average(r => Math.Log(r.LibTorch!.Ratio)));
    }

    private static void Table(StringBuilder text, IGrouping<string, RowResult> section, IReadOnlyList<Roof> roofs)
    {
        bool others = section.Any(r => r.Contenders.Skip(1).Any(c => c != r.LibTorch));
        text.Append(CultureInfo.InvariantCulture, $"\n## {section.Key}\n\n| problem | threads | ours | % of roof | libtorch | libtorch / ours |{(others ? " others / ours |" : "")} managed KB | error |\n|---|---|---|---|---|---|{(others ? "---|" : "")}---|---|\n");
        foreach (RowResult row in section)
        {
            ContenderResult ours = row.Contenders[0];
            Roof? roof = roofs.FirstOrDefault(r => r.Threads == row.Threads);
            string share = roof is null || row.Flops + row.Bytes == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{100 * roof.Seconds(row.Flops, row.Bytes) / ours.Median:F0} %");
            string rest = string.Join("; ", row.Contenders.Skip(1).Where(c => c != row.LibTorch).Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Name} {c.Ratio:F2}")));
            text.Append(CultureInfo.InvariantCulture, $"| {(row.IsPipeline ? "+ " : "")}{row.Name} | {row.Threads} | {Span(ours)} | {share} | {(row.LibTorch is { } peer ? Span(peer) : "-")} | {(row.LibTorch is { } p ? p.Ratio.ToString("F2", CultureInfo.InvariantCulture) : "-")} |");
            if (others) text.Append(CultureInfo.InvariantCulture, $" {(rest.Length == 0 ? "-" : rest)} |");
            text.Append(CultureInfo.InvariantCulture, $" {row.ManagedBytes / 1e3:F1} | {row.Contenders.Max(c => c.Error):E1} |\n");
        }
    }

    private static void Studies(StringBuilder text, IReadOnlyList<StudyTime> studies)
    {
        if (studies.Count == 0) return;
        text.Append("\n## Whole studies, from an empty folder to the report\n\n| study | seconds | stages |\n|---|---|---|\n");
        foreach (StudyTime study in studies)
        {
            string stages = string.Join("; ", study.Stages.Where(s => s.Seconds >= 0.5).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Stage.Split(':')[0]} {s.Seconds:F0}")));
            text.Append(CultureInfo.InvariantCulture, $"| {study.Study} | {study.Seconds:F0} | {stages} |\n");
        }
    }

    private static string Span(ContenderResult c) => $"{Time(c.Median)} ({Time(c.Least)} - {Time(c.Most)})";

    private static string Time(double seconds) => seconds switch
    {
        < 1e-3 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:F1} us"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:F2} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:F2} s"),
    };

    private static string Size(long bytes) => bytes >= 1 << 20 ? $"{bytes >> 20} MB" : $"{bytes >> 10} KB";
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(BenchmarkRun))]
internal sealed partial class ReportJson : JsonSerializerContext;
