using WeightMem.Cuda;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Kernels;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    // As in fields.cu.
    private const int FieldTile = 64, FieldBatchTile = 32, FieldThreads = 256;

    /// <summary>Tiles of a minibatch that one block adds up: fewer would leave more partial gradients.</summary>
    private const int FieldTilesOfBlock = 8;

    public void FieldLogits(Tensor logits, Tensor weights, Tensor points, FieldNet net)
    {
        int n = points.Shape[1];
        LaunchLogits(logits, weights, F(points), points.Shape[0] == 1 ? 0 : 3L * n, F(points), F(points), n, 0, 1, net);
    }

    public void FieldGridLogits(Tensor logits, Tensor weights, Tensor x, Tensor y, Tensor z, FieldNet net) =>
        LaunchLogits(logits, weights, F(x), 0, F(y), F(z), x.Elements * y.Elements * z.Elements, y.Shape[0], z.Shape[0], net);

    public void FieldGradient(Tensor gradient, Tensor losses, Tensor weights, Tensor points, Tensor inside, Tensor index, FieldNet net)
    {
        int count = weights.Shape[0], batch = index.Shape[1], tiles = (batch + FieldBatchTile - 1) / FieldBatchTile;
        if (count == 0) return;
        int per = Math.Min(FieldTilesOfBlock, tiles), blocks = (tiles + per - 1) / per, widest = Math.Max(net.Width, FieldNet.Features);
        uint shared = (uint)(sizeof(float) * (FieldBatchTile + 1) * (FieldNet.Features + net.Hidden * net.Width + 2 * widest));
        RequireShared(net, shared);
        Allow(programs.Fields.FieldGradientFunction, shared);

        // Doubles first: they are aligned to themselves.
        DevicePointer<double> lossOfBlock = Scratch<double>((long)count * blocks + ((long)count * blocks * net.Parameters + 1) / 2);
        DevicePointer<float> partial = (lossOfBlock + (long)count * blocks).As<float>();
        programs.Fields.FieldGradient(
            stream, new LaunchConfig(new Dim3((uint)blocks, (uint)count), FieldThreads, shared), partial, lossOfBlock, F(weights), F(points), F(inside), I(index),
            points.Shape[1], batch, per, FieldSizes.Of(net));
        long elements = (long)count * net.Parameters;
        programs.Convnets.ConvnetSum(stream, LaunchConfig.For(elements), F(gradient), partial, elements, blocks, net.Parameters);
        programs.Population.PopulationLosses(stream, LaunchConfig.For(count), F(losses), lossOfBlock, count, blocks, 1); // their sum
    }

    private void LaunchLogits(
        Tensor logits, Tensor weights, DevicePointer<float> points, long stride, DevicePointer<float> y, DevicePointer<float> z, long n, int ny, int nz, FieldNet net)
    {
        int count = weights.Shape[0];
        if (count == 0 || n == 0) return;
        uint shared = (uint)(sizeof(float) * 2 * (FieldTile + 1) * Math.Max(net.Width, FieldNet.Features));
        RequireShared(net, shared);
        Allow(programs.Fields.FieldLogitsFunction, shared);
        var grid = new Dim3((uint)((n + FieldTile - 1) / FieldTile), (uint)count);
        programs.Fields.FieldLogits(
            stream, new LaunchConfig(grid, FieldThreads, shared), F(logits), F(weights), points, stride, y, z, n, ny, nz, FieldSizes.Of(net));
    }

    private void RequireShared(FieldNet net, uint shared)
    {
        int most = stream.Context.Properties.SharedBytesPerBlockOptIn;
        if (shared > most)
            throw new NotSupportedException($"fields of {net.Hidden} x {net.Width} units take {shared} bytes of this GPU's {most} bytes of shared memory");
    }
}
