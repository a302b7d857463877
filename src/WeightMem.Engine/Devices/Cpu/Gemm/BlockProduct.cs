using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace WeightMem.Engine.Devices.Cpu.Gemm;

/// <summary>
/// Computes a block of rows and columns of C on one thread: packs what is worth packing and runs the tile kernels over it.
/// </summary>
internal static unsafe class BlockProduct<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    // Below this many rows in a block, a panel of B is read too few times to pay for packing it.
    private const int RowsToPackB = 25;

    // Stored rows of B that lie this close together, in elements from the first to the last, stay in the first-level cache as they are.
    private const int SmallB = 4096;

    // Up to this many panels of B, a row of A is read too few times to pay for packing it.
    private const int PanelsToReadAInPlace = 4;

    // A transposed A whose stored rows are short needs packing least: what a tile takes for one k are neighbours, and the next k is
    // near. With long rows each k is another stretch of memory, and packing pays soon.
    private const int ShortRowOfA = 256;
    private const int PanelsToReadShortRowsInPlace = 16;
    private const int PanelsToReadLongRowsInPlace = 2;

    /// <summary>Columns of a whole panel of B.</summary>
    public static int PanelColumns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2 * TLanes.Width;
    }

    /// <summary>Columns of the packed panels for <paramref name="columns"/> columns of B, the zeros at the end included.</summary>
    public static int PackedColumns(int columns) => (columns + TLanes.Width - 1) / TLanes.Width * TLanes.Width;

    /// <summary>
    /// C[rows, columns] of one matrix. The columns start at a panel. <paramref name="packed"/> holds all panels of B, for one
    /// slice of k after the other, or is null.
    /// </summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in GemmArguments g, in DepthSlices slices, int batch, int row, int rows, int column, int columns, float* packed)
    {
        GemmScratch scratch = GemmScratch.Current;
        float* a = g.A + batch * g.BatchStrideA;
        float* b = g.B + batch * g.BatchStrideB;
        float* c = g.C + batch * g.BatchStrideC + row * g.RowStrideC + column;
        float* edge = stackalloc float[12 * 32];
        bool packA = columns > PanelsToReadA(g) * PanelColumns;
        bool packB = g.TransposeB || (rows >= RowsToPackB && slices.Depth * g.RowStrideB > SmallB);
        float* panelsA = packA ? scratch.PanelsOfA((nint)rows * slices.Depth) : null;
        float* panelB = packed == null ? scratch.PanelOfB((nint)PanelColumns * slices.Depth) : null;
        int packedColumns = PackedColumns(g.N);

        int slice = 0;
        do
        {
            int k = slice * slices.Depth;
            int depth = Math.Min(slices.Depth, g.K - k);
            float* sliceA = a + (g.TransposeA ? k * g.RowStrideA + row : row * g.RowStrideA + k);
            if (packA) PackRows(panelsA, sliceA, g.RowStrideA, g.TransposeA, rows, depth);

            var output = new BlockOutput
            {
                C = c,
                RowStride = g.RowStrideC,
                Alpha = g.Alpha,
                Beta = slice == 0 ? g.Beta : 1,
                Bias = slice == 0 && g.Bias != null ? g.Bias + column : null,
                Edge = edge,
            };
            for (int j = 0; j < columns; j += PanelColumns)
            {
                int width = Math.Min(PanelColumns, columns - j);
                int panelColumns = PackedColumns(width);
                float* panel;
                nint stepB = panelColumns;
                if (packed != null)
                {
                    panel = packed + (nint)k * packedColumns + (nint)(column + j) * depth;
                }
                else
                {
                    float* strip = b + (g.TransposeB ? (column + j) * g.RowStrideB + k : k * g.RowStrideB + column + j);
                    panel = strip;
                    if (packB || width < panelColumns)
                    {
                        PanelPacking<TLanes, TVector>.PackB(panelB, panelColumns, strip, g.RowStrideB, g.TransposeB, width, depth);
                        panel = panelB;
                    }
                    else
                    {
                        stepB = g.RowStrideB;
                    }
                }

                output.NextPanel = packed != null && j + PanelColumns < columns ? panel + (nint)panelColumns * depth : null;
                output.NextPanelPerRow = ((nint)panelColumns * depth / rows + 15) & ~15;
                if (packA) Column<PackedTiles>(panelsA, 0, rows, panel, stepB, depth, width, ref output);
                else if (g.TransposeA) Column<AdjacentTiles>(sliceA, g.RowStrideA, rows, panel, stepB, depth, width, ref output);
                else Column<StridedTiles>(sliceA, g.RowStrideA, rows, panel, stepB, depth, width, ref output);
                output.C += PanelColumns;
                if (output.Bias != null) output.Bias += PanelColumns;
            }
        }
        while (++slice < slices.Count);
    }

    /// <summary>Runs the tiles of one panel of B, from the top to the bottom of the block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Column<TTiles>(
        float* a, nint rowStrideA, int rows, float* panel, nint stepB, int depth, int width, ref BlockOutput block)
        where TTiles : struct, ITiles
    {
        bool twoVectors = width > TLanes.Width;
        bool whole = width == (twoVectors ? PanelColumns : TLanes.Width);
        TileOutput tile;
        tile.Alpha = whole ? block.Alpha : 1;
        tile.Beta = whole ? block.Beta : 0;
        tile.Bias = whole ? block.Bias : null;
        tile.RowStride = whole ? block.RowStride : PanelColumns;
        int height;
        for (int row = 0; row < rows; row += height)
        {
            height = TileKernels<TLanes, TVector>.Height(rows - row);
            float* tileA = a + TTiles.Start(row, rowStrideA, depth);
            float* c = block.C + row * block.RowStride;
            tile.C = whole ? c : block.Edge;
            nint strideA = TTiles.Stride(height, rowStrideA);
            if (whole) FetchTile(c, block.RowStride, height, width);
            if (block.NextPanel != null) FetchPanel(ref block, height);
            if (typeof(TTiles) == typeof(StridedTiles))
            {
                if (twoVectors) TileKernels<TLanes, TVector>.TwoVectors<StridedRows>(height, depth, tileA, strideA, panel, stepB, &tile);
                else TileKernels<TLanes, TVector>.OneVector<StridedRows>(height, depth, tileA, strideA, panel, stepB, &tile);
            }
            else
            {
                if (twoVectors) TileKernels<TLanes, TVector>.TwoVectors<AdjacentRows>(height, depth, tileA, strideA, panel, stepB, &tile);
                else TileKernels<TLanes, TVector>.OneVector<AdjacentRows>(height, depth, tileA, strideA, panel, stepB, &tile);
            }

            if (!whole) FinishEdge(c, height, width, block);
        }
    }

    /// <summary>Starts to bring a tile of C close, which the kernel needs only when its sums are done.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FetchTile(float* c, nint rowStride, int height, int width)
    {
        if (!Sse.IsSupported) return;
        for (int row = 0; row < height; row++, c += rowStride)
        {
            Sse.Prefetch0(c);
            Sse.Prefetch0(c + width - 1);
        }
    }

    /// <summary>
    /// Starts to bring a share of the next panel of B into the second-level cache: all of B does not fit there, and the tiles take
    /// long enough to hide the way.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FetchPanel(ref BlockOutput block, int height)
    {
        if (!Sse.IsSupported) return;
        float* last = block.NextPanel + height * block.NextPanelPerRow;
        for (; block.NextPanel < last; block.NextPanel += 16) Sse.Prefetch1(block.NextPanel);
    }

    /// <summary>Does for a tile that juts out of C what the kernel does for a whole one: the same operations, the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FinishEdge(float* c, int height, int width, in BlockOutput block)
    {
        for (int j = 0; j < width; j += TLanes.Width)
        {
            int count = Math.Min(TLanes.Width, width - j);
            TVector alpha = TLanes.Broadcast(block.Alpha);
            TVector beta = TLanes.Broadcast(block.Beta);
            TVector bias = block.Bias == null ? TLanes.Zero : TLanes.LoadFirst(block.Bias + j, count);
            float* sums = block.Edge + j;
            float* to = c + j;
            for (int row = 0; row < height; row++, sums += PanelColumns, to += block.RowStride)
            {
                TVector value = TLanes.MultiplyAdd(TLanes.Load(sums), alpha, bias);
                if (block.Beta != 0) value = TLanes.MultiplyAdd(beta, TLanes.LoadFirst(to, count), value);
                TLanes.StoreFirst(to, value, count);
            }
        }
    }

    private static int PanelsToReadA(in GemmArguments g) =>
        !g.TransposeA ? PanelsToReadAInPlace : g.RowStrideA <= ShortRowOfA ? PanelsToReadShortRowsInPlace : PanelsToReadLongRowsInPlace;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackRows(float* panels, float* source, nint rowStride, bool transposed, int rows, int depth)
    {
        // The rows of a transposed block are long: take some of them at a time through all panels, so that each is read in one go.
        int chunk = transposed ? 32 : depth;
        for (int k = 0; k < depth; k += chunk)
        {
            int count = Math.Min(chunk, depth - k);
            int height;
            for (int row = 0; row < rows; row += height)
            {
                height = TileKernels<TLanes, TVector>.Height(rows - row);
                float* strip = source + (transposed ? k * rowStride + row : row * rowStride + k);
                float* panel = panels + (nint)row * depth + k * height;
                PanelPacking<TLanes, TVector>.PackA(panel, strip, rowStride, transposed, height, count);
            }
        }
    }

    private struct BlockOutput
    {
        public float* C;
        public nint RowStride;
        public float* Bias;
        public float Alpha;
        public float Beta;
        public float* Edge;
        public float* NextPanel;
        public nint NextPanelPerRow;
    }

    /// <summary>How to find a tile's rows of A.</summary>
    private interface ITiles
    {
        static abstract nint Start(int row, nint rowStride, int depth);

        static abstract nint Stride(int height, nint rowStride);
    }

    private readonly struct PackedTiles : ITiles
    {
        public static nint Start(int row, nint rowStride, int depth) => (nint)row * depth;

        public static nint Stride(int height, nint rowStride) => height;
    }

    private readonly struct AdjacentTiles : ITiles
    {
        public static nint Start(int row, nint rowStride, int depth) => row;

        public static nint Stride(int height, nint rowStride) => rowStride;
    }

    private readonly struct StridedTiles : ITiles
    {
        public static nint Start(int row, nint rowStride, int depth) => row * rowStride;

        public static nint Stride(int height, nint rowStride) => rowStride;
    }
}

/// <summary>The cut of the depth into equal slices. It depends on the depth alone: it decides the order of the sums.</summary>
internal readonly struct DepthSlices
{
    private const int Longest = 512;

    public DepthSlices(int depth)
    {
        Count = Math.Max(1, (depth + Longest - 1) / Longest);
        Depth = ((depth + Count - 1) / Count + 3) & ~3;
    }

    /// <summary>How many slices, at least one.</summary>
    public int Count { get; }

    /// <summary>Depth of every slice but the last, which may be shorter. A multiple of 4.</summary>
    public int Depth { get; }
}
