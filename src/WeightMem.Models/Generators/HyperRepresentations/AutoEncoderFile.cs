using System.Globalization;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Safetensors;

namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>
/// A trained or half-trained auto-encoder as a safetensors file: weights by published names, the optimiser's moments as <c>optim.exp_avg.*</c> and
/// <c>optim.exp_avg_sq.*</c>, the losses, each layer's deviation, and in the metadata the step and the target.
/// </summary>
public static class AutoEncoderFile
{
    private const string Losses = "losses", Deviations = "deviations", First = "optim.exp_avg.", Second = "optim.exp_avg_sq.", Optimiser = "optim.";

    /// <summary>Writes a snapshot, whole or not at all.</summary>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void Write(string path, AutoEncoderSnapshot snapshot, ParameterLayout layout, string target)
    {
        var tensors = new List<SafetensorsTensor>();
        foreach ((string prefix, IReadOnlyDictionary<string, float[]> state) in new[] { ("", snapshot.Weights), (First, snapshot.FirstMoment), (Second, snapshot.SecondMoment) })
        {
            foreach ((string name, float[] values) in state)
                tensors.Add(SafetensorsTensor.Of(prefix + name, values, [.. layout[name].Shape.Select(size => (long)size)]));
        }

        tensors.Add(SafetensorsTensor.Of(Losses, snapshot.Losses, snapshot.Losses.Length));
        tensors.Add(SafetensorsTensor.Of(Deviations, snapshot.Deviations, snapshot.Deviations.Length));
        SafetensorsFile.Write(path, tensors, new Dictionary<string, string>
        {
            ["format"] = "weightmem-hyper-representations/1",
            ["step"] = snapshot.Step.ToString(CultureInfo.InvariantCulture),
            ["target"] = target,
        });
    }

    /// <summary>Reads a snapshot.</summary>
    /// <exception cref="FileFormatException">The file is not such a snapshot, or of another target.</exception>
    public static AutoEncoderSnapshot Read(string path, string target)
    {
        (IReadOnlyList<NamedArray> arrays, IReadOnlyDictionary<string, string> metadata) = SafetensorsFile.Read(path);
        if (metadata.GetValueOrDefault("format") != "weightmem-hyper-representations/1"
            || !long.TryParse(metadata.GetValueOrDefault("step"), CultureInfo.InvariantCulture, out long step))
        {
            throw new FileFormatException(path, "a snapshot of hyper-representations with its step", "metadata without them");
        }

        string found = metadata.GetValueOrDefault("target", "no target");
        if (found != target) throw new FileFormatException(path, $"a generator of {target}", found);
        float[] Floats(string name) => arrays.FirstOrDefault(a => a.Name == name)?.ToFloats() ?? throw new FileFormatException(path, $"an array {name}", "none");
        Dictionary<string, float[]> Part(string prefix) => arrays.Where(a => a.Name.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(a => a.Name[prefix.Length..], a => a.ToFloats());
        var weights = arrays.Where(a => a.Name is not (Losses or Deviations) && !a.Name.StartsWith(Optimiser, StringComparison.Ordinal))
            .ToDictionary(a => a.Name, a => a.ToFloats());
        return new AutoEncoderSnapshot(step, Floats(Losses), Floats(Deviations), weights, Part(First), Part(Second));
    }
}
