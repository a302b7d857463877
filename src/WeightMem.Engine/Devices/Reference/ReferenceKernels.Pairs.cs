using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public PairRanking NearestRows(Tensor squared, Tensor index, Tensor queries, Tensor references, Tensor? queryMarks, Tensor? referenceMarks)
    {
        int k = squared.Shape[1], columns = queries.Shape[1];
        for (int q = 0; q < queries.Shape[0]; q++)
        {
            var pairs = new List<(double Squared, int Index)>();
            for (int r = 0; r < references.Shape[0]; r++)
            {
                if (!Excluded(queryMarks, q, referenceMarks, r))
                    pairs.Add((SquaredDistance(D(queries) + (long)q * columns, D(references) + (long)r * columns, columns), r));
            }

            pairs.Sort();
            for (int i = 0; i < k; i++)
                (D(squared)[(long)q * k + i], I(index)[(long)q * k + i]) = i < pairs.Count ? pairs[i] : (double.PositiveInfinity, -1);
        }

        return PairRanking.Exhaustive;
    }

    private static bool Excluded(Tensor? queryMarks, int q, Tensor? referenceMarks, int r) =>
        queryMarks is not null && I(queryMarks)[q] == I(referenceMarks!)[r];

    private static double SquaredDistance(double* a, double* b, int columns)
    {
        double sum = 0;
        for (int c = 0; c < columns; c++) sum += (a[c] - b[c]) * (a[c] - b[c]);
        return sum;
    }
}
