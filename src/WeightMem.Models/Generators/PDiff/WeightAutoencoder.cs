using WeightMem.Engine.Autograd;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Generators.PDiff;

/// <summary>
/// P-diff's autoencoder of standardised weights (specification 5): strided convolutions along the weight vector, a linear map to the latent, and transposed convolutions back.
/// State-dict names as published. The head of variances is there and, with no weight on the divergence, gets no gradient, as published.
/// </summary>
internal sealed class WeightAutoencoder
{
    private readonly (Convolution Conv, BatchNorm Norm)[] _encoder, _decoder;
    private readonly Linear _toLatent, _mean, _toDecode;
    private readonly Convolution _last;
    private readonly int _length, _kernel, _narrow, _channels;

    /// <summary>An autoencoder of inputs of a length.</summary>
    /// <param name="builder">Collects the parameters.</param>
    /// <param name="settings">Channels, kernel, latent.</param>
    /// <param name="length">Values of an input; divisible by 2 to the number of levels.</param>
    /// <exception cref="ArgumentException">The length does not divide.</exception>
    public WeightAutoencoder(ParameterBuilder builder, PDiffSettings settings, int length)
    {
        IReadOnlyList<int> channels = settings.AutoencoderChannels;
        int levels = channels.Count;
        if (length % (1 << levels) != 0) throw new ArgumentException($"an autoencoder of {levels} levels takes multiples of {1 << levels} values, not {length}");
        (_length, _kernel, _narrow, _channels) = (length, settings.Kernel, length >> levels, channels[^1]);
        _encoder = new (Convolution, BatchNorm)[levels];
        for (int i = 0; i < levels; i++)
        {
            _encoder[i] = (
                Convolution.Along(builder, $"encoder.{i}.0", i == 0 ? 1 : channels[i - 1], channels[i], _kernel), new BatchNorm(builder, $"encoder.{i}.1", channels[i]));
        }

        _toLatent = Dense(builder, "to_latent", _narrow * _channels, settings.Latent);
        _mean = Dense(builder, "fc_mu", settings.Latent, settings.Latent);
        _ = Dense(builder, "fc_var", settings.Latent, settings.Latent);
        _toDecode = Dense(builder, "to_decode", settings.Latent, _narrow * _channels);
        _decoder = new (Convolution, BatchNorm)[levels];
        for (int i = 0; i < levels; i++)
        {
            // Back through the list; the last level keeps its channels.
            int from = channels[levels - 1 - i], to = channels[Math.Max(0, levels - 2 - i)];
            string name = i < levels - 1 ? $"decoder.{i}" : "final_layer";
            _decoder[i] = (Convolution.AlongTransposed(builder, name + ".0", from, to, _kernel), new BatchNorm(builder, name + ".1", to));
        }

        _last = Convolution.Along(builder, "final_layer.3", channels[0], 1, _kernel);
    }

    /// <summary>The latents <c>[batch, latent]</c> of inputs <c>[batch, length]</c>.</summary>
    public Tensor Encode(Tape tape, Tensor inputs, BatchNormMode mode)
    {
        int batch = inputs.Shape[0], length = _length;
        Tensor x = tape.Reshape(inputs, (batch, 1, length, 1));
        foreach ((Convolution conv, BatchNorm norm) in _encoder)
        {
            x = norm.Forward(tape, conv.Forward(tape, x, Halved(length)), mode, Activation.LeakyRelu);
            length /= 2;
        }

        // PyTorch flattens channel by channel.
        Tensor flat = tape.Reshape(tape.SwapRowsAndColumns(tape.Reshape(x, (batch, _narrow, _channels))), (batch, _narrow * _channels));
        return _mean.Forward(tape, _toLatent.Forward(tape, flat));
    }

    /// <summary>The inputs <c>[batch, length]</c> that latents <c>[batch, latent]</c> stand for.</summary>
    public Tensor Decode(Tape tape, Tensor latents, BatchNormMode mode)
    {
        int batch = latents.Shape[0], length = _narrow;
        Tensor x = tape.SwapRowsAndColumns(tape.Reshape(_toDecode.Forward(tape, latents), (batch, _channels, _narrow)));
        x = tape.Reshape(x, (batch, 1, _narrow, _channels));
        foreach ((Convolution conv, BatchNorm norm) in _decoder)
        {
            length *= 2;
            x = norm.Forward(tape, conv.Transposed(tape, x, Halved(length)), mode, Activation.Elu);
        }

        return tape.Reshape(_last.Forward(tape, x, Window.Along(_length, _kernel, 1, _kernel / 2)), (batch, _length));
    }

    private Window Halved(int length) => Window.Along(length, _kernel, 2, _kernel / 2);

    private static Linear Dense(ParameterBuilder builder, string name, int inputs, int outputs)
    {
        Initializer start = Initializer.Uniform(1 / Math.Sqrt(inputs));
        return new Linear(builder, [name], inputs, outputs, start, start);
    }
}
