using WeightMem.Models.Targets;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace WeightMem.Benchmarks;

/// <summary>One occupancy field in libtorch, written as the published code is: encode, then linear layers with ReLU.</summary>
internal sealed class TorchField : IDisposable
{
    private readonly Tensor[] _parameters;
    private readonly Tensor _points;

    /// <param name="target">The network.</param>
    /// <param name="row">Its weights.</param>
    /// <param name="points"><c>[points, 3]</c></param>
    public TorchField(FieldTarget target, float[] row, float[] points)
    {
        _parameters = [.. Parameters(target, row)];
        _points = tensor(points, points.Length / 3, 3);
    }

    public float[] Logits()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        return Forward(_parameters, _points).data<float>().ToArray();
    }

    public void Dispose()
    {
        foreach (Tensor parameter in _parameters) parameter.Dispose();
        _points.Dispose();
    }

    internal static IEnumerable<Tensor> Parameters(FieldTarget target, float[] row) => target.Layout.Entries.Select(e => tensor(
        row.AsSpan((int)e.Offset, (int)e.Shape.Elements).ToArray(), [.. Enumerable.Range(0, e.Shape.Rank).Select(d => (long)e.Shape[d])]));

    internal static Tensor Forward(IReadOnlyList<Tensor> parameters, Tensor points)
    {
        var features = new List<Tensor> { points };
        foreach (int frequency in new[] { 1, 2, 4, 8 })
        {
            Tensor scaled = points * frequency;
            features.Add(scaled.sin());
            features.Add(scaled.cos());
        }

        Tensor x = cat([.. features], -1);
        for (int layer = 0; layer < parameters.Count; layer += 2)
        {
            x = nn.functional.linear(x, parameters[layer], parameters[layer + 1]);
            if (layer + 2 < parameters.Count) x = nn.functional.relu(x);
        }

        return x.squeeze(-1);
    }
}

/// <summary>Fields fitted one after the other, each with an Adam of its own.</summary>
internal sealed class TorchFieldFit : IDisposable
{
    private readonly List<TorchSharp.Modules.Parameter[]> _each = [];
    private readonly List<(Tensor Points, Tensor Inside)> _samples = [];
    private readonly optim.Optimizer[] _optimizers;

    public TorchFieldFit(FieldTarget target, float[] rows, float[] points, float[] inside, int batch)
    {
        for (int k = 0; k < rows.Length / target.Parameters; k++)
        {
            _each.Add([.. TorchField.Parameters(target, rows[(k * target.Parameters)..((k + 1) * target.Parameters)]).Select(p => nn.Parameter(p))]);
            _samples.Add((tensor(points[(3 * k * batch)..(3 * (k + 1) * batch)], batch, 3), tensor(inside[(k * batch)..((k + 1) * batch)])));
        }

        _optimizers = [.. _each.Select(p => optim.Adam(p, 1e-9))];
    }

    public void Step()
    {
        using IDisposable on = enable_grad();
        for (int k = 0; k < _each.Count; k++) One(k);
    }

    public float[] FirstGradient()
    {
        using IDisposable on = enable_grad();
        One(0);
        return [.. _each[0].SelectMany(p => p.grad!.data<float>().ToArray())];
    }

    public void Dispose()
    {
        foreach (optim.Optimizer optimizer in _optimizers) optimizer.Dispose();
        foreach ((Tensor points, Tensor inside) in _samples)
        {
            points.Dispose();
            inside.Dispose();
        }
    }

    private void One(int k)
    {
        using var scope = NewDisposeScope();
        _optimizers[k].zero_grad();
        Tensor logits = TorchField.Forward(_each[k], _samples[k].Points);
        nn.functional.binary_cross_entropy_with_logits(logits, _samples[k].Inside, reduction: nn.Reduction.Sum).backward();
        _optimizers[k].step();
    }
}

/// <summary>Chamfer distances in libtorch: all distances of two clouds, then the least of each row and column.</summary>
internal sealed class TorchClouds : IDisposable
{
    private readonly Tensor _a, _b;
    private readonly int _clouds;

    public TorchClouds(float[] a, float[] b, int clouds)
    {
        _clouds = clouds;
        _a = tensor(a, clouds, a.Length / 3 / clouds, 3);
        _b = tensor(b, clouds, b.Length / 3 / clouds, 3);
    }

    public float[] Distances()
    {
        var found = new float[_clouds * _clouds];
        using var quiet = no_grad();
        for (int i = 0; i < found.Length; i++)
        {
            using var scope = NewDisposeScope();
            Tensor distances = cdist(_a[i / _clouds], _b[i % _clouds], 2.0);
            Tensor there = distances.amin([1L]), back = distances.amin([0L]);
            found[i] = ((there * there).mean() + (back * back).mean()).item<float>();
        }

        return found;
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }
}
