using System.Globalization;
using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;
using WeightMem.Formats;
using WeightMem.Formats.Safetensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets.Networks;

namespace WeightMem.Models.Generators.PDiff;

/// <summary>
/// Makes P-diff's checkpoints: pre-trains a classifier with augmentation, then saves the generated layers after consecutive updates at a constant rate. Every draw depends on
/// the seed and the step alone, and a snapshot is left after every epoch, so what was stopped goes on to the same bits.
/// </summary>
internal sealed class TrajectoryTrainer(Device device, NetworkDefinition definition, ImageSet train, ImageSet test, ImageTransform transform, TrajectorySettings settings)
{
    private const int JudgedTogether = 250;
    private const string Best = "best.", Moment1 = "exp_avg.", Moment2 = "exp_avg_sq.";

    /// <summary>
    /// What a run of this size takes, measured on one image: the network's parameters, the bytes of a training step on the device (weights, gradients, two moments, the outputs of all
    /// layers for a batch and as much again for half of their gradients), and the bytes that the test images' kept features take on the host.
    /// </summary>
    public (long Parameters, long DeviceBytes, long FeatureBytes) Needs()
    {
        using var network = new ImageNetwork(definition, transform.Channels, train.Classes, device, new RandomStream(0, "measured"));
        ParameterLayout layout = network.Parameters.Layout;
        string[] generated = [.. layout.Entries.Select(e => e.Name).Where(n => NetworkTarget.IsGenerated(definition, n))];
        long before = device.LiveBytes;
        using Scope scope = device.Scope();
        Tape tape = Tape.Inference(device);
        int split = network.FirstStepOf(generated);
        Tensor[] live = network.Run(tape, [device.Zeros((1, transform.Size, transform.Size, transform.Channels))], 0, split, BatchNormMode.Evaluate);
        long features = live.Sum(t => t.Bytes);
        network.Run(tape, live, split, network.Steps, BatchNormMode.Evaluate);
        long perImage = device.LiveBytes - before, batch = Math.Max(settings.PretrainingBatch, settings.Batch);
        long state = layout.Entries.Where(e => e.Name.Contains(".running_", StringComparison.Ordinal)).Sum(e => e.Count);
        return (layout.Count - state, 4 * network.Parameters.Values.Bytes + perImage * batch * 3 / 2, features * test.Count);
    }

    /// <summary>Pre-trains, resuming from a snapshot if one is there.</summary>
    /// <param name="snapshot">Where the state is kept after every epoch; deleted by the caller when the result is stored.</param>
    /// <param name="progress">Told epochs done (with their fraction) and the loss.</param>
    /// <param name="note">Told, in one line, when a snapshot is damaged.</param>
    /// <param name="cancellation">Looked at between steps.</param>
    /// <returns>The best epoch's weights, and its accuracy in percent on the images it was chosen on.</returns>
    /// <exception cref="TrainingDivergedException">The loss is not finite.</exception>
    public (Dictionary<string, float[]> State, double Accuracy) Pretrain(
        string snapshot, Action<double, double> progress, Action<string> note, CancellationToken cancellation)
    {
        int held = settings.ValidationImages, count = train.Count - held;
        if (count < settings.PretrainingBatch) throw new ArgumentException($"{train.Name}: {count} images do not fill a batch of {settings.PretrainingBatch}");
        ImageSet judged = held > 0 ? train.Skip(count) : test;
        var stream = new RandomStream(settings.Seed, "p-diff pre-training");
        using var network = new ImageNetwork(definition, transform.Channels, train.Classes, device, stream.Sub("start"));
        ParameterLayout layout = network.Parameters.Layout;
        if (settings.Pretrained is { } file) LoadPretrained(network, file);
        using var adam = new AdamW(network.Parameters, 0.9, 0.999, 1e-8, settings.WeightDecay, double.PositiveInfinity);
        Dictionary<string, float[]> best = network.Parameters.State();
        double bestAccuracy = settings.PretrainingEpochs == 0 ? Accuracy(network, judged) : -1;
        int epoch = 0, steps = count / settings.PretrainingBatch;
        if (Snapshots.Read(snapshot, path => Resume(path, network, adam).ToTuple(), note) is { } stored) (epoch, bestAccuracy, best) = stored;
        for (; epoch < settings.PretrainingEpochs; epoch++)
        {
            int[] order = stream.Sub("order").At(epoch).Permutation(count);
            double rate = Schedules.Cosine(settings.PretrainingRate, (double)epoch / settings.PretrainingEpochs);
            for (int step = 0; step < steps; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                long update = (long)epoch * steps + step;
                double loss = Update(
                    network, adam, order.AsSpan(step * settings.PretrainingBatch, settings.PretrainingBatch), stream.Sub("augmentation").At(update), rate, BatchNormMode.Train, update);
                progress(epoch + (step + 1.0) / steps, loss);
            }

            double accuracy = Accuracy(network, judged);
            if (accuracy > bestAccuracy) (bestAccuracy, best) = (accuracy, network.Parameters.State());
            int done = epoch + 1;
            Snapshots.Store(snapshot, () => Store(snapshot, network.Parameters, adam, done, bestAccuracy, best, layout));
        }

        return (best, bestAccuracy);
    }

