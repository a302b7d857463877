using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Diffusion;

namespace WeightMem.Models.Generators.PDiff;

/// <summary>Steps of a reverse process: the time that the network is told, and the coefficients of its prediction, of the state and of the noise.</summary>
internal readonly record struct ReverseStepOfNoise(int Time, double Prediction, double State, double Deviation);

/// <summary>
/// The reverse processes of P-diff (specification 6.3). All samples of a batch run in one pass; a sample's noise depends on its index and the step alone.
/// </summary>
internal sealed class LatentSampler
{
    private readonly LatentDenoiser _denoiser;
    private readonly ParameterSet _parameters;
    private readonly ReverseStepOfNoise[] _steps;
    private readonly int _latent;

    public LatentSampler(LatentDenoiser denoiser, ParameterSet parameters, GaussianDiffusion diffusion, PDiffSettings settings)
    {
        (_denoiser, _parameters, _latent) = (denoiser, parameters, settings.Latent);
        _steps = settings.Sampler == PDiffSampler.Ddpm ? Ddpm(diffusion) : Ddim(diffusion, settings.DdimSteps, settings.DdimEta, settings.Reference);
    }

    /// <summary>Number of steps.</summary>
    public int Steps => _steps.Length;

    /// <summary>Every step of the process; step i leads from time i.</summary>
    public static ReverseStepOfNoise[] Ddpm(GaussianDiffusion diffusion) => [.. Enumerable.Range(0, diffusion.Steps).Select(i =>
    {
        (double prediction, double state, double deviation) = diffusion.AncestralOfNoise(i);
        return new ReverseStepOfNoise(i, prediction, state, deviation);
    })];

    /// <summary>
    /// DDIM over a grid of times from 0 to the last, ending without noise. The published grid instead begins at 1 and takes whole strides, so that sampling starts below the last time,
    /// and its last step leads to the noise of time 0.
    /// </summary>
    public static ReverseStepOfNoise[] Ddim(GaussianDiffusion diffusion, int count, double eta, bool reference)
    {
        int last = diffusion.Steps - 1, stride = diffusion.Steps / count;
        int[] times = [.. Enumerable.Range(0, count).Select(i => reference ? 1 + i * stride : (int)Math.Round(i * (double)last / (count - 1), MidpointRounding.ToEven))];
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            double after = i > 0 ? diffusion.AlphaBar[times[i - 1]] : reference ? diffusion.AlphaBar[0] : 1;
            (double prediction, double state, double deviation) = GaussianDiffusion.DdimOfNoise(diffusion.AlphaBar[times[i]], after, eta);
            return new ReverseStepOfNoise(times[i], prediction, state, deviation);
        })];
    }

    /// <summary>Latents <c>[count, latent]</c>, owned by the open scope.</summary>
    public Tensor Sample(int firstSample, int count, long seed, Action<int> progress, CancellationToken cancellation)
    {
        Device device = _parameters.Device;
        var stream = new RandomStream(seed, "p-diff sampling");
        Tensor state = device.Empty((count, _latent)), keys = device.Empty(count, DType.U64), times = device.Empty((_steps.Length, LatentDenoiser.TimeFeatures));
        keys.Write<ulong>([.. Enumerable.Range(firstSample, count).Select(i => stream.Sub("sample", i).Key)]);
        Tensor row = device.Empty(LatentDenoiser.TimeFeatures), none = device.Zeros((count, LatentDenoiser.TimeFeatures)), time = device.Empty(none.Shape);
        var table = new float[times.Elements];
        for (int s = 0; s < _steps.Length; s++) LatentDenoiser.WriteTime(_steps[s].Time, table.AsSpan(s * LatentDenoiser.TimeFeatures, LatentDenoiser.TimeFeatures));
        device.WriteFloats(times, table);
        Tensor coefficients = device.From([.. _steps.SelectMany(s => new[] { s.Prediction, s.State, s.Deviation })], (_steps.Length, 3));
        device.Kernels.NormalRows(state, keys, _steps.Length);
        using RepeatedWork work = device.Repeat(Step);
        for (int step = _steps.Length - 1; step >= 0; step--)
        {
            cancellation.ThrowIfCancellationRequested();
            work.Run(step);
            progress(_steps.Length - step);
        }

        return state;

        void Step(long step)
        {
            using Scope inner = device.Scope();
            device.Kernels.SelectRow(row, times, step);
            device.Kernels.AddBroadcast(time, none, row);
            device.Kernels.ReverseStep(state, _denoiser.Forward(Tape.Inference(device), state, time, BatchNormMode.Evaluate), coefficients, keys, step);
        }
    }
}
