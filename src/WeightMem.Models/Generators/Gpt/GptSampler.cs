using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Diffusion;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Generators.Gpt;

/// <summary>
/// Prompts a trained model (specification 4): from start weights and their measured metric, asks for another metric and runs the reverse
/// diffusion with the moving average of the parameters. The noise of a sample depends on its index and the step alone, so neither the batch size nor
/// the number of samples changes a result.
/// </summary>
public sealed class GptSampler(GptModel model, GptSettings settings, Normalizer normalizer, IImageTarget target, ImageSet conditioning)
{
    private readonly GaussianDiffusion _diffusion = GaussianDiffusion.Linear(settings.DiffusionSteps).Respace(settings.SamplingSteps);

    /// <summary>One prompt: one new network for each start.</summary>
    /// <param name="starts">Start networks in weight units; their loss is measured here on the conditioning images.</param>
    /// <param name="prompt">The metric asked for.</param>
    /// <param name="seed">Seed of the noise.</param>
    /// <param name="progress">Told the denoising steps done and in all.</param>
    /// <param name="cancellation">Looked at between steps.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Population OneStep(Population starts, double prompt, long seed, Action<int, int>? progress, CancellationToken cancellation)
    {
        Device device = model.Parameters.Device;
        target.Evaluate(device, starts, conditioning);
        float[] metric = starts.Loss!;
        var weights = new float[starts.Weights.Length];
        int batches = (starts.Count + settings.SamplingBatch - 1) / settings.SamplingBatch;
        for (int b = 0; b < batches; b++)
        {
            int first = b * settings.SamplingBatch, count = Math.Min(settings.SamplingBatch, starts.Count - first);
            int done = b * _diffusion.Steps;
            Denoise(
                weights.AsSpan(first * starts.Parameters, count * starts.Parameters), starts.Weights.AsSpan(first * starts.Parameters, count * starts.Parameters),
                metric.AsSpan(first, count), prompt, new RandomStream(seed, "gpt sampling"), first,
                step => progress?.Invoke(done + step, batches * _diffusion.Steps), cancellation);
        }

        return new Population(starts.Target, starts.Layout, weights)
        {
            Provenance = { ["generator"] = "gpt", ["prompt"] = FormattableString.Invariant($"{prompt}"), ["sampling seed"] = $"{seed}" },
        };
    }

    /// <summary>Recursive prompting: the result of each prompt is the start of the next, with its metric measured again.</summary>
    public Population Recursive(Population starts, double prompt, int rounds, long seed, Action<int, int>? progress, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        for (int round = 0; round < rounds; round++)
        {
            int before = round;
            starts = OneStep(
                starts, prompt, seed + round, (done, all) => progress?.Invoke(before * all + done, rounds * all), cancellation);
        }

        return starts;
    }

    private void Denoise(
        Span<float> result, ReadOnlySpan<float> startWeights, ReadOnlySpan<float> metrics, double prompt, RandomStream stream, int firstSample,
        Action<int> progress, CancellationToken cancellation)
    {
        Device device = model.Parameters.Device;
        int count = metrics.Length, parameters = model.Tokens.Parameters;
        using Scope scope = device.Scope();
        using IDisposable average = model.Parameters.ReadAverage();

        var normalized = new float[startWeights.Length];
        normalizer.Normalize(startWeights, normalized);
        float[] prompts = new float[count], differences = new float[count];
        Array.Fill(prompts, (float)prompt);
        for (int i = 0; i < count; i++) differences[i] = (float)prompt - metrics[i]; // single precision, as in the published evaluation
        Tensor start = device.From(normalized, (count, parameters)), state = device.Empty((count, parameters)), time = device.Empty(count);
        Tensor input = model.Input(start, device.From(metrics, count), device.From(prompts, count), device.From(differences, count));
        Tensor keys = device.Empty(count, DType.U64), times = device.Empty((_diffusion.Steps, count)), coefficients = _diffusion.AncestralTable(device);
        keys.Write<ulong>([.. Enumerable.Range(firstSample, count).Select(i => stream.Sub("sample", i).Key)]);
        device.WriteFloats(times, [.. _diffusion.Timesteps.SelectMany(t => Enumerable.Repeat((float)t, count))]);
        device.Kernels.NormalRows(state, keys, _diffusion.Steps);
        using RepeatedWork work = device.Repeat(Step);
        for (int step = _diffusion.Steps - 1; step >= 0; step--)
        {
            cancellation.ThrowIfCancellationRequested();
            work.Run(step);
            progress(_diffusion.Steps - step);
        }

        device.ReadFloats(state, result);
        normalizer.Denormalize(result, result);

        void Step(long step)
        {
            using Scope inner = device.Scope();
            device.Kernels.SelectRow(time, times, step);
            model.WriteNoisy(input, state, time);
            device.Kernels.ReverseStep(state, model.Forward(Tape.Inference(device), input, start), coefficients, keys, step);
        }
    }
}
