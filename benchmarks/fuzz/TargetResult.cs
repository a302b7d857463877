using System.Globalization;
using System.Text;

namespace WeightMem.Fuzz;

/// <summary>What was done to one target.</summary>
/// <param name="Name">The target.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Counts">The counts of all its workers together.</param>
internal sealed record TargetResult(string Name, double Seconds, Counts Counts)
{
    /// <summary>All targets as a table.</summary>
    public static string Table(IReadOnlyList<TargetResult> results, long seed)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Damaged files, seed {seed}\n\n");
        text.Append("An input is accepted when its reader gives a value, and refused when it ends in a FileFormatException of one line that begins\n");
        text.Append("with the path. Anything else, or more than two seconds (HDF5: ten), is a finding. Allocated: the most bytes that one input took,\n");
        text.Append("freed or not.\n\n");
        text.Append("| target | inputs | accepted | refused | findings | inputs/s | slowest, ms (index) | allocated, MiB (index) | process, MiB |\n");
        text.Append("|---|---|---|---|---|---|---|---|---|\n");
        foreach ((string name, double seconds, Counts c) in results)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {c.Inputs} | {c.Accepted} | {c.Inputs - c.Accepted - c.Findings} | {c.Findings} ");
            text.Append(CultureInfo.InvariantCulture, $"| {c.Inputs / seconds:F0} | {c.Slowest / 1e3:F1} ({c.SlowestIndex}) ");
            text.Append(CultureInfo.InvariantCulture, $"| {c.MostAllocated / 1048576.0:F1} ({c.MostAllocatedIndex}) | {c.PeakResident / 1048576} |\n");
        }

        return text.ToString();
    }
}
