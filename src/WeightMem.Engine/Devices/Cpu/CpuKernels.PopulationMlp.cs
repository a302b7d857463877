using WeightMem.Engine.Devices.Cpu.Simd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>
/// Many small networks on shared images. The first layers of a group of networks are one matrix product, units by images; everything
/// after it runs in the cache with the images along the lanes, down to the error bits, so no later activation reaches memory.
/// </summary>
internal sealed unsafe partial class CpuKernels<V>
{
    /// <summary>Images per tile: a multiple of 64, so that tiles share no mask word.</summary>
    private const int ImageTile = 256;

    /// <summary>Floats that the first layer's outputs of one group may take: about what the last-level cache holds.</summary>
    private const long GroupFloats = 2_000_000;

    public void PopulationMlp(Tensor wrong, Tensor losses, Tensor weights, Tensor images, Tensor labels, ReadOnlySpan<int> widths)
    {
        int count = weights.Shape[0], parameters = weights.Shape[1], n = images.Shape[0], inputs = widths[0], first = widths[1];
        int group = (int)Math.Clamp(GroupFloats / ((long)first * n), 1, count), tiles = (n + ImageTile - 1) / ImageTile;
        Device device = weights.Device;
        using Tensor units = device.Persistent((group * first, inputs), DType.F32);
        using Tensor outputs = device.Persistent((group * first, n), DType.F32);
        using Tensor partial = device.Persistent(group * tiles, DType.F64);
        fixed (int* sizes = widths)
        {
            for (int start = 0; start < count; start += group)
            {
                int networks = Math.Min(group, count - start);
                float* rows = F(weights) + (long)start * parameters;
                for (int k = 0; k < networks; k++)
                {
                    new ReadOnlySpan<float>(rows + (long)k * parameters, first * inputs)
                        .CopyTo(new Span<float>(F(units) + (long)k * first * inputs, first * inputs));
                }

                Gemm(
                    MatrixView.Strided(outputs, networks * first, n, 0, n),
                    MatrixView.Strided(units, networks * first, inputs, 0, inputs),
                    MatrixView.Of(images).Transposed);

                int words = (n + 63) / 64;
                var job = new PopulationJob(
                    (ulong*)wrong.Address + (long)start * words, (double*)partial.Address, F(outputs), rows, (int*)labels.Address,
                    sizes, widths.Length, parameters, n, words, tiles);
                workers.Run(networks * tiles, ref job);
                for (int k = 0; k < networks; k++)
                {
                    double sum = 0;
                    for (int t = 0; t < tiles; t++) sum += ((double*)partial.Address)[k * tiles + t];
                    F(losses)[start + k] = (float)(sum / n);
                }
            }
        }
    }

    private readonly struct PopulationJob(
        ulong* wrong, double* partial, float* outputs, float* rows, int* labels, int* widths, int depth, int parameters, int n, int words, int tiles)
        : IParallelJob
    {
        public void Run(int part)
        {
            int network = part / tiles, tile = part % tiles, begin = tile * ImageTile, count = Math.Min(ImageTile, n - begin);
            int widest = 0;
            for (int i = 1; i < depth; i++) widest = Math.Max(widest, widths[i]);
            float* from = Scratch.Floats(2L * widest * ImageTile), to = from + (long)widest * ImageTile;

            // The first layer's products are there; its bias and the ReLU are not.
            float* parametersAt = rows + (long)network * parameters + (long)widths[0] * widths[1];
            for (int u = 0; u < widths[1]; u++)
            {
                V bias = V.Broadcast(parametersAt[u]);
                float* source = outputs + ((long)network * widths[1] + u) * n + begin, target = from + (long)u * ImageTile;
                for (int i = 0; i < count; i += V.Width)
                {
                    V sum = V.Load(source + i, Math.Min(V.Width, count - i)) + bias;
                    V.Store(target + i, depth > 2 ? V.Max(V.Zero, sum) : sum);
                }
            }

            parametersAt += widths[1];
            for (int layer = 2; layer < depth; layer++)
            {
                int inputs = widths[layer - 1], outputsOf = widths[layer];
                float* bias = parametersAt + (long)inputs * outputsOf;
                for (int i = 0; i < count; i += V.Width)
                {
                    for (int u = 0; u < outputsOf; u++)
                    {
                        float* weight = parametersAt + (long)u * inputs;
                        V sum = V.Broadcast(bias[u]);
                        for (int k = 0; k < inputs; k++)
                            sum = V.MultiplyAdd(V.Broadcast(weight[k]), V.Load(from + (long)k * ImageTile + i), sum);
                        V.Store(to + (long)u * ImageTile + i, layer < depth - 1 ? V.Max(V.Zero, sum) : sum);
                    }
                }

                parametersAt = bias + outputsOf;
                float* last = from;
                from = to;
                to = last;
            }

            partial[part] = Judge(from, to, widths[depth - 1], begin, count, wrong + (long)network * words + begin / 64);
        }

        /// <summary>Error bits and the sum of cross-entropies of one tile of logits, classes by images.</summary>
        private double Judge(float* logits, float* scratch, int classes, int begin, int count, ulong* bits)
        {
            double loss = 0;
            for (int i = 0; i < count; i += V.Width)
            {
                int lanes = Math.Min(V.Width, count - i);
                V best = V.Load(logits + i), bestClass = V.Zero;
                for (int c = 1; c < classes; c++)
                {
                    V logit = V.Load(logits + (long)c * ImageTile + i);
                    bestClass = V.SelectLess(best, logit, V.Broadcast(c), bestClass);
                    best = V.SelectLess(best, logit, logit, best);
                }

                V sum = V.Zero;
                for (int c = 0; c < classes; c++) sum += VectorMath<V>.Exp(V.Load(logits + (long)c * ImageTile + i) - best);
                V.Store(scratch + i, bestClass);
                V logSum = VectorMath<V>.Log(sum) + best;
                float* sums = scratch + ImageTile;
                V.Store(sums, logSum);
                for (int lane = 0; lane < lanes; lane++)
                    loss += sums[lane] - logits[(long)labels[begin + i + lane] * ImageTile + i + lane];
            }

            for (int w = 0; w * 64 < count; w++)
            {
                ulong word = 0;
                int bitsHere = Math.Min(64, count - w * 64);
                for (int b = 0; b < bitsHere; b++)
                {
                    if ((int)scratch[w * 64 + b] != labels[begin + w * 64 + b]) word |= 1UL << b;
                }

                bits[w] = word;
            }

            return loss;
        }
    }
}
