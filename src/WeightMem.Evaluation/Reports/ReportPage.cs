using System.Globalization;
using WeightMem.Evaluation.Statistics;
using WeightMem.Formats;

namespace WeightMem.Evaluation.Reports;

/// <summary>
/// The report: one HTML file that needs no network, no scripts and no other file, with the answer first, then the numbers, the pictures
/// and how all of it was made.
/// </summary>
public static class ReportPage
{
    // The page may load nothing at all; its pictures and its style are in it.
    private const string Policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

    private static readonly (string Key, string Name, string Unit, string Format)[] Measures =
    [
        ("accuracy", "Accuracy", "%", "F1"),
        ("min_l2", "Min L₂", "to training", "F2"),
        ("min_l2_aligned", "Min L₂", "units aligned", "F2"),
        ("min_l2_raw", "Min L₂", "to networks as trained", "F2"),
        ("min_l2_reference", "Min L₂", "as published", "F2"),
        ("min_l2_augmented", "Min L₂", "to permuted copies too", "F2"),
        ("max_similarity", "Max similarity", "of errors, 0–1", "F3"),
        ("iou", "Fit", "IoU at the surface", "F3"),
        ("iou_nearest", "Overlap", "with the nearest field", "F3"),
        ("min_cd_train", "Chamfer", "to nearest training", "F4"),
        ("min_cd_test", "Chamfer", "to nearest test", "F4"),
        ("mmd_test", "MMD", "to test", "F4"),
        ("mmd_train", "MMD", "to training", "F4"),
        ("mmd_emd_test", "MMD", "to test, earth mover", "F3"),
        ("coverage_test", "Coverage", "of test, 0–1", "F2"),
        ("one_nn_accuracy", "1-NN accuracy", "against test, ½ is best", "F2"),
        ("pairwise_cd", "Chamfer", "to each other", "F4"),
        ("empty_meshes", "Empty", "share of meshes", "F3"),
    ];

