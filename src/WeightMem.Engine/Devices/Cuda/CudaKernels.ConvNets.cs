using WeightMem.Cuda;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Kernels;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    private const int ConvNetThreads = 128;

    /// <summary>Images of a block in training: fewer would leave more partial gradients to add up.</summary>
    private const int ConvNetGroup = 8;

    public void PopulationConvNet(Tensor wrong, Tensor losses, Tensor weights, Tensor images, Tensor labels, ConvNet net)
    {
        const int Tile = 64;
        int count = weights.Shape[0], n = images.Shape[0], tiles = (n + Tile - 1) / Tile;
        if (count == 0 || n == 0) return;
        NetSizes sizes = NetSizes.Of(net);
        uint shared = (uint)(sizeof(float) * (net.Parameters + net.Features + 2 * sizes.Values));
        RequireShared(net, shared);
        Allow(programs.Convnets.ConvnetEvaluateFunction, shared);
        DevicePointer<double> partial = Scratch<double>((long)count * tiles);
        programs.Convnets.ConvnetEvaluate(
            stream, new LaunchConfig(new Dim3((uint)tiles, (uint)count), ConvNetThreads, shared), new DevicePointer<ulong>((ulong)wrong.Address), partial, F(weights),
            F(images), I(labels), n, sizes);
        programs.Population.PopulationLosses(stream, LaunchConfig.For(count), F(losses), partial, count, tiles, n);
    }

    public void PopulationConvNetLogits(Tensor logits, Tensor weights, Tensor images, ConvNet net)
    {
        const int Tile = 16;
        int count = weights.Shape[0], n = images.Shape[0];
        if (count == 0 || n == 0) return;
        NetSizes sizes = NetSizes.Of(net);
        uint shared = (uint)(sizeof(float) * (net.Parameters + net.Features + 2 * sizes.Values));
        RequireShared(net, shared);
        Allow(programs.Convnets.ConvnetLogitsFunction, shared);
        var grid = new Dim3((uint)((n + Tile - 1) / Tile), (uint)count);
        programs.Convnets.ConvnetLogits(stream, new LaunchConfig(grid, ConvNetThreads, shared), F(logits), F(weights), F(images), n, sizes);
    }

    public void PopulationConvNetGradient(
        Tensor gradient, Tensor losses, Tensor logits, Tensor weights, Tensor images, Tensor index, Tensor labels, ConvNet net)
    {
        int count = weights.Shape[0], batch = labels.Shape[1], groups = (batch + ConvNetGroup - 1) / ConvNetGroup;
        if (count == 0) return;
        NetSizes sizes = NetSizes.Of(net);
        uint shared = (uint)(sizeof(float) * (2 * net.Parameters + net.Features + 3 * sizes.Values + 2 * sizes.Widest));
        RequireShared(net, shared);
        Allow(programs.Convnets.ConvnetGradientFunction, shared);

        // Doubles first: they are aligned to themselves.
        DevicePointer<double> lossOfGroup = Scratch<double>((long)count * groups + ((long)count * groups * net.Parameters + 1) / 2);
        DevicePointer<float> partial = (lossOfGroup + (long)count * groups).As<float>();
        programs.Convnets.ConvnetGradient(
            stream, new LaunchConfig(new Dim3((uint)groups, (uint)count), ConvNetThreads, shared), partial, lossOfGroup, F(logits), F(weights), F(images), I(index),
            I(labels), batch, ConvNetGroup, index.Shape[0] == 1 ? 0 : batch, sizes);
        long elements = (long)count * net.Parameters;
        programs.Convnets.ConvnetSum(stream, LaunchConfig.For(elements), F(gradient), partial, elements, groups, net.Parameters);
        programs.Population.PopulationLosses(stream, LaunchConfig.For(count), F(losses), lossOfGroup, count, groups, batch);
    }

    private void RequireShared(ConvNet net, uint shared)
    {
        int most = stream.Context.Properties.SharedBytesPerBlockOptIn;
        if (shared > most)
            throw new NotSupportedException($"networks of {net.Parameters} parameters on {net.Height} x {net.Width} images take {shared} bytes of this GPU's {most} bytes of shared memory");
    }
}
