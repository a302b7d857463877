using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Diffusion;

namespace WeightMem.Models.Generators.Gpt;

/// <summary>A training batch on the device, in tensors that stay where they are, so that a recorded step finds the next batch in the same place.</summary>
internal sealed class GptBatch : IDisposable
{
    private readonly float[] _time, _signal, _noise;

    public GptBatch(Device device, int count, int parameters)
    {
        Start = device.Persistent((count, parameters), device.FloatType);
        Target = device.Persistent((count, parameters), device.FloatType);
        (Metric, Prompt, Difference) = (Scalars(), Scalars(), Scalars());
        (Time, Signal, Noise) = (Scalars(), Scalars(), Scalars());
        (_time, _signal, _noise) = (new float[count], new float[count], new float[count]);

        Tensor Scalars() => device.Persistent(count, device.FloatType);
    }

    /// <summary>Normalised start weights <c>[count, parameters]</c>.</summary>
    public Tensor Start { get; }

    /// <summary>Normalised target weights <c>[count, parameters]</c>.</summary>
    public Tensor Target { get; }

    /// <summary>Metric of the start <c>[count]</c>.</summary>
    public Tensor Metric { get; }

    /// <summary>Metric asked for <c>[count]</c>.</summary>
    public Tensor Prompt { get; }

    /// <summary>Prompt minus metric <c>[count]</c>.</summary>
    public Tensor Difference { get; }

    /// <summary>Diffusion time of each pair <c>[count]</c>.</summary>
    public Tensor Time { get; }

    /// <summary>Factor of the target in the noisy weights <c>[count]</c>.</summary>
    public Tensor Signal { get; }

    /// <summary>Factor of the noise <c>[count]</c>.</summary>
    public Tensor Noise { get; }

    /// <summary>Writes pairs, and the diffusion times that a stream draws for them.</summary>
    public void Write(PairBatch pairs, GaussianDiffusion diffusion, RandomStream times)
    {
        for (int i = 0; i < _time.Length; i++)
        {
            int t = times.Integer(i, diffusion.Steps);
            (double signal, double noise) = diffusion.Forward(t);
            (_time[i], _signal[i], _noise[i]) = (diffusion.Timesteps[t], (float)signal, (float)noise);
        }

        foreach ((Tensor tensor, float[] values) in new[]
            {
                (Start, pairs.Start), (Target, pairs.Target), (Metric, pairs.Metric), (Prompt, pairs.Prompt), (Difference, pairs.Difference),
                (Time, _time), (Signal, _signal), (Noise, _noise),
            })
        {
            tensor.Device.WriteFloats(tensor, values);
        }
    }

    public void Dispose()
    {
        foreach (Tensor tensor in new[] { Start, Target, Metric, Prompt, Difference, Time, Signal, Noise }) tensor.Dispose();
    }
}
