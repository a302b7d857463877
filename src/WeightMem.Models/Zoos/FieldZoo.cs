using System.Diagnostics;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Populations;
using WeightMem.Models.Shapes;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Zoos;

/// <summary>
/// Fits an occupancy field to every shape of a source: the first training shape from a random start, all others in lockstep from its final weights. Shape i has
/// streams of its own, so a field does not depend on the group it was fitted in.
/// </summary>
public sealed class FieldZoo
{
    private const int ReportEvery = 20;
    private const double LastRate = 0.05;

    private readonly Device _device;
    private readonly FieldTarget _target;
    private readonly IShapeSource _source;
    private readonly FieldSettings _settings;
    private readonly string[] _ids;

    /// <summary>A zoo that is not fitted yet.</summary>
    /// <exception cref="ArgumentException">A setting is out of range, or there is no training shape.</exception>
    public FieldZoo(Device device, FieldTarget target, IShapeSource source, FieldSettings settings)
    {
        settings.Validate();
        if (source.Training.Count == 0) throw new ArgumentException($"{source.Name} has no training shapes");
        if (settings.RandomLayers > target.Net.Hidden + 1) throw new ArgumentException($"{target.Name} has {target.Net.Hidden + 1} layers, and {settings.RandomLayers} are to be random");
        (_device, _target, _source, _settings) = (device, target, source, settings);
        _ids = [.. source.Training, .. source.Validation, .. source.Test];
    }

    /// <summary>Ids of the shapes by run: training shapes, then validation, then test.</summary>
    public IReadOnlyList<string> Ids => _ids;

    /// <summary>Groups: the first shape, then the others.</summary>
    public int Groups => 1 + (_ids.Length - 1 + _settings.GroupSize - 1) / _settings.GroupSize;

    /// <summary>Fits what is not stored yet and returns all fields, a run each, in the order of <see cref="Ids"/>.</summary>
    /// <param name="shards">Groups stored before, and where the others go.</param>
    /// <param name="progress">Called every few steps.</param>
    /// <param name="cancellation">Stops between steps; the groups that are done stay stored.</param>
    /// <exception cref="TrainingDivergedException">A field's loss is not finite.</exception>
    public Population FitAll(PopulationShards shards, Action<ZooProgress>? progress, CancellationToken cancellation)
    {
        while (shards.Count < Groups)
        {
            // The first shape's group holds the start of all others.
            float[] start = shards.Count == 0 ? [] : PopulationFile.Read(shards.PathOf(0)).Row(0).ToArray();
            shards.Append(FitGroup(shards.Count, start, progress, cancellation));
        }

        Population all = PopulationFile.Read(shards.Folder);
        if (_settings.RandomLayers > 0) RandomizeLayers(all, _target, _settings.RandomLayers, _settings.Seed);
        all.Provenance["shapes"] = string.Join(',', _ids);
        return all;
    }

    /// <summary>Fits the shapes of one group.</summary>
    /// <param name="group">Which; 0 is the first shape alone.</param>
    /// <param name="start">Where the fields of later groups start, if they do; empty for group 0.</param>
    /// <param name="progress">Called every few steps.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>A row a shape, with the metrics <c>train_loss</c> (nats a sample) and <c>iou</c> (near the surface, level 0).</returns>
    public Population FitGroup(int group, ReadOnlySpan<float> start, Action<ZooProgress>? progress, CancellationToken cancellation)
    {
        (int first, int count) = group == 0 ? (0, 1) : (1 + (group - 1) * _settings.GroupSize, Math.Min(_settings.GroupSize, _ids.Length - 1 - (group - 1) * _settings.GroupSize));
        int samples = _settings.Samples;
        float[] points = new float[3L * count * samples], inside = new float[(long)count * samples], weights = new float[(long)count * _target.Parameters];
        float[] judgedPoints = new float[3L * count * _settings.JudgedPoints];
        var judged = new FieldSamples[count];
        ShapeLoop.For(count, k =>
        {
            Shape3D shape = _source.Load(_ids[first + k]);
            RandomStream stream = Stream("field samples", first + k);
            FieldSamples drawn = FieldSamples.Draw(shape, _settings.SurfaceSamples, _settings.UniformSamples, stream);
            drawn.Points.CopyTo(points, 3L * k * samples);
            drawn.Inside.CopyTo(inside, (long)k * samples);
            judged[k] = FieldSamples.Draw(shape, _settings.JudgedPoints, 0, stream.Sub("judged"));
            judged[k].Points.CopyTo(judgedPoints, 3L * k * _settings.JudgedPoints);
        }, cancellation);
        for (int k = 0; k < count; k++)
        {
            Span<float> row = weights.AsSpan(k * _target.Parameters, _target.Parameters);
            if (group > 0 && _settings.WarmStart) start.CopyTo(row);
            else _target.Initialize(row, Stream("field initialisation", first + k));
        }

        (float[] losses, int steps) = Fit(weights, points, inside, first, count, group, progress, cancellation);
        var population = new Population(_target.Name, _target.Layout, weights, [.. Enumerable.Range(first, count)], [.. Enumerable.Repeat(steps, count)])
        {
            Provenance = new Dictionary<string, string>(_settings.Describe()) { ["zoo.shapes"] = _source.Description, ["zoo.shapes.sha256"] = _source.Hash },
        };
        float[] logits = _target.Logits(_device, population, judgedPoints, pointsOfEach: true);
        population.Metrics["train_loss"] = losses;
        population.Metrics["iou"] = [.. judged.Select((j, k) => (float)j.IntersectionOverUnion(logits.AsSpan(k * j.Count, j.Count), 0))];
        return population;
    }

