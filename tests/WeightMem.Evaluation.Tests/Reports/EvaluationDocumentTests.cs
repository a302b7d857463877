using System.Text;
using System.Text.Json;
using WeightMem.Evaluation.Reports;
using Xunit;

namespace WeightMem.Evaluation.Tests.Reports;

public sealed class EvaluationDocumentTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("weightmem-document-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Has_exactly_the_documented_keys()
    {
        using JsonDocument json = JsonDocument.Parse(SampleReport.Document().ToJson());
        JsonElement root = json.RootElement;

        Assert.Equal(["schema", "populations", "tests", "battery", "verdict", "provenance"], Keys(root));
        Assert.Equal("weightmem-evaluation/2", root.GetProperty("schema").GetString());
        Assert.Equal(["training", "generated"], Keys(root.GetProperty("populations")));
        Assert.Equal(["accuracy", "min_l2"], Keys(root.GetProperty("populations").GetProperty("training")));
        JsonElement accuracy = root.GetProperty("populations").GetProperty("training").GetProperty("accuracy");
        Assert.Equal(["mean", "median", "ci95", "n", "path"], Keys(accuracy));
        Assert.Equal(["value", "interval", "p", "n", "details", "reading"], Keys(root.GetProperty("tests").GetProperty("z_u")));
        Assert.Equal(["name", "sentence"], Keys(root.GetProperty("verdict")));
        Assert.Equal(["role", "verdict", "expected", "values"], Keys(root.GetProperty("battery").GetProperty("control-replica")));
        Assert.Equal([83.5, 84.7], accuracy.GetProperty("ci95").EnumerateArray().Select(end => end.GetDouble()));

        static IEnumerable<string> Keys(JsonElement element) => element.EnumerateObject().Select(property => property.Name);
    }

    [Fact]
    public void Numbers_that_json_cannot_hold_are_null()
    {
        using JsonDocument json = JsonDocument.Parse(SampleReport.Document().ToJson());
        JsonElement generated = json.RootElement.GetProperty("populations").GetProperty("generated");
        JsonElement tests = json.RootElement.GetProperty("tests");

        Assert.Equal(JsonValueKind.Null, generated.GetProperty("accuracy").GetProperty("mean").ValueKind);
        Assert.Equal(JsonValueKind.Null, generated.GetProperty("min_l2").GetProperty("mean").ValueKind);
        Assert.Equal(JsonValueKind.Null, generated.GetProperty("min_l2").GetProperty("ci95").ValueKind);
        Assert.Equal(JsonValueKind.Null, tests.GetProperty("plain").GetProperty("p").ValueKind);
        Assert.Equal(JsonValueKind.Null, tests.GetProperty("z_u").GetProperty("details").GetProperty("floor").ValueKind);
    }

    [Fact]
    public void Reads_back_what_it_wrote()
    {
        EvaluationDocument written = SampleReport.Document();
        string path = Path.Combine(folder, "evaluation.json");
        written.Write(path);
        EvaluationDocument read = EvaluationDocument.Read(path);

        Assert.Equal(written.Populations["training"]["accuracy"], read.Populations["training"]["accuracy"]);
        Assert.Equal(written.Populations["generated"]["accuracy"], read.Populations["generated"]["accuracy"]);
        Assert.Equal(written.Tests["z_u"].Interval, read.Tests["z_u"].Interval);
        Assert.Equal(written.Verdict, read.Verdict);
        Assert.Equal(written.Provenance, read.Provenance);
        Assert.Equal(File.ReadAllBytes(path), read.ToJson());
    }

    [Fact]
    public void A_missing_verdict_is_null()
    {
        using JsonDocument json = JsonDocument.Parse((SampleReport.Document() with { Verdict = null }).ToJson());

        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("verdict").ValueKind);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[1, 2]")]
    [InlineData("{ \"schema\": \"weightmem-evaluation/2\" }")]
    [InlineData("{ \"schema\": \"weightmem-evaluation/1\", \"populations\": {} }")]
    [InlineData("{ \"schema\": \"weightmem-evaluation/9\", \"populations\": {} }")]
    [InlineData("{\"populations\": {\"a\": {\"accuracy\": {\"mean\": 1, \"median\": 1, \"ci95\": [1], \"n\": 1, \"path\": \"\" } } } }")]
    public void Refuses_other_files_and_names_the_file(string text)
    {
        string path = Path.Combine(folder, "other.json");
        File.WriteAllText(path, text);

        var error = Assert.Throws<FormatException>(() => EvaluationDocument.Read(path));
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Refuses_a_file_cut_anywhere()
    {
        byte[] whole = SampleReport.Document().ToJson();
        string path = Path.Combine(folder, "cut.json");
        for (int length = 0; length < whole.Length - 2; length += 7)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<FormatException>(() => EvaluationDocument.Read(path));
        }
    }

    [Fact]
    public void Is_utf8_without_a_mark_and_ends_with_a_newline()
    {
        byte[] json = SampleReport.Document(reading: "d < 3 – nah").ToJson();

        Assert.Equal((byte)'{', json[0]);
        Assert.Equal((byte)'\n', json[^1]);
        Assert.Contains("d < 3 – nah", Encoding.UTF8.GetString(json), StringComparison.Ordinal);
    }
}
