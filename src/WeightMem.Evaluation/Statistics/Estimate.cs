using System.Text.Json;
using System.Text.Json.Serialization;

namespace WeightMem.Evaluation.Statistics;

/// <summary>
/// A mean that never goes without its sample size and interval. In JSON:
/// <c>{"mean": .., "median": .., "ci95": [lo, hi], "n": .., "path": ".."}</c>, with null for what is not defined.
/// </summary>
/// <param name="Mean">Mean; NaN for an empty sample.</param>
/// <param name="Median">Median; NaN for an empty sample.</param>
/// <param name="CiLow">Lower end of the 95 % interval of the mean; null when there are fewer than two independent units.</param>
/// <param name="CiHigh">Upper end of the 95 % interval of the mean; null when there are fewer than two independent units.</param>
/// <param name="N">Number of values.</param>
/// <param name="Path">How the values were made, such as <c>direct-fp64</c>.</param>
[JsonConverter(typeof(EstimateConverter))]
public sealed record Estimate(double Mean, double Median, double? CiLow, double? CiHigh, int N, string Path);

/// <summary>Writes and reads an <see cref="Estimate"/> in the form of <c>evaluation.json</c>.</summary>
public sealed class EstimateConverter : JsonConverter<Estimate>
{
    /// <inheritdoc/>
    public override Estimate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        JsonElement root = document.RootElement;
        try
        {
            double? low = null, high = null;
            if (root.GetProperty("ci95") is { ValueKind: JsonValueKind.Array } interval)
            {
                low = interval[0].GetDouble();
                high = interval[1].GetDouble();
            }

            return new Estimate(
                Number(root.GetProperty("mean")),
                Number(root.GetProperty("median")),
                low,
                high,
                root.GetProperty("n").GetInt32(),
                root.GetProperty("path").GetString() ?? "");
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException or FormatException)
        {
            throw new JsonException("an estimate is {mean, median, ci95: [low, high], n, path}", e);
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Estimate value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        Number(writer, "mean", value.Mean);
        Number(writer, "median", value.Median);
        if (value is { CiLow: { } low, CiHigh: { } high } && double.IsFinite(low) && double.IsFinite(high))
        {
            writer.WriteStartArray("ci95");
            writer.WriteNumberValue(low);
            writer.WriteNumberValue(high);
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteNull("ci95");
        }

        writer.WriteNumber("n", value.N);
        writer.WriteString("path", value.Path);
        writer.WriteEndObject();
    }

    private static double Number(JsonElement element) => element.ValueKind == JsonValueKind.Null ? double.NaN : element.GetDouble();

    private static void Number(Utf8JsonWriter writer, string name, double value)
    {
        if (double.IsFinite(value)) writer.WriteNumber(name, value);
        else writer.WriteNull(name);
    }
}
