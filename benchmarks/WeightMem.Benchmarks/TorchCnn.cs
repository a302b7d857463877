using WeightMem.Models.Targets;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace WeightMem.Benchmarks;

/// <summary>Many small CNNs in libtorch: one after the other, as published code does, and all at once as grouped convolutions and batched products.</summary>
internal sealed class TorchCnn : IDisposable
{
    /// <summary>Images of one pass: with more, the grouped form would take gigabytes.</summary>
    private const int PartImages = 1000;

    private readonly int _count;
    private readonly List<TorchSharp.Modules.Parameter[]> _each = [];
    private readonly TorchSharp.Modules.Parameter[] _grouped;
    private readonly Tensor _images, _labels;
    private readonly optim.Optimizer[] _optimizers;
    private readonly optim.Optimizer _groupedOptimizer;

    /// <param name="target">The network.</param>
    /// <param name="rows">Weights <c>[count, parameters]</c>.</param>
    /// <param name="images">Each network's images <c>[count, batch, 784]</c>, or those of all <c>[1, batch, 784]</c>.</param>
    /// <param name="labels">Their classes <c>[count, batch]</c>.</param>
    /// <param name="batch">Images of one network.</param>
    public TorchCnn(ConvNetTarget target, float[] rows, float[] images, long[] labels, int batch)
    {
        int parameters = (int)target.Layout.Count;
        _count = rows.Length / parameters;
        for (int k = 0; k < _count; k++)
        {
            _each.Add([.. target.Layout.Entries.Select(e => nn.Parameter(tensor(
                rows.AsSpan(k * parameters + (int)e.Offset, (int)e.Shape.Elements).ToArray(), [.. Enumerable.Range(0, e.Shape.Rank).Select(d => (long)e.Shape[d])])))]);
        }

        // Filters and biases of all networks side by side; linear layers as batches of matrices.
        _grouped = [.. target.Layout.Entries.Select((e, i) =>
        {
            using Tensor stacked = stack([.. _each.Select(p => p[i].detach())]);
            return nn.Parameter((i < 6 ? stacked.flatten(0, 1) : stacked).contiguous().clone());
        })];
        _images = tensor(images, [images.Length / (batch * 784), batch, 1, 28, 28]);
        _labels = tensor(labels, _count, batch);
        _optimizers = [.. _each.Select(p => optim.Adam(p, 1e-9))];
        _groupedOptimizer = optim.Adam(_grouped, 1e-9);
    }

    /// <summary>Logits of all networks, one after the other, <c>[count, batch, 10]</c>, a thousand images at a time.</summary>
    public float[] EvaluateLoop()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        return cat([.. Enumerable.Range(0, Parts).Select(part => stack([.. Enumerable.Range(0, _count).Select(k => One(k, part))]))], 1).data<float>().ToArray();
    }

    /// <summary>The same, all at once.</summary>
    public float[] EvaluateGrouped()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        return cat([.. Enumerable.Range(0, Parts).Select(Grouped)], 1).data<float>().ToArray();
    }

    public void TrainLoop()
    {
        using var scope = NewDisposeScope();
        using var recording = enable_grad();
        for (int k = 0; k < _count; k++)
        {
            _optimizers[k].zero_grad();
            nn.functional.cross_entropy(One(k), _labels[k]).backward();
            _optimizers[k].step();
        }
    }

    public void TrainGrouped()
    {
        using var scope = NewDisposeScope();
        using var recording = enable_grad();
        _groupedOptimizer.zero_grad();

        // The mean over each network's batch, summed over the networks: their gradients do not mix.
        (nn.functional.cross_entropy(Grouped().flatten(0, 1), _labels.flatten()) * _count).backward();
        _groupedOptimizer.step();
    }

    /// <summary>Gradient of the first filter of every network, by the loop or the groups, <c>[count * 200]</c>.</summary>
    public float[] FirstGradient(bool grouped)
    {
        if (grouped) TrainGrouped();
        else TrainLoop();
        using var scope = NewDisposeScope();
        return grouped ? _grouped[0].grad!.data<float>().ToArray() : cat([.. _each.Select(p => p[0].grad!.flatten())]).data<float>().ToArray();
    }

    public void Dispose()
    {
        foreach (optim.Optimizer optimizer in _optimizers) optimizer.Dispose();
        _groupedOptimizer.Dispose();
        foreach (TorchSharp.Modules.Parameter parameter in _each.SelectMany(p => p).Concat(_grouped)) parameter.Dispose();
        _images.Dispose();
        _labels.Dispose();
    }

    private int Parts => (int)Math.Max(1, _images.shape[1] / PartImages);

    private Tensor Part(Tensor images, int part) => images.narrow(0, part * images.shape[0] / Parts, images.shape[0] / Parts);

    private Tensor One(int k, int part = 0)
    {
        TorchSharp.Modules.Parameter[] p = _each[k];
        Tensor x = Part(_images[_images.shape[0] == 1 ? 0 : k], part);
        x = tanh(nn.functional.max_pool2d(nn.functional.conv2d(x, p[0], p[1]), 2));
        x = tanh(nn.functional.max_pool2d(nn.functional.conv2d(x, p[2], p[3]), 2));
        x = tanh(nn.functional.conv2d(x, p[4], p[5])).flatten(1);
        x = tanh(nn.functional.linear(x, p[6], p[7]));
        return nn.functional.linear(x, p[8], p[9]);
    }

    private Tensor Grouped(int part = 0)
    {
        // [batch, networks, 28, 28]; the first convolution of shared images needs no groups.
        bool shared = _images.shape[0] == 1;
        Tensor x = shared ? Part(_images[0], part) : _images.squeeze(2).transpose(0, 1).contiguous();
        x = tanh(nn.functional.max_pool2d(nn.functional.conv2d(x, _grouped[0], _grouped[1], groups: shared ? 1 : _count), 2));
        x = tanh(nn.functional.max_pool2d(nn.functional.conv2d(x, _grouped[2], _grouped[3], groups: _count), 2));
        x = tanh(nn.functional.conv2d(x, _grouped[4], _grouped[5], groups: _count));
        x = x.view(x.shape[0], _count, 36).transpose(0, 1);
        x = tanh(bmm(x, _grouped[6].transpose(1, 2)).add_(_grouped[7].unsqueeze(1)));
        return bmm(x, _grouped[8].transpose(1, 2)).add_(_grouped[9].unsqueeze(1));
    }
}
