using System.Numerics;
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

    public PairRanking NearestAlignedRows(
        Tensor squared, Tensor index, Tensor order, Tensor queryUnits, Tensor referenceUnits, Tensor queryBiases, Tensor referenceBiases, Tensor? queryMarks,
        Tensor? referenceMarks)
    {
        int k = squared.Shape[1], hidden = order.Shape[2], group = queryUnits.Shape[1], outputs = queryBiases.Shape[1];
        for (int q = 0; q < queryBiases.Shape[0]; q++)
        {
            var pairs = new List<(double Squared, int Index, int[] Order)>();
            for (int r = 0; r < referenceBiases.Shape[0]; r++)
            {
                if (Excluded(queryMarks, q, referenceMarks, r)) continue;
                var costs = new double[hidden * hidden];
                for (int i = 0; i < costs.Length; i++)
                {
                    costs[i] = SquaredDistance(
                        D(queryUnits) + ((long)q * hidden + i / hidden) * group, D(referenceUnits) + ((long)r * hidden + i % hidden) * group, group);
                }

                var units = new int[hidden];
                double bias = SquaredDistance(D(queryBiases) + (long)q * outputs, D(referenceBiases) + (long)r * outputs, outputs);
                pairs.Add((Assignment.Solve(costs, units) + bias, r, units));
            }

            pairs.Sort((a, b) => (a.Squared, a.Index).CompareTo((b.Squared, b.Index)));
            for (int i = 0; i < k; i++)
            {
                long at = (long)q * k + i;
                (D(squared)[at], I(index)[at]) = i < pairs.Count ? (pairs[i].Squared, pairs[i].Index) : (double.PositiveInfinity, -1);
                for (int j = 0; j < hidden; j++) I(order)[at * hidden + j] = i < pairs.Count ? pairs[i].Order[j] : -1;
            }
        }

        return PairRanking.Exhaustive;
    }

    public void MostSimilarMasks(Tensor similarity, Tensor index, Tensor masks, Tensor referenceMasks, Tensor? queryMarks, Tensor? referenceMarks)
    {
        int words = masks.Shape[1];
        for (int q = 0; q < masks.Shape[0]; q++)
        {
            (D(similarity)[q], I(index)[q]) = (0, -1);
            for (int r = 0; r < referenceMasks.Shape[0]; r++)
            {
                if (Excluded(queryMarks, q, referenceMarks, r)) continue;
                int both = 0, either = 0;
                for (int w = 0; w < words; w++)
                {
                    ulong a = ((ulong*)masks.Address)[(long)q * words + w], b = ((ulong*)referenceMasks.Address)[(long)r * words + w];
                    both += BitOperations.PopCount(a & b);
                    either += BitOperations.PopCount(a | b);
                }

                double value = either == 0 ? 1 : (double)both / either;
                if (I(index)[q] < 0 || value > D(similarity)[q]) (D(similarity)[q], I(index)[q]) = (value, r);
            }
        }
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
