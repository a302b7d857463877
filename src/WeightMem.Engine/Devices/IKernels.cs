using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;

namespace WeightMem.Engine.Devices;

/// <summary>
/// Everything that a device can compute: the whole contract between the engine and a backend. Implemented in plain double
/// precision by the reference device (the specification), with SIMD on the CPU, and by kernels on a GPU.
/// </summary>
/// <remarks>
/// Outputs come first, then inputs, then sizes. Floating tensors are of the device's own float type. Shapes were checked by
/// the op that calls; kernels do not check again. An output overwrites unless a parameter named <c>accumulate</c> says
/// that it adds. Outputs do not overlap inputs unless a kernel says so.
/// </remarks>
public partial interface IKernels
{
    // ---- Elementwise ------------------------------------------------------------------------------------------------

    /// <summary>x = value</summary>
    void Fill(Tensor x, double value);

    /// <summary>y = x, bit for bit, for any type.</summary>
    void Copy(Tensor y, Tensor x);

    /// <summary>y = alpha * x + beta * y; with beta = 0 the old y is not read. y may be x.</summary>
    void Axpby(Tensor y, Tensor x, double alpha, double beta);

    /// <summary>y = a + b. y may be a or b.</summary>
    void Add(Tensor y, Tensor a, Tensor b);

    /// <summary>y = a * b element by element, or y += a * b.</summary>
    void Multiply(Tensor y, Tensor a, Tensor b, bool accumulate);

    /// <summary>y = f(x)</summary>
    void ActivationForward(Tensor y, Tensor x, Activation activation);

    /// <summary>dx = dy * f'(x), or dx += dy * f'(x).</summary>
    void ActivationBackward(Tensor dx, Tensor dy, Tensor x, Activation activation, bool accumulate);

    /// <summary>
    /// Every output of a chain in one pass, all of one size; output i is added to where <paramref name="accumulate"/>[i] says so. Full inputs have the outputs'
    /// size, rows a size that divides it. An output may be a full input.
    /// </summary>
    void Elementwise(ElementwiseChain chain, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<bool> accumulate, ReadOnlySpan<Tensor> inputs);

    /// <summary>y[r, :] = x[r, :] + b, for x of any number of rows of b's size. y may be x.</summary>
    void AddBroadcast(Tensor y, Tensor x, Tensor b);

    /// <summary>y = sum over r of x[r, :], or y += that, for x of any number of rows of y's size. The order of summation is fixed.</summary>
    void SumRows(Tensor y, Tensor x, bool accumulate);

    /// <summary>y[r, :] = a[r] * x[r, :] + b[r] * z[r, :], with a and b [rows]: the forward diffusion.</summary>
    void CombineRows(Tensor y, Tensor x, Tensor a, Tensor z, Tensor b);

    /// <summary>
    /// y = x * m / (1 - rate), where element i of m is 0 with probability <paramref name="rate"/>, drawn from the stream; 1 otherwise.
    /// The backward pass is the same call on the gradient.
    /// </summary>
    void Dropout(Tensor y, Tensor x, double rate, RandomStream stream, bool accumulate);

    // ---- Indexing ---------------------------------------------------------------------------------------------------

    /// <summary>y[i, :] = x[index[i], :]; index is I32 [rows of y] and in range.</summary>
    void GatherRows(Tensor y, Tensor x, Tensor index);

    /// <summary>dx[index[i], :] += dy[i, :], in increasing i.</summary>
    void ScatterAddRows(Tensor dx, Tensor dy, Tensor index);

    /// <summary>y[r, c] = x[r, index[r, c]]; y, x and index (I32) are [rows, columns]: a permutation of each row.</summary>
    void GatherColumns(Tensor y, Tensor x, Tensor index);

    /// <summary>
    /// Copies a block of columns: y[r, yColumn + c] = x[r, xColumn + c] for c in [0, columns), or adds it.
    /// </summary>
    void CopyColumns(Tensor y, int yColumn, Tensor x, int xColumn, int columns, bool accumulate);