    /// <summary>Writes the page; the file appears whole or not at all.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, ReportContent content)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.WriteText(path, Render(content));
    }

    /// <summary>The page as HTML.</summary>
    public static string Render(ReportContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return Document(content.Title, html => Main(html, content));
    }

    /// <summary>A whole page with head, style and footer around what is written into it.</summary>
    internal static string Document(string title, Action<HtmlWriter> body)
    {
        var html = new HtmlWriter();
        html.Element("html", () =>
        {
            html.Line().Element("head", () => Head(html, title)).Line();
            html.Element("body", () => html.Line().Element("main", () =>
            {
                body(html);
                Footer(html);
            }).Line());
        }, ("lang", "en")).Line();
        return html.ToString();
    }

    private static void Head(HtmlWriter html, string title)
    {
        html.Line().Void("meta", ("charset", "utf-8")).Line();
        html.Void("meta", ("name", "viewport"), ("content", "width=device-width, initial-scale=1")).Line();
        html.Void("meta", ("name", "color-scheme"), ("content", "light dark")).Line();
        html.Void("meta", ("http-equiv", "Content-Security-Policy"), ("content", Policy)).Line();
        html.Element("title", title + " · WeightMem").Line();
        html.Style(ReportStyle.Sheet);
    }

    private static void Main(HtmlWriter html, ReportContent content)
    {
        html.Line().Element("p", "WeightMem · do generated weights memorise?", ("class", "label")).Line();
        html.Element("h1", content.Title).Line();
        html.Element("p", content.Answer, ("class", "answer")).Line();
        if (content.Document.Verdict is { } verdict)
        {
            html.Element("p", () => html.Element("strong", "Verdict by fixed thresholds: " + verdict.Name + ". ").Text(verdict.Sentence),
                ("class", "verdict")).Line();
        }

        Populations(html, content);
        var number = new FigureNumber();
        foreach (TestSection section in TestSections.All)
        {
            ReportFigure[] figures = [.. content.Figures.Where(f => f.Section == section.Figures)];
            KeyValuePair<string, TestResult>[] tests = [.. content.Document.Tests.Where(t => section.Has(t.Key))];
            if (figures.Length == 0 && tests.Length == 0) continue;
            html.Element("h2", section.Heading).Line();
            html.Element("p", section.Question).Line();
            Figures(html, figures, number);
            Tests(html, tests);
        }

        BatteryTable.Write(html, content);
        Thresholds(html, content.Document);
        ReportFigure[] others = [.. content.Figures.Where(f => f.Section == ReportSection.Figures)];
        if (others.Length > 0) html.Element("h2", "Figures").Line();
        Figures(html, others, number);
        KeyValuePair<string, TestResult>[] further = [.. content.Document.Tests.Where(t => TestSections.IsOther(t.Key))];
        if (further.Length > 0) html.Element("h2", "Tests").Line();
        Tests(html, further);
        Deviations(html, content.Deviations);
        Making(html, content);
    }

    private static void Footer(HtmlWriter html)
    {
        html.Element("footer", () => html
            .Text("The question, the measures and the style of the figures: Zeng, Yin, Xu, Liu, ")
            .Element("cite", "Generative Modeling of Weights: Generalization or Memorization?")
            .Text(" (CVPR 2026), ")
            .Element("a", "arXiv 2506.07998", ("href", "https://arxiv.org/abs/2506.07998"), ("rel", "noreferrer"))
            .Text(".")).Line();
    }

    private static void Populations(HtmlWriter html, ReportContent content)
    {
        var columns = Measures.Where(measure => content.Document.Populations.Values.Any(found => found.ContainsKey(measure.Key))).ToArray();
        html.Element("h2", "Populations").Line();
        html.Element("div", () => html.Element("table", () =>
        {
            html.Element("thead", () => html.Element("tr", () =>
            {
                html.Element("th", "Population", ("scope", "col"));
                html.Element("th", "n", ("scope", "col"));
                foreach (var (_, name, unit, _) in columns)
                    html.Element("th", () => html.Text(name).Element("small", unit), ("scope", "col"));
            })).Line();
            html.Element("tbody", () =>
            {
                foreach ((string name, IReadOnlyDictionary<string, Estimate> measures) in content.Document.Populations)
                {
                    html.Line().Element("tr", () =>
                    {
                        int n = measures.TryGetValue("min_l2", out Estimate? own) ? own.N : measures.Count == 0 ? 0 : measures.Values.Max(measure => measure.N);
                        html.Element("th", content.PopulationLabels.GetValueOrDefault(name, name), ("scope", "row"));
                        html.Element("td", () => html.Element("span", Number(n)), ("data-name", "n"));
                        foreach (var (key, column, unit, format) in columns)
                        {
                            string full = key is not ("min_l2" or "max_similarity") ? column + ", " + unit : column;
                            Cell(html, measures.GetValueOrDefault(key), n, full, format);
                        }
                    });
                }
            });
        }, ("class", "stack")), ("class", "scroll")).Line();
        html.Element("p", "Means over all networks of a population, with the 95 % bootstrap interval of the mean below. " +
            "Min L₂: distance to the nearest training network, small where weights are copied. " +
            "Max similarity: overlap of the wrongly classified test images with those of the most similar training network, " +
            "1 where the errors are the same. Training networks are compared with the other training networks.",
            ("class", "note")).Line();
        if (!columns.Any(column => column.Key == "min_cd_train")) return;
        html.Element("p", "Shapes: Chamfer is the distance of two normalised point clouds, small where shapes are alike; the row of training networks has the training shapes " +
            "themselves, all others the surfaces of fields. MMD, coverage and 1-NN compare subsets of one size with the test shapes. Overlap: inside nodes that a field " +
            "and its nearest training field share. Fields without a surface are counted as empty and are in no mean.", ("class", "note")).Line();
    }

    private static void Cell(HtmlWriter html, Estimate? measure, int populationCount, string name, string format)
    {
        if (measure is null || !double.IsFinite(measure.Mean))
        {
            html.Element("td", "–", ("data-name", name), ("class", "empty"));
            return;
        }

        string hint = $"median {Number(measure.Median, format)}, n = {Number(measure.N)}, path {measure.Path}";
        html.Element("td", () => html.Element("span", () =>
        {
            html.Text(Number(measure.Mean, format));
            html.Element("small", measure is { CiLow: { } low, CiHigh: { } high } && double.IsFinite(low) && double.IsFinite(high)
                ? $"[{Number(low, format)}, {Number(high, format)}]"
                : "no interval");
            if (measure.N != populationCount) html.Element("small", "n = " + Number(measure.N));
        }), ("data-name", name), ("title", hint));
    }

    private static void Thresholds(HtmlWriter html, EvaluationDocument document)
    {
        if (document.Verdict is not { } verdict) return;
        html.Element("h2", "Verdict").Line();
        html.Element("p", () => html.Element("strong", verdict.Name + ". ").Text(verdict.Sentence)).Line();
        html.Element("p", "The thresholds, fixed before anything was measured. " + Judgements.Thresholds.Text, ("class", "note")).Line();
    }

    /// <summary>Figures with their captions and links, numbered on.</summary>
    internal static void Figures(HtmlWriter html, IReadOnlyList<ReportFigure> figures, FigureNumber place)
    {
        foreach (ReportFigure figure in figures)
        {
            string number = $"Figure {Number(place.Next())}. ";
            bool tall = figure.Height > figure.Width;
            html.Element("figure", () =>
            {
                html.Element("div", () => html.Void("img", ("src", figure.Picture), ("alt", figure.Description),
                    ("width", Number(figure.Width)), ("height", Number(figure.Height)),
                    ("style", $"max-width: {Number(tall ? 600 : figure.Width)}px")), ("class", "card"));
                html.Line().Element("figcaption", () =>
                {
                    html.Element("strong", number + figure.Heading + ".").Text(" " + figure.Caption);
                    if (figure.Files is not { } files) return;
                    html.Element("span", () =>
                    {
                        foreach ((string ending, string text) in new[] { (".csv", "data (CSV)"), (".svg", "SVG"), (".png", "PNG") })
                            html.Element("a", text, ("href", HtmlWriter.RelativeAddress(files + ending)));
                    }, ("class", "files"));
                });
            }, ("class", tall ? "tall" : "wide")).Line();
        }
    }

    private static void Tests(HtmlWriter html, KeyValuePair<string, TestResult>[] tests)
    {
        if (tests.Length == 0) return;
        html.Element("div", () => html.Element("table", () =>
        {
            html.Element("thead", () => html.Element("tr", () => html
                .Element("th", "Test", ("scope", "col")).Element("th", "Value", ("scope", "col")).Element("th", "p", ("scope", "col"))
                .Element("th", "n", ("scope", "col")).Element("th", "Reading", ("scope", "col"), ("class", "text")))).Line();
            html.Element("tbody", () =>
            {
                foreach ((string name, TestResult test) in tests)
                {
                    html.Line().Element("tr", () =>
                    {
                        html.Element("th", name.Replace('_', ' '), ("scope", "row"));
                        html.Element("td", () => html.Element("span", () =>
                        {
                            html.Text(Significant(test.Value));
                            if (test.Interval is { } interval)
                                html.Element("small", $"[{Significant(interval.Lo)}, {Significant(interval.Hi)}]");
                        }), ("data-name", "value"));
                        string kind = double.IsFinite(test.P) ? "number" : "empty";
                        html.Element("td", Probability(test.P), ("data-name", "p"), ("class", kind));
                        html.Element("td", Number(test.N), ("data-name", "n"));
                        html.Element("td", () =>
                        {
                            html.Text(test.Reading);
                            string details = string.Join(", ", test.Details.Select(detail => $"{detail.Key} {Detail(detail.Value)}"));
                            if (details.Length > 0) html.Text(" ").Element("span", "(" + details + ")", ("class", "note"));
                        }, ("class", "text"));
                    });
                }
            });
        }, ("class", "tests stack")), ("class", "scroll")).Line();
    }

    private static void Deviations(HtmlWriter html, IReadOnlyList<string> deviations)
    {
        html.Element("h2", "Declared deviations").Line();
        if (deviations.Count == 0)
        {
            html.Element("p", "None.").Line();
            return;
        }

        html.Element("ul", () =>
        {
            foreach (string deviation in deviations) html.Element("li", deviation).Line();
        }).Line();
    }

    private static void Making(HtmlWriter html, ReportContent content)
    {
        html.Element("h2", "How this was made").Line();
        if (content.CommandLine is { } command)
        {
            html.Element("p", "The same numbers again:").Line();
            html.Element("pre", () => html.Element("code", command)).Line();
        }

        if (content.Document.Provenance.Count > 0)
        {
            html.Element("table", () => html.Element("tbody", () =>
            {
                foreach ((string name, string value) in content.Document.Provenance)
                {
                    html.Line().Element("tr", () => html
                        .Element("th", name.Replace('_', ' '), ("scope", "row"))
                        .Element("td", value, ("class", "text")));
                }
            }), ("class", "provenance stack")).Line();
        }

        html.Element("p", () =>
        {
            html.Text("All numbers of this page: ").Element("a", "evaluation.json", ("href", "evaluation.json"));
            foreach (string file in content.Files.Where(file => file != "evaluation.json"))
                html.Text(" · ").Element("a", file, ("href", HtmlWriter.RelativeAddress(file)));
        }).Line();
    }

    /// <summary>Counts the figures of a page.</summary>
    internal sealed class FigureNumber
    {
        private int _last;

        public int Next() => ++_last;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Number(double value, string format) =>
        double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture).Replace('-', '−') : "–";

    internal static string Significant(double value)
    {
        if (!double.IsFinite(value)) return "–";
        double size = Math.Abs(value);
        string format = size >= 100 ? "F0" : size >= 10 ? "F1" : size >= 0.1 || size == 0 ? "F2" : size >= 0.001 ? "F4" : "0.0e+0";
        return value.ToString(format, CultureInfo.InvariantCulture).Replace('-', '−');
    }

    // Further numbers of a test are often counts, which have no decimals.
    private static string Detail(double? value) => value is { } number && number == Math.Round(number) && Math.Abs(number) < 1e9
        ? Number(number, "F0")
        : Significant(value ?? double.NaN);

    private static string Probability(double p) => !double.IsFinite(p) ? "–"
        : p < 0.0001 ? "< 0.0001"
        : p.ToString(p < 0.01 ? "F4" : "F3", CultureInfo.InvariantCulture);
}
