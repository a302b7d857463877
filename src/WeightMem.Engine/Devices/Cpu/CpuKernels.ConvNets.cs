using WeightMem.Engine.Devices.Cpu.Simd;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>
/// Many small convolutional networks. The lanes of a register are images, so a weight is broadcast and nothing is rearranged for a convolution; a tile of so many
/// images goes through a whole network in the cache, and convolutions are pooled in registers before they are stored.
/// </summary>
internal sealed unsafe partial class CpuKernels<V>
{
    /// <summary>Images that one part of an evaluation takes: a multiple of 64, so that parts share no mask word.</summary>
    private const int ConvNetImages = 256;

    public void PopulationConvNet(Tensor wrong, Tensor losses, Tensor weights, Tensor images, Tensor labels, ConvNet net)
    {
        int count = weights.Shape[0], n = images.Shape[0], tiles = (n + V.Width - 1) / V.Width, chunks = (n + ConvNetImages - 1) / ConvNetImages;
        Device device = weights.Device;
        using Tensor lanes = device.Persistent((tiles, net.Features * V.Width), DType.F32);
        using Tensor partial = device.Persistent((count, chunks), DType.F64);
        var spread = new SpreadJob(F(lanes), F(images), n, net.Features);
        workers.Run(tiles, ref spread);
        var job = new ConvNetJob(
            (ulong*)wrong.Address, (double*)partial.Address, F(weights), F(lanes), (int*)labels.Address, net, count, n, (n + 63) / 64, chunks);
        workers.Run(checked(count * chunks), ref job);
        for (int k = 0; k < count; k++)
        {
            double sum = 0;
            for (int c = 0; c < chunks; c++) sum += ((double*)partial.Address)[k * chunks + c];
            F(losses)[k] = (float)(sum / n);
        }
    }

    public void PopulationConvNetLogits(Tensor logits, Tensor weights, Tensor images, ConvNet net)
    {
        int count = weights.Shape[0], n = images.Shape[0], tiles = (n + V.Width - 1) / V.Width;
        using Tensor lanes = weights.Device.Persistent((tiles, net.Features * V.Width), DType.F32);
        var spread = new SpreadJob(F(lanes), F(images), n, net.Features);
        workers.Run(tiles, ref spread);
        var job = new ConvNetLogitsJob(F(logits), F(weights), F(lanes), net, n, tiles);
        workers.Run(checked(count * tiles), ref job);
    }

    public void PopulationConvNetGradient(
        Tensor gradient, Tensor losses, Tensor logits, Tensor weights, Tensor images, Tensor index, Tensor labels, ConvNet net)
    {
        int count = weights.Shape[0], batch = labels.Shape[1];
        var job = new ConvNetGradientJob(
            F(gradient), F(losses), F(logits), F(weights), F(images), (int*)index.Address, (int*)labels.Address, net, batch, index.Shape[0] == 1 ? 0 : batch);
        workers.Run(count, ref job);
    }

    /// <summary>Images along the lanes: <c>[tile, feature, lane]</c>, so that all networks find them as they need them. Missing lanes are zero.</summary>
    private readonly struct SpreadJob(float* lanes, float* images, int n, int features) : IParallelJob
    {
        public void Run(int tile)
        {
            float* to = lanes + (long)tile * features * V.Width;
            for (int lane = 0; lane < V.Width; lane++)
            {
                int image = tile * V.Width + lane;
                float* from = images + (long)image * features;
                for (int f = 0; f < features; f++) to[f * V.Width + lane] = image < n ? from[f] : 0;
            }
        }
    }