    /// <summary>Trains rows in place; returns the mean loss of the last steps and their number.</summary>
    private (float[] Losses, int Steps) Fit(
        float[] weights, float[] points, float[] inside, int first, int count, int group, Action<ZooProgress>? progress, CancellationToken cancellation)
    {
        int batch = _settings.Batch, samples = _settings.Samples, epoch = Math.Max(1, samples / batch);
        bool plateau = _settings.Schedule == FieldSchedule.Plateau;
        int steps = plateau ? _settings.MostEpochs * epoch : group == 0 ? _settings.FirstSteps : _settings.OtherSteps, tail = Math.Min(epoch, steps);
        using Scope scope = _device.Scope();
        IKernels kernels = _device.Kernels;
        Tensor rows = _device.From(weights, (count, _target.Parameters)), m = _device.Zeros(rows.Shape), v = _device.Zeros(rows.Shape), gradient = _device.Empty(rows.Shape);
        Tensor at = _device.From(points, (count, samples, 3)), occupied = _device.From(inside, (count, samples)), losses = _device.Empty(count), sum = _device.Zeros(count);
        Tensor index = _device.Empty((count, batch), DType.I32), rates = _device.Empty(count);
        var chosen = new int[count * batch];
        float[] rate = new float[count], found = new float[count];
        FieldPlateau[] plateaus = [.. Enumerable.Range(0, count).Select(_ => new FieldPlateau(_settings.Rate))];
        RandomStream[] draws = [.. Enumerable.Range(first, count).Select(shape => Stream("field minibatches", shape))];
        var watch = Stopwatch.StartNew();
        int step = 0;
        for (bool ended = false; step < steps && !ended;)
        {
            cancellation.ThrowIfCancellationRequested();
            for (int k = 0; k < count; k++) rate[k] = (float)(plateau ? plateaus[k].Rate : RateAt(step, steps));
            _device.WriteFloats(rates, rate);
            Parallel.For(0, count, k => DrawIndices(chosen.AsSpan(k * batch, batch), draws[k].At(step), samples));
            index.Write<int>(chosen);
            kernels.FieldGradient(gradient, losses, rows, at, occupied, index, _target.Net);
            kernels.AdamRows(rows, m, v, gradient, rates, 0.9, 0.999, 1e-8, 0, ++step);
            bool epochEnds = step % epoch == 0;
            if (plateau || step > steps - tail) kernels.Axpby(sum, losses, 1, 1);
            if (plateau && epochEnds)
            {
                Read(sum, step);
                for (int k = 0; k < count; k++) plateaus[k].Epoch(found[k] / epoch);
                ended = Array.TrueForAll(plateaus, p => p.Ended);
                if (!ended && step < steps) kernels.Fill(sum, 0);
            }

            if (step % ReportEvery != 0 && step < steps && !ended) continue;
            if (!plateau) Read(losses, step);
            double perSecond = step / watch.Elapsed.TotalSeconds;
            progress?.Invoke(new ZooProgress(first, _ids.Length, group, step, steps, perSecond, perSecond / steps * count));
        }

        Read(sum, step);
        _device.ReadFloats(rows, weights);
        return ([.. found.Select(loss => loss / ((plateau ? epoch : tail) * batch))], step);

        void Read(Tensor what, int at)
        {
            _device.ReadFloats(what, found);
            int bad = Array.FindIndex(found, loss => !float.IsFinite(loss));
            if (bad >= 0) throw new TrainingDivergedException(_target.Name, first + bad, at, rate[bad]);
        }
    }

    private double RateAt(int step, int steps) => _settings.Rate * Math.Pow(LastRate, Math.Max(0, 2.0 * step / steps - 1));

    /// <summary>Uniform draws with replacement, four of each block of the stream.</summary>
    private static void DrawIndices(Span<int> indices, RandomStream stream, int samples)
    {
        for (int i = 0; i < indices.Length; i += 4)
        {
            (uint x0, uint x1, uint x2, uint x3) = stream.Block(i >> 2);
            indices[i] = (int)((ulong)x0 * (uint)samples >> 32);
            if (i + 1 < indices.Length) indices[i + 1] = (int)((ulong)x1 * (uint)samples >> 32);
            if (i + 2 < indices.Length) indices[i + 2] = (int)((ulong)x2 * (uint)samples >> 32);
            if (i + 3 < indices.Length) indices[i + 3] = (int)((ulong)x3 * (uint)samples >> 32);
        }
    }

    /// <summary>Replaces the last layers of every network by fresh random ones, one draw for each run, and drops what was measured of the fitted networks.</summary>
    /// <param name="fields">Networks of the target; changed in place.</param>
    /// <param name="target">Their target.</param>
    /// <param name="layers">How many layers, from the last on.</param>
    /// <param name="seed">Seed of the draws.</param>
    public static void RandomizeLayers(Population fields, FieldTarget target, int layers, long seed)
    {
        int from = target.Net.Offset(target.Net.Hidden + 1 - layers);
        var fresh = new float[target.Parameters];
        for (int i = 0; i < fields.Count; i++)
        {
            target.Initialize(fresh, new RandomStream(seed, "random layers").Sub("shape", fields.Run[i]));
            fresh.AsSpan(from).CopyTo(fields.Row(i)[from..]);
        }

        fields.Metrics.Clear();
        fields.Provenance["zoo.random_layers"] = $"{layers}";
    }

    private RandomStream Stream(string name, int shape) => new RandomStream(_settings.Seed, name).Sub("shape", shape);
}
