using WeightMem.Engine.Autograd;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;

namespace WeightMem.Models.Targets;

/// <summary>A target of which many networks can be trained at once: its forward pass runs on a tape, with weights in rows.</summary>
public interface ILockstepTarget : ITarget
{
    /// <summary>The forward pass of every network of a population.</summary>
    /// <param name="tape">Where it is recorded.</param>
    /// <param name="rows">Weights <c>[count, parameters]</c>; watched for gradients by the caller.</param>
    /// <param name="images">
    /// <c>[count, batch, features]</c>, each network's own images, or <c>[batch, features]</c>, the same for all: then the first
    /// layers are one product. Images get no gradient.
    /// </param>
    /// <returns>Logits <c>[count, batch, classes]</c>.</returns>
    Tensor Logits(Tape tape, Tensor rows, Tensor images);

    /// <summary>Refuses images of other features or classes.</summary>
    /// <exception cref="ArgumentException">They do not fit; both numbers are in the message.</exception>
    void CheckImages(ImageSet images);
}
