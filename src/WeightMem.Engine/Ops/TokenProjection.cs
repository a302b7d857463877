using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>A run of neighbouring tokens of one size: tokens <c>First .. First + Count - 1</c> cut from columns <c>Column</c> on.</summary>
/// <param name="First">Index of the first token.</param>
/// <param name="Count">Number of tokens.</param>
/// <param name="Size">Values per token.</param>
/// <param name="Column">Where the first token starts in the flat vector.</param>
public readonly record struct TokenGroup(int First, int Count, int Size, int Column);

/// <summary>
/// Cuts flat vectors into tokens of different sizes, each with a matrix of its own, and puts them together again. Neighbouring tokens
/// of one size are one batched product, read and written in place by strides.
/// </summary>
public static class TokenProjectionOp
{
    /// <summary>h[b, j, :] = W_j x[b, columns of token j] for every token.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Flat vectors <c>[batch, columns]</c>.</param>
    /// <param name="weights">One tensor per group, <c>[count, width, size]</c>.</param>
    /// <param name="groups">The tokens, in order.</param>
    /// <returns><c>[batch, tokens, width]</c></returns>
    public static Tensor TokenProjection(this Tape tape, Tensor x, IReadOnlyList<Tensor> weights, IReadOnlyList<TokenGroup> groups)
    {
        int batch = x.Shape[0], width = weights[0].Shape[1], tokens = groups[^1].First + groups[^1].Count;
        Check("token projection", x, weights, groups, weight => (weight.Shape[1], weight.Shape[2]), width);
        Tensor h = tape.Device.Empty((batch, tokens, width));
        for (int g = 0; g < groups.Count; g++)
            tape.Device.Kernels.Gemm(Tokens(h, groups[g]), Columns(x, groups[g]), MatrixView.BatchOf(weights[g]).Transposed);
        OpCost cost = Cost(x, weights);
        tape.Add(h, cost, cost + cost, Backward, [x, .. weights]);
        return h;

        void Backward(Tensor dh)
        {
            IKernels kernels = tape.Device.Kernels;
            Tensor? dx = tape.Wants(x) ? tape.GradientToAddTo(x) : null;
            for (int g = 0; g < groups.Count; g++)
            {
                if (dx is not null) kernels.Gemm(Columns(dx, groups[g]), Tokens(dh, groups[g]), MatrixView.BatchOf(weights[g]), 1, 1);
                if (!tape.Wants(weights[g])) continue;
                (Tensor dw, bool accumulate) = tape.GradientOf(weights[g]);
                kernels.Gemm(MatrixView.BatchOf(dw), Tokens(dh, groups[g]).Transposed, Columns(x, groups[g]), 1, accumulate ? 1 : 0);
            }
        }
    }

    /// <summary>y[b, columns of token j] = W_j h[b, j, :] for every token of the groups; later tokens of h are not read.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="h">Tokens <c>[batch, tokens, width]</c>.</param>
    /// <param name="weights">One tensor per group, <c>[count, size, width]</c>.</param>
    /// <param name="groups">The tokens to read, in order.</param>
    /// <param name="residual">Added to the result, <c>[batch, columns]</c>.</param>
    /// <returns><c>[batch, columns]</c></returns>
    public static Tensor TokenHeads(
        this Tape tape, Tensor h, IReadOnlyList<Tensor> weights, IReadOnlyList<TokenGroup> groups, Tensor residual)
    {
        int width = h.Shape[2];
        Check("token heads", residual, weights, groups, weight => (weight.Shape[2], weight.Shape[1]), width);
        Tensor y = tape.Device.Empty(residual.Shape);
        tape.Device.Kernels.Copy(y, residual);
        for (int g = 0; g < groups.Count; g++)
            tape.Device.Kernels.Gemm(Columns(y, groups[g]), Tokens(h, groups[g]), MatrixView.BatchOf(weights[g]).Transposed, 1, 1);
        OpCost cost = Cost(y, weights);
        tape.Add(y, cost, cost + cost, Backward, [h, residual, .. weights]);
        return y;

        void Backward(Tensor dy)
        {
            IKernels kernels = tape.Device.Kernels;
            Tensor? dh = tape.Wants(h) ? tape.GradientToAddTo(h) : null;
            for (int g = 0; g < groups.Count; g++)
            {
                if (dh is not null) kernels.Gemm(Tokens(dh, groups[g]), Columns(dy, groups[g]), MatrixView.BatchOf(weights[g]), 1, 1);
                if (!tape.Wants(weights[g])) continue;
                (Tensor dw, bool accumulate) = tape.GradientOf(weights[g]);
                kernels.Gemm(MatrixView.BatchOf(dw), Columns(dy, groups[g]).Transposed, Tokens(h, groups[g]), 1, accumulate ? 1 : 0);
            }

            if (!tape.Wants(residual)) return;
            (Tensor dr, bool add) = tape.GradientOf(residual);
            kernels.Axpby(dr, dy, 1, add ? 1 : 0);
        }
    }

    /// <summary>2 batch (sum of all weights) operations; every operand once.</summary>
    public static OpCost Cost(Tensor flat, IReadOnlyList<Tensor> weights)
    {
        double elements = weights.Sum(w => (double)w.Elements), size = flat.DType.Bytes();
        return new OpCost(2 * flat.Shape[0] * elements, size * (elements + flat.Elements + flat.Shape[0] * (double)weights.Sum(w => w.Shape[0]) * weights[0].Shape[1]));
    }

    /// <summary>The tokens of a group as a batch of <c>[batch, width]</c> matrices inside <c>[batch, tokens, width]</c>.</summary>
    private static MatrixView Tokens(Tensor h, TokenGroup group) =>
        MatrixView.Strided(h, h.Shape[0], h.Shape[2], (long)group.First * h.Shape[2], h.Shape[1] * h.Shape[2], group.Count, h.Shape[2]);

    /// <summary>The columns of a group as a batch of <c>[batch, size]</c> matrices inside <c>[batch, columns]</c>.</summary>
    private static MatrixView Columns(Tensor x, TokenGroup group) =>
        MatrixView.Strided(x, x.Shape[0], group.Size, group.Column, x.Shape[1], group.Count, group.Size);

    private static void Check(
        string op, Tensor flat, IReadOnlyList<Tensor> weights, IReadOnlyList<TokenGroup> groups, Func<Tensor, (int Width, int Size)> sizes, int width)
    {
        if (weights.Count != groups.Count) throw new ArgumentException($"{op}: {weights.Count} weights for {groups.Count} groups of tokens");
        for (int g = 0; g < groups.Count; g++)
        {
            (int w, int size) = sizes(weights[g]);
            ShapeCheck.That(op, weights[g].Shape[0] == groups[g].Count && w == width && size == groups[g].Size, flat, weights[g]);
        }
    }
}
