using System.Runtime.Intrinsics;

namespace WeightMem.Engine.Devices.Pairs;

/// <summary>
/// Exact minimum-cost assignment by shortest augmenting paths with dual prices (Kuhn 1955; Jonker and Volgenant 1987), on doubles.
/// Allocates nothing up to 256 rows. Ties are broken by column order, so the same costs always give the same assignment, whatever the width of the vectors.
/// </summary>
public static class Assignment
{
    private const int StackLimit = 256;
    private const long Done = -1; // all bits: a mask

    /// <summary>Assigns every row a column of its own at the least total cost.</summary>
    /// <param name="costs">Finite costs, row-major <c>[n, n]</c>.</param>
    /// <param name="columnOfRow">Receives the column of each row, <c>[n]</c>.</param>
    /// <returns>The total cost: the sum of the assigned entries in row order.</returns>
    /// <exception cref="ArgumentException">The costs are no n by n matrix.</exception>
    public static double Solve(ReadOnlySpan<double> costs, Span<int> columnOfRow)
    {
        int n = columnOfRow.Length;
        if (costs.Length != (long)n * n) throw new ArgumentException($"an assignment of {n} rows takes {n} x {n} costs, not {costs.Length}");
        Span<double> prices = n <= StackLimit ? stackalloc double[3 * (n + 1)] : new double[3 * (n + 1)];
        Span<long> steps = n <= StackLimit ? stackalloc long[2 * (n + 1)] : new long[2 * (n + 1)];
        Span<int> links = n <= StackLimit ? stackalloc int[2 * (n + 1)] : new int[2 * (n + 1)];
        Span<double> rowPrice = prices[..(n + 1)], columnPrice = prices.Slice(n + 1, n + 1), reach = prices.Slice(2 * (n + 1), n + 1);
        Span<long> previous = steps[..(n + 1)], done = steps.Slice(n + 1, n + 1);
        Span<int> rowOfColumn = links[..(n + 1)], visited = links.Slice(n + 1, n + 1);
        rowOfColumn.Fill(-1);
        columnOfRow.Fill(-1);
        Begin(costs, rowPrice, columnPrice, rowOfColumn, columnOfRow);

        for (int row = 0; row < n; row++)
        {
            if (columnOfRow[row] >= 0) continue;

            // Column n is a start that every path leaves from: it holds the row that looks for a column.
            rowOfColumn[n] = row;
            int column = n, count = 0;
            reach.Fill(double.PositiveInfinity);
            previous.Fill(n);
            done.Clear();
            do
            {
                done[column] = Done;
                visited[count++] = column;
                int from = rowOfColumn[column];
                (int next, double step) = Nearest(costs.Slice(from * n, n), rowPrice[from], columnPrice, reach, previous, done, column);
                foreach (int j in visited[..count])
                {
                    rowPrice[rowOfColumn[j]] += step;
                    columnPrice[j] -= step;
                }

                Subtract(reach, step);
                column = next;
            }
            while (rowOfColumn[column] >= 0);

            while (column != n)
            {
                int before = (int)previous[column];
                rowOfColumn[column] = rowOfColumn[before];
                column = before;
            }
        }

        for (int j = 0; j < n; j++) columnOfRow[rowOfColumn[j]] = j;
        double total = 0;
        for (int i = 0; i < n; i++) total += costs[i * n + columnOfRow[i]];
        return total;
    }

