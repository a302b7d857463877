using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Targets.Networks;

/// <summary>One image classifier with its parameters on a device: for training, and to run many weight rows through its last layers.</summary>
internal sealed class ImageNetwork : IDisposable
{
    private readonly IReadOnlyList<NetworkStep> _steps;

    /// <summary>A network on a device.</summary>
    /// <param name="definition">What it is.</param>
    /// <param name="channels">Channels of its inputs.</param>
    /// <param name="classes">Its classes.</param>
    /// <param name="device">Where it lives.</param>
    /// <param name="start">Stream of its initialisation.</param>
    /// <param name="trains">Which parameters train; null for all.</param>
    public ImageNetwork(NetworkDefinition definition, int channels, int classes, Device device, RandomStream start, Func<string, bool>? trains = null)
    {
        var builder = new ParameterBuilder { Trains = trains, DecaysAll = true };
        var steps = new NetworkSteps();
        definition.Build(builder, steps, channels, classes);
        _steps = steps.All;
        Parameters = builder.Build(device, start);
    }

    /// <summary>All parameters and running statistics.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Number of steps.</summary>
    public int Steps => _steps.Count;

    /// <summary>The first step that has one of some parameters.</summary>
    public int FirstStepOf(IReadOnlyCollection<string> names) =>
        Enumerable.Range(0, _steps.Count).First(i => _steps[i].Prefix.Length > 0 && names.Any(n => n.StartsWith(_steps[i].Prefix + ".", StringComparison.Ordinal)));

    /// <summary>Steps <paramref name="from"/> to <paramref name="to"/>, exclusive.</summary>
    public Tensor[] Run(Tape tape, Tensor[] live, int from, int to, BatchNormMode mode)
    {
        for (int i = from; i < to; i++) live = _steps[i].Run(tape, live, mode);
        return live;
    }

    /// <summary>The logits <c>[batch, classes]</c> of inputs <c>[batch, height, width, channels]</c>.</summary>
    public Tensor Forward(Tape tape, Tensor inputs, BatchNormMode mode) => Run(tape, [inputs], 0, _steps.Count, mode)[^1];

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();
}
