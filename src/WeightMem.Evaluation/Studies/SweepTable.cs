using System.Globalization;
using System.Text;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;

namespace WeightMem.Evaluation.Studies;

/// <summary>The table that a sweep ends in: quality, novelty and verdict of each study, beside the paper's numbers where it has them; as CSV and as Markdown.</summary>
internal static class SweepTable
{
    // Shapes have no accuracy: their quality is the distance at which a test shape finds a like one.
    private static readonly Column[] OfImages = [new("accuracy", "accuracy %", "F1"), new("min_l2", "min L2", "F2")];

    private static readonly Column[] OfShapes =
    [
        new("mmd_test", "MMD", "F4"), new("min_l2", "min L2", "F2"), new("min_l2_augmented", "min L2, permuted copies too", "F2"), new("iou_nearest", "IoU with nearest", "F2"),
        new("pairwise_cd", "CD of two", "F3"), new("empty_meshes", "empty", "F2"),
    ];

    // Distances among the training networks shrink with their number, and those to them with it.
    private static readonly Column AmongTraining = new("training_min_l2", "min L2 among training networks", "F2");

    private static readonly (string Name, string Heading, string Format)[] Tests = [("z_u", "Z_U", "F1"), ("auc", "AUC", "F2"), ("duplicate_rate", "duplicates", "F2")];

    /// <summary>The table of a sweep's studies; the first row is of the first study's training networks, and the last, where only seeds differ, of all together.</summary>
    public static (string Csv, string Markdown) Of(string folder, IReadOnlyList<SweepVariant> variants, IReadOnlyDictionary<string, EvaluationDocument> documents)
    {
        string method = variants[0].Config.Method;
        bool scales = DataScaling.IsOf(variants), isPublished = variants[0].Published is not null;
        IndexedStudy[] studies = [.. variants.Select(v => new IndexedStudy(v.Name, documents[v.Name]))];
        Column[] columns = [.. (method == "hyperdiffusion" ? OfShapes : OfImages).Where(c => studies.Any(s => s.Measure("generated", c.Measure) is not null)), .. scales ? new[] { AmongTraining } : []];
        var csv = new CsvText(
        [
            "variant", "label", "n", .. columns.SelectMany(c => new[] { c.Measure, c.Measure + "_low", c.Measure + "_high" }), .. Tests.Select(t => t.Name), "verdict", "paper_" + columns[0].Measure,
            "paper_min_l2",
        ]);
        List<string> headings = ["variant", "n", .. columns.Select(c => c.Heading), .. Tests.Select(t => t.Heading), "verdict"];
        if (isPublished) headings.AddRange([$"paper: {columns[0].Heading}", "paper: min L2"]);
        var text = new StringBuilder();
        Line(headings);
        Line(headings.Select(_ => "---"));
        Row(new("training", "training networks", variants[0].Config, Published: isPublished ? ModellingFactors.Training(method) : null), studies[0], "training");
        foreach ((SweepVariant variant, IndexedStudy study) in variants.Zip(studies)) Row(variant, study, "generated");
        if (variants.All(v => v.IsRepetition)) Add(new("all", $"{variants.Count} seeds together", variants[0].Config), [.. columns.Select(c => Together(folder, variants, c))], [.. Tests.Select(_ => (double?)null)], "");
        return (csv.ToString(), text.ToString());

        void Row(SweepVariant variant, IndexedStudy study, string population)
        {
            bool isGenerated = population == "generated";
            Add(
                variant, [.. columns.Select(c => c == AmongTraining ? study.Measure("training", "min_l2") : study.Measure(population, c.Measure))], [.. Tests.Select(t => isGenerated ? study.Value(t.Name) : null)],
                isGenerated ? study.Document.Verdict?.Name ?? "" : "");
        }

        void Add(SweepVariant variant, Estimate?[] measured, double?[] tests, string verdict)
        {
            int n = columns.Zip(measured).Where(p => p.First != AmongTraining).Max(p => p.Second?.N) ?? 0;
            csv.Add(variant.Name).Add(variant.Label).Add(n);
            foreach (Estimate? e in measured) csv.Add(e?.Mean ?? double.NaN).Add(e?.CiLow ?? double.NaN).Add(e?.CiHigh ?? double.NaN);
            foreach (double? test in tests) csv.Add(test ?? double.NaN);
            csv.Add(verdict).Add(variant.Published?.Quality ?? double.NaN).Add(variant.Published?.Distance ?? double.NaN).EndRow();
            List<string> cells =
            [
                variant.Label, n.ToString(CultureInfo.InvariantCulture), .. measured.Zip(columns, (e, c) => Cell(e, c.Format)), .. tests.Zip(Tests, (v, t) => Number(v, t.Format)), verdict,
            ];
            if (isPublished) cells.AddRange([Number(variant.Published?.Quality, columns[0].Format), Number(variant.Published?.Distance, "F2")]);
            Line(cells);
        }

        void Line(IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
    }

    /// <summary>A measure over all studies, seeds being the outer level of its bootstrap; null where it is not kept for every network.</summary>
    private static Estimate? Together(string folder, IReadOnlyList<SweepVariant> variants, Column column)
    {
        double[][] groups = [.. variants.Select(v => NetworkTable.Read(Path.Combine(folder, v.Name, "networks.csv"), "generated", column.Measure == "accuracy" ? "score" : column.Measure))];
        return groups.All(g => g.Length > 0) ? Bootstrap.Nested(groups, new RandomStream(variants[0].Config.Seed, "seeds").Sub(column.Measure), variants[0].Config.Resamples) : null;
    }

    private static string Cell(Estimate? e, string format) =>
        e is { CiLow: { } low, CiHigh: { } high } ? $"{Number(e.Mean, format)} [{Number(low, format)}, {Number(high, format)}]" : Number(e?.Mean, format);

    private static string Number(double? value, string format) => value is { } number && double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) : "";

    private sealed record Column(string Measure, string Heading, string Format);
}
