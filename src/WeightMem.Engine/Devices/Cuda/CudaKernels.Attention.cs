using WeightMem.Cuda;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Kernels;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

/// <summary>
/// Attention three ways, chosen by the mode and the size of a head: on tensor cores, by the float32 kernels, and for heads that fit neither as matrix products with the
/// scores in memory.
/// </summary>
internal sealed partial class CudaKernels
{
    /// <summary>The widest head that a warp's registers hold: 32 lanes of 8.</summary>
    private const int WidestHead = 256;

    /// <summary>The same on tensor cores, whose other instructions are older devices' too.</summary>
    private const int WidestTensorCoreHead = 192, TensorCoreArchitecture = 80;

    /// <summary>What computes attention, as run headers say it.</summary>
    public string Attention => math switch
    {
        MatrixMath.F32 => "float32",
        _ when TensorCores => $"{CudaDevice.Words(math)} on tensor cores for heads of up to {WidestTensorCoreHead} values, float32 beyond",
        _ => $"float32: tensor cores with {CudaDevice.Words(math)} begin at capability 8.0, this device has {Architecture / 10}.{Architecture % 10}",
    };

    private int Architecture => stream.Context.Properties.Architecture;

    private bool TensorCores => math != MatrixMath.F32 && Architecture >= TensorCoreArchitecture;

    public void AttentionForward(Tensor y, Tensor logSumExp, Tensor qkv, int heads)
    {
        Heads h = Heads.Of(qkv, heads);
        if (PlanOf(h) is { } plan)
        {
            AttentionMmaForward(plan, h, F(y), F(logSumExp), F(qkv));
        }
        else if (h.SharedBytes(rowsPerWarp: 2) is var most && h.Size <= WidestHead && most <= MostShared)
        {
            uint shared = h.SharedBytes(rowsPerWarp: 1);
            Allow(programs.Attention.AttentionForwardFunction, shared);
            programs.Attention.AttentionForward(
                stream, new LaunchConfig(h.Grid, WarpsPerBlock * 32, shared), F(y), F(logSumExp), F(qkv), h.Tokens, h.Width, h.Size, h.Scale);
        }
        else
        {
            using Scope scope = qkv.Device.Scope();
            Tensor scores = qkv.Device.Empty((heads, h.Tokens, h.Tokens));
            for (int b = 0; b < h.Batch; b++)
            {
                Probabilities(scores, logSumExp.Slice(b, 1), qkv, h, b);
                Gemm(h.Part(y, 0, b), MatrixView.BatchOf(scores), h.Part(qkv, 2, b));
            }
        }
    }

    public void AttentionBackward(Tensor dqkv, Tensor dy, Tensor y, Tensor logSumExp, Tensor qkv, int heads)
    {
        Heads h = Heads.Of(qkv, heads);
        if (PlanOf(h) is { } plan)
        {
            AttentionMmaBackward(plan, h, F(dqkv), F(dy), Dots(h, dy, y, logSumExp), F(logSumExp), F(qkv));
        }
        else if (h.SharedBytes(rowsPerWarp: 2) is var shared && h.Size <= WidestHead && shared <= MostShared)
        {
            DevicePointer<float> dots = Dots(h, dy, y, logSumExp);
            var config = new LaunchConfig(h.Grid, WarpsPerBlock * 32, shared);
            Allow(programs.Attention.AttentionBackwardQueriesFunction, shared);
            Allow(programs.Attention.AttentionBackwardKeysFunction, shared);
            programs.Attention.AttentionBackwardQueries(stream, config, F(dqkv), F(dy), dots, F(logSumExp), F(qkv), h.Tokens, h.Width, h.Size, h.Scale);
            programs.Attention.AttentionBackwardKeys(stream, config, F(dqkv), F(dy), dots, F(logSumExp), F(qkv), h.Tokens, h.Width, h.Size, h.Scale);
        }
        else
        {
            using Scope scope = qkv.Device.Scope();
            Tensor p = qkv.Device.Empty((heads, h.Tokens, h.Tokens)), dp = qkv.Device.Empty(p.Shape);
            MatrixView probabilities = MatrixView.BatchOf(p), slopes = MatrixView.BatchOf(dp);
            for (int b = 0; b < h.Batch; b++)
            {
                Probabilities(p, null, qkv, h, b);
                Gemm(h.Part(dqkv, 2, b), probabilities.Transposed, h.Part(dy, 0, b));
                Gemm(slopes, h.Part(dy, 0, b), h.Part(qkv, 2, b).Transposed);
                SoftmaxBackward(dp, dp, p, accumulate: false);
                Gemm(h.Part(dqkv, 1, b), slopes, h.Part(qkv, 0, b), h.Scale);
                Gemm(h.Part(dqkv, 0, b), slopes.Transposed, h.Part(qkv, 1, b), h.Scale);
            }
        }
    }

