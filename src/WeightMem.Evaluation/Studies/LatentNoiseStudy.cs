using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Statistics;
using WeightMem.Evaluation.Studies.Methods;
using WeightMem.Formats;
using WeightMem.Models;
using WeightMem.Models.Generators.PDiff;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Studies;

/// <summary>What generated networks are like at one level of latent noise.</summary>
public sealed record LatentNoiseLevel
{
    /// <summary>Deviation of the noise on latents in the autoencoder's training.</summary>
    public required double LatentNoise { get; init; }

    /// <summary>Accuracy in percent.</summary>
    public required Estimate Accuracy { get; init; }

    /// <summary>Largest error similarity to a training network.</summary>
    public required Estimate MaxSimilarity { get; init; }

    /// <summary>Distance to the nearest training network.</summary>
    public required Estimate MinL2 { get; init; }

    /// <summary>Trace of the covariance over that of the training networks, with its interval.</summary>
    public required double TraceRatio { get; init; }

    /// <summary>Its 95 % interval.</summary>
    public Reports.Interval? TraceRatioInterval { get; init; }

    /// <summary>Mean distance to the training centroid over that of the training networks.</summary>
    public required double CentroidRatio { get; init; }

    /// <summary>Its 95 % interval.</summary>
    public Reports.Interval? CentroidRatioInterval { get; init; }

    /// <summary>Mean error similarity of pairs of generated networks.</summary>
    public required double OwnSimilarity { get; init; }

    /// <summary>Its 95 % interval.</summary>
    public Reports.Interval? OwnSimilarityInterval { get; init; }

    /// <summary>Mean squared error of the autoencoder without noise, in standardised units.</summary>
    public required double ReconstructionError { get; init; }
}

/// <summary>The result of the study.</summary>
public sealed record LatentNoiseResult
{
    /// <summary>Name of the run's target.</summary>
    public required string Target { get; init; }

    /// <summary>Accuracy of the training networks in percent.</summary>
    public required Estimate TrainingAccuracy { get; init; }

    /// <summary>Mean error similarity of pairs of training networks.</summary>
    public required double TrainingSimilarity { get; init; }

    /// <summary>The levels, in the order asked.</summary>
    public required IReadOnlyList<LatentNoiseLevel> Levels { get; init; }
}

/// <summary>
/// P-diff's most telling ablation (P-diff specification, 9.4): the same trajectory, the same models and seeds, with and without noise on the latents while the autoencoder trains. With it
/// the decoder averages over a ball of latents, samples contract to the mean of the trajectory, and inherit what averaging weights gains; without it they do not.
/// </summary>
public static class LatentNoiseStudy
{
    /// <summary>Trains a generator for every level on the run's checkpoints, samples and measures. What is there already is read.</summary>
    /// <param name="config">The run's configuration; of <c>p-diff</c>.</param>
    /// <param name="folder">The run's folder; results go to <c>latent-noise</c> in it.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="dataFolder">Folder of the images, or null to look for them.</param>
    /// <param name="levels">Deviations of the noise.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Stops; what was done stays.</param>
    /// <exception cref="RunFolderException">The run is of another method.</exception>
    public static LatentNoiseResult Run(
        StudyConfig config, RunFolder folder, Device device, string? dataFolder, IReadOnlyList<double> levels, IStudyProgress progress, CancellationToken cancellation)
    {
        if (config.Method != "p-diff" || config.PDiff is not { } settings) throw new RunFolderException($"{folder.Root} holds a run of {config.Method}; the study of latent noise takes one of p-diff");
        var context = new StudyContext(config, folder, device, dataFolder, "", progress);
        StudyImages images = StudyImages.Load(context);
        var zoo = new TrajectoryZoo(context, images);
        (Population training, _) = zoo.Run(cancellation);
        zoo.Target.Evaluate(device, training, images.Test);
        var found = new List<(double Level, Population Generated, double Error)>();
        foreach (double level in levels)
        {
            PDiffSettings changed = settings with { LatentNoise = level };
            string name = level.ToString("R", CultureInfo.InvariantCulture), path = folder.File(Path.Combine("latent-noise", name + ".h5"));
            using var generator = new PDiffGenerator(device, zoo.Target.Name, zoo.Target.Layout, changed);
            string state = folder.File(Path.Combine("latent-noise", name + ".safetensors"));
            Directory.CreateDirectory(Path.GetDirectoryName(state)!);
            generator.Fit(training, state, new TrainingStage($"p-diff with latent noise {name}", progress), cancellation);
            if (!context.Has(path)) PopulationFile.Write(path, generator.Sample(config.Generated, config.Seed, cancellation));
            Snapshots.DeletePrevious(state);
            Population generated = PopulationFile.Read(path);
            zoo.Target.Evaluate(device, generated, images.Test);
            found.Add((level, generated, generator.Reconstruct(training).Error));
        }

        progress.Stage("measure");
        IReadOnlyList<PopulationMeasures> measured = Evaluator.Measure(
            device, training, [.. found.Select(f => new NamedPopulation(FormattableString.Invariant($"latent-noise-{f.Level}"), f.Generated))], config.Seed, config.Resamples);
        var contractions = found.Select(f => Contraction.Measure(f.Generated, training, new RandomStream(config.Seed, "contraction"), config.Resamples)).ToList();
        var result = new LatentNoiseResult
        {
            Target = zoo.Target.Name,
            TrainingAccuracy = measured[0].Summaries["accuracy"],
            TrainingSimilarity = contractions[0].TrainingSimilarity.Value,
            Levels = [.. found.Select((f, i) => new LatentNoiseLevel
            {
                LatentNoise = f.Level,
                Accuracy = measured[i + 1].Summaries["accuracy"],
                MaxSimilarity = measured[i + 1].Summaries["max_similarity"],
                MinL2 = measured[i + 1].Summaries["min_l2"],
                TraceRatio = contractions[i].TraceRatio.Value,
                TraceRatioInterval = Of(contractions[i].TraceRatio),
                CentroidRatio = contractions[i].CentroidRatio.Value,
                CentroidRatioInterval = Of(contractions[i].CentroidRatio),
                OwnSimilarity = contractions[i].OwnSimilarity.Value,
                OwnSimilarityInterval = Of(contractions[i].OwnSimilarity),
                ReconstructionError = f.Error,
            })],
        };
        AtomicFile.WriteText(folder.File("latent-noise.json"), ToJson(result));
        return result;
    }

    /// <summary>The result as indented JSON.</summary>
    public static string ToJson(LatentNoiseResult result) => JsonSerializer.Serialize(result, LatentNoiseJson.Default.LatentNoiseResult) + "\n";

    private static Reports.Interval? Of(Bounded bounded) => bounded.Interval is { } i ? new Reports.Interval(i.Low, i.High) : null;
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NewLine = "\n")]
[JsonSerializable(typeof(LatentNoiseResult))]
internal sealed partial class LatentNoiseJson : JsonSerializerContext;
