using WeightMem.Engine.Random;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>Two views of each network of a batch, in token order: <c>[2 * batch, parameters]</c>, all first views and then all second ones.</summary>
/// <param name="Inputs">What the auto-encoder sees.</param>
/// <param name="Targets">What it is to return; the same array unless it is to remove noise.</param>
internal sealed record ViewBatch(float[] Inputs, float[] Targets);

/// <summary>
/// Makes the views: each network under two permutations of its hidden units out of a fixed pool, then noise, then erasing. Pure functions of the seed and the step.
/// </summary>
internal sealed class ViewSampler
{
    private readonly Population _training;
    private readonly NeuronTokens _tokens;
    private readonly AutoEncoderSettings _settings;
    private readonly ushort[][] _pool;
    private readonly int[] _place;
    private readonly RandomStream _orders, _choices, _noise, _erasing;

    /// <summary>Draws the pool.</summary>
    /// <exception cref="ArgumentException">The rows are too long, or too few for a batch.</exception>
    public ViewSampler(Population training, ITarget target, NeuronTokens tokens, AutoEncoderSettings settings)
    {
        if (tokens.Parameters > ushort.MaxValue + 1) throw new ArgumentException($"views are made of rows of at most {ushort.MaxValue + 1} weights, not {tokens.Parameters}");
        settings.RequireNetworks(training.Count);
        (_training, _tokens, _settings) = (training, tokens, settings);
        _orders = new RandomStream(settings.Seed, "hyper-representations order");
        _choices = new RandomStream(settings.Seed, "hyper-representations views");
        _noise = new RandomStream(settings.Seed, "hyper-representations input noise");
        _erasing = new RandomStream(settings.Seed, "hyper-representations erasing");
        _pool = Pool(target, tokens, settings);
        _place = new int[tokens.Parameters];
        for (int i = 0; i < _place.Length; i++) _place[tokens.Order[i]] = i;
    }

    /// <summary>Steps of an epoch; the last partial batch is dropped.</summary>
    public int StepsPerEpoch => _training.Count / _settings.Batch;

    /// <summary>The views of a step.</summary>
    public ViewBatch Draw(long step)
    {
        int batch = _settings.Batch, parameters = _tokens.Parameters;
        int[] order = _orders.At(step / StepsPerEpoch).Permutation(_training.Count);
        int first = (int)(step % StepsPerEpoch) * batch;
        var targets = new float[2 * batch * parameters];
        for (int v = 0; v < 2 * batch; v++)
        {
            ReadOnlySpan<float> row = _training.Row(order[first + v % batch]);
            ushort[] index = _pool[_choices.At(step).Integer(v, _pool.Length)];
            Span<float> view = targets.AsSpan(v * parameters, parameters);
            for (int i = 0; i < index.Length; i++) view[i] = row[index[i]];
        }

        if (_settings.InputNoise == 0 && _settings.Erasing is null) return new ViewBatch(targets, targets);
        float[] inputs = _settings.Denoise ? [.. targets] : targets;
        AddNoise(inputs, step);
        Erase(inputs, step);
        return new ViewBatch(inputs, targets);
    }

    /// <summary>
    /// The pool in token order: for every layer a list of permutations, and for every element one of each list.
    /// </summary>
    private static ushort[][] Pool(ITarget target, NeuronTokens tokens, AutoEncoderSettings settings)
    {
        if (settings.Permutations == 0) return [Array.ConvertAll(tokens.Order.ToArray(), i => (ushort)i)];
        var stream = new RandomStream(settings.Seed, "hyper-representations permutations");
        int layers = target.HiddenWidths.Count, count = settings.Permutations;
        int[][][] lists = [.. target.HiddenWidths.Select((width, layer) =>
        {
            int length = Math.Max(1, (int)Math.Min(Factorial(width), count) / Math.Max(1, layers));
            return Enumerable.Range(0, length).Select(i => stream.Sub("layer", layer).At(i).Permutation(width)).ToArray();
        })];
        var pool = new ushort[count][];
        for (int k = 0; k < count; k++)
        {
            RandomStream choice = stream.Sub("element").At(k);
            int[] index = target.PermutationIndex([.. lists.Select((list, layer) => list[choice.Integer(layer, list.Length)])]);
            var element = new ushort[index.Length];
            for (int i = 0; i < element.Length; i++) element[i] = (ushort)index[tokens.Order[i]];
            pool[k] = element;
        }

        return pool;
    }

    private static double Factorial(int n) => n < 2 ? 1 : n * Factorial(n - 1);

    private void AddNoise(float[] views, long step)
    {
        if (_settings.InputNoise == 0) return;
        int parameters = _tokens.Parameters;
        var noise = new double[parameters];
        for (int v = 0; v < views.Length / parameters; v++)
        {
            BoxMuller.Fill(noise, _noise.At(step).Sub("view", v));
            for (int i = 0; i < parameters; i++) views[v * parameters + i] += (float)(_settings.InputNoise * noise[i]);
        }
    }

    private void Erase(float[] views, long step)
    {
        if (_settings.Erasing is not { } erasing) return;
        const int Tries = 10;
        int parameters = _tokens.Parameters;
        var random = new double[parameters];
        for (int v = 0; v < views.Length / parameters; v++)
        {
            RandomStream stream = _erasing.At(step).Sub("view", v);
            if (stream.Double(0) >= erasing.Probability) continue;
            if (erasing.Value is null) BoxMuller.Fill(random, stream.Sub("values"));
            if (erasing.Scattered)
            {
                int count = Length(stream.Double(1));
                for (int i = 0; i < count; i++) Write(stream.Integer(2 + i, parameters));
                continue;
            }

            for (int attempt = 0; attempt < Tries; attempt++)
            {
                int length = Length(stream.Double(1 + 2 * attempt)), start = stream.Integer(2 + 2 * attempt, parameters);
                if (start + length >= parameters) continue;
                for (int i = start; i < start + length; i++) Write(i);
                break;
            }

            // A block is one of the weight row, not of the tokens.
            void Write(int position) => views[v * parameters + _place[position]] = erasing.Value ?? (float)random[position];
        }

        int Length(double u) => (int)(parameters * (erasing.Least + (erasing.Most - erasing.Least) * u));
    }
}
