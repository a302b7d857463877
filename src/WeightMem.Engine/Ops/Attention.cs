using WeightMem.Engine.Autograd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>Multi-head scaled dot-product attention, fused.</summary>
public static class AttentionOp
{
    /// <summary>Full attention (no mask), scale 1 / sqrt(width / heads). No tokens x tokens tensor is kept for the backward pass.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="qkv">Keys, queries and values side by side in this order, <c>[batch, tokens, 3 * width]</c>.</param>
    /// <param name="heads">Number of heads; divides the width.</param>
    /// <returns><c>[batch, tokens, width]</c></returns>
    public static Tensor Attention(this Tape tape, Tensor qkv, int heads)
    {
        ShapeCheck.That("attention", qkv.Shape.Rank == 3 && qkv.Shape[2] % (3 * heads) == 0, qkv, qkv);
        int batch = qkv.Shape[0], tokens = qkv.Shape[1], width = qkv.Shape[2] / 3;
        Tensor y = tape.Device.Empty((batch, tokens, width)), logSumExp = tape.Device.Empty((batch, heads, tokens));
        tape.Device.Kernels.AttentionForward(y, logSumExp, qkv, heads);
        double product = 2.0 * batch * tokens * tokens * width;
        tape.Add(y, new OpCost(2 * product, qkv.Bytes + y.Bytes), new OpCost(5 * product, 2 * qkv.Bytes + 2 * y.Bytes), Backward, [qkv], logSumExp);
        return y;

        void Backward(Tensor dy)
        {
            (Tensor dqkv, bool accumulate) = tape.GradientOf(qkv);
            if (!accumulate)
            {
                tape.Device.Kernels.AttentionBackward(dqkv, dy, y, logSumExp, qkv, heads);
                return;
            }

            Tensor share = tape.Device.Empty(qkv.Shape);
            tape.Device.Kernels.AttentionBackward(share, dy, y, logSumExp, qkv, heads);
            tape.Device.Kernels.Axpby(dqkv, share, 1, 1);
            share.Dispose();
        }
    }
}
