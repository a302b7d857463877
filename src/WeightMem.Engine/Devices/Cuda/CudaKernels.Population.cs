using WeightMem.Cuda;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Kernels;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    private const int ImagesOfTile = 64;

    public void PopulationMlp(Tensor wrong, Tensor losses, Tensor weights, Tensor images, Tensor labels, ReadOnlySpan<int> widths)
    {
        const int Groups = 4, Chunk = 32;
        int count = weights.Shape[0], n = images.Shape[0], tiles = (n + ImagesOfTile - 1) / ImagesOfTile, widest = 0;
        if (count == 0 || n == 0) return;
        for (int i = 1; i < widths.Length; i++) widest = Math.Max(widest, widths[i]);
        long shared = sizeof(float) * (Chunk * (ImagesOfTile + 1) + widest * (Chunk + 1L) + 2L * widest * (ImagesOfTile + 1));
        DevicePointer<double> partial = Scratch<double>((long)count * tiles);
        if (widths.Length > WidthValues.Most || shared > MostShared)
        {
            PopulationMlpByProducts(wrong, partial, weights, images, labels, widths, widest);
        }
        else
        {
            var layers = new Widths { Count = widths.Length };
            for (int i = 0; i < widths.Length; i++) layers.Value[i] = widths[i];
            Allow(programs.Population.PopulationMlpFunction, (uint)shared);
            programs.Population.PopulationMlp(
                stream, new LaunchConfig(new Dim3((uint)tiles, (uint)count), ImagesOfTile * Groups, (uint)shared), U64Out(wrong), partial, F(weights), F(images), I(labels), n,
                weights.Shape[1], layers, widest);
        }

        programs.Population.PopulationLosses(stream, LaunchConfig.For(count), F(losses), partial, count, tiles, n);
    }

    // Networks whose layers do not fit in shared memory go layer by layer through matrix products, as many networks and images at a time as the budget holds.
    private void PopulationMlpByProducts(
        Tensor wrong, DevicePointer<double> partial, Tensor weights, Tensor images, Tensor labels, ReadOnlySpan<int> widths, int widest)
    {
        const long Budget = 64L << 20; // values of the layers' outputs; two of them are alive
        const int MostBlocks = 65535; // of a grid along y
        int count = weights.Shape[0], n = images.Shape[0], tiles = (n + ImagesOfTile - 1) / ImagesOfTile, parameters = weights.Shape[1];
        int networks = (int)Math.Clamp(Budget / ((long)widest * ImagesOfTile), 1, Math.Min(count, MostBlocks));
        int step = (int)Math.Clamp(Budget / ((long)widest * ImagesOfTile * networks), 1, tiles) * ImagesOfTile;
        using Scope scope = weights.Device.Scope();
        int most = checked(networks * Math.Min(step, n) * widest);
        Tensor[] outputs = [weights.Device.Empty(most), weights.Device.Empty(most)];
        for (int network = 0; network < count; network += networks)
        {
            int some = Math.Min(networks, count - network);
            for (int start = 0; start < n; start += step)
            {
                int rows = Math.Min(step, n - start);
                MatrixView values = MatrixView.Strided(images, rows, widths[0], (long)start * widths[0], widths[0]);
                long at = (long)network * parameters;
                for (int layer = 1; layer < widths.Length; layer++)
                {
                    int from = widths[layer - 1], to = widths[layer];
                    MatrixView next = MatrixView.Strided(outputs[layer % 2], rows, to, 0, to, some, (long)rows * to);
                    MatrixView weight = MatrixView.Strided(weights, to, from, at, from, some, parameters);
                    Product(next, values, weight.Transposed, alpha: 1, beta: 0, bias: null, float32: true);
                    at += (long)from * to;
                    long elements = (long)some * rows * to;
                    programs.Population.PopulationBias(
                        stream, LaunchConfig.For(elements), F(outputs[layer % 2]), F(weights) + at, elements, rows, to, parameters, Flag(layer == widths.Length - 1));
                    at += to;
                    values = next;
                }

                var grid = new Dim3((uint)((rows + ImagesOfTile - 1) / ImagesOfTile), (uint)some);
                programs.Population.PopulationOutcome(
                    stream, new LaunchConfig(grid, ImagesOfTile), U64Out(wrong) + (long)network * tiles, partial + (long)network * tiles,
                    F(outputs[(widths.Length - 1) % 2]), I(labels) + start, rows, widths[^1], start / ImagesOfTile, tiles);
            }
        }
    }

    private static DevicePointer<ulong> U64Out(Tensor t) => new((ulong)t.Address);
}
