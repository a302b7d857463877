using WeightMem.Engine.Devices.Pairs;
using WeightMem.Engine.Random;
using Xunit;

namespace WeightMem.Engine.Tests;

/// <summary>The exact assignment that aligned distances stand on.</summary>
public sealed class AssignmentTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void Equals_the_least_over_all_assignments(int n)
    {
        int[][] orders = [.. Orders(n)];
        for (int trial = 0; trial < 30; trial++)
        {
            RandomStream stream = new RandomStream(50, "costs").At(trial);

            // Every third trial has small integers, so that many assignments tie.
            double[] costs = [.. Enumerable.Range(0, n * n).Select(i => trial % 3 == 0 ? stream.Integer(i, 3) : 10 * stream.Double(i) - 3)];
            var columns = new int[n];
            double total = Assignment.Solve(costs, columns), least = orders.Min(o => Enumerable.Range(0, n).Sum(i => costs[i * n + o[i]]));
            Assert.Equal(least, total, 1e-9);
            Assert.Equal(Enumerable.Range(0, n), columns.Order());
            var again = new int[n];
            Assignment.Solve(costs, again);
            Assert.Equal(columns, again);
        }
    }

    [Theory]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(130)]
    public void Recovers_a_planted_assignment_of_any_size(int n)
    {
        var stream = new RandomStream(51, "planted");
        int[] planted = stream.Permutation(n);
        double[] costs = [.. Enumerable.Range(0, n * n).Select(i => planted[i / n] == i % n ? 0 : 1 + stream.Double(i))];
        var columns = new int[n];
        Assert.Equal(0, Assignment.Solve(costs, columns));
        Assert.Equal(planted, columns);
    }

    /// <summary>An assignment is of least cost if and only if no cycle of rows gains by each taking the next one's column.</summary>
    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(33)]
    [InlineData(128)]
    [InlineData(257)]
    public void No_cycle_of_rows_gains_by_trading_columns(int n)
    {
        for (int trial = 0; trial < (n > 100 ? 2 : 12); trial++)
        {
            RandomStream stream = new RandomStream(53, "costs").At(trial);
            double[] costs = [.. Enumerable.Range(0, n * n).Select(i => trial % 2 == 0 ? stream.Integer(i, 6) : 10 * stream.Double(i) - 3)];
            var columns = new int[n];
            double total = Assignment.Solve(costs, columns);
            Assert.Equal(Enumerable.Range(0, n).Sum(i => costs[i * n + columns[i]]), total, 1e-9);
            Assert.Equal(Enumerable.Range(0, n), columns.Order());

            // The cheapest way from trading to trading, through ever more rows (Floyd 1962).
            double[] trade = [.. Enumerable.Range(0, n * n).Select(i => costs[i / n * n + columns[i % n]] - costs[i / n * n + columns[i / n]])];
            for (int through = 0; through < n; through++)
            {
                for (int from = 0; from < n; from++)
                {
                    for (int to = 0; to < n; to++) trade[from * n + to] = Math.Min(trade[from * n + to], trade[from * n + through] + trade[through * n + to]);
                }
            }

            Assert.All(Enumerable.Range(0, n), row => Assert.True(trade[row * n + row] > -1e-9, $"row {row} gains {-trade[row * n + row]} in trial {trial}"));
        }
    }

    [Fact]
    public void Equal_costs_give_some_assignment()
    {
        var columns = new int[8];
        Assert.Equal(16.0, Assignment.Solve([.. Enumerable.Repeat(2.0, 64)], columns));
        Assert.Equal(Enumerable.Range(0, 8), columns.Order());
        Assert.Equal(0.0, Assignment.Solve([], []));
        Assert.Throws<ArgumentException>(() => Assignment.Solve(new double[63], new int[8]));
    }

    [Fact]
    public void Solving_allocates_nothing()
    {
        double[] costs = [.. Enumerable.Range(0, 100).Select(i => new RandomStream(52, "costs").Double(i))];
        var columns = new int[10];
        Assignment.Solve(costs, columns);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) Assignment.Solve(costs, columns);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>All orders of 0 to n - 1.</summary>
    private static IEnumerable<int[]> Orders(int n)
    {
        if (n == 0)
        {
            yield return [];
            yield break;
        }

        foreach (int[] shorter in Orders(n - 1))
        {
            for (int at = 0; at < n; at++) yield return [.. shorter[..at], n - 1, .. shorter[at..]];
        }
    }
}