    // ---- Matrices ---------------------------------------------------------------------------------------------------

    /// <summary>
    /// c = alpha * a b + beta * c for each matrix of the batch, plus <paramref name="bias"/> [columns of c] on every row;
    /// with beta = 0 the old c is not read. c is not transposed. Plain products: speed and bits belong to the backend.
    /// </summary>
    void Gemm(in MatrixView c, in MatrixView a, in MatrixView b, double alpha = 1, double beta = 0, Tensor? bias = null);

    // ---- Rows -------------------------------------------------------------------------------------------------------

    /// <summary>y = softmax of each row of x. y may be x.</summary>
    void SoftmaxForward(Tensor y, Tensor x);

    /// <summary>dx = y * (dy - sum(dy * y)) for each row, or dx += that.</summary>
    void SoftmaxBackward(Tensor dx, Tensor dy, Tensor y, bool accumulate);

    /// <summary>
    /// y = (x - mean) * rstd * gamma + beta for each row, with the biased variance; keeps mean and rstd [rows] for the backward pass.
    /// </summary>
    void LayerNormForward(Tensor y, Tensor mean, Tensor rstd, Tensor x, Tensor gamma, Tensor beta, double epsilon);

    /// <summary>Gradients of <see cref="LayerNormForward"/>; dgamma and dbeta are added to, dx by <paramref name="accumulate"/>.</summary>
    void LayerNormBackward(Tensor dx, Tensor dgamma, Tensor dbeta, Tensor dy, Tensor x, Tensor mean, Tensor rstd, Tensor gamma, bool accumulate);

    // ---- Attention --------------------------------------------------------------------------------------------------

    /// <summary>
    /// Multi-head attention without a mask. qkv is [batch, tokens, 3 * width], its rows key | query | value (the order of the
    /// published state dicts); y is [batch, tokens, width]; logSumExp is [batch, heads, tokens]. No tokens x tokens tensor is kept.
    /// </summary>
    void AttentionForward(Tensor y, Tensor logSumExp, Tensor qkv, int heads);

    /// <summary>Gradient of <see cref="AttentionForward"/> with respect to qkv; the probabilities are computed again. dqkv is overwritten.</summary>
    void AttentionBackward(Tensor dqkv, Tensor dy, Tensor y, Tensor logSumExp, Tensor qkv, int heads);

    // ---- Losses and reductions --------------------------------------------------------------------------------------

    /// <summary>loss[0] = mean of (x - target)^2 over all elements.</summary>
    void MeanSquaredErrorForward(Tensor loss, Tensor x, Tensor target);

    /// <summary>dx = dloss[0] * 2 (x - target) / elements, or dx += that.</summary>
    void MeanSquaredErrorBackward(Tensor dx, Tensor dloss, Tensor x, Tensor target, bool accumulate);

    /// <summary>losses[r] = log(sum(exp(logits[r, :]))) - logits[r, labels[r]]; labels is I32 [rows].</summary>
    void CrossEntropyForward(Tensor losses, Tensor logits, Tensor labels);

    /// <summary>dlogits[r, :] = dlosses[r] * (softmax(logits[r, :]) - onehot(labels[r])), or += that.</summary>
    void CrossEntropyBackward(Tensor dlogits, Tensor dlosses, Tensor logits, Tensor labels, bool accumulate);

    /// <summary>result[0] = sum of all elements, accumulated in double precision in a fixed order.</summary>
    void Sum(Tensor result, Tensor x);

    /// <summary>Makes an F64 number NaN unless another one [1] of the device's float type is finite.</summary>
    void RequireFinite(Tensor number, Tensor other);

    /// <summary>result[0] = the sum of squares of all elements, for an F64 result, in a fixed order. NaN and infinity come through.</summary>
    void SumOfSquares(Tensor result, Tensor x);

    // ---- Features ---------------------------------------------------------------------------------------------------

