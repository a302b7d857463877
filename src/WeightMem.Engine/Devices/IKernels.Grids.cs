using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices;

/// <content>
/// Layers over grids <c>[batch, height, width, channels]</c>: convolution, normalisation of channels, pooling. Filters are as in state dicts,
/// <c>[filters, channels / groups, kernel height, kernel width]</c>; how many groups there are follows from the channels.
/// </content>
public partial interface IKernels
{
    /// <summary>y[n, i, j, f] = bias[f] + the sum over the taps and the channels c of f's group of weight[f, c, tap] x[n, place of the tap, c]; zeros around x.</summary>
    void ConvolutionForward(Tensor y, Tensor x, Tensor weight, Tensor? bias, Window window);

    /// <summary>
    /// The gradient with respect to x of <see cref="ConvolutionForward"/>, plus <paramref name="bias"/> [channels] at every place: with a bias it is a transposed
    /// convolution's forward pass. The window is that of the convolution, so dx has its input's sizes.
    /// </summary>
    void ConvolutionDataGradient(Tensor dx, Tensor dy, Tensor weight, Tensor? bias, Window window, bool accumulate);

    /// <summary>The gradient of <see cref="ConvolutionForward"/> with respect to the filters.</summary>
    void ConvolutionFilterGradient(Tensor dweight, Tensor dy, Tensor x, Window window, bool accumulate);

    /// <summary>
    /// Mean and biased variance of every channel: x is [..., channels], mean and variance [groups, channels], and the rows of x are cut into so many equal runs.
    /// </summary>
    void ChannelStatistics(Tensor mean, Tensor variance, Tensor x);

    /// <summary>y = f((x - mean) / sqrt(variance + epsilon) gamma + beta), with the statistics [groups, channels] of the run of rows that a row is in.</summary>
    void ChannelNormForward(Tensor y, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, double epsilon, Activation activation);

    /// <summary>
    /// Gradients of <see cref="ChannelNormForward"/> for statistics of one group. With <paramref name="ofBatch"/> mean and variance are those of x itself and pass on
    /// gradients, else they are constants. dgamma and dbeta are added to, dx by <paramref name="accumulate"/>.
    /// </summary>
    void ChannelNormBackward(
        Tensor dx, Tensor dgamma, Tensor dbeta, Tensor dy, Tensor x, Tensor mean, Tensor variance, Tensor gamma, Tensor beta, double epsilon,
        Activation activation, bool ofBatch, bool accumulate);

    /// <summary>y = the largest value under the window; places, of the float type and of y's size, says at which tap, the first of equals.</summary>
    void MaxPoolForward(Tensor y, Tensor places, Tensor x, Window window);

    /// <summary>Gradient of <see cref="MaxPoolForward"/>.</summary>
    void MaxPoolBackward(Tensor dx, Tensor dy, Tensor places, Window window, bool accumulate);

    /// <summary>y = the mean under the window, which has no padding.</summary>
    void AveragePoolForward(Tensor y, Tensor x, Window window);

    /// <summary>Gradient of <see cref="AveragePoolForward"/>.</summary>
    void AveragePoolBackward(Tensor dx, Tensor dy, Window window, bool accumulate);

    /// <summary>y[b, j, i] = x[b, i, j] for x [batch, rows, columns], or y += that: from channels last to channels first and back.</summary>
    void SwapRowsAndColumns(Tensor y, Tensor x, bool accumulate);
}
