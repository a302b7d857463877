using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
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

    /// <summary>Full attention whose probabilities are dropped in training: for that, the tokens x tokens tensors are kept.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="qkv">Keys, queries and values side by side in this order, <c>[batch, tokens, 3 * width]</c>.</param>
    /// <param name="heads">Number of heads; divides the width.</param>
    /// <param name="dropout">Rate in [0, 1); at 0 the fused attention runs.</param>
    /// <param name="stream">Stream of the dropout mask.</param>
    /// <returns><c>[batch, tokens, width]</c></returns>
    public static Tensor Attention(this Tape tape, Tensor qkv, int heads, double dropout, RandomStream stream)
    {
        if (dropout == 0) return tape.Attention(qkv, heads);
        ShapeCheck.That("attention", qkv.Shape.Rank == 3 && qkv.Shape[2] % (3 * heads) == 0, qkv, qkv);
        Device device = tape.Device;
        IKernels kernels = device.Kernels;
        int batch = qkv.Shape[0], tokens = qkv.Shape[1], width = qkv.Shape[2] / 3, size = width / heads;
        double scale = 1 / Math.Sqrt(size);
        Tensor y = device.Empty((batch, tokens, width)), p = device.Empty((heads, batch, tokens, tokens)), kept = device.Empty(p.Shape);
        for (int h = 0; h < heads; h++) kernels.Gemm(Scores(p, h), Part(qkv, 1, h), Part(qkv, 0, h).Transposed, scale);
        kernels.SoftmaxForward(p, p);
        kernels.Dropout(kept, p, dropout, stream, false);
        for (int h = 0; h < heads; h++) kernels.Gemm(Head(y, h), Scores(kept, h), Part(qkv, 2, h));
        double product = 2.0 * batch * tokens * tokens * width;
        tape.Add(y, new OpCost(2 * product, qkv.Bytes + y.Bytes + 4 * p.Bytes), new OpCost(4 * product, 2 * qkv.Bytes + 2 * y.Bytes + 6 * p.Bytes), Backward, [qkv], p, kept);
        return y;

        void Backward(Tensor dy)
        {
            Tensor dqkv = tape.GradientToAddTo(qkv), dp = device.Empty(p.Shape), ds = device.Empty(p.Shape);
            for (int h = 0; h < heads; h++)
            {
                kernels.Gemm(Scores(dp, h), Head(dy, h), Part(qkv, 2, h).Transposed);
                kernels.Gemm(Part(dqkv, 2, h), Scores(kept, h).Transposed, Head(dy, h), 1, 1);
            }

            kernels.Dropout(ds, dp, dropout, stream, false);
            kernels.SoftmaxBackward(dp, ds, p, false);
            for (int h = 0; h < heads; h++)
            {
                kernels.Gemm(Part(dqkv, 1, h), Scores(dp, h), Part(qkv, 0, h), scale, 1);
                kernels.Gemm(Part(dqkv, 0, h), Scores(dp, h).Transposed, Part(qkv, 1, h), scale, 1);
            }

            dp.Dispose();
            ds.Dispose();
        }

        MatrixView Part(Tensor of, int which, int h) => MatrixView.Strided(of, tokens, size, which * width + h * size, 3 * width, batch, (long)tokens * 3 * width);

        MatrixView Head(Tensor of, int h) => MatrixView.Strided(of, tokens, size, h * size, width, batch, (long)tokens * width);

        MatrixView Scores(Tensor of, int h) => MatrixView.Strided(of, tokens, tokens, (long)h * batch * tokens * tokens, tokens, batch, (long)tokens * tokens);
    }
}