    /// <summary>
    /// y[r, :] = sin(f x[r]) | cos(f x[r]) | x[r] for x [rows] and frequencies f [count], y [rows, 2 * count + 1]. The product
    /// f x is rounded once to single precision, then reduced fully: it reaches 10^7, where a fast sine is noise.
    /// </summary>
    void FrequencyFeatures(Tensor y, Tensor x, Tensor frequencies);

    // ---- Random numbers ---------------------------------------------------------------------------------------------

    /// <summary>x[i] = standard normal number i of the stream. The same bits on every device of the same float type.</summary>
    void Normal(Tensor x, RandomStream stream);

    /// <summary>x[i] = uniform number i of the stream, in [0, 1).</summary>
    void Uniform(Tensor x, RandomStream stream);

    /// <summary>x[r, i] = standard normal number i of the stream (keys[r], step), with keys U64 [rows]: a row's numbers do not depend on the others.</summary>
    void NormalRows(Tensor x, Tensor keys, long step);

    // ---- Diffusion --------------------------------------------------------------------------------------------------

    /// <summary>
    /// One step of a reverse diffusion with its noise, in place: x = s x + p prediction + d z, where (p, s, d) is row <paramref name="step"/> of
    /// <paramref name="coefficients"/> [steps, 3] (prediction, state, deviation) and z is what <see cref="NormalRows"/> draws for the step.
    /// With d = 0 nothing is drawn.
    /// </summary>
    void ReverseStep(Tensor x, Tensor prediction, Tensor coefficients, Tensor keys, long step);

    /// <summary>y = row <paramref name="row"/> of a table [rows, ...]: a value that changes with the step of <see cref="Device.Repeat"/>.</summary>
    void SelectRow(Tensor y, Tensor table, long row);

    // ---- Training ---------------------------------------------------------------------------------------------------

    /// <summary>
    /// One AdamW step over a flat buffer, in one pass: clipping, both moments, decoupled weight decay on the first
    /// <see cref="AdamSettings.DecayedCount"/> values, and the moving average <paramref name="ema"/> if there is one.
    /// </summary>
    /// <param name="parameters">What is trained.</param>
    /// <param name="m">First moment.</param>
    /// <param name="v">Second moment.</param>
    /// <param name="ema">Moving average of the parameters, or null.</param>
    /// <param name="gradient">The gradient, not clipped yet.</param>
    /// <param name="squaredNorm">F64 [1], the gradient's squared norm. When it is not finite, nothing is changed.</param>
    /// <param name="schedule">F64 [4], what changes from step to step: see <see cref="AdamSchedule"/>.</param>
    /// <param name="settings">What does not.</param>
    void Adam(
        Tensor parameters, Tensor m, Tensor v, Tensor? ema, Tensor gradient, Tensor squaredNorm, Tensor schedule, in AdamSettings settings);

    /// <summary>
    /// SGD with Nesterov momentum for a population in lockstep: parameters, velocity and gradient are [count, parameters], learning
    /// rates [count]. d = g + decay * p; v = d at the first step, else momentum * v + d; p -= rate * (d + momentum * v).
    /// </summary>
    void NesterovRows(Tensor parameters, Tensor velocity, Tensor gradient, Tensor rates, double momentum, double decay, bool firstStep);

    /// <summary>
    /// Adam for a population in lockstep: parameters, both moments and gradient are [count, parameters], learning rates [count], the step counted from 1.
    /// g = gradient + decay * p; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= rate (m / (1 - b1^step)) / (sqrt(v / (1 - b2^step)) + epsilon).
    /// </summary>
    void AdamRows(
        Tensor parameters, Tensor m, Tensor v, Tensor gradient, Tensor rates, double beta1, double beta2, double epsilon, double decay, long step);

    // ---- Populations of small networks ------------------------------------------------------------------------------

