using WeightMem.Evaluation.Statistics;
using WeightMem.Formats;

namespace WeightMem.Evaluation.Reports;

/// <summary>One evaluation among several.</summary>
/// <param name="Name">Where it is, relative to the folder of all: <c>gpt-small</c>, <c>mlp/noise-0.05</c>.</param>
/// <param name="Document">Its numbers.</param>
public sealed record IndexedStudy(string Name, EvaluationDocument Document)
{
    /// <summary>The row of the battery that the study is about; null where there was none.</summary>
    public BatteryRow? Row => Document.Battery.GetValueOrDefault("generated") ?? Document.Battery.Values.FirstOrDefault(r => r.Role == "generated");

    /// <summary>Controls that got a verdict that fits, and how many there were.</summary>
    public (int Right, int All) Controls
    {
        get
        {
            BatteryRow[] controls = [.. Document.Battery.Values.Where(r => r.Expected is not null)];
            return (controls.Count(c => !c.IsWrong), controls.Length);
        }
    }

    /// <summary>A number of the battery: up to the order of hidden units where there is one.</summary>
    public double? Value(string key) => Row?.Values.GetValueOrDefault(key + "_aligned") ?? Row?.Values.GetValueOrDefault(key);

    /// <summary>A measure of a population.</summary>
    public Estimate? Measure(string population, string measure) => Document.Populations.GetValueOrDefault(population)?.GetValueOrDefault(measure);
}

/// <summary>The studies of a folder side by side: <c>index.html</c>, one row each, with a link to its page.</summary>
public static class StudyIndex
{
    private static readonly (string Heading, Func<IndexedStudy, string> Cell)[] Columns =
    [
        ("Accuracy, training", s => Mean(s.Measure("training", "accuracy"), "F1")),
        ("Accuracy, generated", s => Mean(s.Measure("generated", "accuracy"), "F1")),
        ("Z_U", s => Number(s.Value("z_u"))),
        ("AUC", s => Number(s.Value("auc"))),
        ("Duplicates", s => Number(s.Value("duplicate_rate"))),
        ("d/d₀", s => Number(s.Value("distance_ratio"))),
        ("r/R₀", s => Number(s.Value("residual_ratio"))),
        ("N eff.", s => Number(s.Value("effective_parents"))),
        ("Disagreement", s => Number(s.Value("disagreement"))),
        ("Points over noise", s => Number(s.Value("gain_over_noise"))),
        ("Pass rate", s => Number(s.Value("pass_rate"))),
        ("Controls that fit", s => $"{s.Controls.Right} of {s.Controls.All}"),
    ];

