using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace WeightMem.Benchmarks;

/// <summary>The table of files that is printed, and the files beside it.</summary>
internal static class FileReport
{
    /// <summary>Prints the table and writes files.md and files.json.</summary>
    public static void Write(string folder, List<FileResult> rows)
    {
        var text = new StringBuilder("# Files, beside plain reads and writes of the same bytes\n\n");
        text.Append("Float32 arrays in files that the system has in memory. The floor of a read is one plain read of the whole file into a new array\n");
        text.Append("that is not cleared; the floor of a write is one plain write of the same bytes. Writes of both reach the disk (fsync). In turns on\n");
        text.Append("one thread, median and best of all rounds; the ratio is the median over the rounds of our time / the floor's: 1 is the floor.\n\n");
        text.Append("| what | MB | ours, GB/s (best) | floor, GB/s (best) | time / floor |\n|---|---|---|---|---|\n");
        foreach (FileResult row in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row.Name} | {row.Bytes / 1e6:F0} | {row.Bytes / row.Median / 1e9:F2} ({row.Bytes / row.Best / 1e9:F2}) ");
            text.Append(CultureInfo.InvariantCulture, $"| {row.Bytes / row.FloorMedian / 1e9:F2} ({row.Bytes / row.FloorBest / 1e9:F2}) | {row.Ratio:F2} |\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\n{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.ProcessArchitecture}, ");
        text.Append(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} processors, {Engine.Devices.Cpu.SimdSupport.Best}.\n");
        Console.Write(text.ToString());
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "files.md"), text.ToString());
        File.WriteAllText(Path.Combine(folder, "files.json"), JsonSerializer.Serialize(rows, FileReportJson.Default.ListFileResult) + "\n");
    }
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(List<FileResult>))]
internal sealed partial class FileReportJson : JsonSerializerContext;
