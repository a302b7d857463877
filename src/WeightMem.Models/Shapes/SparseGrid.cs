namespace WeightMem.Models.Shapes;

/// <summary>
/// Evaluates a function on a fine grid only near its surface (HyperDiffusion specification, section 9): first at every fourth node, then in the blocks between them
/// whose corners straddle the level or come near it, and in the blocks beside those. Elsewhere nodes get their nearest corner's value, which has the right sign.
/// What is thinner than a block and far from the level at its corners is missed, so compare with the whole grid before trusting a margin.
/// </summary>
public static class SparseGrid
{
    /// <summary>Nodes between corners of a block.</summary>
    public const int Block = 4;

    /// <summary>Values of all nodes of the unit cube's grid, <c>[x, y, z]</c>.</summary>
    /// <param name="nodes">Nodes each way: a multiple of <see cref="Block"/> and one more.</param>
    /// <param name="level">The surface's level.</param>
    /// <param name="margin">A block is refined when a corner is within so much of the level; the specification starts with 8.</param>
    /// <param name="evaluate">The function at points <c>[points, 3]</c>.</param>
    /// <returns>The values, and how many points were evaluated.</returns>
    /// <exception cref="ArgumentException">The nodes are no multiple of four and one more.</exception>
    public static (float[] Values, long Evaluated) Evaluate(int nodes, double level, double margin, Func<float[], float[]> evaluate)
    {
        if (nodes < Block + 1 || (nodes - 1) % Block != 0) throw new ArgumentException($"a sparse grid has {Block} k + 1 nodes each way, not {nodes}");
        SampleGrid grid = SampleGrid.UnitCube(nodes);
        float[] axis = grid.Axis(0), values = new float[grid.Nodes];
        int blocks = (nodes - 1) / Block, corners = blocks + 1;
        var known = new bool[values.Length];
        var coarse = new List<int>();
        for (int x = 0; x < nodes; x += Block)
        {
            for (int y = 0; y < nodes; y += Block)
            {
                for (int z = 0; z < nodes; z += Block) coarse.Add((int)(grid.Row(x, y) + z));
            }
        }

        long evaluated = Fill(coarse);
        var near = new bool[blocks * blocks * blocks];
        for (int b = 0; b < near.Length; b++)
        {
            (int bx, int by, int bz) = (b / blocks / blocks, b / blocks % blocks, b % blocks);
            bool below = false, above = false, close = false;
            for (int c = 0; c < 8; c++)
            {
                float v = values[(int)(grid.Row(Block * (bx + (c & 1)), Block * (by + (c >> 1 & 1))) + Block * (bz + (c >> 2)))];
                (below, above, close) = (below || v <= level, above || v > level, close || Math.Abs(v - level) < margin);
            }

            if ((below && above) || close) near[b] = true;
        }

        var fine = new List<int>();
        for (int b = 0; b < near.Length; b++)
        {
            (int bx, int by, int bz) = (b / blocks / blocks, b / blocks % blocks, b % blocks);
            if (!Beside(near, blocks, bx, by, bz)) continue;
            for (int i = 0; i < (Block + 1) * (Block + 1) * (Block + 1); i++)
            {
                int at = (int)(grid.Row(Block * bx + i / 25, Block * by + i / 5 % 5) + Block * bz + i % 5);
                if (!known[at]) fine.Add(at);
                known[at] = true;
            }
        }

        evaluated += Fill(fine);
        for (int at = 0; at < values.Length; at++)
        {
            if (known[at]) continue;
            (int x, int y, int z) = (at / nodes / nodes, at / nodes % nodes, at % nodes);
            values[at] = values[(int)(grid.Row(Nearest(x), Nearest(y)) + Nearest(z))];
        }

        return (values, evaluated);

        int Nearest(int i) => Math.Min((i + Block / 2) / Block, corners - 1) * Block;

        long Fill(List<int> at)
        {
            const int Most = 1 << 16;
            for (int first = 0; first < at.Count; first += Most)
            {
                int count = Math.Min(Most, at.Count - first);
                var points = new float[3 * count];
                for (int i = 0; i < count; i++)
                {
                    int node = at[first + i];
                    (points[3 * i], points[3 * i + 1], points[3 * i + 2]) = (axis[node / nodes / nodes], axis[node / nodes % nodes], axis[node % nodes]);
                }

                float[] found = evaluate(points);
                for (int i = 0; i < count; i++) (values[at[first + i]], known[at[first + i]]) = (found[i], true);
            }

            return at.Count;
        }
    }

    private static bool Beside(bool[] near, int blocks, int x, int y, int z)
    {
        for (int i = Math.Max(0, x - 1); i <= Math.Min(blocks - 1, x + 1); i++)
        {
            for (int j = Math.Max(0, y - 1); j <= Math.Min(blocks - 1, y + 1); j++)
            {
                for (int k = Math.Max(0, z - 1); k <= Math.Min(blocks - 1, z + 1); k++)
                {
                    if (near[(i * blocks + j) * blocks + k]) return true;
                }
            }
        }

        return false;
    }
}
