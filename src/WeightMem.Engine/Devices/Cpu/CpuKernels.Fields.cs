using WeightMem.Engine.Devices.Cpu.Simd;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>Occupancy fields: whole networks on tiles of points that stay in the cache, forward and backward.</summary>
internal sealed unsafe partial class CpuKernels<V>
{
    /// <summary>Points per tile of the forward pass.</summary>
    private const int FieldTile = 256;

    public void FieldLogits(Tensor logits, Tensor weights, Tensor points, FieldNet net)
    {
        int count = weights.Shape[0], n = points.Shape[1], tiles = Parts(n, FieldTile);
        var job = new FieldPointsJob(F(logits), F(weights), F(points), points.Shape[0] == 1 ? 0 : 3L * n, n, tiles, net);
        workers.Run(count * tiles, ref job);
    }

    public void FieldGridLogits(Tensor logits, Tensor weights, Tensor x, Tensor y, Tensor z, FieldNet net)
    {
        var job = new FieldGridJob(F(logits), F(weights), F(x), F(y), F(z), x.Shape[0], y.Shape[0], z.Shape[0], net);
        workers.Run(weights.Shape[0] * x.Shape[0], ref job);
    }

    public void FieldGradient(Tensor gradient, Tensor losses, Tensor weights, Tensor points, Tensor inside, Tensor index, FieldNet net)
    {
        int count = weights.Shape[0], batch = index.Shape[1], tile = FieldGradientJob.Tile(net), tiles = Parts(batch, tile);
        Device device = weights.Device;
        using Tensor partial = device.Persistent((count * tiles, net.Parameters), DType.F32);
        using Tensor sums = device.Persistent(count * tiles, DType.F64);
        var job = new FieldGradientJob(
            F(partial), (double*)sums.Address, F(weights), F(points), F(inside), (int*)index.Address, points.Shape[1], batch, tiles, net);
        workers.Run(count * tiles, ref job);
        var reduction = new FieldReduction(F(gradient), F(losses), F(partial), (double*)sums.Address, tiles, net.Parameters);
        workers.Run(count, ref reduction);
    }

    private static int RoundUp(int count, int block) => (count + block - 1) / block * block;

    /// <summary>All layers from the second on; x holds the first one's outputs. Returns the row of logits.</summary>
    private static float* LaterLayers(float* x, float* y, float* row, FieldNet net, int stride, int count)
    {
        for (int layer = 1; layer <= net.Hidden; layer++)
        {
            float* weight = row + net.Offset(layer);
            int outputs = net.Outputs(layer);
            FieldLayers<V>.Multiply(y, x, weight, weight + (long)outputs * net.Width, net.Width, outputs, net.Width, stride, count, layer < net.Hidden);
            float* last = x;
            x = y;
            y = last;
        }

        return x;
    }

    /// <summary>The features of points that lie as rows of coordinates.</summary>
    private static void EncodePoints(float* features, float* coordinates, int stride, int count)
    {
        for (int d = 0; d < 3; d++) FieldLayers<V>.Encode(features + (long)d * stride, coordinates + (long)d * stride, 3L * stride, count);
    }

    private readonly struct FieldPointsJob(float* logits, float* weights, float* points, long pointStride, int n, int tiles, FieldNet net) : IParallelJob
    {
        public void Run(int part)
        {
            int network = part / tiles, begin = part % tiles * FieldTile, count = Math.Min(FieldTile, n - begin), padded = RoundUp(count, FieldLayers<V>.Block);
            float* coordinates = Scratch.Floats((3L + FieldNet.Features + 2 * net.Width) * FieldTile), features = coordinates + 3 * FieldTile;
            float* a = features + FieldNet.Features * FieldTile, b = a + (long)net.Width * FieldTile;
            float* from = points + network * pointStride + 3L * begin, row = weights + (long)network * net.Parameters;
            for (int p = 0; p < padded; p++)
            {
                for (int d = 0; d < 3; d++) coordinates[d * FieldTile + p] = p < count ? from[3 * p + d] : 0;
            }

            EncodePoints(features, coordinates, FieldTile, padded);
            FieldLayers<V>.Multiply(
                a, features, row, row + (long)FieldNet.Features * net.Width, FieldNet.Features, net.Width, FieldNet.Features, FieldTile, padded, true);
            float* found = LaterLayers(a, b, row, net, FieldTile, padded);
            new ReadOnlySpan<float>(found, count).CopyTo(new Span<float>(logits + (long)network * n + begin, count));
        }
    }

