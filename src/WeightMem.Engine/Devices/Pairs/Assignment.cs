namespace WeightMem.Engine.Devices.Pairs;

/// <summary>
/// Exact minimum-cost assignment by shortest augmenting paths with dual prices (Kuhn 1955; Jonker and Volgenant 1987), on doubles.
/// Allocates nothing up to 64 rows. Ties are broken by column order, so the same costs always give the same assignment.
/// </summary>
public static class Assignment
{
    private const int StackLimit = 64;

    /// <summary>Assigns every row a column of its own at the least total cost.</summary>
    /// <param name="costs">Finite costs, row-major <c>[n, n]</c>.</param>
    /// <param name="columnOfRow">Receives the column of each row, <c>[n]</c>.</param>
    /// <returns>The total cost: the sum of the assigned entries in row order.</returns>
    /// <exception cref="ArgumentException">The costs are no n by n matrix.</exception>
    public static double Solve(ReadOnlySpan<double> costs, Span<int> columnOfRow)
    {
        int n = columnOfRow.Length;
        if (costs.Length != (long)n * n) throw new ArgumentException($"an assignment of {n} rows takes {n} x {n} costs, not {costs.Length}");
        Span<double> prices = n <= StackLimit ? stackalloc double[3 * (StackLimit + 1)] : new double[3 * (n + 1)];
        Span<int> links = n <= StackLimit ? stackalloc int[3 * (StackLimit + 1)] : new int[3 * (n + 1)];
        Span<double> rowPrice = prices[..(n + 1)], columnPrice = prices.Slice(n + 1, n + 1), reach = prices.Slice(2 * (n + 1), n + 1);
        Span<int> rowOfColumn = links[..(n + 1)], previous = links.Slice(n + 1, n + 1), done = links.Slice(2 * (n + 1), n + 1);
        rowOfColumn.Fill(-1);
        columnOfRow.Fill(-1);
        Begin(costs, rowPrice, columnPrice, rowOfColumn, columnOfRow);

        for (int row = 0; row < n; row++)
        {
            if (columnOfRow[row] >= 0) continue;

            // Column n is a start that every path leaves from: it holds the row that looks for a column.
            rowOfColumn[n] = row;
            int column = n;
            reach.Fill(double.PositiveInfinity);
            previous.Fill(n);
            done.Clear();
            do
            {
                done[column] = 1;
                int from = rowOfColumn[column], next = -1;
                double step = double.PositiveInfinity, price = rowPrice[from];
                ReadOnlySpan<double> costRow = costs.Slice(from * n, n);
                for (int j = 0; j < n; j++)
                {
                    if (done[j] != 0) continue;
                    double reduced = costRow[j] - price - columnPrice[j];
                    if (reduced < reach[j])
                    {
                        reach[j] = reduced;
                        previous[j] = column;
                    }

                    if (reach[j] < step || next < 0)
                    {
                        step = reach[j];
                        next = j;
                    }
                }

                for (int j = 0; j <= n; j++)
                {
                    if (done[j] != 0)
                    {
                        rowPrice[rowOfColumn[j]] += step;
                        columnPrice[j] -= step;
                    }
                    else
                    {
                        reach[j] -= step;
                    }
                }

                column = next;
            }
            while (rowOfColumn[column] >= 0);

            while (column != n)
            {
                int before = previous[column];
                rowOfColumn[column] = rowOfColumn[before];
                column = before;
            }
        }

        for (int j = 0; j < n; j++) columnOfRow[rowOfColumn[j]] = j;
        double total = 0;
        for (int i = 0; i < n; i++) total += costs[i * n + columnOfRow[i]];
        return total;
    }

    /// <summary>Prices under which no pair costs less than nothing, and rows given to free columns that then cost nothing: most of the assignment, as a rule.</summary>
    private static void Begin(ReadOnlySpan<double> costs, Span<double> rowPrice, Span<double> columnPrice, Span<int> rowOfColumn, Span<int> columnOfRow)
    {
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
}
