using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    public void NormalRows(Tensor x, Tensor keys, long step)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        var job = new NormalRowsJob(F(x), (ulong*)keys.Address, (ulong)step, rows, columns, RowParts(rows, columns));
        workers.Run(job.Parts, ref job);
    }

    public void ReverseStep(Tensor x, Tensor prediction, Tensor coefficients, Tensor keys, long step)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        var job = new ReverseStepJob(
            F(x), F(prediction), F(coefficients) + 3 * step, (ulong*)keys.Address, (ulong)step, rows, columns, RowParts(rows, columns));
        workers.Run(job.Parts, ref job);
    }

    public void SelectRow(Tensor y, Tensor table, long row) =>
        new ReadOnlySpan<float>(F(table) + row * y.Elements, checked((int)y.Elements)).CopyTo(new Span<float>(F(y), (int)y.Elements));

    private readonly struct NormalRowsJob(float* x, ulong* keys, ulong step, int rows, int columns, int parts) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++) Normals(x + (long)r * columns, 0, columns, new RandomStream(keys[r], step));
        }
    }

    private readonly struct ReverseStepJob(
        float* x, float* prediction, float* coefficients, ulong* keys, ulong step, int rows, int columns, int parts) : IParallelJob
    {
        /// <summary>Noise made at a time: it stays in the nearest cache. A multiple of 4.</summary>
        private const int Chunk = 512;

        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            bool noisy = coefficients[2] != 0;
            V ofPrediction = V.Broadcast(coefficients[0]), ofState = V.Broadcast(coefficients[1]), deviation = V.Broadcast(coefficients[2]);
            float* noise = stackalloc float[Chunk];
            for (int r = begin; r < end; r++)
            {
                for (int first = 0; first < columns; first += Chunk)
                {
                    int count = Math.Min(Chunk, columns - first);
                    float* state = x + (long)r * columns + first, predicted = prediction + (long)r * columns + first;
                    if (noisy) Normals(noise, first, count, new RandomStream(keys[r], step));
                    for (int c = 0; c < count; c += V.Width)
                    {
                        int n = Math.Min(V.Width, count - c);
                        V mean = ofPrediction * V.Load(predicted + c, n);
                        if (noisy) mean = V.MultiplyAdd(deviation, V.Load(noise + c, n), mean);
                        V.Store(state + c, n, V.MultiplyAdd(ofState, V.Load(state + c, n), mean));
                    }
                }
            }
        }
    }
}