    /// <summary>One network on one chunk of images; networks follow each other on a chunk, which stays in the cache.</summary>
    private readonly struct ConvNetJob(
        ulong* wrong, double* partial, float* weights, float* lanes, int* labels, ConvNet net, int count, int n, int words, int chunks) : IParallelJob
    {
        public void Run(int part)
        {
            int chunk = part / count, network = part % count, begin = chunk * ConvNetImages, end = Math.Min(n, begin + ConvNetImages);
            float* row = weights + (long)network * net.Parameters;
            var tile = new ConvNetTile(net, forTraining: false);
            float* best = stackalloc float[V.Width], sums = stackalloc float[V.Width];
            ulong* bits = wrong + (long)network * words;
            double loss = 0;
            ulong word = 0;
            for (int first = begin; first < end; first += V.Width)
            {
                float* logits = tile.Forward(row, lanes + (long)(first / V.Width) * net.Features * V.Width);
                V top = V.Load(logits), which = V.Zero, total = V.Zero;
                for (int c = 1; c < net.Classes; c++)
                {
                    V logit = V.Load(logits + c * V.Width);
                    which = V.SelectLess(top, logit, V.Broadcast(c), which);
                    top = V.SelectLess(top, logit, logit, top);
                }

                for (int c = 0; c < net.Classes; c++) total += VectorMath<V>.Exp(V.Load(logits + c * V.Width) - top);
                V.Store(best, which);
                V.Store(sums, VectorMath<V>.Log(total) + top);
                for (int lane = 0; lane < V.Width && first + lane < end; lane++)
                {
                    int image = first + lane, label = labels[image];
                    loss += sums[lane] - logits[label * V.Width + lane];
                    if ((int)best[lane] != label) word |= 1UL << (image & 63);
                    if ((image & 63) != 63 && image != end - 1) continue;
                    bits[image >> 6] = word;
                    word = 0;
                }
            }

            partial[network * chunks + chunk] = loss;
        }
    }

    private readonly struct ConvNetLogitsJob(float* logits, float* weights, float* lanes, ConvNet net, int n, int tiles) : IParallelJob
    {
        public void Run(int part)
        {
            int network = part / tiles, tile = part % tiles, first = tile * V.Width;
            float* found = new ConvNetTile(net, forTraining: false).Forward(
                weights + (long)network * net.Parameters, lanes + (long)tile * net.Features * V.Width);
            CopyLogits(logits + ((long)network * n + first) * net.Classes, found, net.Classes, Math.Min(V.Width, n - first));
        }
    }

    /// <summary>Logits of a tile, <c>[class, lane]</c>, to <c>[image, class]</c>.</summary>
    private static void CopyLogits(float* to, float* found, int classes, int lanes)
    {
        for (int lane = 0; lane < lanes; lane++)
        {
            for (int c = 0; c < classes; c++) to[lane * classes + c] = found[c * V.Width + lane];
        }
    }

    /// <summary>Mean loss, logits and gradient of one network on its own minibatch.</summary>
    private readonly struct ConvNetGradientJob(
        float* gradient, float* losses, float* logits, float* weights, float* images, int* index, int* labels, ConvNet net, int batch, int indexStride) : IParallelJob
    {
        public void Run(int network)
        {
            var tile = new ConvNetTile(net, forTraining: true);
            float* row = weights + (long)network * net.Parameters, slope = stackalloc float[net.Classes * V.Width];
            int* order = index + (long)network * indexStride, label = labels + (long)network * batch;
            double loss = 0;
            tile.ClearGradient();
            for (int first = 0; first < batch; first += V.Width)
            {
                int lanes = Math.Min(V.Width, batch - first);
                float* found = tile.Forward(row, tile.Gather(images, order + first, lanes));
                CopyLogits(logits + ((long)network * batch + first) * net.Classes, found, net.Classes, lanes);
                loss += Slope(slope, found, label + first, lanes);
                tile.Backward(row, slope);
            }

            tile.StoreGradient(gradient + (long)network * net.Parameters);
            losses[network] = (float)(loss / batch);
        }

        /// <summary>slope = (softmax - one-hot) / batch, zero in lanes without an image; returns the sum of cross-entropies.</summary>
        private double Slope(float* slope, float* found, int* label, int lanes)
        {
            float* sums = stackalloc float[V.Width];
            V top = V.Load(found), total = V.Zero;
            for (int c = 1; c < net.Classes; c++) top = V.Max(top, V.Load(found + c * V.Width));
            for (int c = 0; c < net.Classes; c++)
            {
                V e = VectorMath<V>.Exp(V.Load(found + c * V.Width) - top);
                total += e;
                V.Store(slope + c * V.Width, e);
            }

            V scale = V.Broadcast(1f / batch) / total;
            for (int c = 0; c < net.Classes; c++) V.Store(slope + c * V.Width, V.Load(slope + c * V.Width) * scale);
            V.Store(sums, VectorMath<V>.Log(total) + top);
            double loss = 0;
            for (int lane = 0; lane < lanes; lane++)
            {
                loss += sums[lane] - found[label[lane] * V.Width + lane];
                slope[label[lane] * V.Width + lane] -= 1f / batch;
            }

            for (int lane = lanes; lane < V.Width; lane++)
            {
                for (int c = 0; c < net.Classes; c++) slope[c * V.Width + lane] = 0;
            }

            return loss;
        }
    }
}
