using System.Globalization;
using System.Text.Json.Serialization;

namespace WeightMem.Models.Zoos;

/// <summary>How the learning rate falls while a field is fitted.</summary>
public enum FieldSchedule
{
    /// <summary>A fixed number of steps; over the second half the rate falls exponentially to 0.05 of what it was.</summary>
    FixedSteps,

    /// <summary>The published one: times 0.8 after more than 10 epochs in a row without a new best epoch loss, an end after 50, both shape by shape.</summary>
    Plateau,
}

/// <summary>How a zoo of occupancy fields is fitted, one field a shape (HyperDiffusion specification, sections 1.3, 1.4 and 8).</summary>
public sealed record FieldSettings
{
    /// <summary>Samples near the surface of each shape.</summary>
    public int SurfaceSamples { get; init; } = 100_000;

    /// <summary>Samples in the cube.</summary>
    public int UniformSamples { get; init; } = 100_000;

    /// <summary>Samples of a minibatch, drawn with replacement.</summary>
    public int Batch { get; init; } = 2048;

    /// <summary>How the rate falls.</summary>
    public FieldSchedule Schedule { get; init; } = FieldSchedule.Plateau;

    /// <summary>Epochs at most, with <see cref="FieldSchedule.Plateau"/>; an epoch is as many steps as batches fit the samples.</summary>
    public int MostEpochs { get; init; } = 5000;

    /// <summary>Steps of the first shape, with <see cref="FieldSchedule.FixedSteps"/>.</summary>
    public int FirstSteps { get; init; }

    /// <summary>Steps of every other shape.</summary>
    public int OtherSteps { get; init; }

    /// <summary>Adam's learning rate at the start.</summary>
    public double Rate { get; init; } = 1e-2;

    /// <summary>Whether every shape but the first starts from the first one's final weights. Without it neurons of different fields do not correspond.</summary>
    public bool WarmStart { get; init; } = true;

    /// <summary>
    /// How many layers of every fitted network, from the last on, are replaced by fresh random ones: the study of capacity (evaluation specification 7.2).
    /// </summary>
    public int RandomLayers { get; init; }

    /// <summary>Shapes fitted in lockstep. Changes the speed and no result. A study has it in its zoo settings.</summary>
    [JsonIgnore]
    public int GroupSize { get; init; } = 128;

    /// <summary>Points near the surface that the fit of a field is judged on.</summary>
    public int JudgedPoints { get; init; } = 10_000;

    /// <summary>Seed of everything random. A study has it in its zoo settings.</summary>
    [JsonIgnore]
    public long Seed { get; init; }

    /// <summary>Samples of a shape.</summary>
    [JsonIgnore]
    public int Samples => SurfaceSamples + UniformSamples;

    /// <summary>The settings by name, as provenance of the population.</summary>
    public IReadOnlyDictionary<string, string> Describe() => new Dictionary<string, string>
    {
        ["zoo.samples"] = Text(SurfaceSamples) + " + " + Text(UniformSamples),
        ["zoo.batch"] = Text(Batch),
        ["zoo.schedule"] = Schedule == FieldSchedule.Plateau ? $"plateau, at most {Text(MostEpochs)} epochs" : $"{Text(FirstSteps)} steps first, {Text(OtherSteps)} others",
        ["zoo.rate"] = Rate.ToString("R", CultureInfo.InvariantCulture),
        ["zoo.warm_start"] = WarmStart ? "first shape's final weights" : "none",
        ["zoo.random_layers"] = Text(RandomLayers),
        ["zoo.seed"] = Seed.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A setting is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(SurfaceSamples >= 0 && UniformSamples >= 0 && Samples >= 1, "there is no sample");
        Require(Batch >= 1 && GroupSize >= 1 && JudgedPoints >= 1, "batch, group size and judged points must be at least 1");
        Require(Rate > 0 && RandomLayers >= 0, "the rate must be positive and the random layers not negative");
        Require(Schedule == FieldSchedule.Plateau ? MostEpochs >= 1 && Samples >= Batch : FirstSteps >= 1 && OtherSteps >= 1, "a field needs at least one step");
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static void Require(bool condition, string message)
    {
        if (!condition) throw new ArgumentException($"field settings: {message}");
    }
}
