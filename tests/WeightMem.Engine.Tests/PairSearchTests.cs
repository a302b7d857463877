using WeightMem.Engine.Cases;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Cpu.Pairs;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using Xunit;

namespace WeightMem.Engine.Tests;

/// <summary>Searches over pairs on the CPU: the table's cases are too small to be ranked unless that is asked for.</summary>
public sealed class PairSearchTests
{
    /// <summary>The rows of the table that search pairs.</summary>
    public static TheoryData<string> Cases => [.. PairCases.All.Select(c => c.ToString())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Ranked_pairs_give_the_bits_of_all_pairs(string name)
    {
        OpCase opCase = PairCases.All.Single(c => c.ToString() == name);
        using Device reference = new ReferenceDevice();
        using Device ranked = new CpuDevice(2) { RankPairs = true, GuardWords = true }, exhaustive = new CpuDevice(1) { RankPairs = false };
        double[][] expected = CaseRunner.Outputs(opCase, reference), found = CaseRunner.Outputs(opCase, ranked);
        Assert.NotEmpty(expected);
        for (int i = 0; i < expected.Length; i++) Assert.InRange(CaseRunner.Error(expected[i], found[i]), 0, opCase.Tolerance);
        Assert.Equal(CaseRunner.Outputs(opCase, exhaustive), found);
        Assert.Equal(0, ranked.LiveBytes);
    }

    [Fact]
    public void Most_pairs_are_bounded_and_not_solved()
    {
        const int Networks = 60, Hidden = 10, Group = 32;
        using var workers = new WorkerPool(2);
        using var device = new CpuDevice(1);
        using Scope scope = device.Scope();
        Tensor units = device.Empty((Networks * Hidden, Group)), biases = device.Empty((Networks, 3));
        device.Kernels.Normal(units, new RandomStream(1, "units"));
        device.Kernels.Normal(biases, new RandomStream(1, "biases"));

        // Every network is the next one's near copy but for one value a unit, so that the first references found are close.
        float[] values = units.ToArray<float>();
        for (int i = Hidden * Group; i < values.Length; i++)
        {
            if (i / (Hidden * Group) % 2 == 1 && i % Group != 0) values[i] = values[i - Hidden * Group];
        }

        units.Write<float>(values);
        Tensor squared = device.Empty((Networks, 1), DType.F64), index = device.Empty((Networks, 1), DType.I32), order = device.Empty((Networks, 1, Hidden), DType.I32);
        int[] rows = [.. Enumerable.Range(0, Networks)];
        Tensor marks = device.From(rows, Networks);
        var search = new NearestAlignedRowsSearch(workers, squared, index, order, units, units, biases, biases, marks, marks, rank: true);
        search.Run();
        Assert.InRange(search.Solved, 1, Networks * (Networks - 1) / 2);
        Assert.All(rows.Skip(2), i => Assert.Equal(i ^ 1, index.ToArray<int>()[i]));
    }

    [Fact]
    public void Products_stay_within_their_bound()
    {
        foreach (int columns in new[] { 1, 7, 16, 100, 831, 832, 3001 })
        {
            // Sums of one sign lose the most.
            float[] a = Positive(6 * columns, 40), b = Positive(7 * columns, 41);
            using var multiplier = new PairwiseProducts(6, 7);
            ReadOnlySpan<double> products = multiplier.Multiply(a, b, 6, 7, columns);
            for (int i = 0; i < 6; i++)
            {
                for (int j = 0; j < 7; j++)
                {
                    double exact = 0, normA = 0, normB = 0;
                    for (int k = 0; k < columns; k++)
                    {
                        double x = a[i * columns + k], y = b[j * columns + k];
                        exact += x * y;
                        normA += x * x;
                        normB += y * y;
                    }

                    double bound = PairwiseProducts.RelativeError(columns) * Math.Sqrt(normA * normB) + PairwiseProducts.AbsoluteError(columns);
                    Assert.InRange(products[i * 7 + j], exact - bound, exact + bound);
                }
            }
        }
    }

    private static float[] Positive(int count, long seed)
    {
        var stream = new RandomStream(seed, "positive");
        return [.. Enumerable.Range(0, count).Select(i => (float)(3 * stream.Double(i)))];
    }
}
