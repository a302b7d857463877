using WeightMem.Engine.Devices.Cpu.Gemm;

namespace WeightMem.Engine.Devices.Cpu.Convolutions;

/// <summary>
/// The gradient of filters: the transposed slopes times the gathered rows. Threads take stretches of columns, and where those are few also stretches of
/// rows, cut by the sizes alone; partial sums are added in their order.
/// </summary>
internal static unsafe class FilterGradientProduct<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private const int BlockRows = 256;
    private const int Panels = 8;
    private const int Parts = 16;
    private const int LeastRowsOfPart = 1024;

    /// <summary>weight[f, c, tap] = the sum over rows of slopes[row, f] gathered[row, (tap, c)], or += that.</summary>
    /// <param name="weight">The group's first filter <c>[filters, channels, taps]</c>.</param>
    /// <param name="slopes">The group's first slope.</param>
    /// <param name="slopeStride">Floats from one row of slopes to the next.</param>
    /// <param name="gather">What was convolved.</param>
    /// <param name="rows">Rows of both.</param>
    /// <param name="filters">Filters of the group.</param>
    /// <param name="accumulate">Whether to add.</param>
    /// <param name="pool">Threads.</param>
    public static void Run(float* weight, float* slopes, int slopeStride, in TapGather gather, int rows, int filters, bool accumulate, WorkerPool pool)
    {
        int blockColumns = Math.Min(Panels * BlockProduct<TLanes, TVector>.PanelColumns, gather.Depth);
        int columnBlocks = (gather.Depth + blockColumns - 1) / blockColumns;
        int rowParts = Math.Clamp(Parts / columnBlocks, 1, Math.Max(1, rows / LeastRowsOfPart));
        float* partial = GemmScratch.Current.AllOfB((nint)rowParts * filters * gather.Depth);
        var job = new SumJob
        {
            Partial = partial,
            Slopes = slopes,
            SlopeStride = slopeStride,
            Gather = gather,
            Rows = rows,
            Filters = filters,
            RowParts = rowParts,
            BlockColumns = blockColumns,
        };
        pool.Run(columnBlocks * rowParts, ref job);
        var adding = new AddJob { Weight = weight, Partial = partial, Filters = filters, Channels = gather.Channels, Taps = gather.TapsY * gather.TapsX, RowParts = rowParts, Accumulate = accumulate };
        pool.Run(filters, ref adding);
    }

    private struct SumJob : IParallelJob
    {
        public float* Partial, Slopes;
        public int SlopeStride, Rows, Filters, RowParts, BlockColumns;
        public TapGather Gather;

        public readonly void Run(int part)
        {
            int rowPart = part % RowParts, column = part / RowParts * BlockColumns, columns = Math.Min(BlockColumns, Gather.Depth - column);
            int begin = (int)((long)Rows * rowPart / RowParts), end = (int)((long)Rows * (rowPart + 1) / RowParts);
            float* tile = GemmScratch.Current.GatheredTile((nint)BlockRows * BlockColumns);
            var arguments = new GemmArguments
            {
                B = tile,
                C = Partial + (nint)rowPart * Filters * Gather.Depth + column,
                M = Filters,
                N = columns,
                RowStrideA = SlopeStride,
                RowStrideB = columns,
                RowStrideC = Gather.Depth,
                TransposeA = true,
                Batch = 1,
                Alpha = 1,
            };
            for (int row = begin; row < end; row += BlockRows)
            {
                int count = Math.Min(BlockRows, end - row);
                TapTiles<TLanes, TVector>.Fill(Gather, tile, row, count, column, columns);
                arguments.A = Slopes + (nint)row * SlopeStride;
                arguments.K = count;
                BlockProduct<TLanes, TVector>.Run(arguments, new DepthSlices(count), 0, 0, Filters, 0, columns, null);
                arguments.Beta = 1;
            }
        }
    }

    private struct AddJob : IParallelJob
    {
        public float* Weight, Partial;
        public int Filters, Channels, Taps, RowParts;
        public bool Accumulate;

        public readonly void Run(int part)
        {
            int depth = Channels * Taps;
            float* to = Weight + (nint)part * depth, from = Partial + (nint)part * depth;
            for (int c = 0; c < Channels; c++)
            {
                for (int tap = 0; tap < Taps; tap++, to++)
                {
                    float sum = Accumulate ? *to : 0;
                    for (int p = 0; p < RowParts; p++) sum += from[(nint)p * Filters * depth + tap * Channels + c];
                    *to = sum;
                }
            }
        }
    }
}
