using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>Ops that move whole columns or rows and compute nothing.</summary>
public static class ColumnsOp
{
    /// <summary>Neighbouring columns of a matrix of rows.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Input, read as <c>[rows, columns]</c> with <paramref name="rows"/> rows.</param>
    /// <param name="rows">Rows; divides the elements.</param>
    /// <param name="start">The first column.</param>
    /// <param name="shape">Shape of the result: <paramref name="rows"/> times the wanted columns.</param>
    public static Tensor Columns(this Tape tape, Tensor x, int rows, int start, Shape shape)
    {
        ShapeCheck.That("columns", x.Elements % rows == 0 && shape.Elements % rows == 0 && start >= 0 && start + shape.Elements / rows <= x.Elements / rows, x, x);
        int width = (int)(x.Elements / rows), count = (int)(shape.Elements / rows);
        Tensor y = tape.Device.Empty(shape);
        Copy(y, 0, count, x, start, width, count, rows, false);
        tape.Add(y, ElementwiseOps.Cost(y, 0, 2), ElementwiseOps.Cost(y, 1, 3), Backward, [x]);
        return y;

        // Other columns of x may be read by other ops, or by none: what is there is added to.
        void Backward(Tensor dy) => Copy(tape.GradientToAddTo(x), start, width, dy, 0, count, count, rows, true);
    }

    /// <summary>Matrices of the same number of rows side by side.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="parts">The parts, each read as <c>[rows, its columns]</c>.</param>
    /// <param name="rows">Rows; divides the elements of each.</param>
    /// <param name="shape">Shape of the result.</param>
    public static Tensor SideBySide(this Tape tape, IReadOnlyList<Tensor> parts, int rows, Shape shape)
    {
        int width = (int)(shape.Elements / rows);
        ShapeCheck.That("side by side", parts.Sum(p => p.Elements) == shape.Elements && parts.All(p => p.Elements % rows == 0), parts[0], parts[^1]);
        Tensor y = tape.Device.Empty(shape);
        Each((part, count, at) => Copy(y, at, width, part, 0, count, count, rows, false));
        tape.Add(y, ElementwiseOps.Cost(y, 0, 2), ElementwiseOps.Cost(y, 1, 3), Backward, [.. parts]);
        return y;

        void Backward(Tensor dy) => Each((part, count, at) =>
        {
            if (!tape.Wants(part)) return;
            (Tensor d, bool accumulate) = tape.GradientOf(part);
            Copy(d, 0, count, dy, at, width, count, rows, accumulate);
        });

        void Each(Action<Tensor, int, int> work)
        {
            int at = 0;
            foreach (Tensor part in parts)
            {
                int count = (int)(part.Elements / rows);
                work(part, count, at);
                at += count;
            }
        }
    }

    /// <summary>Rows in another order: y[i, :] = x[order[i], :], for x read as <c>[rows, columns]</c> with as many rows as the order has.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Input.</param>
    /// <param name="order">I32 <c>[rows]</c>, a permutation.</param>
    /// <param name="inverse">Its inverse.</param>
    /// <param name="shape">Shape of the result.</param>
    public static Tensor Reorder(this Tape tape, Tensor x, Tensor order, Tensor inverse, Shape shape)
    {
        int rows = (int)order.Elements;
        ShapeCheck.That("reorder", x.Elements % rows == 0 && shape.Elements == x.Elements && inverse.Elements == rows, x, order);
        Shape matrix = (rows, (int)(x.Elements / rows));
        Tensor y = tape.Device.Empty(shape);
        Gather(y, x, matrix, order);
        tape.Add(y, ElementwiseOps.Cost(y, 0, 2), ElementwiseOps.Cost(y, 1, 3), Backward, [x]);
        return y;

        void Backward(Tensor dy)
        {
            (Tensor dx, bool accumulate) = tape.GradientOf(x);
            Tensor share = accumulate ? tape.Device.Empty(x.Shape) : dx;
            Gather(share, dy, matrix, inverse);
            if (!accumulate) return;
            tape.Device.Kernels.Axpby(dx, share, 1, 1);
            share.Dispose();
        }
    }

    /// <summary>A matrix with its rows as columns.</summary>
    public static Tensor Transpose(this Tape tape, Tensor x)
    {
        ShapeCheck.That("transpose", x.Shape.Rank == 2, x, x);
        int rows = x.Shape[0], columns = x.Shape[1];
        int[] order = [.. Enumerable.Range(0, rows * columns).Select(i => i % rows * columns + i / rows)];
        int[] inverse = [.. Enumerable.Range(0, rows * columns).Select(i => i % columns * rows + i / columns)];
        Device device = tape.Device;
        return tape.Reorder(x, device.From(order, order.Length), device.From(inverse, inverse.Length), (columns, rows));
    }

    // Views share the memory of what they show, and would hold it until the scope ends: they are given back at once.
    private static void Copy(Tensor y, int yColumn, int yWidth, Tensor x, int xColumn, int xWidth, int count, int rows, bool accumulate)
    {
        using Tensor to = y.Reshape((rows, yWidth)), from = x.Reshape((rows, xWidth));
        y.Device.Kernels.CopyColumns(to, yColumn, from, xColumn, count, accumulate);
    }

    private static void Gather(Tensor y, Tensor x, Shape matrix, Tensor order)
    {
        using Tensor to = y.Reshape(matrix), from = x.Reshape(matrix);
        y.Device.Kernels.GatherRows(to, from, order);
    }
}
