using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public void UnbiasedNormForward(Tensor y, Tensor mean, Tensor scale, Tensor x, Tensor alpha, Tensor bias, double epsilon)
    {
        int columns = x.Shape.Columns;
        for (int r = 0; r < x.Shape.Rows; r++)
        {
            double* from = D(x) + (long)r * columns;
            double sum = 0, squares = 0;
            for (int c = 0; c < columns; c++) sum += from[c];
            double m = sum / columns;
            for (int c = 0; c < columns; c++) squares += (from[c] - m) * (from[c] - m);
            double v = 1 / (Math.Sqrt(squares / (columns - 1)) + epsilon);
            D(mean)[r] = m;
            D(scale)[r] = v;
            for (int c = 0; c < columns; c++) D(y)[(long)r * columns + c] = D(alpha)[c] * (from[c] - m) * v + D(bias)[c];
        }
    }

    public void UnbiasedNormBackward(
        Tensor dx, Tensor dalpha, Tensor dbias, Tensor dy, Tensor x, Tensor mean, Tensor scale, Tensor alpha, double epsilon, bool accumulate)
    {
        int columns = x.Shape.Columns;
        for (int r = 0; r < x.Shape.Rows; r++)
        {
            long row = (long)r * columns;
            double m = D(mean)[r], v = D(scale)[r], s = 1 / v - epsilon, sum = 0, dot = 0;
            for (int c = 0; c < columns; c++)
            {
                double u = D(x)[row + c] - m, d = D(dy)[row + c];
                D(dbias)[c] += d;
                D(dalpha)[c] += d * u * v;
                sum += d * D(alpha)[c];
                dot += d * D(alpha)[c] * u;
            }

            double own = s > 0 ? dot * v * v / ((columns - 1) * s) : 0;
            for (int c = 0; c < columns; c++)
                Put(D(dx), row + c, (D(dy)[row + c] * D(alpha)[c] - sum / columns) * v - (D(x)[row + c] - m) * own, accumulate);
        }
    }

    public void UnitRowsForward(Tensor y, Tensor norm, Tensor x, double floor)
    {
        int columns = x.Shape.Columns;
        for (int r = 0; r < x.Shape.Rows; r++)
        {
            long row = (long)r * columns;
            double squares = 0;
            for (int c = 0; c < columns; c++) squares += D(x)[row + c] * D(x)[row + c];
            D(norm)[r] = Math.Max(Math.Sqrt(squares), floor);
            for (int c = 0; c < columns; c++) D(y)[row + c] = D(x)[row + c] / D(norm)[r];
        }
    }

    public void UnitRowsBackward(Tensor dx, Tensor dy, Tensor y, Tensor norm, double floor, bool accumulate)
    {
        int columns = y.Shape.Columns;
        for (int r = 0; r < y.Shape.Rows; r++)
        {
            long row = (long)r * columns;
            double dot = 0;
            for (int c = 0; c < columns; c++) dot += D(y)[row + c] * D(dy)[row + c];
            if (D(norm)[r] <= floor) dot = 0;
            for (int c = 0; c < columns; c++) Put(D(dx), row + c, (D(dy)[row + c] - D(y)[row + c] * dot) / D(norm)[r], accumulate);
        }
    }
}