    /// <summary>All evaluations below a folder, by name; a folder that holds one is not looked into further.</summary>
    /// <exception cref="DirectoryNotFoundException">The folder is not there.</exception>
    /// <exception cref="FormatException">An <c>evaluation.json</c> is not one of this version.</exception>
    public static IReadOnlyList<IndexedStudy> Find(string root)
    {
        if (!Directory.Exists(root)) throw new DirectoryNotFoundException($"{root}: there is no such folder");
        var found = new List<IndexedStudy>();
        Look(root, "");
        return found;

        void Look(string folder, string name)
        {
            foreach (string sub in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
            {
                string inside = name.Length == 0 ? Path.GetFileName(sub) : $"{name}/{Path.GetFileName(sub)}", file = Path.Combine(sub, "evaluation.json");
                if (File.Exists(file)) found.Add(new IndexedStudy(inside, EvaluationDocument.Read(file)));
                else if (inside.Count(c => c == '/') < 3) Look(sub, inside);
            }
        }
    }

    /// <summary>Writes the page and the same table as CSV into the folder of the studies.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="title">Title of the page.</param>
    /// <param name="studies">The studies.</param>
    /// <param name="figures">Figures of all of them together.</param>
    public static void Write(string root, string title, IReadOnlyList<IndexedStudy> studies, IReadOnlyList<ReportFigure>? figures = null)
    {
        Write("index.html", Render(title, studies, figures));
        Write("index.csv", Csv(studies));

        void Write(string name, string text)
        {
            string path = Path.Combine(root, name);
            AtomicFile.DeleteAbandonedOf(path); // of a folder of folders, each of which may be in use
            AtomicFile.WriteText(path, text);
        }
    }

    /// <summary>The page.</summary>
    /// <param name="title">Title of the page.</param>
    /// <param name="studies">The studies.</param>
    /// <param name="figures">Figures of all of them together.</param>
    public static string Render(string title, IReadOnlyList<IndexedStudy> studies, IReadOnlyList<ReportFigure>? figures = null) => ReportPage.Document(title, html =>
    {
        html.Line().Element("p", "WeightMem · do generated weights memorise?", ("class", "label")).Line();
        html.Element("h1", title).Line();
        html.Element("p", Answer(studies), ("class", "answer")).Line();
        html.Element("h2", "Studies").Line();
        html.Element("div", () => html.Element("table", () =>
        {
            html.Element("thead", () => html.Element("tr", () =>
            {
                html.Element("th", "Study", ("scope", "col")).Element("th", "Verdict", ("scope", "col"), ("class", "text"));
                foreach ((string heading, _) in Columns) html.Element("th", heading, ("scope", "col"));
            })).Line();
            html.Element("tbody", () =>
            {
                foreach (IndexedStudy study in studies)
                {
                    html.Line().Element("tr", () =>
                    {
                        html.Element("th", () => html.Element("a", study.Name, ("href", HtmlWriter.RelativeAddress(study.Name + "/report.html"))), ("scope", "row"));
                        html.Element("td", study.Document.Verdict?.Name ?? "none", ("data-name", "verdict"), ("class", "text"));
                        foreach ((string heading, Func<IndexedStudy, string> cell) in Columns)
                        {
                            string text = cell(study);
                            html.Element("td", text, ("data-name", heading), ("class", text == "–" ? "empty" : "number"));
                        }
                    });
                }
            });
        }, ("class", "battery stack")), ("class", "scroll")).Line();
        html.Element("p", () => html.Text("The same table: ").Element("a", "index.csv", ("href", "index.csv")).Text(". Distances are up to the order of hidden units where the target has one."), ("class", "note")).Line();
        if (figures is { Count: > 0 })
        {
            html.Element("h2", "Figures").Line();
            ReportPage.Figures(html, figures, new ReportPage.FigureNumber());
        }

        html.Element("h2", "Why").Line();
        foreach (IndexedStudy study in studies.Where(s => s.Document.Verdict is not null))
            html.Element("p", () => html.Element("strong", study.Name + ": " + study.Document.Verdict!.Name + ". ").Text(study.Document.Verdict.Sentence)).Line();
        html.Element("p", "The thresholds. " + Judgements.Thresholds.Text, ("class", "note")).Line();
    });

    private static string Answer(IReadOnlyList<IndexedStudy> studies)
    {
        if (studies.Count == 0) return "There are no finished studies in this folder.";
        IEnumerable<string> verdicts = studies.GroupBy(s => s.Document.Verdict?.Name ?? "without a verdict").OrderByDescending(g => g.Count()).Select(g => $"{g.Key}: {g.Count()}");
        return $"{studies.Count} studies. {string.Join("; ", verdicts)}.";
    }

    private static string Csv(IReadOnlyList<IndexedStudy> studies)
    {
        var csv = new Figures.CsvText(["study", "verdict", .. Columns.Select(c => c.Heading)]);
        foreach (IndexedStudy study in studies)
        {
            csv.Add(study.Name).Add(study.Document.Verdict?.Name ?? "");
            foreach ((_, Func<IndexedStudy, string> cell) in Columns) csv.Add(cell(study).Replace('−', '-') is var text && text == "–" ? "" : text);
            csv.EndRow();
        }

        return csv.ToString();
    }

    private static string Mean(Estimate? estimate, string format) => estimate is { } e && double.IsFinite(e.Mean) ? e.Mean.ToString(format, System.Globalization.CultureInfo.InvariantCulture) : "–";

    private static string Number(double? value) => ReportPage.Significant(value ?? double.NaN);
}
