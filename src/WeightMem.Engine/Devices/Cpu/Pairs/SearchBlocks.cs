namespace WeightMem.Engine.Devices.Cpu.Pairs;

/// <summary>How a search cuts its queries into blocks of work.</summary>
internal static class SearchBlocks
{
    /// <summary>
    /// Queries in one block: few enough that all threads have two, a multiple of 4, at most <paramref name="most"/>. The result of a search does
    /// not depend on it: every number that is reported comes from a direct difference.
    /// </summary>
    public static int Size(int queries, int threads, int most)
    {
        int even = (queries + 2 * threads - 1) / (2 * threads);
        return Math.Clamp((even + 3) / 4 * 4, 4, most);
    }

    /// <summary>Empty lists of candidates for so many queries.</summary>
    public static RankedCandidates[] Candidates(int count, int k)
    {
        var candidates = new RankedCandidates[count];
        for (int i = 0; i < count; i++)
        {
            candidates[i] = new RankedCandidates(k);
            candidates[i].Clear();
        }

        return candidates;
    }
}