    /// <summary>One run from the pre-trained weights: rows of the generated layers after updates 2 and on.</summary>
    /// <param name="target">The partial target, which knows the rows' layout.</param>
    /// <param name="state">The pre-trained weights.</param>
    /// <param name="run">Number of the run: 0 for the training's, others held out.</param>
    /// <param name="kept">Updates whose weights are kept, in increasing order, from 1 on.</param>
    /// <param name="progress">Told updates done and the loss.</param>
    /// <param name="cancellation">Looked at between updates.</param>
    public Population Run(
        NetworkTarget target, IReadOnlyDictionary<string, float[]> state, int run, IReadOnlyList<int> kept, Action<int, double> progress, CancellationToken cancellation)
    {
        var stream = new RandomStream(settings.Seed, "p-diff trajectory").Sub("run", run);
        using var network = new ImageNetwork(
            definition, transform.Channels, train.Classes, device, new RandomStream(0, "overwritten"), name => NetworkTarget.IsGenerated(definition, name));
        network.Parameters.Load(state);
        using var adam = new AdamW(network.Parameters, 0.9, 0.999, 1e-8, settings.WeightDecay, double.PositiveInfinity);
        int batch = Math.Min(settings.Batch, train.Count), perEpoch = train.Count / batch;
        var rows = new float[(long)kept.Count * target.Layout.Count];
        int[] order = [];
        for (int update = 1, saved = 0; saved < kept.Count; update++)
        {
            cancellation.ThrowIfCancellationRequested();
            int place = (update - 1) % perEpoch;
            if (place == 0) order = stream.Sub("order").At((update - 1) / perEpoch).Permutation(train.Count);
            BatchNormMode mode = settings.BatchNorm switch
            {
                TrajectoryBatchNorm.AlwaysTrain => BatchNormMode.Train,
                TrajectoryBatchNorm.ReferenceTwoStepThenEval when update <= 2 => BatchNormMode.Train,
                _ => BatchNormMode.Evaluate,
            };
            double loss = Update(network, adam, order.AsSpan(place * batch, batch), stream.Sub("augmentation").At(update), settings.Rate, mode, update);
            progress(update, loss);
            if (kept[saved] != update) continue;
            target.Layout.Pack(rows.AsSpan(saved * (int)target.Layout.Count, (int)target.Layout.Count), network.Parameters.State());
            saved++;
        }

        return new Population(target.Name, target.Layout, rows, [.. kept.Select(_ => run)], [.. kept])
        {
            Provenance = { ["made by"] = "p-diff trajectory", ["trunk"] = target.TrunkHash, ["seed"] = settings.Seed.ToString(CultureInfo.InvariantCulture) },
        };
    }

    private double Update(ImageNetwork network, AdamW adam, ReadOnlySpan<int> index, RandomStream augmentation, double rate, BatchNormMode mode, long step)
    {
        var inputs = new float[index.Length * transform.Features];
        transform.Train(train, index, augmentation, inputs);
        var labels = new int[index.Length];
        for (int i = 0; i < labels.Length; i++) labels[i] = train.Labels[index[i]];
        using Scope scope = device.Scope();
        Tape tape = Tape.Record(device);
        Tensor x = device.From(inputs, (index.Length, transform.Size, transform.Size, transform.Channels));
        Tensor each = tape.CrossEntropy(network.Forward(tape, x, mode), device.From(labels, labels.Length));
        Tensor loss = tape.Scale(tape.Sum(each), 1.0 / labels.Length);
        double value = loss.Item();
        if (!double.IsFinite(value)) throw new TrainingDivergedException(definition.Name, null, step + 1, rate);
        network.Parameters.ZeroGradients();
        tape.Backward(loss);
        adam.Step(rate, 0);
        return value;
    }