    private TensorCorePlan? PlanOf(Heads h) => TensorCores ? TensorCorePlan.Of(h, math == MatrixMath.Tf32 ? 1 : 2, MostShared) : null;

    private int MostShared => stream.Context.Properties.SharedBytesPerBlockOptIn;

    // The softmax of one item's scores, and before it their log-sum-exp if it is wanted
    private void Probabilities(Tensor scores, Tensor? logSumExp, Tensor qkv, Heads h, int item)
    {
        Gemm(MatrixView.BatchOf(scores), h.Part(qkv, 1, item), h.Part(qkv, 0, item).Transposed, h.Scale);
        if (logSumExp is not null) programs.Attention.LogSumExpRows(stream, WarpPerRow(scores.Shape.Rows), F(logSumExp), F(scores), scores.Shape.Rows, h.Tokens);
        SoftmaxForward(scores, scores);
    }

    private DevicePointer<float> Dots(Heads h, Tensor dy, Tensor y, Tensor logSumExp)
    {
        DevicePointer<float> dots = Scratch<float>(logSumExp.Elements);
        programs.Attention.AttentionDots(stream, new LaunchConfig(h.Grid, WarpsPerBlock * 32), dots, F(dy), F(y), h.Tokens, h.Width, h.Size);
        return dots;
    }

    private void AttentionMmaForward(TensorCorePlan plan, Heads h, DevicePointer<float> y, DevicePointer<float> logSumExp, DevicePointer<float> qkv)
    {
        AttentionMmaKernels kernels = programs.AttentionMma;
        var config = new LaunchConfig(plan.Grid(h, parts: 1), plan.Warps * 32, plan.ForwardBytes);
        switch (math, plan.IsWide)
        {
            case (MatrixMath.Tf32, false):
                Allow(kernels.AttentionForwardTf32Function, plan.ForwardBytes);
                kernels.AttentionForwardTf32(stream, config, y, logSumExp, qkv, h.Tokens, h.Width, h.Size, h.Scale);
                break;
            case (MatrixMath.Tf32, true):
                Allow(kernels.AttentionForwardTf32WideFunction, plan.ForwardBytes);
                kernels.AttentionForwardTf32Wide(stream, config, y, logSumExp, qkv, h.Tokens, h.Width, h.Size, h.Scale);
                break;
            case (_, false):
                Allow(kernels.AttentionForwardBf16Function, plan.ForwardBytes);
                kernels.AttentionForwardBf16(stream, config, y, logSumExp, qkv, h.Tokens, h.Width, h.Size, h.Scale);
                break;
            default:
                Allow(kernels.AttentionForwardBf16WideFunction, plan.ForwardBytes);
                kernels.AttentionForwardBf16Wide(stream, config, y, logSumExp, qkv, h.Tokens, h.Width, h.Size, h.Scale);
                break;
        }
    }

