using WeightMem.Engine.Random;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Generators.PDiff;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Targets.Networks;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>P-diff: the last normalisation layers along a trajectory, an autoencoder and a diffusion of its latents, and what averages of the trajectory do beside them.</summary>
internal sealed class PDiffMethod : IStudyMethod
{
    private const string PerSample = "generated-per-sample";
    private const int Averages = 100;

    /// <summary>What the scatter of averages and the map show.</summary>
    private static readonly string[] Compared = ["training", "generated", "average-16", "gaussian"];

    private readonly StudyContext _context;
    private readonly StudyConfig _config;
    private readonly RunFolder _folder;
    private readonly StudyImages _images;
    private readonly TrajectoryZoo _zoo;
    private readonly PDiffSettings _settings;
    private PDiffGenerator? _generator;

    public PDiffMethod(StudyContext context)
    {
        (_context, _config, _folder) = (context, context.Config, context.Folder);
        _settings = _config.PDiff ?? throw new RunFolderException($"{_folder.Root}: the configuration has no settings of p-diff");
        _settings.Validate();
        _images = StudyImages.Load(context);
        _zoo = new TrajectoryZoo(context, _images);
    }

    public ITarget Target
    {
        get
        {
            _zoo.Prepare(CancellationToken.None);
            return _zoo.Target;
        }
    }

    public IReadOnlyDictionary<string, string> Inputs => _images.Hashes;

    public string TrainingPath => _generator?.TrainingPath ?? "";

    private NetworkTarget Network => (NetworkTarget)Target;

    private PDiffGenerator Generator => _generator ??= new PDiffGenerator(_context.Device, Target.Name, Target.Layout, _settings);

    /// <summary>Whether samples are decoded with their own statistics as well.</summary>
    private bool ShowsPerSample => _settings.Decoder != DecoderStatistics.PerSample;

    public (Population Training, Population Heldout) Zoo(CancellationToken cancellation) => _zoo.Run(cancellation);

    public void Train(Population training, CancellationToken cancellation) => TrainingStage.Run(_context, Generator, training, cancellation);

    public void Sample(Population training, Population heldout, CancellationToken cancellation)
    {
        Make(_folder.Generated, _settings.Decoder);
        if (ShowsPerSample) Make(_folder.File(PerSample + ".h5"), DecoderStatistics.PerSample);
        string restored = _folder.File("reconstructed.h5");
        if (!_context.Has(restored)) PopulationFile.Write(restored, Generator.Reconstruct(training).Restored);

        void Make(string path, DecoderStatistics statistics)
        {
            if (_context.Has(path)) return;
            _context.Progress.Stage($"sample: {_config.Generated} networks, decoder statistics {statistics}");
            PopulationFile.Write(
                path, Generator.Sample(_config.Generated, _config.Seed, statistics, (done, total) => _context.Progress.Advance(done, total, "denoising"), cancellation));
        }
    }

    public void Baselines(Population training, CancellationToken cancellation) => BaselineStage.Run(_context, AllBaselines(training), cancellation);

    public EvaluationDocument Evaluate(Population training, Population heldout, IReadOnlyDictionary<string, string> provenance) =>
        ImageEvaluation.Run(_context, Network, _images, new Comparison
        {
            Title = "P-diff",
            Reference = training,
            Populations = [.. Populations(heldout), .. BaselineStage.Read(_context, AllBaselines(training))],
            Provenance = Provenance(provenance, training),
            Remark = measured => PDiffReading.Of(measured),
            Tests = measured => PDiffReading.Tests(measured, _config.Seed, _config.Resamples),
            Figures = measured => Figures(measured),
            TrainingLoss = [.. Generator.DenoiserLosses.Select((loss, step) => new LossPoint(step + 1, loss))],
        });

    public Population SampleFresh(int count, long seed, CancellationToken cancellation)
    {
        PDiffSnapshot snapshot = PDiffFile.Read(_folder.Generator, Target.Name);
        if (!snapshot.IsLast)
            throw new RunFolderException($"{_folder.Root} stopped at step {snapshot.AutoencoderStep} of the autoencoder and {snapshot.DenoiserStep} of the denoiser: run the same command again to finish its training");
        Generator.Load(snapshot);
        _context.Progress.Stage($"sample: {count} networks");
        Population sampled = Generator.Sample(count, seed, _settings.Decoder, (done, total) => _context.Progress.Advance(done, total, "denoising"), cancellation);
        Network.Evaluate(_context.Device, sampled, _images.Test);
        return sampled;
    }

