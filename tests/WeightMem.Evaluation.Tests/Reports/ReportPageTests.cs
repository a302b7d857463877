using System.Text.RegularExpressions;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;
using WeightMem.Evaluation.Tests.Figures;
using Xunit;

namespace WeightMem.Evaluation.Tests.Reports;

public sealed partial class ReportPageTests
{
    private const string Hostile = "</title><script>alert('x')</script>\" onload=\"&";

    [Fact]
    public void Loads_nothing_from_anywhere()
    {
        string html = ReportPage.Render(Content());
        string[] addresses = [.. Addresses().Matches(html).Select(match => match.Groups[1].Value)];

        Assert.Equal(8, addresses.Count(address => address.StartsWith("data:image/", StringComparison.Ordinal)));
        Assert.Equal(["https://arxiv.org/abs/2506.07998"], addresses.Where(address => address.Contains("://", StringComparison.Ordinal)));
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<link", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("url(", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Shows_every_part()
    {
        string html = ReportPage.Render(Content());

        foreach (string part in (string[])["The answer.", "Populations", "Figure 6. loss.", "Tests", "Declared deviations",
            "A fresh start.", "Controls", "1 of 2 get a verdict that does not fit", "fixed before anything was measured", "How this was made", "weightmem reproduce gpt", "math mode", "Verdict by fixed thresholds: replica."])
            Assert.Contains(part, html, StringComparison.Ordinal);
        Assert.Contains("84.1<small>[83.5, 84.7]</small>", html, StringComparison.Ordinal);
        Assert.Contains("6.50<small>no interval</small>", html, StringComparison.Ordinal);
        Assert.Contains("[−9.90, −8.80]", html, StringComparison.Ordinal);
        Assert.Contains("&lt; 0.0001", html, StringComparison.Ordinal);
        string[] links = ["evaluation.json", "figures/heatmap.csv", "figures/heatmap.svg", "figures/heatmap.png", "run.json"];
        foreach (string link in links)
            Assert.Contains($"href=\"{link}\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", html.Split("<h2>Figures")[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_names_stay_text()
    {
        var content = new ReportContent
        {
            Title = Hostile,
            Answer = Hostile,
            Document = SampleReport.Document(Hostile, Hostile) with
            {
                Verdict = new Verdict(Hostile, Hostile),
                Provenance = new Dictionary<string, string> { [Hostile] = Hostile },
            },
            Figures = [ReportFigure.Of(Hostile, Hostile, SampleFigures.Of("loss"), "figures/" + Hostile)],
            PopulationLabels = new Dictionary<string, string> { ["training"] = Hostile },
            Deviations = [Hostile],
            CommandLine = Hostile,
            Files = [Hostile, "javascript:alert(1)", "//host/x"],
        };
        string html = ReportPage.Render(content);

        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("onload=\"", html, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"javascript:", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("href=\"//", html, StringComparison.Ordinal);
        Assert.Equal(1, Regex.Count(html, "<title>"));
    }

    [Fact]
    public void Hostile_labels_leave_the_svg_sound()
    {
        var block = new HeatmapBlock(Hostile + "\0\uD800", [1, 2], [new HeatmapNeighbour(Hostile, [1, 2], 0)]);
        Figure figure = HeatmapFigure.Draw([block], [0, 1], 2);

        Assert.NotNull(System.Xml.Linq.XDocument.Load(new MemoryStream(figure.Svg())).Root);
        Assert.DoesNotContain("script", System.Text.Encoding.UTF8.GetString(figure.Svg()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_figure_read_from_its_files_is_the_figure_just_drawn()
    {
        string folder = Directory.CreateTempSubdirectory("weightmem-page-").FullName;
        try
        {
            Figure figure = SampleFigures.Of("histogram");
            FigureFiles.Write(Path.Combine(folder, "figures"), "histogram", figure);

            Assert.Equal(ReportFigure.Of("h", "c", figure, "figures/histogram"), ReportFigure.Load("h", "c", folder, "figures/histogram"));
            File.WriteAllText(Path.Combine(folder, "figures", "histogram.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
            Assert.Throws<FormatException>(() => ReportFigure.Load("h", "c", folder, "figures/histogram"));
            File.WriteAllText(Path.Combine(folder, "figures", "histogram.svg"), "nothing");
            Assert.Throws<FormatException>(() => ReportFigure.Load("h", "c", folder, "figures/histogram"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_document_without_tests_figures_and_deviations_makes_a_page()
    {
        string html = ReportPage.Render(new ReportContent
        {
            Title = "t",
            Answer = "a",
            Document = new EvaluationDocument { Populations = new Dictionary<string, IReadOnlyDictionary<string, Estimate>>() },
        });

        Assert.DoesNotContain("<h2>Tests", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<h2>Figures", html, StringComparison.Ordinal);
        Assert.Equal(html, ReportPage.Render(new ReportContent
        {
            Title = "t",
            Answer = "a",
            Document = new EvaluationDocument { Populations = new Dictionary<string, IReadOnlyDictionary<string, Estimate>>() },
        }));
    }

    private static ReportContent Content() => new()
    {
        Title = "G.pt",
        Answer = "The answer.",
        Document = SampleReport.Document(),
        Figures = [.. SampleFigures.Names.Select(name => ReportFigure.Of(name, "What to see.", SampleFigures.Of(name), "figures/" + name))],
        Deviations = ["A fresh start."],
        CommandLine = "weightmem reproduce gpt --preset small",
        Files = ["run.json"],
    };

    [GeneratedRegex("(?:src|href)=\"([^\"]*)\"")]
    private static partial Regex Addresses();
}
