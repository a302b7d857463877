namespace WeightMem.Evaluation.Reports;

/// <summary>The table of all judged populations: the generator between controls whose verdict is known.</summary>
internal static class BatteryTable
{
    private static readonly (string Heading, string Full, string[] Keys)[] Columns =
    [
        ("Z_U", "Z_U", ["z_u"]), ("AUC", "AUC", ["auc"]), ("dupl.", "duplicates", ["duplicate_rate"]), ("ratio", "neighbour ratio", ["ratio"]), ("auth.", "authenticity", ["authenticity"]),
        ("1-NN", "nearest is own kind", ["nearest_is_own"]), ("d/d₀", "distance", ["distance_ratio"]), ("r/R₀", "residual", ["residual_ratio"]), ("N eff.", "effective parents", ["effective_parents"]),
        ("recall, density", "recall, density", ["recall", "density"]), ("disagr.", "disagreement", ["disagreement"]), ("pass", "pass rate", ["pass_rate"]), ("over noise", "points over noise", ["gain_over_noise"]),
    ];

    /// <summary>Writes the section, if there is anything in it.</summary>
    public static void Write(HtmlWriter html, ReportContent content)
    {
        IReadOnlyDictionary<string, BatteryRow> rows = content.Document.Battery;
        if (rows.Count == 0) return;
        var columns = Columns.Where(c => rows.Values.Any(r => Value(r, c.Keys[0]) is not null)).ToArray();
        html.Element("h2", "Controls").Line();
        html.Element("p", Sentence(rows)).Line();
        html.Element("div", () => html.Element("table", () =>
        {
            html.Element("thead", () => html.Element("tr", () =>
            {
                html.Element("th", "Population", ("scope", "col")).Element("th", "Verdict", ("scope", "col"), ("class", "text"));
                foreach (var (heading, _, _) in columns) html.Element("th", heading, ("scope", "col"));
            })).Line();
            html.Element("tbody", () =>
            {
                foreach ((string name, BatteryRow row) in rows)
                {
                    html.Line().Element("tr", () =>
                    {
                        html.Element("th", content.PopulationLabels.GetValueOrDefault(name, name), ("scope", "row"));
                        html.Element("td", () => html.Element("span", row.Verdict, ("class", row.IsWrong ? "wrong" : "verdict-name")), ("data-name", "verdict"), ("class", "text"));
                        foreach (var (_, full, keys) in columns)
                        {
                            string text = string.Join(", ", keys.Select(key => ReportPage.Significant(Value(row, key) ?? double.NaN)));
                            html.Element("td", text, ("data-name", full), ("class", text.Any(char.IsAsciiDigit) ? "number" : "empty"));
                        }
                    });
                }
            });
        }, ("class", "battery stack")), ("class", "scroll")).Line();
        html.Element("p", "Up to the order of hidden units where the target has one, else as they are; both are in evaluation.json. d/d₀: median distance to the nearest training network over that of held-out networks. " +
            "r/R₀: the same of the distance to the nearest mixture of training networks. N eff.: networks in that mixture. 1-NN: share whose nearest other network is of their own kind, against training networks.",
            ("class", "note")).Line();
    }

    private static double? Value(BatteryRow row, string key) => row.Values.GetValueOrDefault(key + "_aligned") ?? row.Values.GetValueOrDefault(key);

    private static string Sentence(IReadOnlyDictionary<string, BatteryRow> rows)
    {
        BatteryRow[] controls = [.. rows.Values.Where(r => r.Expected is not null)];
        int wrong = controls.Count(c => c.IsWrong);
        return controls.Length == 0 ? "No controls could be made of these populations."
            : wrong == 0 ? $"The same tests on populations whose nature is known: all {controls.Length} get a verdict that fits."
            : $"The same tests on populations whose nature is known: {wrong} of {controls.Length} get a verdict that does not fit (underlined), so read the one above with care.";
    }
}
