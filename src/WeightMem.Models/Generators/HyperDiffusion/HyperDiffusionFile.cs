using System.Globalization;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Safetensors;

namespace WeightMem.Models.Generators.HyperDiffusion;

/// <summary>
/// A trained or half-trained HyperDiffusion: as a safetensors file of our own, with <c>model.*</c> by published names, the optimiser's moments and the losses; and
/// the published Lightning checkpoint, of which the network's weights are read and nothing else.
/// </summary>
public static class HyperDiffusionFile
{
    private const string Losses = "losses", Prefix = "model.";
    private static readonly string[] Parts = [Prefix, "optim.exp_avg.", "optim.exp_avg_sq."];

    /// <summary>Writes a snapshot, whole or not at all.</summary>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void Write(string path, HyperDiffusionSnapshot snapshot, ParameterLayout layout, string target)
    {
        var tensors = new List<SafetensorsTensor>();
        IReadOnlyDictionary<string, float[]>[] states = [snapshot.Weights, snapshot.FirstMoment, snapshot.SecondMoment];
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
            ["format"] = "weightmem-hyperdiffusion/1",
            ["step"] = snapshot.Step.ToString(CultureInfo.InvariantCulture),
            ["target"] = target,
        });
    }

    /// <summary>Reads a snapshot.</summary>
    /// <exception cref="FileFormatException">The file is not such a snapshot, or of another target.</exception>
    public static HyperDiffusionSnapshot Read(string path, string target)
    {
        (IReadOnlyList<NamedArray> arrays, IReadOnlyDictionary<string, string> metadata) = SafetensorsFile.Read(path);
        if (metadata.GetValueOrDefault("format") != "weightmem-hyperdiffusion/1" || !metadata.TryGetValue("step", out string? text)
            || !long.TryParse(text, CultureInfo.InvariantCulture, out long step))
        {
            throw new FileFormatException(path, "a HyperDiffusion snapshot with its step", "metadata without one");
        }

        string found = metadata.GetValueOrDefault("target", "no target");
        if (found != target) throw new FileFormatException(path, $"a generator of {target}", found);
        Dictionary<string, float[]>[] states = [[], [], []];
        float[] losses = [];
        foreach (NamedArray array in arrays)
        {
            int part = Array.FindIndex(Parts, prefix => array.Name.StartsWith(prefix, StringComparison.Ordinal));
            if (array.Name == Losses) losses = array.ToFloats();
            else if (part >= 0) states[part][array.Name[Parts[part].Length..]] = array.ToFloats();
        }

        return new HyperDiffusionSnapshot(step, losses, states[0], states[1], states[2]);
    }

    /// <summary>
    /// Reads the weights of a published Lightning checkpoint (specification, section 3.5): the arrays of <c>state_dict</c> that the model has, one by one, so the
    /// optimiser's state is never read. Its buffers of noise levels all hold the betas and are computed anew instead.
    /// </summary>
    /// <param name="path">A <c>.ckpt</c> file.</param>
    /// <param name="layout">The model's parameters.</param>
    /// <exception cref="FileFormatException">A parameter is missing or has another shape; the message names it.</exception>
    public static Dictionary<string, float[]> ReadLightning(string path, ParameterLayout layout)
    {
        using ArrayFile file = ArrayFile.Open(path);
        Dictionary<string, ArrayEntry> entries = file.Arrays.ToDictionary(a => a.Name);
        string at = entries.ContainsKey($"state_dict/{Prefix}{layout.Entries[0].Name}") ? $"state_dict/{Prefix}" : Prefix;
        var state = new Dictionary<string, float[]>();
        foreach (ParameterEntry entry in layout.Entries)
        {
            string name = at + entry.Name;
            if (!entries.TryGetValue(name, out ArrayEntry? found)) throw new FileFormatException(path, $"an array {name} {entry.Shape}", $"{entries.Count} arrays of other names");
            if (!found.Shape.SequenceEqual(entry.Shape.Select(s => (long)s)))
                throw new FileFormatException(path, $"{name} {entry.Shape}", $"[{string.Join(", ", found.Shape)}]");
            state[entry.Name] = file.Read(name).ToFloats();
        }

        if (entries.ContainsKey(at + HyperDiffusionModel.FrequenciesName)) state[HyperDiffusionModel.FrequenciesName] = file.Read(at + HyperDiffusionModel.FrequenciesName).ToFloats();
        return state;
    }
}
