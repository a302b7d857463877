using WeightMem.Engine.Autograd;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Generators.PDiff;

/// <summary>
/// P-diff's denoiser (specification 6.1): convolutions along the latent without down-sampling, a code of the time added to every channel before each, and three skips. Predicts
/// the noise. State-dict names as published.
/// </summary>
internal sealed class LatentDenoiser
{
    /// <summary>Values of the sinusoid of a time.</summary>
    public const int TimeFeatures = 256;

    private const int Encoders = 5, Skips = 3;

    private readonly (Convolution Conv, BatchNorm? Norm)[] _layers;
    private readonly Linear _time1, _time2;
    private readonly int _latent, _kernel;

    /// <summary>A denoiser.</summary>
    public LatentDenoiser(ParameterBuilder builder, PDiffSettings settings)
    {
        IReadOnlyList<int> channels = settings.DenoiserChannels;
        (_latent, _kernel) = (settings.Latent, settings.Kernel);
        _time1 = Dense(builder, "time_embedder.mlp.0", TimeFeatures, _latent);
        _time2 = Dense(builder, "time_embedder.mlp.2", _latent, _latent);
        _layers = new (Convolution, BatchNorm?)[channels.Count - 1];
        for (int i = 0; i < _layers.Length; i++)
        {
            string name = i < Encoders ? $"encoder_list.{i}" : $"decoder_list.{i - Encoders}";
            _layers[i] = (
                Convolution.Along(builder, name + ".0", channels[i], channels[i + 1], _kernel),
                i < _layers.Length - 1 ? new BatchNorm(builder, name + ".1.0", channels[i + 1]) : null);
        }
    }

    /// <summary>The frequencies 10000^(-j / 128) of the time's sinusoid.</summary>
    public static float[] Frequencies => [.. Enumerable.Range(0, TimeFeatures / 2).Select(j => (float)Math.Pow(10000, -j / (TimeFeatures / 2.0)))];

    /// <summary>Cosines, then sines, of a time.</summary>
    public static void WriteTime(double time, Span<float> features)
    {
        for (int j = 0; j < TimeFeatures / 2; j++)
        {
            double angle = (float)time * (double)(float)Math.Pow(10000, -j / (TimeFeatures / 2.0));
            (features[TimeFeatures / 2 + j], features[j]) = ((float)Math.Sin(angle), (float)Math.Cos(angle));
        }
    }

    /// <summary>The noise in latents.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="latents">Noisy latents <c>[batch, latent]</c>.</param>
    /// <param name="time">Sinusoids of their times <c>[batch, 256]</c>.</param>
    /// <param name="mode">Mode of the batch normalisations.</param>
    /// <returns><c>[batch, latent]</c></returns>
    public Tensor Forward(Tape tape, Tensor latents, Tensor time, BatchNormMode mode)
    {
        int batch = latents.Shape[0];
        Tensor code = _time2.Forward(tape, _time1.Forward(tape, time, Activation.Silu));
        Tensor x = tape.Reshape(latents, (batch, 1, _latent, 1));
        var skips = new Stack<Tensor>();
        Window window = Window.Along(_latent, _kernel, 1, _kernel / 2);
        for (int i = 0; i < _layers.Length; i++)
        {
            if (i >= Encoders) x = tape.Add(x, skips.Pop());
            x = _layers[i].Conv.Forward(tape, tape.AddColumn(x, code), window);
            if (_layers[i].Norm is { } norm) x = norm.Forward(tape, x, mode, Activation.Elu);
            if (i < Skips) skips.Push(x);
        }

        return tape.Reshape(x, (batch, _latent));
    }

    private static Linear Dense(ParameterBuilder builder, string name, int inputs, int outputs)
    {
        Initializer start = Initializer.Uniform(1 / Math.Sqrt(inputs));
        return new Linear(builder, [name], inputs, outputs, start, start);
    }
}
