using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Targets;

/// <summary>A target of which many networks can be trained at once, with weights in rows.</summary>
public interface ILockstepTarget : IImageTarget
{
    /// <summary>Losses and gradients of every network of a population on a minibatch.</summary>
    /// <param name="gradient">Receives the gradients of the mean losses, <c>[count, parameters]</c>.</param>
    /// <param name="losses">Receives the mean cross-entropies, <c>[count]</c>.</param>
    /// <param name="logits">Receives the logits, <c>[count, batch, classes]</c>.</param>
    /// <param name="rows">Weights <c>[count, parameters]</c>.</param>
    /// <param name="images">All images, <c>[images, features]</c>.</param>
    /// <param name="index">
    /// The images of the minibatch, I32: <c>[count, batch]</c>, each network's own, or <c>[1, batch]</c>, the same for all: then the first layers can be one product.
    /// </param>
    /// <param name="labels">Their classes, I32 <c>[count, batch]</c>.</param>
    void Backpropagate(Tensor gradient, Tensor losses, Tensor logits, Tensor rows, Tensor images, Tensor index, Tensor labels);
}