    /// <summary>One part is one network's plane of nodes at one x.</summary>
    private readonly struct FieldGridJob(float* logits, float* weights, float* x, float* y, float* z, int nx, int ny, int nz, FieldNet net) : IParallelJob
    {
        public void Run(int part)
        {
            int network = part / nx, ix = part % nx, width = net.Width, py = RoundUp(ny, FieldLayers<V>.Block), pz = RoundUp(nz, FieldLayers<V>.Block);
            int longest = Math.Max(py, pz), plane = ny * nz, block = FieldLayers<V>.Block;
            float* row = weights + (long)network * net.Parameters, bias = row + (long)FieldNet.Features * width;
            float* atX = Scratch.Floats((long)width * (block + py + pz + 2 * FieldTile) + (long)(FieldNet.AxisFeatures + 1) * longest + FieldNet.AxisFeatures * width);
            float* atY = atX + (long)width * block, atZ = atY + (long)width * py, a = atZ + (long)width * pz, b = a + (long)width * FieldTile;
            float* features = b + (long)width * FieldTile, axis = features + (long)FieldNet.AxisFeatures * longest, axisWeights = axis + longest;
            AxisTable(atX, x + ix, 1, block, 0, bias);
            AxisTable(atY, y, ny, py, 1, null);
            AxisTable(atZ, z, nz, pz, 2, null);
            for (int begin = 0; begin < plane; begin += FieldTile)
            {
                int count = Math.Min(FieldTile, plane - begin), padded = RoundUp(count, block);
                for (int u = 0; u < width; u++)
                {
                    float* to = a + (long)u * FieldTile;
                    for (int p = 0; p < count;)
                    {
                        int iy = (begin + p) / nz, iz = (begin + p) % nz, run = Math.Min(nz - iz, count - p);
                        V sum = V.Broadcast(atX[(long)u * block] + atY[(long)u * py + iy]);
                        float* from = atZ + (long)u * pz + iz;
                        int i = 0;
                        for (; i + V.Width <= run; i += V.Width) V.Store(to + p + i, V.Max(V.Zero, V.Load(from + i) + sum));
                        if (i < run) V.Store(to + p + i, run - i, V.Max(V.Zero, V.Load(from + i, run - i) + sum));
                        p += run;
                    }

                    for (int p = count; p < padded; p++) to[p] = 0;
                }

                float* found = LaterLayers(a, b, row, net, FieldTile, padded);
                new ReadOnlySpan<float>(found, count).CopyTo(new Span<float>(logits + ((long)network * nx + ix) * plane + begin, count));
            }

            void AxisTable(float* table, float* nodes, int count, int stride, int d, float* bias)
            {
                for (int i = 0; i < stride; i++) axis[i] = i < count ? nodes[i] : 0;
                FieldLayers<V>.Encode(features, axis, stride, stride);
                for (int u = 0; u < width; u++)
                {
                    for (int j = 0; j < FieldNet.AxisFeatures; j++) axisWeights[u * FieldNet.AxisFeatures + j] = row[(long)u * FieldNet.Features + 3 * j + d];
                }

                FieldLayers<V>.Multiply(table, features, axisWeights, bias, FieldNet.AxisFeatures, width, FieldNet.AxisFeatures, stride, stride, false);
            }
        }
    }