    /// <summary>
    /// Runs <c>count</c> ReLU multi-layer perceptrons over the same images in one pass. weights is [count, parameters], each row laid out
    /// weight, bias, weight, bias ... for <paramref name="widths"/> (inputs, hidden ..., classes); images [images, inputs]; labels I32 [images].
    /// wrong is U64 [count, ceil(images / 64)], bit i set when the first-maximum class is not the label; losses is [count], the mean cross-entropy.
    /// </summary>
    void PopulationMlp(Tensor wrong, Tensor losses, Tensor weights, Tensor images, Tensor labels, ReadOnlySpan<int> widths);

    /// <summary>
    /// As <see cref="PopulationMlp"/> for small convolutional networks: weights [count, parameters], images [images, features], labels I32 [images]; wrong is
    /// U64 [count, ceil(images / 64)], losses [count] the mean cross-entropies.
    /// </summary>
    void PopulationConvNet(Tensor wrong, Tensor losses, Tensor weights, Tensor images, Tensor labels, ConvNet net);

    /// <summary>The logits [count, images, classes] of small convolutional networks, weights [count, parameters], on shared images [images, features].</summary>
    void PopulationConvNetLogits(Tensor logits, Tensor weights, Tensor images, ConvNet net);

    /// <summary>
    /// One training step's gradient for each of many small convolutional networks on its own minibatch: the gradient [count, parameters] of the mean cross-entropy, those
    /// losses [count] and the logits [count, batch, classes]. Index I32 [count, batch], or [1, batch] for all, names the images; labels are I32 [count, batch].
    /// </summary>
    void PopulationConvNetGradient(
        Tensor gradient, Tensor losses, Tensor logits, Tensor weights, Tensor images, Tensor index, Tensor labels, ConvNet net);

    // ---- Pairs of networks ------------------------------------------------------------------------------------------

    /// <summary>
    /// The k nearest reference rows of every query row, nearest first: squared is F64 [queries, k] with k from 1 to <see cref="PairLimits.MostNeighbours"/>,
    /// index I32 [queries, k]; queries [queries, columns] and references [references, columns] are finite. Every distance is the sum of squared direct
    /// differences accumulated in double precision, and the rows are the k nearest by it, however pairs were ranked; equal
    /// distances are ordered by index. Where fewer than k rows may be compared, the rest are infinite with index -1. With marks (I32 [queries] and
    /// [references], both or none) pairs of equal marks are left out. Returns how the pairs were ranked.
    /// </summary>
    PairRanking NearestRows(Tensor squared, Tensor index, Tensor queries, Tensor references, Tensor? queryMarks, Tensor? referenceMarks);

    /// <summary>
    /// <see cref="NearestRows"/> for networks of one hidden layer, each distance the least over all orders of the hidden units, found by exact assignment.
    /// Units are rows [networks * hidden, group] of what belongs to a hidden unit, hidden from 1 to <see cref="PairLimits.MostUnits"/> on a GPU; biases
    /// [networks, outputs] are of the output layer and move with no unit. order is I32 [queries, k, hidden]: entry j is the reference's unit that stands at
    /// the query's position j, -1 where there is no reference.
    /// </summary>
    PairRanking NearestAlignedRows(
        Tensor squared, Tensor index, Tensor order, Tensor queryUnits, Tensor referenceUnits, Tensor queryBiases, Tensor referenceBiases, Tensor? queryMarks,
        Tensor? referenceMarks);

    /// <summary>
    /// The most similar reference mask of every query mask, for U64 masks [queries, words] and [references, words]: similarity is F64 [queries], the bits set
    /// in both over the bits set in either, 1 for two empty masks; index I32 [queries], the first of equals. 0 and -1 where none may be compared. Marks as in
    /// <see cref="NearestRows"/>. A mask has fewer than 2^26 bits, so that different fractions are different doubles.
    /// </summary>
    void MostSimilarMasks(Tensor similarity, Tensor index, Tensor masks, Tensor referenceMasks, Tensor? queryMarks, Tensor? referenceMarks);
}
