using WeightMem.Cuda;
using WeightMem.Cuda.Blas;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Kernels;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    private const int AdamThreads = 256, MostAdamBlocks = 2048;

    public void FrequencyFeatures(Tensor y, Tensor x, Tensor frequencies)
    {
        int count = checked((int)frequencies.Elements);
        if (x.Elements > 0)
            programs.Random.FrequencyFeatures(stream, LaunchConfig.For(x.Elements * (count + 1)), F(y), F(x), F(frequencies), x.Elements, count);
    }

    public void Normal(Tensor x, RandomStream numbers)
    {
        if (x.Elements > 0)
            programs.Random.Normal(stream, LaunchConfig.For((x.Elements + 3) / 4), F(x), x.Elements, numbers.Key, numbers.Step, Advance);
    }

    public void Uniform(Tensor x, RandomStream numbers)
    {
        if (x.Elements > 0) programs.Random.Uniform(stream, LaunchConfig.For(x.Elements), F(x), x.Elements, numbers.Key, numbers.Step, Advance);
    }

    public void NormalRows(Tensor x, Tensor keys, long step)
    {
        if (x.Elements > 0) programs.Random.NormalRows(stream, FourPerThread(x), F(x), x.Shape.Rows, x.Shape.Columns, U64(keys), (ulong)step, Advance);
    }

    public void ReverseStep(Tensor x, Tensor prediction, Tensor coefficients, Tensor keys, long step)
    {
        if (x.Elements > 0)
            programs.Random.ReverseStep(
                stream, FourPerThread(x), F(x), F(prediction), F(coefficients), x.Shape.Rows, x.Shape.Columns, U64(keys), (ulong)step, Advance);
    }

    public void SelectRow(Tensor y, Tensor table, long row)
    {
        if (y.Elements > 0) programs.Indexing.SelectRow(stream, LaunchConfig.For(y.Elements), F(y), F(table), y.Elements, row, Advance);
    }

    public void Dropout(Tensor y, Tensor x, double rate, RandomStream numbers, bool accumulate)
    {
        if (x.Elements == 0) return;
        uint threshold = (uint)Math.Min(uint.MaxValue, rate * 4294967296.0);
        programs.Random.Dropout(
            stream, LaunchConfig.For(x.Elements), F(y), F(x), x.Elements, threshold, (float)(1 / (1 - rate)), numbers.Key, numbers.Step, Advance,
            Flag(accumulate));
    }

    public void Adam(
        Tensor parameters, Tensor m, Tensor v, Tensor? ema, Tensor gradient, Tensor squaredNorm, Tensor schedule, in AdamSettings settings)
    {
        if (parameters.Elements == 0) return;
        var constants = new AdamConstants
        {
            Beta1 = settings.Beta1,
            Beta2 = settings.Beta2,
            Epsilon = settings.Epsilon,
            WeightDecay = settings.WeightDecay,
            Decayed = settings.DecayedCount,
            Clip = settings.Clip,
        };

        // Every block first works out a few doubles, so there are no more blocks than run at a time.
        int blocks = (int)Math.Min(MostAdamBlocks, (parameters.Elements + AdamThreads - 1) / AdamThreads);
        programs.Optimizers.Adam(
            stream, new LaunchConfig(blocks, AdamThreads), F(parameters), F(m), F(v), ema is null ? default : F(ema), F(gradient), parameters.Elements,
            new DeviceReader<double>((ulong)squaredNorm.Address), new DeviceReader<double>((ulong)schedule.Address), constants);
    }

    public void NesterovRows(Tensor parameters, Tensor velocity, Tensor gradient, Tensor rates, double momentum, double decay, bool firstStep)
    {
        if (parameters.Elements == 0) return;
        programs.Optimizers.NesterovRows(
            stream, LaunchConfig.For(parameters.Elements), F(parameters), F(velocity), F(gradient), F(rates), parameters.Elements, parameters.Shape.Columns,
            (float)momentum, (float)decay, Flag(firstStep));
    }

    public void AdamRows(
        Tensor parameters, Tensor m, Tensor v, Tensor gradient, Tensor rates, double beta1, double beta2, double epsilon, double decay, long step)
    {
        if (parameters.Elements == 0) return;
        programs.Optimizers.AdamRows(
            stream, LaunchConfig.For(parameters.Elements), F(parameters), F(m), F(v), F(gradient), F(rates), parameters.Elements, parameters.Shape.Columns,
            (float)beta1, (float)(1 - beta1), (float)beta2, (float)(1 - beta2), (float)epsilon, (float)decay, (float)(1 - Math.Pow(beta1, step)),
            (float)(1 / Math.Sqrt(1 - Math.Pow(beta2, step))));
    }

    public void Gemm(in MatrixView c, in MatrixView a, in MatrixView b, double alpha = 1, double beta = 0, Tensor? bias = null) =>
        Product(c, a, b, alpha, beta, bias, float32: false);

    // With float32 the product has full precision whatever the mode.
    private void Product(in MatrixView c, in MatrixView a, in MatrixView b, double alpha, double beta, Tensor? bias, bool float32)
    {
        if (c.Rows == 0 || c.Columns == 0 || c.Batch == 0) return;
        long aBatch = a.Batch == 1 ? 0 : a.BatchStride, bBatch = b.Batch == 1 ? 0 : b.BatchStride;
        DevicePointer<float> to = F(c.Tensor) + c.Offset, left = F(a.Tensor) + a.Offset, right = F(b.Tensor) + b.Offset;
        if (cublas is not null && a.Columns > 0 && !(float32 && math != MatrixMath.F32))
        {
            // cuBLAS is column-major: it is asked for the transposed product, whose factors change places.
            MatrixOperation ofA = a.IsTransposed ? MatrixOperation.Transpose : MatrixOperation.None;
            MatrixOperation ofB = b.IsTransposed ? MatrixOperation.Transpose : MatrixOperation.None;
            if (math == MatrixMath.Bf16)
            {
                cublas.Gemm(
                    ofB, ofA, c.Columns, c.Rows, a.Columns, (float)alpha, new MatrixOperand(right.Address, MatrixElement.Single, b.RowStride, bBatch),
                    new MatrixOperand(left.Address, MatrixElement.Single, a.RowStride, aBatch), (float)beta,
                    new MatrixOperand(to.Address, MatrixElement.Single, c.RowStride, c.BatchStride), MatrixCompute.SingleFastBf16, c.Batch);
            }
            else if (c.Batch == 1)
            {
                cublas.Sgemm(ofB, ofA, c.Columns, c.Rows, a.Columns, (float)alpha, right, b.RowStride, left, a.RowStride, (float)beta, to, c.RowStride);
            }
            else
            {
                cublas.SgemmStridedBatched(
                    ofB, ofA, c.Columns, c.Rows, a.Columns, (float)alpha, right, b.RowStride, bBatch, left, a.RowStride, aBatch, (float)beta, to, c.RowStride,
                    c.BatchStride, c.Batch);
            }

            if (bias is null) return;
            long elements = (long)c.Batch * c.Rows * c.Columns;
            programs.Gemm.AddBias(stream, LaunchConfig.For(elements), to, F(bias), elements, c.Rows, c.Columns, c.RowStride, c.BatchStride);
            return;
        }

        const int Side = 64, Threads = 256;
        var shape = new GemmShape
        {
            Rows = c.Rows,
            Columns = c.Columns,
            Depth = a.Columns,
            AStride = a.RowStride,
            BStride = b.RowStride,
            CStride = c.RowStride,
            ABatch = aBatch,
            BBatch = bBatch,
            CBatch = c.BatchStride,
            ATransposed = Flag(a.IsTransposed),
            BTransposed = Flag(b.IsTransposed),
            Alpha = (float)alpha,
            Beta = (float)beta,
        };
        var grid = new Dim3((uint)((c.Columns + Side - 1) / Side), (uint)((c.Rows + Side - 1) / Side), (uint)c.Batch);
        programs.Gemm.Gemm(stream, new LaunchConfig(grid, Threads), to, left, right, bias is null ? default : F(bias), shape);
    }
}
