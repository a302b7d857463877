using WeightMem.Cuda;
using WeightMem.Cuda.Memory;
using WeightMem.Engine.Kernels;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

/// <summary>Chains, random numbers and losses, and what is done with many networks at once. What a version needs beside its results it allocates.</summary>
internal sealed partial class CudaNotebooks
{
    private const int ImagesOfBlock = 64, MostUnits = 64;

    /// <summary>Activation of x + bias.</summary>
    public void Elementwise(int version, Tensor y, Tensor x, Tensor bias, Activation activation)
    {
        var kernels = new ElementwiseVersionsKernels(programs.Notebook(ElementwiseVersionsKernels.FileName));
        LaunchConfig config = LaunchConfig.For(x.Elements);
        int columns = checked((int)bias.Elements);
        if (version == 2)
        {
            kernels.Elementwise2(stream, config, F(y), F(x), F(bias), x.Elements, columns, (int)activation);
            return;
        }

        kernels.Elementwise1Add(stream, config, F(y), F(x), F(bias), x.Elements, columns);
        kernels.Elementwise1Activate(stream, config, F(y), x.Elements, (int)activation);
    }

    public void Normal(int version, Tensor x, RandomStream numbers)
    {
        var kernels = new RandomVersionsKernels(programs.Notebook(RandomVersionsKernels.FileName));
        if (version == 1) kernels.Random1(stream, LaunchConfig.For(x.Elements), F(x), x.Elements, numbers.Key, numbers.Step);
        else kernels.Random2(stream, LaunchConfig.For((x.Elements + 1) / 2), F(x), x.Elements, numbers.Key, numbers.Step);
    }

    public void CrossEntropy(int version, Tensor losses, Tensor logits, Tensor labels)
    {
        var kernels = new LossVersionsKernels(programs.Notebook(LossVersionsKernels.FileName));
        int rows = logits.Shape.Rows, columns = logits.Shape.Columns;
        if (version == 1) kernels.Loss1(stream, LaunchConfig.For(rows, Threads), F(losses), F(logits), I(labels), rows, columns);
        else kernels.Loss2(stream, new LaunchConfig(rows, Threads), F(losses), F(logits), I(labels), columns);
    }

    /// <summary>The nearest one of each query.</summary>
    public void NearestRows(int version, Tensor squared, Tensor queries, Tensor references)
    {
        using Scope scope = squared.Device.Scope();
        var kernels = new DistanceVersionsKernels(programs.Notebook(DistanceVersionsKernels.FileName));
        int count = queries.Shape.Rows, others = references.Shape.Rows, columns = queries.Shape.Columns;
        DevicePointer<int> index = Integers(squared.Device, count);
        if (version == 1) kernels.Distance1(stream, LaunchConfig.For(count, Threads), D(squared), index, F(queries), F(references), count, others, columns);
        else kernels.Distance2(stream, new LaunchConfig(count, Threads), D(squared), index, F(queries), F(references), others, columns);
    }

    /// <summary>The nearest one of each query over all orders of hidden units.</summary>
    public void NearestAlignedRows(int version, Tensor squared, Tensor units, Tensor referenceUnits, Tensor biases, Tensor referenceBiases)
    {
        using Scope scope = squared.Device.Scope();
        var kernels = new AssignmentVersionsKernels(programs.Notebook(AssignmentVersionsKernels.FileName));
        int count = biases.Shape.Rows, others = referenceBiases.Shape.Rows, outputs = biases.Shape.Columns, group = units.Shape.Columns, hidden = units.Shape.Rows / count;
        if (hidden > MostUnits) throw new ArgumentException($"the versions take networks of at most {MostUnits} hidden units, not {hidden}");
        DevicePointer<int> index = Integers(squared.Device, count);
        if (version == 2)
        {
            kernels.Assignment2(
                stream, new LaunchConfig(count, Threads, (uint)(sizeof(double) * hidden * hidden)), D(squared), index, F(units), F(referenceUnits), F(biases), F(referenceBiases),
                others, hidden, group, outputs);
            return;
        }

        long pairs = (long)count * others, entries = pairs * hidden * hidden;
        DevicePointer<double> costs = D(squared.Device.Empty((count, others, hidden, hidden), DType.F64)), distances = D(squared.Device.Empty((count, others), DType.F64));
        kernels.Assignment1Costs(stream, LaunchConfig.For(entries), costs, F(units), F(referenceUnits), entries, others, hidden, group);
        kernels.Assignment1Solve(stream, LaunchConfig.For(pairs, Threads), distances, costs, F(biases), F(referenceBiases), pairs, others, hidden, outputs);
        kernels.Assignment1Least(stream, LaunchConfig.For(count, Threads), D(squared), index, distances, count, others);
    }

    public void MostSimilarMasks(int version, Tensor similarity, Tensor masks, Tensor referenceMasks)
    {
        using Scope scope = similarity.Device.Scope();
        var kernels = new MaskVersionsKernels(programs.Notebook(MaskVersionsKernels.FileName));
        int count = masks.Shape.Rows, others = referenceMasks.Shape.Rows, words = masks.Shape.Columns;
        DevicePointer<int> index = Integers(similarity.Device, count);
        DevicePointer<ulong> queries = new((ulong)masks.Address), references = new((ulong)referenceMasks.Address);
        if (version == 1) kernels.Mask1(stream, LaunchConfig.For(count, Threads), D(similarity), index, queries, references, count, others, words);
        else kernels.Mask2(stream, WarpPerRow(count), D(similarity), index, queries, references, count, others, words);
    }

    public void PopulationMlp(int version, Tensor losses, Tensor weights, Tensor images, Tensor labels, ReadOnlySpan<int> widths)
    {
        var layers = new LayerWidths { Count = widths.Length };
        for (int i = 0; i < widths.Length; i++)
        {
            if (i > 0 && widths[i] > MostUnits) throw new ArgumentException($"the versions take layers of at most {MostUnits} units, not {widths[i]}");
            layers.Value[i] = widths[i];
        }

        using Scope scope = losses.Device.Scope();
        var kernels = new PopulationVersionsKernels(programs.Notebook(PopulationVersionsKernels.FileName));
        int count = weights.Shape.Rows, n = images.Shape.Rows, tiles = (n + ImagesOfBlock - 1) / ImagesOfBlock;
        DevicePointer<ulong> wrong = new((ulong)losses.Device.Empty((count, tiles), DType.U64).Address);
        DevicePointer<float> ofImages = F(losses.Device.Empty((count, n)));
        var config = new LaunchConfig(new Dim3((uint)tiles, (uint)count), ImagesOfBlock);
        if (version == 1) kernels.Population1(stream, config, wrong, ofImages, F(weights), F(images), I(labels), n, weights.Shape.Columns, layers);
        else kernels.Population2(stream, config, wrong, ofImages, F(weights), F(images), I(labels), n, weights.Shape.Columns, layers);
        kernels.PopulationMean(stream, LaunchConfig.For(count, Threads), F(losses), ofImages, count, n);
    }

    private static DevicePointer<int> Integers(Device device, int count) => new((ulong)device.Empty(count, DType.I32).Address);

    private static DevicePointer<double> D(Tensor t) => new((ulong)t.Address);

    private static DeviceReader<int> I(Tensor t) => new((ulong)t.Address);
}
