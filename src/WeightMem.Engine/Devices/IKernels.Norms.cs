using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices;

/// <summary>The norms of Hyper-Representations: rows of unbiased deviation 1, rows of length 1.</summary>
public partial interface IKernels
{
    /// <summary>
    /// y = alpha * (x - mean) * scale + bias for each row, with scale = 1 / (s + epsilon) and s the unbiased standard deviation (columns - 1; at least 2 columns). Not layer
    /// normalisation, whose epsilon is under the root. Keeps mean and scale [rows] for the backward pass.
    /// </summary>
    void UnbiasedNormForward(Tensor y, Tensor mean, Tensor scale, Tensor x, Tensor alpha, Tensor bias, double epsilon);

    /// <summary>
    /// Gradients of <see cref="UnbiasedNormForward"/>; dalpha and dbias are added to, dx by <paramref name="accumulate"/>. The deviation's own share is left out of a row
    /// whose deviation is 0.
    /// </summary>
    void UnbiasedNormBackward(
        Tensor dx, Tensor dalpha, Tensor dbias, Tensor dy, Tensor x, Tensor mean, Tensor scale, Tensor alpha, double epsilon, bool accumulate);

    /// <summary>y = x / norm for each row, with norm [rows] the larger of its L2 norm and <paramref name="floor"/>.</summary>
    void UnitRowsForward(Tensor y, Tensor norm, Tensor x, double floor);

    /// <summary>dx = (dy - y sum(y * dy)) / norm for each row, or += that; dy / norm where the norm is the floor.</summary>
    void UnitRowsBackward(Tensor dx, Tensor dy, Tensor y, Tensor norm, double floor, bool accumulate);
}