    public void Dispose() => _generator?.Dispose();

    private IEnumerable<StudyBaseline> AllBaselines(Population training)
    {
        int averages = Math.Min(Averages, _config.BaselineNetworks);
        foreach (double amplitude in _config.NoiseAmplitudes) yield return new(new NoiseBaseline(amplitude), training, Math.Min(_config.BaselineNetworks, training.Count));
        yield return new(new AverageBaseline(), training, averages);
        if (_settings.Reference) yield return new(new AverageBaseline(reference: true), training, averages);
        yield return new(new GaussianBaseline(), training, averages);
        yield return new(new InterpolationBaseline(), training, averages);
        yield return new(new MeanBaseline(), training, 1);
    }

    private IEnumerable<NamedPopulation> Populations(Population heldout)
    {
        yield return new("generated", PopulationFile.Read(_folder.Generated));
        if (ShowsPerSample) yield return new(PerSample, PopulationFile.Read(_folder.File(PerSample + ".h5")));
        yield return new("heldout", heldout);
        if (_zoo.ReadLater() is { } later) yield return new(TrajectoryZoo.Later, later);
        yield return new("reconstructed", PopulationFile.Read(_folder.File("reconstructed.h5")));
    }

    private List<MethodFigure> Figures(IReadOnlyList<PopulationMeasures> measured)
    {
        PopulationMeasures training = measured[0], generated = measured.First(m => m.Name == "generated");
        PopulationMeasures[] shown = [.. Compared.Select(name => measured.First(m => m.Name == name))];
        int[] parameters = new RandomStream(_config.Seed, "density parameters").Choose((int)training.Population.Layout.Entries[0].Count, Math.Min(5, (int)training.Population.Layout.Entries[0].Count));
        Array.Sort(parameters);
        string first = training.Population.Layout.Entries[0].Name;
        return
        [
            new(
                "interpolation", "Generated networks beside averages and Gaussian draws of the trajectory",
                "Where red lies between averages and Gaussian draws, the generator does what averaging of training networks does.",
                NoveltyPerformanceFigure.Draw(
                    [.. shown.Select(m => new NoveltyPopulation(m.Name, m.MaxSimilarity!.Values, Array.ConvertAll(m.Population.Score!, s => (double)s), Reading.Label(m.Name)))],
                    new RandomStream(_config.Seed, "scatter"))),
            new(
                "t-sne", "Map of the weights (t-SNE)", "The trajectory is an arc; see whether generated networks lie along it or with its averages. Up to 100 networks of each population.",
                EmbeddingFigure.Draw([.. shown.Select(m => new EmbeddedPopulation(m.Name, m.Population, Reading.Label(m.Name)))], new RandomStream(_config.Seed, "map"))),
            new(
                "parameter-density", $"Values of single parameters of {first}", "Red narrower than blue and centred in it: generated networks have contracted to the mean of the trajectory.",
                ParameterDensityFigure.Draw(training.Population, generated.Population, parameters, [.. parameters.Select(p => $"{first.Split('.')[^2]}[{p}]")])),
        ];
    }

    private Dictionary<string, string> Provenance(IReadOnlyDictionary<string, string> common, Population training)
    {
        (double whole, double tail) = Network.Flops(_context.Device);
        return new Dictionary<string, string>(common)
        {
            ["generator"] = FormattableString.Invariant(
                $"p-diff, autoencoder {Generator.AutoencoderParameters:N0} parameters and {_settings.AutoencoderSteps} steps, denoiser {Generator.DenoiserParameters:N0} and {_settings.DenoiserSteps}"),
            ["pre-trained network"] = FormattableString.Invariant($"{_zoo.BaseAccuracy:F2} % on the images its epoch was chosen on; frozen layers {Network.TrunkHash}"),
            ["reconstruction"] = FormattableString.Invariant($"mean squared error {Generator.Reconstruct(training).Error:G4} in standardised units, without noise"),
            ["kept features"] = FormattableString.Invariant($"a network costs {tail / 1e6:F2} of {whole / 1e6:F2} MFLOP an image: {whole / tail:F1} times less"),
            ["held out"] = "heldout: further runs from the same pre-trained weights with other images; heldout-later: the steps after the training run's last",
            ["seeds"] = $"study {_config.Seed}, trajectory {_config.Trajectory!.Seed}, generator {_settings.Seed}",
        };
    }
}
