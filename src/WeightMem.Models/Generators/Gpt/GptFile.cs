using System.Globalization;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Safetensors;

namespace WeightMem.Models.Generators.Gpt;

/// <summary>
/// A trained or half-trained G.pt as a safetensors file: <c>G.*</c> and <c>G_ema.*</c> by published names, the optimiser's moments as <c>optim.exp_avg.*</c> and
/// <c>optim.exp_avg_sq.*</c>, the losses, and in the metadata the step, the scaling and the target.
/// </summary>
public static class GptFile
{
    private const string Losses = "losses";
    private static readonly string[] Parts = ["G.", "G_ema.", "optim.exp_avg.", "optim.exp_avg_sq."];

    /// <summary>Writes a snapshot, whole or not at all.</summary>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void Write(string path, GptSnapshot snapshot, ParameterLayout layout, Normalizer normalizer, string target)
    {
        var tensors = new List<SafetensorsTensor>();
        IReadOnlyDictionary<string, float[]>[] states = [snapshot.Weights, snapshot.Average, snapshot.FirstMoment, snapshot.SecondMoment];
        for (int part = 0; part < Parts.Length; part++)
        {
            foreach ((string name, float[] values) in states[part])
            {
                long[] shape = layout.Contains(name) ? [.. layout[name].Shape.Select(size => (long)size)] : [values.Length];
                tensors.Add(SafetensorsTensor.Of(Parts[part] + name, values, shape));
            }
        }

        tensors.Add(SafetensorsTensor.Of(Losses, snapshot.Losses, snapshot.Losses.Length));
        SafetensorsFile.Write(path, tensors, new Dictionary<string, string>
        {
            ["format"] = "weightmem-gpt/1",
            ["step"] = snapshot.Step.ToString(CultureInfo.InvariantCulture),
            ["scale"] = normalizer.Scale.ToString("R", CultureInfo.InvariantCulture),
            ["target"] = target,
        });
    }

    /// <summary>Reads a snapshot and its scaling.</summary>
    /// <exception cref="FileFormatException">The file is not such a snapshot, or of another target.</exception>
    public static (GptSnapshot Snapshot, Normalizer Normalizer) Read(string path, string target)
    {
        (IReadOnlyList<NamedArray> arrays, IReadOnlyDictionary<string, string> metadata) = SafetensorsFile.Read(path);
        if (!metadata.TryGetValue("step", out string? stepText) || !long.TryParse(stepText, CultureInfo.InvariantCulture, out long step)
            || !metadata.TryGetValue("scale", out string? scaleText) || !double.TryParse(scaleText, CultureInfo.InvariantCulture, out double scale))
        {
            throw new FileFormatException(path, "a G.pt snapshot with its step and scale", "metadata without them");
        }

        string found = metadata.GetValueOrDefault("target", "no target");
        if (found != target) throw new FileFormatException(path, $"a generator of {target}", found);
        var states = Parts.ToDictionary(part => part, _ => new Dictionary<string, float[]>());
        float[] losses = [];
        foreach (NamedArray array in arrays)
        {
            if (array.Name == Losses) losses = array.ToFloats();
            else if (Parts.FirstOrDefault(part => array.Name.StartsWith(part, StringComparison.Ordinal)) is { } part)
                states[part][array.Name[part.Length..]] = array.ToFloats();
        }

        return (new GptSnapshot(step, losses, states[Parts[0]], states[Parts[1]], states[Parts[2]], states[Parts[3]]), new Normalizer(scale));
    }
}
