using WeightMem.Engine.Devices.Cpu.Gemm;

namespace WeightMem.Engine.Devices.Cpu.Convolutions;

/// <summary>Where the rows of a product go: to every place of a grid, or to some of them in steps.</summary>
internal unsafe struct GridPlaces
{
    /// <summary>The first channel of the group at the first pixel.</summary>
    public float* First;

    public int Height, Width, PixelStride;

    public int StepY, StepX, OffsetY, OffsetX;

    /// <summary>Whether rows of the product are neighbouring pixels.</summary>
    public readonly bool IsDense => StepY == 1 && StepX == 1;
}

/// <summary>The right factor: element (k, j) lies at tap(k) + channel(k) * channel stride + j * column stride of the filters.</summary>
internal unsafe struct FilterTaps
{
    public float* Weight;

    public long ChannelStride, ColumnStride;

    /// <summary>The filter's tap for tap (0, 0) of the gather, and from one to the next.</summary>
    public int FirstTap, TapStepY, TapStepX;
}

/// <summary>
/// One convolution's product, rows gathered by their taps times filters packed once. Every output is one chain of multiply-adds in the order of k in slices,
/// whatever the tiles, so neither threads nor the batch change its bits.
/// </summary>
internal static unsafe class GatherProduct<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    // A gathered tile takes a part of a second-level cache.
    private const int TileFloats = 48 << 10;
    private const int LargestBlockRows = 360;
    private const int SmallestBlockRows = 24;
    private const double SmallestPartFlops = 5e5;
    private const int PartsPerThread = 4;

    /// <summary>places = gather * filters + bias, or += that.</summary>
    public static void Run(in GridPlaces places, in TapGather gather, in FilterTaps filters, int rows, int columns, float* bias, bool accumulate, WorkerPool pool)
    {
        var slices = new DepthSlices(gather.Depth);
        int panelColumns = BlockProduct<TLanes, TVector>.PanelColumns, packedColumns = BlockProduct<TLanes, TVector>.PackedColumns(columns);
        float* packed = GemmScratch.Current.AllOfB((nint)Math.Max(1, gather.Depth) * packedColumns);
        var packing = new PackJob { Packed = packed, Gather = gather, Filters = filters, Slices = slices, Columns = columns, PackedColumns = packedColumns };
        pool.Run(slices.Count * ((columns + panelColumns - 1) / panelColumns), ref packing);

        double flops = 2.0 * rows * columns * Math.Max(1, gather.Depth);
        int parts = (int)Math.Clamp(flops / SmallestPartFlops, 1, PartsPerThread * pool.Threads);
        int blockRows = Math.Clamp(TileFloats / Math.Max(1, slices.Depth), SmallestBlockRows, LargestBlockRows);
        blockRows = Math.Min(blockRows, Math.Max(SmallestBlockRows, (rows + parts - 1) / parts));
        blockRows = (blockRows + TLanes.TileRows - 1) / TLanes.TileRows * TLanes.TileRows;
        int rowBlocks = (rows + blockRows - 1) / blockRows;
        int columnBlocks = Math.Clamp(parts / rowBlocks, 1, Math.Max(1, columns / (2 * panelColumns)));
        int blockColumns = ((columns + columnBlocks - 1) / columnBlocks + panelColumns - 1) / panelColumns * panelColumns;
        columnBlocks = (columns + blockColumns - 1) / blockColumns;
        var job = new BlockJob
        {
            Places = places,
            Gather = gather,
            Slices = slices,
            Packed = packed,
            PackedColumns = packedColumns,
            Bias = bias,
            Accumulate = accumulate,
            Rows = rows,
            Columns = columns,
            BlockRows = blockRows,
            BlockColumns = blockColumns,
            ColumnBlocks = columnBlocks,
        };
        pool.Run(rowBlocks * columnBlocks, ref job);
    }

    private struct PackJob : IParallelJob
    {
        public float* Packed;
        public TapGather Gather;
        public FilterTaps Filters;
        public DepthSlices Slices;
        public int Columns, PackedColumns;

        public readonly void Run(int part)
        {
            int panelColumns = BlockProduct<TLanes, TVector>.PanelColumns, panels = (Columns + panelColumns - 1) / panelColumns;
            int k = part / panels * Slices.Depth, depth = Math.Min(Slices.Depth, Gather.Depth - k), column = part % panels * panelColumns;
            int width = Math.Min(panelColumns, Columns - column), panelWidth = BlockProduct<TLanes, TVector>.PackedColumns(width);
            float* panel = Packed + (nint)k * PackedColumns + (nint)column * depth;
            for (int i = k; i < k + depth; i++, panel += panelWidth)
            {
                int tap = i / Gather.Channels;
                long tapOffset = Filters.FirstTap + (long)(tap / Gather.TapsX) * Filters.TapStepY + (long)(tap % Gather.TapsX) * Filters.TapStepX;
                float* from = Filters.Weight + tapOffset + i % Gather.Channels * Filters.ChannelStride + column * Filters.ColumnStride;
                for (int j = 0; j < width; j++, from += Filters.ColumnStride) panel[j] = *from;
                for (int j = width; j < panelWidth; j++) panel[j] = 0;
            }
        }
    }

    private struct BlockJob : IParallelJob
    {
        public GridPlaces Places;
        public TapGather Gather;
        public DepthSlices Slices;
        public float* Packed, Bias;
        public int PackedColumns, Rows, Columns, BlockRows, BlockColumns, ColumnBlocks;
        public bool Accumulate;

        public readonly void Run(int part)
        {
            int row = part / ColumnBlocks * BlockRows, column = part % ColumnBlocks * BlockColumns;
            int rows = Math.Min(BlockRows, Rows - row), columns = Math.Min(BlockColumns, Columns - column);
            GemmScratch scratch = GemmScratch.Current;
            float* tile = scratch.GatheredTile((nint)BlockRows * Slices.Depth);
            float* sums = Places.IsDense ? null : scratch.SumsToScatter((nint)rows * columns);
            var arguments = new GemmArguments
            {
                A = tile,
                C = sums == null ? Places.First + (nint)row * Places.PixelStride : sums - column,
                Bias = Bias,
                M = rows,
                N = Columns,
                RowStrideC = sums == null ? Places.PixelStride : columns,
                Batch = 1,
                Alpha = 1,
                Beta = Accumulate && sums == null ? 1 : 0,
            };
            int slice = 0;
            do
            {
                int k = slice * Slices.Depth, depth = Math.Min(Slices.Depth, Gather.Depth - k);
                if (depth > 0) TapTiles<TLanes, TVector>.Fill(Gather, tile, row, rows, k, depth);
                arguments.K = depth;
                arguments.RowStrideA = depth;
                BlockProduct<TLanes, TVector>.Run(arguments, new DepthSlices(depth), 0, 0, rows, column, columns, Packed + (nint)k * PackedColumns);
                arguments.Beta = 1;
                arguments.Bias = null;
            }
            while (++slice < Slices.Count);
            if (sums != null) Scatter(sums, row, rows, column, columns);
        }

        private readonly void Scatter(float* sums, int row, int rows, int column, int columns)
        {
            TVector one = TLanes.Broadcast(1);
            for (int i = 0; i < rows; i++, sums += columns)
            {
                int place = row + i, x = place % Gather.GridWidth, y = place / Gather.GridWidth % Gather.GridHeight, image = place / Gather.GridWidth / Gather.GridHeight;
                long pixel = ((long)image * Places.Height + y * Places.StepY + Places.OffsetY) * Places.Width + x * Places.StepX + Places.OffsetX;
                float* to = Places.First + pixel * Places.PixelStride + column;
                for (int j = 0; j < columns; j += TLanes.Width)
                {
                    int count = Math.Min(TLanes.Width, columns - j);
                    TVector value = TLanes.LoadFirst(sums + j, count);
                    if (Accumulate) value = TLanes.MultiplyAdd(value, one, TLanes.LoadFirst(to + j, count));
                    TLanes.StoreFirst(to + j, value, count);
                }
            }
        }
    }
}