    private double Accuracy(ImageNetwork network, ImageSet images)
    {
        int right = 0;
        for (int first = 0; first < images.Count; first += JudgedTogether)
        {
            int size = Math.Min(JudgedTogether, images.Count - first);
            var inputs = new float[size * transform.Features];
            transform.Judge(images, first, inputs);
            using Scope scope = device.Scope();
            Tensor logits = network.Forward(Tape.Inference(device), device.From(inputs, (size, transform.Size, transform.Size, transform.Channels)), BatchNormMode.Evaluate);
            var values = new float[logits.Elements];
            device.ReadFloats(logits, values);
            for (int i = 0; i < size; i++)
                right += Targets.PopulationEvaluation.FirstMaximum(values.AsSpan(i * images.Classes, images.Classes)) == images.Labels[first + i] ? 1 : 0;
        }

        return 100.0 * right / images.Count;
    }

    private static void LoadPretrained(ImageNetwork network, string file)
    {
        Dictionary<string, float[]> state = network.Parameters.State();
        foreach ((string name, float[] values) in NetworkFile.Read(file, network.Parameters.Layout, name => name.StartsWith("fc.", StringComparison.Ordinal))) state[name] = values;
        network.Parameters.Load(state);
    }

    private static void Store(string path, ParameterSet parameters, AdamW adam, int epoch, double accuracy, IReadOnlyDictionary<string, float[]> best, ParameterLayout layout)
    {
        var tensors = new List<SafetensorsTensor>();
        (string Prefix, IReadOnlyDictionary<string, float[]> State)[] parts =
            [("", parameters.State()), (Best, best), (Moment1, parameters.State(adam.FirstMoment)), (Moment2, parameters.State(adam.SecondMoment))];
        foreach ((string prefix, IReadOnlyDictionary<string, float[]> state) in parts)
            tensors.AddRange(layout.Entries.Select(e => SafetensorsTensor.Of(prefix + e.Name, state[e.Name], [.. e.Shape.Select(s => (long)s)])));
        SafetensorsFile.Write(path, tensors, new Dictionary<string, string>
        {
            ["epoch"] = epoch.ToString(CultureInfo.InvariantCulture),
            ["steps"] = adam.Steps.ToString(CultureInfo.InvariantCulture),
            ["accuracy"] = accuracy.ToString("R", CultureInfo.InvariantCulture),
        });
    }

    private static (int Epoch, double Accuracy, Dictionary<string, float[]> Best) Resume(string path, ImageNetwork network, AdamW adam)
    {
        (IReadOnlyList<NamedArray> arrays, IReadOnlyDictionary<string, string> metadata) = SafetensorsFile.Read(path);
        if (!metadata.TryGetValue("epoch", out string? epoch) || !metadata.TryGetValue("steps", out string? steps) || !metadata.TryGetValue("accuracy", out string? accuracy))
            throw new FileFormatException(path, "a snapshot of a pre-training", "metadata without its epoch");
        var all = arrays.ToDictionary(a => a.Name, a => a.ToFloats());
        ParameterLayout layout = network.Parameters.Layout;
        (Dictionary<string, float[]> weights, Dictionary<string, float[]> first, Dictionary<string, float[]> second, Dictionary<string, float[]> best) =
            (Part(""), Part(Moment1), Part(Moment2), Part(Best)); // all are there before anything changes
        network.Parameters.Load(weights);
        network.Parameters.Load(first, adam.FirstMoment);
        network.Parameters.Load(second, adam.SecondMoment);
        adam.Steps = long.Parse(steps, CultureInfo.InvariantCulture);
        return (int.Parse(epoch, CultureInfo.InvariantCulture), double.Parse(accuracy, CultureInfo.InvariantCulture), best);

        Dictionary<string, float[]> Part(string prefix) => layout.Entries.ToDictionary(
            e => e.Name, e => all.TryGetValue(prefix + e.Name, out float[]? values) ? values : throw new FileFormatException(path, $"tensor {prefix}{e.Name}", "none"));
    }
}
