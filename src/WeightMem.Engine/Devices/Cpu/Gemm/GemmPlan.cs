namespace WeightMem.Engine.Devices.Cpu.Gemm;

/// <summary>Cuts a product into parts for the threads. No choice made here changes a bit of the result.</summary>
internal static unsafe class GemmPlan<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    // Rows of a block: with a slice of k, a block of A fills a part of a second-level cache.
    private const int LargestBlockRows = 360;
    private const int SmallestBlockRows = 48;

    // A part should outweigh a wake-up.
    private const double SmallestPartFlops = 1e6;

    // All of B is packed up to this size, in elements; a larger B is packed in stretches of columns.
    private const long LargestPackedB = 4 << 20;

    // Enough parts for each thread that one which is held up does not hold up the others.
    private const int PartsPerThread = 4;

    /// <summary>Computes the product.</summary>
    public static void Run(in GemmArguments arguments, WorkerPool pool)
    {
        GemmArguments g = arguments;
        if (g.M <= 0 || g.N <= 0 || g.Batch <= 0) return;
        FlattenBatch(ref g);
        var slices = new DepthSlices(g.K);
        double flops = 2.0 * g.M * g.N * Math.Max(g.K, 1);
        double parts = Math.Min(flops * g.Batch / SmallestPartFlops, PartsPerThread * pool.Threads);
        if (g.Batch > 1 && (parts < 2 || g.Batch >= parts))
        {
            OverBatch(g, slices, Math.Max(1, (int)parts), flops, pool);
            return;
        }

        for (int i = 0; i < g.Batch; i++)
        {
            OneMatrix(g, slices, Math.Max(1, (int)(parts / g.Batch)), pool);
            g.A += g.BatchStrideA;
            g.B += g.BatchStrideB;
            g.C += g.BatchStrideC;
        }
    }

    /// <summary>A batch that shares B and whose rows lie one behind the other is one taller matrix.</summary>
    private static void FlattenBatch(ref GemmArguments g)
    {
        if (g.Batch == 1 || g.BatchStrideB != 0 || g.TransposeA) return;
        if (g.BatchStrideA != g.M * g.RowStrideA || g.BatchStrideC != g.M * g.RowStrideC) return;
        if ((long)g.M * g.Batch > int.MaxValue) return;
        g.M *= g.Batch;
        g.Batch = 1;
    }

    private static void OverBatch(in GemmArguments g, in DepthSlices slices, int parts, double flops, WorkerPool pool)
    {
        int perPart = Math.Clamp((int)(SmallestPartFlops / flops), 1, Math.Max(1, g.Batch / parts));
        var job = new BatchJob { Arguments = g, Slices = slices, MatricesPerPart = perPart };
        if (parts == 1) job.MatricesPerPart = g.Batch;
        pool.Run((g.Batch + job.MatricesPerPart - 1) / job.MatricesPerPart, ref job);
    }

    private static void OneMatrix(in GemmArguments g, in DepthSlices slices, int parts, WorkerPool pool)
    {
        int panelColumns = BlockProduct<TLanes, TVector>.PanelColumns;
        int rowBlocks = (g.M + LargestBlockRows - 1) / LargestBlockRows;
        if (parts > 1)
        {
            int finest = Math.Max(1, g.M / SmallestBlockRows);
            rowBlocks = Math.Max(rowBlocks, Math.Min(parts, finest));
            if (rowBlocks > 1) rowBlocks = (rowBlocks + pool.Threads - 1) / pool.Threads * pool.Threads;
        }

        int blockRows = ((g.M + rowBlocks - 1) / rowBlocks + TLanes.TileRows - 1) / TLanes.TileRows * TLanes.TileRows;
        rowBlocks = (g.M + blockRows - 1) / blockRows;
        int columnBlocks = Math.Clamp(parts / rowBlocks, 1, Math.Max(1, g.N / (2 * panelColumns)));

        if (rowBlocks == 1)
        {
            Blocks(g, slices, g.N, blockRows, rowBlocks, columnBlocks, null, pool);
            return;
        }

        // B is read once for each block of rows: pack it once for all of them.
        long depth = Math.Max(1, (long)slices.Depth * slices.Count);
        int stretch = (int)Math.Min(g.N, Math.Max(1, LargestPackedB / depth / panelColumns) * panelColumns);
        GemmArguments part = g;
        for (int column = 0; column < g.N; column += stretch)
        {
            part.N = Math.Min(stretch, g.N - column);
            float* packed = GemmScratch.Current.AllOfB((nint)depth * BlockProduct<TLanes, TVector>.PackedColumns(part.N));
            PackB(part, slices, packed, pool);
            Blocks(part, slices, part.N, blockRows, rowBlocks, columnBlocks, packed, pool);
            part.B += g.TransposeB ? stretch * g.RowStrideB : stretch;
            part.C += stretch;
            if (part.Bias != null) part.Bias += stretch;
        }
    }

    private static void Blocks(
        in GemmArguments g, in DepthSlices slices, int columns, int blockRows, int rowBlocks, int columnBlocks, float* packed, WorkerPool pool)
    {
        int panelColumns = BlockProduct<TLanes, TVector>.PanelColumns;
        int blockColumns = ((columns + columnBlocks - 1) / columnBlocks + panelColumns - 1) / panelColumns * panelColumns;
        columnBlocks = (columns + blockColumns - 1) / blockColumns;
        var job = new BlockJob
        {
            Arguments = g,
            Slices = slices,
            Packed = packed,
            BlockRows = blockRows,
            BlockColumns = blockColumns,
            ColumnBlocks = columnBlocks,
        };
        pool.Run(rowBlocks * columnBlocks, ref job);
    }

    private static void PackB(in GemmArguments g, in DepthSlices slices, float* packed, WorkerPool pool)
    {
        // Some 16 thousand elements are packed in the time of a wake-up.
        const long SmallestPart = 16 << 10;
        int panelColumns = BlockProduct<TLanes, TVector>.PanelColumns;
        int panels = (g.N + panelColumns - 1) / panelColumns;
        long elements = (long)g.N * g.K;
        int parts = (int)Math.Clamp(elements / SmallestPart, 1, Math.Min(PartsPerThread * pool.Threads, panels * slices.Count));
        var job = new PackJob { Arguments = g, Slices = slices, Packed = packed, Panels = panels, Parts = parts };
        pool.Run(parts, ref job);
    }

    private struct BatchJob : IParallelJob
    {
        public GemmArguments Arguments;
        public DepthSlices Slices;
        public int MatricesPerPart;

        public readonly void Run(int part)
        {
            int first = part * MatricesPerPart;
            int last = Math.Min(first + MatricesPerPart, Arguments.Batch);
            for (int i = first; i < last; i++)
            {
                int rows;
                for (int row = 0; row < Arguments.M; row += rows)
                {
                    rows = Math.Min(LargestBlockRows, Arguments.M - row);
                    BlockProduct<TLanes, TVector>.Run(Arguments, Slices, i, row, rows, 0, Arguments.N, null);
                }
            }
        }
    }

    private struct BlockJob : IParallelJob
    {
        public GemmArguments Arguments;
        public DepthSlices Slices;
        public float* Packed;
        public int BlockRows;
        public int BlockColumns;
        public int ColumnBlocks;

        public readonly void Run(int part)
        {
            int row = part / ColumnBlocks * BlockRows;
            int column = part % ColumnBlocks * BlockColumns;
            int rows = Math.Min(BlockRows, Arguments.M - row);
            int columns = Math.Min(BlockColumns, Arguments.N - column);
            BlockProduct<TLanes, TVector>.Run(Arguments, Slices, 0, row, rows, column, columns, Packed);
        }
    }

    private struct PackJob : IParallelJob
    {
        public GemmArguments Arguments;
        public DepthSlices Slices;
        public float* Packed;
        public int Panels;
        public int Parts;

        public readonly void Run(int part)
        {
            long packedColumns = BlockProduct<TLanes, TVector>.PackedColumns(Arguments.N);
            int units = Panels * Slices.Count;
            int unit = (int)((long)units * part / Parts);
            int last = (int)((long)units * (part + 1) / Parts);
            while (unit < last)
            {
                int slice = unit / Panels;
                int first = unit % Panels;
                int count = Math.Min(last - unit, Panels - first);
                PackSlice(slice * Slices.Depth, first, count, packedColumns);
                unit += count;
            }
        }

        /// <summary>Packs neighbouring panels of one slice. Rows of B are taken a few at a time through all panels: each is read in one go.</summary>
        private readonly void PackSlice(int k, int firstPanel, int panels, long packedColumns)
        {
            ref readonly GemmArguments g = ref Arguments;
            int panelColumns = BlockProduct<TLanes, TVector>.PanelColumns;
            int depth = Math.Min(Slices.Depth, g.K - k);
            int chunk = g.TransposeB ? depth : 32;
            for (int start = 0; start < depth; start += chunk)
            {
                int count = Math.Min(chunk, depth - start);
                int row = k + start;
                for (int i = firstPanel; i < firstPanel + panels; i++)
                {
                    int column = i * panelColumns;
                    int width = Math.Min(panelColumns, g.N - column);
                    int panelWidth = BlockProduct<TLanes, TVector>.PackedColumns(width);
                    float* strip = g.B + (g.TransposeB ? column * g.RowStrideB + row : row * g.RowStrideB + column);
                    float* panel = Packed + (k * packedColumns + (long)column * depth + (long)start * panelWidth);
                    PanelPacking<TLanes, TVector>.PackB(panel, panelWidth, strip, g.RowStrideB, g.TransposeB, width, count);
                }
            }
        }
    }
}
