using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using WeightMem.Evaluation.Statistics;
using WeightMem.Formats;

namespace WeightMem.Evaluation.Reports;

/// <summary>
/// <c>evaluation.json</c>: all numbers of one evaluation in a stable form. Keys are exactly
/// <c>schema, populations, tests, battery, verdict, provenance</c>; a population maps the measures
/// <c>accuracy</c> (percent), <c>min_l2</c>, <c>min_l2_aligned</c>, <c>min_l2_raw</c>, <c>min_l2_reference</c>, <c>min_l2_augmented</c>, <c>max_similarity</c>, and for shapes <c>iou</c>,
/// <c>iou_nearest</c>, <c>min_cd_train</c>, <c>min_cd_test</c>, <c>mmd_test</c>, <c>mmd_train</c>, <c>mmd_test_reference</c>, <c>mmd_emd_test</c>, <c>coverage_test</c>,
/// <c>one_nn_accuracy</c>, <c>pairwise_cd</c> and <c>empty_meshes</c> to
/// <c>{mean, median, ci95, n, path}</c>; a test is <c>{value, interval, p, n, details, reading}</c>; a row of the battery, one for each judged population, is
/// <c>{role, verdict, expected, values}</c>. Not-a-number and infinity are null.
/// </summary>
public sealed record EvaluationDocument
{
    /// <summary>The name and version of the form.</summary>
    public const string CurrentSchema = "weightmem-evaluation/2";

    /// <summary>The name and version of the form of this document.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>
    /// Measures by population and name, in the order in which they are shown. Populations are <c>training</c>, <c>generated</c>,
    /// <c>generated-known-starts</c>, <c>heldout</c>, <c>noise-AMPLITUDE</c> and the other baselines.
    /// </summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, Estimate>> Populations { get; init; }

    /// <summary>Statistical tests of generated networks by name; those of further generated populations end in what their names end in.</summary>
    public IReadOnlyDictionary<string, TestResult> Tests { get; init; } = new Dictionary<string, TestResult>();

    /// <summary>The numbers of all tests for every judged population: generated ones, baselines, and the controls whose verdict is known beforehand.</summary>
    public IReadOnlyDictionary<string, BatteryRow> Battery { get; init; } = new Dictionary<string, BatteryRow>();

    /// <summary>What the evaluation says by fixed thresholds; null where none was applied.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>How the numbers were made: seeds, device, libraries, math mode, hashes, command line, elapsed time.</summary>
    public IReadOnlyDictionary<string, string> Provenance { get; init; } = new Dictionary<string, string>();

    /// <summary>The document as indented UTF-8 JSON that ends with a newline.</summary>
    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, EvaluationJson.Readable.EvaluationDocument), (byte)'\n'];

    /// <summary>Writes the document; the file appears whole or not at all.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, stream => stream.Write(ToJson()));
    }

    /// <summary>Reads a document.</summary>
    /// <exception cref="FormatException">The file is not JSON of this form, or of another version of it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static EvaluationDocument Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        EvaluationDocument? document;
        try
        {
            document = JsonSerializer.Deserialize(File.ReadAllBytes(path), EvaluationJson.Readable.EvaluationDocument);
        }
        catch (JsonException error)
        {
            throw new FormatException(
                $"{path}: expected an evaluation in JSON ({CurrentSchema}), found something else: {error.Message}", error);
        }

        if (document is null) throw new FormatException($"{path}: expected an evaluation in JSON ({CurrentSchema}), found null.");
        if (document.Schema != CurrentSchema)
            throw new FormatException($"{path}: expected the schema {CurrentSchema}, found '{document.Schema}'.");
        return document;
    }
}

/// <summary>Serialisation made at compile time, for trimmed and ahead-of-time builds.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, NewLine = "\n",
    RespectNullableAnnotations = true, Converters = [typeof(FiniteNullableConverter)])]
[JsonSerializable(typeof(EvaluationDocument))]
internal sealed partial class EvaluationJson : JsonSerializerContext
{
    private static EvaluationJson? readable;

    /// <summary>The context that leaves '&lt;', '+' and letters beyond ASCII as they are; the page escapes for itself.</summary>
    public static EvaluationJson Readable =>
        readable ??= new EvaluationJson(new JsonSerializerOptions(Default.Options)
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
}
