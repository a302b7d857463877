using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace WeightMem.Benchmarks;

/// <summary>The table that is printed, and the files beside it.</summary>
internal static class Report
{
    /// <summary>Prints the table and writes name.md and name.json.</summary>
    public static void Write(string folder, string name, string title, List<RowResult> rows)
    {
        string[] peers = [.. rows.SelectMany(row => row.Contenders.Skip(1)).Select(peer => peer.Name).Distinct()];
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# {title}\n\n");
        text.Append("Runs in turns on one machine; the time of one run as median (best - worst), GFLOP/s and the share of the FMA peak at the\n");
        text.Append("best. A ratio is the median over the turns of peer time / our time: above 1, this project is faster. In brackets: best / best.\n");
        text.Append("The error is the largest of all contenders', relative: against float64 where there is a reference, else against ours.\n\n");
        text.Append("| problem | threads | ours, us | GFLOP/s | of peak | largest relative error |");
        foreach (string peer in peers) text.Append(CultureInfo.InvariantCulture, $" {peer} GFLOP/s | {peer} / ours |");
        text.Append("\n|---|---|---|---|---|---|");
        foreach (string _ in peers) text.Append("---|---|");
        text.Append('\n');
        foreach (RowResult row in rows)
        {
            ContenderResult ours = row.Contenders[0];
            text.Append(CultureInfo.InvariantCulture, $"| {row.Name} | {row.Threads} | {ours.Median * 1e6:F1} ({ours.Best * 1e6:F1} - {ours.Worst * 1e6:F1}) ");
            text.Append(CultureInfo.InvariantCulture, $"| {ours.GigaflopsAtBest:F1} | {ours.GigaflopsAtBest / row.PeakGigaflops:P0} of {row.PeakGigaflops:F0} | {row.Contenders.Max(c => c.Error):E1} |");
            foreach (string name2 in peers)
            {
                ContenderResult? peer = row.Contenders.FirstOrDefault(contender => contender.Name == name2);
                text.Append(peer is null
                    ? " - | - |"
                    : string.Create(CultureInfo.InvariantCulture, $" {peer.GigaflopsAtBest:F1} | {peer.RatioToOurs:F2} ({peer.BestRatioToOurs:F2}) |"));
            }

            text.Append('\n');
        }

        foreach (string peer in peers)
        {
            double[] ratios = [.. rows.SelectMany(row => row.Contenders.Skip(1)).Where(c => c.Name == peer).Select(c => c.RatioToOurs)];
            text.Append(CultureInfo.InvariantCulture, $"\n{peer} / ours over {ratios.Length} rows: geometric mean {Math.Exp(ratios.Average(Math.Log)):F2}, from {ratios.Min():F2} to {ratios.Max():F2}.");
        }

        if (peers.Length > 0) text.Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"\n{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.ProcessArchitecture}, ");
        text.Append(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} processors, {Engine.Devices.Cpu.SimdSupport.Best}.\n");
        Console.Write(text.ToString());
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, name + ".md"), text.ToString());
        File.WriteAllText(Path.Combine(folder, name + ".json"), JsonSerializer.Serialize(rows, ReportJson.Default.ListRowResult) + "\n");
    }

    /// <summary>A row while the others are still measured.</summary>
    public static string Line(RowResult row)
    {
        string contenders = string.Join("  ", row.Contenders.Select(c =>
            string.Create(CultureInfo.InvariantCulture, $"{c.Name} {c.GigaflopsAtBest:F1} ({c.RatioToOurs:F2}, {c.BestRatioToOurs:F2})")));
        return string.Create(CultureInfo.InvariantCulture, $"{row.Name} x{row.Threads}: {contenders}  peak {row.PeakGigaflops:F1}");
    }
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(List<RowResult>))]
internal sealed partial class ReportJson : JsonSerializerContext;
