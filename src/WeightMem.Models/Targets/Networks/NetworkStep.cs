using WeightMem.Engine.Autograd;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Targets.Networks;

/// <summary>A step of a network: from the tensors that are alive to the next ones.</summary>
/// <param name="Prefix">State-dict prefix of its parameters; empty when it has none.</param>
/// <param name="Run">The step. The mode is that of batch normalisations.</param>
internal sealed record NetworkStep(string Prefix, Func<Tape, Tensor[], BatchNormMode, Tensor[]> Run);

/// <summary>Collects the steps of a network in the order in which they run.</summary>
internal sealed class NetworkSteps
{
    private readonly List<NetworkStep> _steps = [];

    public IReadOnlyList<NetworkStep> All => _steps;

    /// <summary>A step on the newest tensor; older ones stay alive.</summary>
    public void Add(string prefix, Func<Tape, Tensor, BatchNormMode, Tensor> run) =>
        _steps.Add(new NetworkStep(prefix, (tape, live, mode) => [.. live[..^1], run(tape, live[^1], mode)]));

    /// <summary>Any step.</summary>
    public void AddAny(string prefix, Func<Tape, Tensor[], BatchNormMode, Tensor[]> run) => _steps.Add(new NetworkStep(prefix, run));
}
