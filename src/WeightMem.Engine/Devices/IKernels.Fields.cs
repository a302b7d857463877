using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices;

public partial interface IKernels
{
    // ---- Populations of occupancy fields ----------------------------------------------------------------------------

    /// <summary>
    /// The logits [count, points] of many fields, weights [count, parameters], at points [count, points, 3], or [1, points, 3] for all, with coordinates from -1 to 1.
    /// </summary>
    void FieldLogits(Tensor logits, Tensor weights, Tensor points, FieldNet net);

    /// <summary>
    /// The logits [count, x, y, z] of many fields, weights [count, parameters], on the grid of three axes' coordinates x [nodes], y [nodes], z [nodes], from -1 to 1. The
    /// first layer is a sum over the axes, which a backend may compute once an axis and not once a node.
    /// </summary>
    void FieldGridLogits(Tensor logits, Tensor weights, Tensor x, Tensor y, Tensor z, FieldNet net);

    /// <summary>
    /// One training step's gradient [count, parameters] of many fields, each on its own minibatch: of the sum of binary cross-entropies, which are the losses [count]. Points
    /// [count, samples, 3] with coordinates from -1 to 1 are inside (1) or not (0) by inside [count, samples]; index I32 [count, batch] names the samples.
    /// </summary>
    void FieldGradient(Tensor gradient, Tensor losses, Tensor weights, Tensor points, Tensor inside, Tensor index, FieldNet net);
}