    /// <summary>Lets a row reach the columns that are not done, and tells the first of the nearest ones.</summary>
    private static (int Column, double Distance) Nearest(
        ReadOnlySpan<double> costs, double price, ReadOnlySpan<double> columnPrice, Span<double> reach, Span<long> previous, ReadOnlySpan<long> done, int through)
    {
        int j = 0, next = -1;
        double least = double.PositiveInfinity;
        if (costs.Length >= Vector512<double>.Count)
        {
            // Each lane keeps the first of its own nearest columns; the first of those is the first of all.
            Vector512<double> prices = Vector512.Create(price), leasts = Vector512.Create(double.PositiveInfinity);
            Vector512<long> columns = Vector512<long>.Indices, firsts = default, throughs = Vector512.Create((long)through);
            for (; j <= costs.Length - Vector512<double>.Count; j += Vector512<double>.Count)
            {
                Vector512<double> closed = Vector512.Create(done[j..]).AsDouble(), reached = Vector512.Create((ReadOnlySpan<double>)reach[j..]);
                Vector512<double> reduced = Vector512.Create(costs[j..]) - prices - Vector512.Create(columnPrice[j..]);
                Vector512<double> better = Vector512.AndNot(Vector512.LessThan(reduced, reached), closed);
                reached = Vector512.ConditionalSelect(better, reduced, reached);
                reached.CopyTo(reach[j..]);
                Vector512.ConditionalSelect(better.AsInt64(), throughs, Vector512.Create((ReadOnlySpan<long>)previous[j..])).CopyTo(previous[j..]);
                Vector512<double> nearer = Vector512.AndNot(Vector512.LessThan(reached, leasts), closed);
                leasts = Vector512.ConditionalSelect(nearer, reached, leasts);
                firsts = Vector512.ConditionalSelect(nearer.AsInt64(), columns, firsts);
                columns += Vector512.Create((long)Vector512<long>.Count);
            }

            for (int lane = 0; lane < Vector512<double>.Count; lane++)
            {
                (double distance, int first) = (leasts[lane], (int)firsts[lane]);
                if (distance < least || (distance == least && first < next)) (next, least) = (first, distance);
            }
        }

        for (; j < costs.Length; j++)
        {
            if (done[j] == Done) continue;
            double reduced = costs[j] - price - columnPrice[j];
            if (reduced < reach[j])
            {
                reach[j] = reduced;
                previous[j] = through;
            }

            if (reach[j] < least) (next, least) = (j, reach[j]);
        }

        return (next, least);
    }

    /// <summary>Prices under which no pair costs less than nothing, and rows given to free columns that then cost nothing: most of the assignment, as a rule.</summary>
    private static void Begin(ReadOnlySpan<double> costs, Span<double> rowPrice, Span<double> columnPrice, Span<int> rowOfColumn, Span<int> columnOfRow)
    {
        // A value at a time: where costs are nearly solved this is all there is, and vectors, which have to find the first of equals, were slower up to 128 rows.
        int n = columnOfRow.Length;
        columnPrice[n] = rowPrice[n] = 0;
        for (int j = 0; j < n; j++) columnPrice[j] = costs[j];
        for (int i = 1; i < n; i++)
        {
            for (int j = 0; j < n; j++) columnPrice[j] = Math.Min(columnPrice[j], costs[i * n + j]);
        }

        for (int i = 0; i < n; i++)
        {
            int cheapest = -1;
            double least = double.PositiveInfinity;
            for (int j = 0; j < n; j++)
            {
                double reduced = costs[i * n + j] - columnPrice[j];
                if (reduced > least || (reduced == least && (cheapest < 0 || rowOfColumn[cheapest] < 0))) continue;
                (least, cheapest) = (reduced, j);
            }

            rowPrice[i] = least;
            if (cheapest < 0 || rowOfColumn[cheapest] >= 0) continue;
            (rowOfColumn[cheapest], columnOfRow[i]) = (i, cheapest);
        }
    }

    private static void Subtract(Span<double> values, double step)
    {
        int j = 0;
        Vector512<double> steps = Vector512.Create(step);
        for (; j <= values.Length - Vector512<double>.Count; j += Vector512<double>.Count) (Vector512.Create((ReadOnlySpan<double>)values[j..]) - steps).CopyTo(values[j..]);
        for (; j < values.Length; j++) values[j] -= step;
    }
}
