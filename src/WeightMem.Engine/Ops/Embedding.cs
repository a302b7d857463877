using WeightMem.Engine.Autograd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>Rows of a table by index.</summary>
public static class EmbeddingOp
{
    /// <summary>y[i, :] = table[index[i], :].</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="table">The table <c>[entries, width]</c>.</param>
    /// <param name="index">I32 <c>[rows]</c>, in range.</param>
    /// <returns><c>[rows, width]</c></returns>
    public static Tensor Embedding(this Tape tape, Tensor table, Tensor index)
    {
        ShapeCheck.That("embedding", table.Shape.Rank == 2 && index.DType == DType.I32, table, index);
        Tensor y = tape.Device.Empty((checked((int)index.Elements), table.Shape[1]));
        tape.Device.Kernels.GatherRows(y, table, index);
        tape.Add(y, ElementwiseOps.Cost(y, 0, 2), ElementwiseOps.Cost(y, 1, 3), Backward, [table]);
        return y;

        void Backward(Tensor dy) => tape.Device.Kernels.ScatterAddRows(tape.GradientToAddTo(table), dy, index);
    }
}
