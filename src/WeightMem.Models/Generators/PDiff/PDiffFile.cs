using System.Globalization;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Safetensors;
using WeightMem.Formats.Torch;
using WeightMem.Models.Diffusion;

namespace WeightMem.Models.Generators.PDiff;

/// <summary>
/// P-diff in files: a snapshot as safetensors, its tensors named <c>part/name</c>; and the published pair of state dicts, <c>diffusion</c> and <c>vae</c>, to and from PyTorch.
/// </summary>
internal static class PDiffFile
{
    private const string Mean = "weights/mean", Deviation = "weights/deviation", AutoencoderLosses = "losses/autoencoder", DenoiserLosses = "losses/denoiser";

    /// <summary>The denoiser stands three times in the published file.</summary>
    private static readonly string[] Copies = ["net.", "diffusion_trainer.model.", "diffusion_sampler.model."];

    /// <summary>Writes a snapshot, whole or not at all.</summary>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void Write(string path, PDiffSnapshot snapshot, PDiffGenerator generator, string target)
    {
        var tensors = new List<SafetensorsTensor>();
        foreach ((string part, IReadOnlyDictionary<string, float[]> state) in snapshot.Parts)
        {
            ParameterLayout layout = part.StartsWith("diffusion", StringComparison.Ordinal) ? generator.DenoiserLayout : generator.AutoencoderLayout;
            tensors.AddRange(state.Select(s => SafetensorsTensor.Of(
                $"{part}/{s.Key}", s.Value, layout.Contains(s.Key) ? [.. layout[s.Key].Shape.Select(d => (long)d)] : [s.Value.Length])));
        }

        float[] mean = [.. snapshot.Standardizer.Mean], deviation = [.. snapshot.Standardizer.Deviation];
        foreach ((string name, float[] values) in new[]
            { (Mean, mean), (Deviation, deviation), (AutoencoderLosses, snapshot.AutoencoderLosses), (DenoiserLosses, snapshot.DenoiserLosses) })
        {
            tensors.Add(SafetensorsTensor.Of(name, values, values.Length));
        }

        SafetensorsFile.Write(path, tensors, new Dictionary<string, string>
        {
            ["format"] = "weightmem-p-diff/1",
            ["autoencoder_step"] = snapshot.AutoencoderStep.ToString(CultureInfo.InvariantCulture),
            ["denoiser_step"] = snapshot.DenoiserStep.ToString(CultureInfo.InvariantCulture),
            ["target"] = target,
        });
    }

    /// <summary>Reads a snapshot.</summary>
    /// <exception cref="FileFormatException">The file is not such a snapshot, or of another target.</exception>
    public static PDiffSnapshot Read(string path, string target)
    {
        (IReadOnlyList<NamedArray> arrays, IReadOnlyDictionary<string, string> metadata) = SafetensorsFile.Read(path);
        if (metadata.GetValueOrDefault("format") != "weightmem-p-diff/1") throw new FileFormatException(path, "a P-diff snapshot", "metadata of something else");
        string found = metadata.GetValueOrDefault("target", "no target");
        if (found != target) throw new FileFormatException(path, $"a generator of {target}", found);
        var all = arrays.ToDictionary(a => a.Name, a => a.ToFloats());
        var parts = new Dictionary<string, IReadOnlyDictionary<string, float[]>>();
        foreach (IGrouping<string, NamedArray> part in arrays.GroupBy(a => a.Name.Split('/')[0])) parts[part.Key] = part.ToDictionary(a => a.Name[(part.Key.Length + 1)..], a => all[a.Name]);
        foreach (string needed in new[] { Mean, Deviation, AutoencoderLosses, DenoiserLosses })
        {
            if (!all.ContainsKey(needed)) throw new FileFormatException(path, $"tensor {needed}", "none");
        }

        foreach (string needed in new[] { "vae", "diffusion", "vae.exp_avg", "vae.exp_avg_sq", "diffusion.exp_avg", "diffusion.exp_avg_sq" })
        {
            if (!parts.ContainsKey(needed)) throw new FileFormatException(path, $"tensors {needed}/*", "none");
        }

        return new PDiffSnapshot(
            all[AutoencoderLosses].Length, all[DenoiserLosses].Length, all[AutoencoderLosses], all[DenoiserLosses], new WeightStandardizer(all[Mean], all[Deviation]), parts);
    }

