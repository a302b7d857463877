using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Measures;

/// <summary>
/// Which reference rows a query row must not be compared with. Decided by identity, never by equality of values: two rows of
/// equal weights are duplicates, and a duplicate is a finding.
/// </summary>
public sealed class Exclusion
{
    private enum Rule { None, SameRow, SameRun, Rows }

    private readonly Rule _rule;
    private readonly int[] _rows;

    private Exclusion(Rule rule, int[] rows)
    {
        _rule = rule;
        _rows = rows;
    }

    /// <summary>Every query is compared with every reference.</summary>
    public static Exclusion None { get; } = new(Rule.None, []);

    /// <summary>Queries and references are the same rows in the same order; row i is not compared with row i.</summary>
    public static Exclusion SameRow { get; } = new(Rule.SameRow, []);

    /// <summary>
    /// A row is not compared with rows of its own run. Both populations must number their runs in the same way, as the training
    /// and held-out parts of one zoo do.
    /// </summary>
    public static Exclusion SameRun { get; } = new(Rule.SameRun, []);

    /// <summary>
    /// Query i is reference row <c>rows[i]</c> and is not compared with it; -1 for a query that is no reference row. For queries
    /// that are a part of the references, or in another order.
    /// </summary>
    public static Exclusion Rows(ReadOnlySpan<int> rows) => new(Rule.Rows, rows.ToArray());

    /// <summary>The rule for two populations.</summary>
    /// <exception cref="ArgumentException">The rule does not fit the populations' sizes.</exception>
    internal ExclusionTable Resolve(Population queries, Population references) =>
        Resolve(queries.Count, references.Count, queries.Run, references.Run);

    /// <summary>The rule for so many queries and references with their runs, which may be null when they are not known.</summary>
    /// <exception cref="ArgumentException">The rule does not fit the sizes, or runs are needed and not known.</exception>
    internal ExclusionTable Resolve(int queries, int references, int[]? queryRuns, int[]? referenceRuns)
    {
        switch (_rule)
        {
            case Rule.None:
                return default;
            case Rule.SameRow:
                if (queries != references)
                    throw new ArgumentException($"excluding the same row takes queries and references of one population, not {queries} and {references} rows");
                int[] same = [.. Enumerable.Range(0, references)];
                return new ExclusionTable(same, same);
            case Rule.SameRun:
                if (queryRuns is null || referenceRuns is null)
                    throw new ArgumentException("excluding the same run takes queries and references with known runs");
                return new ExclusionTable(queryRuns, referenceRuns);
            default:
                if (_rows.Length != queries)
                    throw new ArgumentException($"{queries} queries need as many reference rows to exclude, not {_rows.Length}");
                foreach (int row in _rows)
                {
                    if (row < -1 || row >= references)
                        throw new ArgumentException($"row {row} to exclude is not one of {references} reference rows");
                }

                return new ExclusionTable(_rows, [.. Enumerable.Range(0, references)]);
        }
    }
}

/// <summary>An exclusion resolved for two sets of rows: a pair is left out when its two marks are equal.</summary>
internal readonly struct ExclusionTable(int[] queryMarks, int[] referenceMarks)
{
    /// <summary>The mark of each query; null when every pair may be compared.</summary>
    public int[]? QueryMarks => queryMarks;

    /// <summary>The mark of each reference; null when every pair may be compared.</summary>
    public int[]? ReferenceMarks => referenceMarks;
}
