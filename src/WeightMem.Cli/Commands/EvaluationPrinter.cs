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

    private static readonly string[] Printed = ["data_copying", "data_copying_aligned", "duplicates", "duplicates_aligned", "mixture", "mixture_aligned", "pass_rate", "matched_noise"];

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
        foreach ((string name, TestResult test) in document.Tests.Where(t => Printed.Contains(t.Key)))
        {
            string value = double.IsFinite(test.Value) ? test.Value.ToString("G3", CultureInfo.InvariantCulture) + (test.Interval is { } i ? FormattableString.Invariant($" [{i.Lo:G3}, {i.Hi:G3}]") : "") : "n/a";
            Console.Out.WriteLine($"{name}: {value}. {test.Reading}");
        }

        BatteryRow[] controls = [.. document.Battery.Values.Where(r => r.Expected is not null)];
        if (controls.Length > 0) Console.Out.WriteLine($"controls: {controls.Count(c => !c.IsWrong)} of {controls.Length} get a verdict that fits");
        if (document.Verdict is { } verdict) Console.Out.WriteLine($"verdict: {verdict.Name}. {verdict.Sentence}");
        Console.Out.WriteLine($"Means with 95 % bootstrap intervals. Report: {report}");
    }

    /// <summary>Several evaluations, one a line.</summary>
    public static void Print(IReadOnlyList<IndexedStudy> studies, string page)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("study");
        table.AddColumn("verdict");
        foreach (string heading in new[] { "Z_U", "duplicates", "residual", "parents", "pass rate", "controls" }) table.AddColumn(new TableColumn(heading).RightAligned());
        foreach (IndexedStudy s in studies)
        {
            table.AddRow(
                Markup.Escape(s.Name), s.Document.Verdict?.Name ?? "none", Text(s.Value("z_u"), "F1"), Text(s.Value("duplicate_rate"), "F2"), Text(s.Value("residual_ratio"), "F2"),
                Text(s.Value("effective_parents"), "F1"), Text(s.Value("pass_rate"), "F2"), $"{s.Controls.Right} of {s.Controls.All}");
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected) console.Profile.Width = 160;
        console.Write(table);
        Console.Out.WriteLine($"Page: {page}");

        static string Text(double? value, string format) => value is { } number && double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) : "";
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
