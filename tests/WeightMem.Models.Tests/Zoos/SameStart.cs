using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Tests.Targets;

namespace WeightMem.Models.Tests.Zoos;

/// <summary>A target whose networks all start alike.</summary>
internal sealed class SameStart(ILockstepTarget target) : PlainTarget(target), ILockstepTarget
{
    public override void Initialize(Span<float> row, RandomStream stream) => target.Initialize(row, new RandomStream(1, "same"));

    public void Evaluate(Device device, Population population, ImageSet images) => target.Evaluate(device, population, images);

    public void Backpropagate(Tensor gradient, Tensor losses, Tensor logits, Tensor rows, Tensor images, Tensor index, Tensor labels) =>
        target.Backpropagate(gradient, losses, logits, rows, images, index, labels);
}