    /// <summary>One part is one network on one tile of its minibatch.</summary>
    private readonly struct FieldGradientJob(
        float* gradient, double* losses, float* weights, float* points, float* inside, int* index, int samples, int batch, int tiles, FieldNet net) : IParallelJob
    {
        /// <summary>Points per tile: what keeps every layer's units and slopes within a core's cache.</summary>
        public static int Tile(FieldNet net) => net.Width <= 64 ? 512 : 256;

        public void Run(int part)
        {
            int network = part / tiles, tile = Tile(net), begin = part % tiles * tile, count = Math.Min(tile, batch - begin), width = net.Width;
            int padded = RoundUp(count, FieldLayers<V>.Block);
            long layerSize = (long)width * tile;
            float* coordinates = Scratch.Floats((4L + FieldNet.Features) * tile + (net.Hidden + 2) * layerSize + (long)width * width);
            float* labels = coordinates + 3L * tile, features = labels + tile, units = features + (long)FieldNet.Features * tile;
            float* slope = units + net.Hidden * layerSize, other = slope + layerSize, turned = other + layerSize;
            float* row = weights + (long)network * net.Parameters, into = gradient + (long)part * net.Parameters;
            int* chosen = index + (long)network * batch + begin;
            for (int p = 0; p < padded; p++)
            {
                long sample = (long)network * samples + chosen[Math.Min(p, count - 1)];
                for (int d = 0; d < 3; d++) coordinates[(long)d * tile + p] = points[3 * sample + d];
                labels[p] = inside[sample];
            }

            EncodePoints(features, coordinates, tile, padded);
            for (int layer = 0; layer <= net.Hidden; layer++)
            {
                int inputs = net.Inputs(layer), outputs = net.Outputs(layer);
                float* weight = row + net.Offset(layer), y = layer == net.Hidden ? slope : units + layer * layerSize;
                FieldLayers<V>.Multiply(y, Input(layer), weight, weight + (long)outputs * inputs, inputs, outputs, inputs, tile, padded, layer < net.Hidden);
            }

            losses[part] = Slopes(slope, labels, count, padded);
            for (int layer = net.Hidden; layer >= 0; layer--)
            {
                int inputs = net.Inputs(layer), outputs = net.Outputs(layer), offset = net.Offset(layer);
                float* x = Input(layer);
                FieldLayers<V>.Products(into + offset, slope, x, outputs, inputs, inputs, tile, padded);
                for (int o = 0; o < outputs; o++) into[offset + (long)outputs * inputs + o] = FieldLayers<V>.Total(slope + (long)o * tile, padded);
                if (layer == 0) break;
                float* weight = row + offset;
                for (int i = 0; i < inputs; i++)
                {
                    for (int o = 0; o < outputs; o++) turned[i * outputs + o] = weight[(long)o * inputs + i];
                }

                FieldLayers<V>.Multiply(other, slope, turned, null, outputs, inputs, outputs, tile, padded, false);
                for (int i = 0; i < inputs; i++)
                {
                    float* s = other + (long)i * tile, unit = x + (long)i * tile;
                    for (int p = 0; p < padded; p += V.Width) V.Store(s + p, V.SelectLess(V.Zero, V.Load(unit + p), V.Load(s + p), V.Zero));
                }

                float* last = slope;
                slope = other;
                other = last;
            }

            float* Input(int layer) => layer == 0 ? features : units + (layer - 1) * layerSize;
        }

        /// <summary>Turns logits into the loss's slopes, zero in the lanes that pad; returns the loss.</summary>
        private static double Slopes(float* logits, float* labels, int count, int padded)
        {
            V sum = V.Zero, one = V.Broadcast(1);
            for (int p = 0; p < padded; p += V.Width)
            {
                int lanes = Math.Clamp(count - p, 0, V.Width);
                V x = V.Load(logits + p), label = V.Load(labels + p), far = VectorMath<V>.Exp(V.Zero - V.Abs(x));
                V loss = V.MultiplyAdd(V.Zero - x, label, V.Max(V.Zero, x)) + VectorMath<V>.Log(one + far), slope = VectorMath<V>.Sigmoid(x) - label;
                if (lanes < V.Width)
                {
                    V.Store(logits + p, loss);
                    loss = V.Load(logits + p, lanes);
                    V.Store(logits + p, slope);
                    slope = V.Load(logits + p, lanes);
                }

                sum += loss;
                V.Store(logits + p, slope);
            }

            return V.Sum(sum);
        }
    }

    private readonly struct FieldReduction(float* gradient, float* losses, float* partial, double* sums, int tiles, int parameters) : IParallelJob
    {
        public void Run(int part)
        {
            float* to = gradient + (long)part * parameters, from = partial + (long)part * tiles * parameters;
            double loss = 0;
            for (int t = 0; t < tiles; t++) loss += sums[part * tiles + t];
            losses[part] = (float)loss;
            for (int i = 0; i < parameters; i += V.Width)
            {
                int lanes = Math.Min(V.Width, parameters - i);
                V sum = V.Load(from + i, lanes);
                for (int t = 1; t < tiles; t++) sum += V.Load(from + (long)t * parameters + i, lanes);
                V.Store(to + i, lanes, sum);
            }
        }
    }
}
