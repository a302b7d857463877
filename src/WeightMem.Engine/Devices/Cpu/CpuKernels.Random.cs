using WeightMem.Engine.Devices.Cpu.Simd;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    public void Normal(Tensor x, RandomStream stream)
    {
        var job = new NormalJob(F(x), x.Elements, stream);
        workers.Run(Parts(x.Elements, ElementGrain), ref job);
    }

    public void Uniform(Tensor x, RandomStream stream)
    {
        var job = new UniformJob(F(x), x.Elements, stream);
        workers.Run(Parts(x.Elements, ElementGrain), ref job);
    }

    public void FrequencyFeatures(Tensor y, Tensor x, Tensor frequencies)
    {
        int rows = checked((int)x.Elements), count = checked((int)frequencies.Elements);
        var job = new FrequencyJob(F(y), F(x), F(frequencies), rows, count, RowParts(rows, 32 * count));
        workers.Run(job.Parts, ref job);
    }

    /// <summary>
    /// Numbers <paramref name="first"/> to first + count of a stream, for a first that is a multiple of 4. Box-Muller over its words: words (x0, x1) of a block
    /// give numbers 0 and 1, (x2, x3) numbers 2 and 3.
    /// </summary>
    private static void Normals(float* to, long first, long count, RandomStream stream)
    {
        const int Pairs = 64;
        float* u = stackalloc float[Pairs], t = stackalloc float[Pairs];
        for (long i = 0; i < count; i += 2 * Pairs)
        {
            int pairs = (int)Math.Min(Pairs, (count - i + 1) / 2);
            for (int p = 0; p < pairs; p += 2)
            {
                (uint x0, uint x1, uint x2, uint x3) = stream.Block((first + i >> 2) + (p >> 1));
                u[p] = ((x0 >> 8) + 1) * (1f / 16777216f); // (0, 1]
                t[p] = (x1 >> 8) * (1f / 16777216f); // [0, 1)
                u[p + 1] = ((x2 >> 8) + 1) * (1f / 16777216f);
                t[p + 1] = (x3 >> 8) * (1f / 16777216f);
            }

            for (int p = 0; p < pairs; p += V.Width)
            {
                V radius = V.Sqrt(V.Broadcast(-2f) * VectorMath<V>.Log(V.Load(u + p)));
                VectorMath<V>.SinCosTurns(V.Load(t + p), out V sine, out V cosine);
                V.Store(u + p, radius * cosine);
                V.Store(t + p, radius * sine);
            }

            for (int p = 0; p < pairs; p++)
            {
                to[i + 2 * p] = u[p];
                if (i + 2 * p + 1 < count) to[i + 2 * p + 1] = t[p];
            }
        }
    }

    private readonly struct NormalJob(float* x, long count, RandomStream stream) : IParallelJob
    {
        public void Run(int part)
        {
            long begin = (long)part * ElementGrain;
            Normals(x + begin, begin, Math.Min(count - begin, ElementGrain), stream);
        }
    }

    private readonly struct UniformJob(float* x, long count, RandomStream stream) : IParallelJob
    {
        public void Run(int part)
        {
            long begin = (long)part * ElementGrain, end = Math.Min(count, begin + ElementGrain);
            for (long i = begin; i < end; i++) x[i] = (stream.Word(i) >> 8) * (1f / 16777216f);
        }
    }

    private readonly struct FrequencyJob(float* y, float* x, float* frequencies, int rows, int count, int parts) : IParallelJob
    {
        public int Parts => parts;

        public void Run(int part)
        {
            (int begin, int end) = Range(part, parts, rows);
            for (int r = begin; r < end; r++)
            {
                float* row = y + (long)r * (2 * count + 1);
                for (int f = 0; f < count; f++) (row[f], row[count + f]) = MathF.SinCos(frequencies[f] * x[r]);
                row[2 * count] = x[r];
            }
        }
    }
}
