using System.Globalization;
using System.Text;
using Spectre.Console;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;

namespace WeightMem.Cli.Commands;

/// <summary>Prints an evaluation to stdout: as a table for people, as the document itself for machines.</summary>
internal static class EvaluationPrinter
{
    private static readonly (string Measure, string Heading, string Format)[] Columns =
        [("accuracy", "accuracy %", "F1"), ("min_l2", "min L2", "F2"), ("min_l2_aligned", "min L2, permuted", "F2"), ("min_l2_raw", "min L2, raw", "F2"),
         ("min_l2_reference", "min L2, as published", "F2"), ("max_similarity", "max similarity", "F3"), ("iou", "fit IoU", "F3"),
         ("iou_nearest", "IoU with nearest", "F3"), ("min_cd_train", "CD to training", "F4"), ("min_cd_test", "CD to test", "F4"), ("mmd_test", "MMD test", "F4"),
         ("coverage_test", "coverage", "F2"), ("empty_meshes", "empty", "F3")];

    public static void Print(EvaluationDocument document, string report, bool json)
    {
        if (json)
        {
            Console.Out.Write(Encoding.UTF8.GetString(document.ToJson()));
            return;
        }

        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("population");
        table.AddColumn(new TableColumn("n").RightAligned());
        var columns = Columns.Where(c => document.Populations.Values.Any(measures => measures.ContainsKey(c.Measure))).ToList();
        foreach (var (_, heading, _) in columns) table.AddColumn(new TableColumn(heading).RightAligned());
        foreach ((string name, IReadOnlyDictionary<string, Estimate> measures) in document.Populations)
        {
            table.AddRow([name, $"{(measures.TryGetValue("min_l2", out Estimate? own) ? own.N : measures.Values.Max(m => m.N))}", .. columns.Select(c => measures.TryGetValue(c.Measure, out Estimate? e) ? Cell(e, c.Format) : "")]);
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected) console.Profile.Width = 160;
        console.Write(table);
        foreach ((string name, TestResult test) in document.Tests)
        {
            Console.Out.WriteLine(test.Details.TryGetValue("auc", out double? auc)
                ? FormattableString.Invariant($"{name}: {test.Value:F1} (AUC {auc:F2}, floor {test.Details.GetValueOrDefault("floor"):F1}). {test.Reading}")
                : FormattableString.Invariant($"{name}: {test.Value:F3}. {test.Reading}"));
        }

        Console.Out.WriteLine($"Means with 95 % bootstrap intervals. Report: {report}");
    }

    /// <summary>A mean with its interval, as markup.</summary>
    internal static string Cell(Estimate e, string format)
    {
        string mean = e.Mean.ToString(format, CultureInfo.InvariantCulture);
        return e is { CiLow: { } low, CiHigh: { } high }
            ? $"{mean} [[{low.ToString(format, CultureInfo.InvariantCulture)}, {high.ToString(format, CultureInfo.InvariantCulture)}]]"
            : mean;
    }
}