    /// <summary>Writes the published pair: <c>diffusion.pth</c> and <c>vae.pth</c>.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="snapshot">What.</param>
    /// <param name="generator">Shapes and settings.</param>
    /// <exception cref="FileWriteException">A file cannot be written.</exception>
    public static void Export(string folder, PDiffSnapshot snapshot, PDiffGenerator generator)
    {
        PDiffSettings settings = generator.Settings;
        GaussianDiffusion diffusion = GaussianDiffusion.Linear(settings.DiffusionSteps, settings.FirstBeta, settings.LastBeta);
        var arrays = new List<NamedArray>();
        foreach (string copy in Copies)
        {
            float[] frequencies = LatentDenoiser.Frequencies;
            arrays.Add(NamedArray.Of(copy + "time_embedder.freqs", frequencies, frequencies.Length));
            arrays.AddRange(Arrays(copy, generator.DenoiserLayout, snapshot.Parts["diffusion"]));
        }

        int[] steps = [.. Enumerable.Range(0, diffusion.Steps)];
        float[] beta = Values(t => diffusion.Betas[t]);
        (string Name, float[] Values)[] buffers =
        [
            ("diffusion_trainer.beta_t", beta),
            ("diffusion_trainer.signal_rate", Values(t => diffusion.Forward(t).Signal)),
            ("diffusion_trainer.noise_rate", Values(t => diffusion.Forward(t).Noise)),
            ("diffusion_sampler.beta_t", beta),
            ("diffusion_sampler.coeff_1", Values(t => diffusion.AncestralOfNoise(t).State)),
            ("diffusion_sampler.coeff_2", Values(t => -diffusion.AncestralOfNoise(t).Prediction)),
            ("diffusion_sampler.posterior_variance", Values(diffusion.PosteriorVariance)),
        ];
        arrays.AddRange(buffers.Select(b => NamedArray.Of(b.Name, b.Values, b.Values.Length)));
        TorchWriter.Write(Path.Combine(folder, "diffusion.pth"), arrays);
        TorchWriter.Write(Path.Combine(folder, "vae.pth"), [.. Arrays("", generator.AutoencoderLayout, snapshot.Parts["vae"])]);

        float[] Values(Func<int, double> of) => Array.ConvertAll(steps, t => (float)of(t));
    }

    /// <summary>Reads the published pair into the parts of a snapshot: the states alone, as if just trained.</summary>
    /// <param name="diffusionPath">The diffusion's state dict.</param>
    /// <param name="autoencoderPath">The autoencoder's; may be the same file when it holds both.</param>
    /// <param name="generator">Shapes.</param>
    /// <exception cref="FileFormatException">A tensor is missing or of another shape.</exception>
    public static IReadOnlyDictionary<string, IReadOnlyDictionary<string, float[]>> Import(string diffusionPath, string autoencoderPath, PDiffGenerator generator) =>
        new Dictionary<string, IReadOnlyDictionary<string, float[]>>
        {
            ["diffusion"] = State(diffusionPath, Copies[0], generator.DenoiserLayout),
            ["vae"] = State(autoencoderPath, "", generator.AutoencoderLayout),
        };

    private static IEnumerable<NamedArray> Arrays(string prefix, ParameterLayout layout, IReadOnlyDictionary<string, float[]> state) =>
        layout.Entries.Select(e => NamedArray.Of(prefix + e.Name, state[e.Name], [.. e.Shape.Select(s => (long)s)]));

    private static Dictionary<string, float[]> State(string path, string prefix, ParameterLayout layout)
    {
        using ArrayFile file = ArrayFile.Open(path);
        ArrayEntry[] entries = [.. file.Arrays.Where(a => a.Type.IsFloat())];
        return layout.Entries.ToDictionary(wanted => wanted.Name, wanted =>
        {
            string name = prefix + wanted.Name;
            ArrayEntry? entry = Array.Find(entries, e => e.Name == name || e.Name.EndsWith("/" + name, StringComparison.Ordinal));
            if (entry is null || !entry.Shape.SequenceEqual(wanted.Shape.Select(s => (long)s)))
                throw new FileFormatException(path, $"tensor {name} {wanted.Shape}", entry is null ? $"{entries.Length} others" : $"[{string.Join(", ", entry.Shape)}]");
            return file.Read(entry.Name).ToFloats();
        });
    }
}