    private void AttentionMmaBackward(
        TensorCorePlan plan, Heads h, DevicePointer<float> dqkv, DevicePointer<float> dy, DevicePointer<float> dots, DevicePointer<float> logSumExp,
        DevicePointer<float> qkv)
    {
        AttentionMmaKernels kernels = programs.AttentionMma;
        var config = new LaunchConfig(plan.Grid(h, parts: 3), plan.Warps * 32, plan.BackwardBytes);
        switch (math, plan.IsWide)
        {
            case (MatrixMath.Tf32, false):
                Allow(kernels.AttentionBackwardTf32Function, plan.BackwardBytes);
                kernels.AttentionBackwardTf32(stream, config, dqkv, dy, dots, logSumExp, qkv, h.Tokens, h.Width, h.Size, h.Scale);
                break;
            case (MatrixMath.Tf32, true):
                Allow(kernels.AttentionBackwardTf32WideFunction, plan.BackwardBytes);
                kernels.AttentionBackwardTf32Wide(stream, config, dqkv, dy, dots, logSumExp, qkv, h.Tokens, h.Width, h.Size, h.Scale);
                break;
            case (_, false):
                Allow(kernels.AttentionBackwardBf16Function, plan.BackwardBytes);
                kernels.AttentionBackwardBf16(stream, config, dqkv, dy, dots, logSumExp, qkv, h.Tokens, h.Width, h.Size, h.Scale);
                break;
            default:
                Allow(kernels.AttentionBackwardBf16WideFunction, plan.BackwardBytes);
                kernels.AttentionBackwardBf16Wide(stream, config, dqkv, dy, dots, logSumExp, qkv, h.Tokens, h.Width, h.Size, h.Scale);
                break;
        }
    }

    private readonly record struct Heads(int Batch, int Count, int Tokens, int Width, int Size, float Scale)
    {
        private const int Tile = 32;

        /// <summary>A warp for each query, head and item.</summary>
        public Dim3 Grid => new((uint)((Tokens + WarpsPerBlock - 1) / WarpsPerBlock), (uint)Count, (uint)Batch);

        public static Heads Of(Tensor qkv, int heads)
        {
            int width = qkv.Shape[2] / 3, size = width / heads;
            return new Heads(qkv.Shape[0], heads, qkv.Shape[1], width, size, (float)(1 / Math.Sqrt(size)));
        }

        /// <summary>What the float32 kernels share: two tiles, and so many rows for each warp.</summary>
        public uint SharedBytes(int rowsPerWarp) => (uint)(sizeof(float) * (2 * Tile * (Size + 1) + WarpsPerBlock * rowsPerWarp * Size));

        /// <summary>The heads of one item as a batch of matrices [tokens, size], of one part of rows key | query | value, or of rows with one part.</summary>
        public MatrixView Part(Tensor rows, int part, int item)
        {
            int stride = rows.Shape[2];
            return MatrixView.Strided(rows, Tokens, Size, (long)item * Tokens * stride + part * Width, stride, Count, Size);
        }
    }

    /// <summary>How the tensor-core kernels are launched: warps of a block, and the panels of <c>mma.cuh</c> in shared memory.</summary>
    private readonly record struct TensorCorePlan(int Warps, bool IsWide, uint ForwardBytes, uint BackwardBytes)
    {
        private const int Rows = 16, MostWarps = 4, Narrow = 64;

        /// <summary>The plan for a size, or null where another kernel computes it.</summary>
        /// <param name="h">The size.</param>
        /// <param name="perWord">Values in a word of a panel: 1 in TF32, 2 in bfloat16.</param>
        /// <param name="mostShared">Bytes of shared memory that a block may have.</param>
        public static TensorCorePlan? Of(Heads h, int perWord, int mostShared)
        {
            if (h.Size > WidestTensorCoreHead) return null;
            bool wide = h.Size > Narrow;
            int columns = (h.Size + 15) / 16 * 16, tile = wide ? 16 : 32;
            int rowPitch = (columns + 8) / perWord, pairs = tile / perWord * (columns + 4 * perWord);
            for (int warps = Math.Min(MostWarps, (h.Tokens + Rows - 1) / Rows); warps > 0; warps--)
            {
                int forward = sizeof(uint) * ((tile + Rows * warps) * rowPitch + pairs), backward = sizeof(uint) * (2 * (tile + Rows * warps) * rowPitch + pairs);
                if (backward <= mostShared) return new TensorCorePlan(warps, wide, (uint)forward, (uint)backward);
            }

            return null;
        }

        /// <summary>Blocks over the rows, as often as there are parts of the result.</summary>
        public Dim3 Grid(Heads h, int parts) => new((uint)((h.Tokens + Rows * Warps - 1) / (Rows * Warps) * parts), (uint)h.Count, (uint)h.Batch);
    }
}
