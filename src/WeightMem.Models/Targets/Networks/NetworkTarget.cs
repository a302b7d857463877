using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Targets.Networks;

/// <summary>
/// A network of layers as a target: whole, or partial, a frozen trunk with some layers generated. What comes before the first generated layer is the same for all rows: it is
/// computed once for an image set and kept, so judging a row costs the rest alone. Both ways run the same kernels on the same numbers and give the same predictions.
/// </summary>
public sealed class NetworkTarget : IImageTarget
{
    private const long ChunkPixels = 1L << 21;
    private const int LargestChunk = 250;

    private readonly NetworkDefinition _definition;
    private readonly ImageTransform _transform;
    private readonly IReadOnlyDictionary<string, float[]>? _trunk;
    private readonly (int Channels, int Height, int Width, int Classes) _images;
    private readonly HashSet<string> _generated;
    private (ImageSet Images, Features[] Chunks)? _cache;

    internal NetworkTarget(NetworkDefinition definition, ImageSet images, ImageTransform transform, IReadOnlyDictionary<string, float[]>? trunk)
    {
        transform.Check(images);
        (_definition, _transform, _trunk) = (definition, transform, trunk);
        _images = (images.Channels, images.Height, images.Width, images.Classes);
        Whole = LayoutOf(definition, transform.Channels, images.Classes);
        ParameterEntry[] generated = [.. Whole.Entries.Where(e => IsGenerated(definition, e.Name))];
        if (definition.Generated.Count > 0 && trunk is null) throw new ArgumentException($"target {definition.Name} needs the weights of its frozen layers");
        _generated = [.. generated.Select(e => e.Name)];
        Layout = new ParameterLayout(generated.Select(e => (e.Name, e.Shape)));
        TrunkHash = trunk is null || definition.Generated.Count == 0 ? "" : Hash(trunk);
        string name = $"{definition.Name}-{images.Channels}x{images.Height}x{images.Width}-{images.Classes}";
        Name = TrunkHash.Length == 0 ? name : $"{name}@{TrunkHash}";
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public ParameterLayout Layout { get; }

    /// <summary>Layout of the whole network, running statistics included.</summary>
    public ParameterLayout Whole { get; }

    /// <summary>The first 8 digits of the SHA-256 of the frozen layers' names and values; empty when nothing is frozen.</summary>
    public string TrunkHash { get; }

    /// <inheritdoc/>
    /// <remarks>None: a frozen trunk admits no permutation, and those of whole networks are not offered.</remarks>
    public IReadOnlyList<int> HiddenWidths => [];

    /// <summary>Whether features are kept from one call to the next; off, everything is computed anew for every row.</summary>
    public bool CachesFeatures { get; init; } = true;

    /// <summary>Images that run together.</summary>
    private int Chunk => (int)Math.Clamp(ChunkPixels / (_transform.Size * _transform.Size), 1, LargestChunk);

    /// <inheritdoc/>
    public void CheckImages(ImageSet images)
    {
        (int channels, int height, int width, int classes) = _images;
        if ((images.Channels, images.Height, images.Width, images.Classes) != _images)
        {
            throw new ArgumentException(
                $"{Name} takes images of {channels}x{height}x{width} and {classes} classes; {images.Name} has {images.Channels}x{images.Height}x{images.Width} and {images.Classes}");
        }
    }

    /// <inheritdoc/>
    public void Initialize(Span<float> row, RandomStream stream)
    {
        using var device = new CpuDevice(1);
        using ImageNetwork network = Build(device, stream);
        Dictionary<string, float[]> state = network.Parameters.State();
        Layout.Pack(row, state);
    }

    /// <inheritdoc/>
    public int[] PermutationIndex(IReadOnlyList<int[]> permutations)
    {
        PopulationEvaluation.CheckPermutations(this, permutations);
        return [.. Enumerable.Range(0, checked((int)Layout.Count))];
    }

    /// <inheritdoc/>
    public void Evaluate(Device device, Population population, ImageSet images)
    {
        CheckImages(images);
        PopulationEvaluation.CheckRows(this, population);
        var losses = new double[population.Count];
        int[][] predicted = [.. losses.Select(_ => new int[images.Count])];
        using ImageNetwork network = Network(device);
        int split = CachesFeatures ? network.FirstStepOf(_generated) : 0, chunk = Chunk, chunks = (images.Count + chunk - 1) / chunk;
        bool kept = _cache is { } cache && ReferenceEquals(cache.Images, images);
        var features = kept ? _cache!.Value.Chunks : new Features[chunks];
        for (int c = 0; c < chunks; c++)
        {
            int first = c * chunk, size = Math.Min(chunk, images.Count - first);
            using Scope scope = device.Scope();
            Tensor labels = device.From(images.Labels.AsSpan(first, size), size);
            Tensor[] live = kept ? features[c].Upload(device) : Until(network, Inputs(device, images, first, size), split);
            if (!kept && CachesFeatures) features[c] = Features.Download(live);
            Rows(network, population, live, split, (row, logits) =>
            {
                Tensor each = device.Empty(size), sum = device.Empty(1);
                device.Kernels.CrossEntropyForward(each, logits, labels);
                device.Kernels.Sum(sum, each);
                losses[row] += sum.Item();
                var values = new float[logits.Elements];
                device.ReadFloats(logits, values);
                for (int i = 0; i < size; i++) predicted[row][first + i] = PopulationEvaluation.FirstMaximum(values.AsSpan(i * images.Classes, images.Classes));
            });
        }

        if (CachesFeatures) _cache = (images, features);
        PopulationEvaluation.Store(population, images, predicted);
        population.Loss = [.. losses.Select(l => (float)(l / images.Count))];
    }

    /// <inheritdoc/>
    public int[][] PredictLabels(Device device, Population population, ReadOnlySpan<float> images)
    {
        PopulationEvaluation.CheckRows(this, population);
        (int channels, int height, int width, int classes) = _images;
        int features = channels * height * width, points = images.Length / features;
        if (images.Length % features != 0) throw new ArgumentException($"{Name} takes {features} inputs, and {images.Length} values are no whole number of points");
        int[][] labels = [.. Enumerable.Range(0, population.Count).Select(_ => new int[points])];
        using ImageNetwork network = Network(device);
        int split = network.FirstStepOf(_generated);
        for (int first = 0; first < points; first += Chunk)
        {
            int start = first, size = Math.Min(Chunk, points - first);
            using Scope scope = device.Scope();
            var part = new ImageSet("points", images.Slice(first * features, size * features).ToArray(), new int[size], channels, height, width, classes);
            Rows(network, population, Until(network, Inputs(device, part, 0, size), split), split, (row, logits) =>
            {
                var values = new float[logits.Elements];
                device.ReadFloats(logits, values);
                for (int i = 0; i < size; i++) labels[row][start + i] = PopulationEvaluation.FirstMaximum(values.AsSpan(i * classes, classes));
            });
        }

        return labels;
    }

    /// <summary>Arithmetic of one image through the whole network and through what is after the first generated layer: what keeping features saves.</summary>
    public (double Whole, double Tail) Flops(Device device)
    {
        using ImageNetwork network = Network(device);
        using Scope scope = device.Scope();
        Tape trunk = Tape.Inference(device), rest = Tape.Inference(device);
        int split = network.FirstStepOf(_generated);
        Tensor[] live = network.Run(trunk, [device.Zeros((1, _transform.Size, _transform.Size, _transform.Channels))], 0, split, BatchNormMode.Evaluate);
        network.Run(rest, live, split, network.Steps, BatchNormMode.Evaluate);
        return (trunk.Cost.Flops + rest.Cost.Flops, rest.Cost.Flops);
    }

    /// <summary>The layout of a definition's whole network.</summary>
    internal static ParameterLayout LayoutOf(NetworkDefinition definition, int channels, int classes)
    {
        var builder = new ParameterBuilder();
        definition.Build(builder, new NetworkSteps(), channels, classes);
        return new ParameterLayout(builder.Layout().Entries.Select(e => (e.Name, e.Shape)));
    }

    /// <summary>Whether an entry's weights are generated. Running statistics never are.</summary>
    internal static bool IsGenerated(NetworkDefinition definition, string name) =>
        !name.Contains(".running_", StringComparison.Ordinal)
        && (definition.Generated.Count == 0 || definition.Generated.Any(g => name.StartsWith(g + ".", StringComparison.Ordinal)));

    private ImageNetwork Build(Device device, RandomStream start) => new(_definition, _transform.Channels, _images.Classes, device, start, _ => false);

    /// <summary>The network with its frozen weights.</summary>
    private ImageNetwork Network(Device device)
    {
        ImageNetwork network = Build(device, new RandomStream(0, "overwritten"));
        if (_trunk is not null) network.Parameters.Load(_trunk);
        return network;
    }

    private Tensor Inputs(Device device, ImageSet images, int first, int count)
    {
        var inputs = new float[count * _transform.Features];
        _transform.Judge(images, first, inputs);
        return device.From(inputs, (count, _transform.Size, _transform.Size, _transform.Channels));
    }

    /// <summary>Runs the first steps, keeping in memory only what is alive.</summary>
    private static Tensor[] Until(ImageNetwork network, Tensor inputs, int split)
    {
        Tensor[] live = [inputs];
        for (int i = 0; i < split; i++)
        {
            Tensor[] next = network.Run(Tape.Inference(inputs.Device), live, i, i + 1, BatchNormMode.Evaluate);
            foreach (Tensor old in live.Except(next)) old.Dispose();
            live = next;
        }

        return live;
    }

    /// <summary>Runs every row through the steps from a split on.</summary>
    private void Rows(ImageNetwork network, Population population, Tensor[] live, int split, Action<int, Tensor> use)
    {
        Device device = network.Parameters.Device;
        for (int row = 0; row < population.Count; row++)
        {
            using Scope scope = device.Scope();
            Tensor weights = device.From(population.Row(row), population.Parameters);
            foreach (ParameterEntry entry in Layout.Entries)
            {
                Tensor to = network.Parameters.Entry(entry.Name);
                device.Kernels.Copy(to, weights.Slice((int)entry.Offset, (int)entry.Count));
            }

            use(row, network.Run(Tape.Inference(device), live, split, network.Steps, BatchNormMode.Evaluate)[^1]);
        }
    }

    private string Hash(IReadOnlyDictionary<string, float[]> trunk)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (ParameterEntry entry in Whole.Entries.Where(e => !_generated.Contains(e.Name)))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(entry.Name));
            hash.AppendData(MemoryMarshal.AsBytes<float>(trunk[entry.Name]));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..8];
    }

    /// <summary>What is alive before the first generated layer, of one chunk of images, on the host.</summary>
    private sealed record Features((Shape Shape, float[] Values)[] Live)
    {
        public static Features Download(Tensor[] live) => new([.. live.Select(t =>
        {
            var values = new float[t.Elements];
            t.Device.ReadFloats(t, values);
            return (t.Shape, values);
        })]);

        public Tensor[] Upload(Device device) => [.. Live.Select(l => device.From(l.Values, l.Shape))];
    }
}
