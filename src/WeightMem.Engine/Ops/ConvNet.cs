namespace WeightMem.Engine.Ops;

/// <summary>A convolution without padding, then 2 x 2 max pooling with stride 2 or none, then the network's activation.</summary>
/// <param name="Outputs">Output channels.</param>
/// <param name="Kernel">Height and width of the filters.</param>
/// <param name="Pools">Whether the largest of each 2 x 2 block goes on; a last odd row or column is dropped.</param>
public readonly record struct ConvStage(int Outputs, int Kernel, bool Pools);

/// <summary>
/// The shape of a small convolutional network as <see cref="Devices.IKernels.PopulationConvNet"/> runs many of at once: convolution stages, then linear layers with
/// the activation between, the last giving logits. A weight row holds weight, bias, weight, bias ...; filters are <c>[outputs, inputs, height, width]</c>, images
/// and activations channel by channel.
/// </summary>
public sealed class ConvNet
{
    /// <summary>The most convolution stages, and the most linear layers.</summary>
    public const int MostLayers = 4;

    /// <summary>A network.</summary>
    /// <param name="channels">Channels of an image.</param>
    /// <param name="height">Its height.</param>
    /// <param name="width">Its width.</param>
    /// <param name="stages">The convolution stages, 1 to 4.</param>
    /// <param name="units">Units of the linear layers, the last one the classes: 1 to 4 of them.</param>
    /// <param name="activation">After every layer but the last.</param>
    /// <exception cref="ArgumentException">A size is not positive, an image is too small for the stages, or there are too many layers.</exception>
    public ConvNet(int channels, int height, int width, IReadOnlyList<ConvStage> stages, IReadOnlyList<int> units, Activation activation)
    {
        if (stages.Count is < 1 or > MostLayers || units.Count is < 1 or > MostLayers)
            throw new ArgumentException($"1 to {MostLayers} convolutions and as many linear layers, not {stages.Count} and {units.Count}");
        if (channels < 1 || height < 1 || width < 1 || units.Any(u => u < 1) || stages.Any(s => s.Outputs < 1 || s.Kernel < 1))
            throw new ArgumentException("the sizes of a network are positive");
        (Channels, Height, Width, Stages, Units, Activation) = (channels, height, width, stages, units, activation);
        var planes = new List<ConvPlane>();
        int at = 0;
        foreach (ConvStage stage in stages)
        {
            int outHeight = height - stage.Kernel + 1, outWidth = width - stage.Kernel + 1;
            int toHeight = stage.Pools ? outHeight / 2 : outHeight, toWidth = stage.Pools ? outWidth / 2 : outWidth;
            if (toHeight < 1 || toWidth < 1)
                throw new ArgumentException($"an image of {Height} x {Width} is too small for {stages.Count} convolutions: nothing is left after {planes.Count + 1}");
            planes.Add(new ConvPlane(at, channels, height, width, stage.Outputs, stage.Kernel, stage.Pools, toHeight, toWidth));
            at += stage.Outputs * (channels * stage.Kernel * stage.Kernel + 1);
            (channels, height, width) = (stage.Outputs, toHeight, toWidth);
        }

        var layers = new List<DenseLayer>();
        int inputs = channels * height * width;
        foreach (int outputs in units)
        {
            layers.Add(new DenseLayer(at, inputs, outputs));
            at += outputs * (inputs + 1);
            inputs = outputs;
        }

        (Planes, Layers, Parameters) = ([.. planes], [.. layers], at);
    }

    /// <summary>Channels of an image.</summary>
    public int Channels { get; }

    /// <summary>Height of an image.</summary>
    public int Height { get; }

    /// <summary>Width of an image.</summary>
    public int Width { get; }

    /// <summary>Values of an image.</summary>
    public int Features => Channels * Height * Width;

    /// <summary>The convolution stages.</summary>
    public IReadOnlyList<ConvStage> Stages { get; }

    /// <summary>Units of the linear layers.</summary>
    public IReadOnlyList<int> Units { get; }

    /// <summary>After every layer but the last.</summary>
    public Activation Activation { get; }

    /// <summary>Classes told apart.</summary>
    public int Classes => Units[^1];

    /// <summary>Parameters of a network.</summary>
    public int Parameters { get; }

    /// <summary>Values that the first linear layer takes: what the last convolution leaves.</summary>
    public int FlattenedFeatures => Layers[0].Inputs;

    /// <summary>Multiply-adds of one image.</summary>
    public double MultiplyAdds =>
        Planes.Sum(p => (double)p.Outputs * p.Inputs * p.Kernel * p.Kernel * p.OutHeight * p.OutWidth) + Layers.Sum(l => (double)l.Inputs * l.Outputs);

    /// <summary>The convolutions with all their sizes.</summary>
    internal ConvPlane[] Planes { get; }

    /// <summary>The linear layers with all their sizes.</summary>
    internal DenseLayer[] Layers { get; }
}

/// <summary>A convolution stage at its place: where its weight begins in a row, what goes in, what comes out after pooling.</summary>
internal readonly record struct ConvPlane(int Offset, int Inputs, int Height, int Width, int Outputs, int Kernel, bool Pools, int ToHeight, int ToWidth)
{
    /// <summary>Weights of the filters; the bias follows them.</summary>
    public int Weights => Outputs * Inputs * Kernel * Kernel;

    /// <summary>Height before pooling.</summary>
    public int OutHeight => Height - Kernel + 1;

    /// <summary>Width before pooling.</summary>
    public int OutWidth => Width - Kernel + 1;

    /// <summary>Values that go in.</summary>
    public int From => Inputs * Height * Width;

    /// <summary>Values that come out.</summary>
    public int To => Outputs * ToHeight * ToWidth;
}

/// <summary>A linear layer at its place in a weight row.</summary>
internal readonly record struct DenseLayer(int Offset, int Inputs, int Outputs)
{
    /// <summary>Weights; the bias follows them.</summary>
    public int Weights => Inputs * Outputs;
}
