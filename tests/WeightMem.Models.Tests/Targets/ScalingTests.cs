using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Models.Populations;
using WeightMem.Models.Symmetries;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Models.Tests.Targets;

/// <summary>Scalings of hidden units that leave a network's function alone, and those that do not.</summary>
public sealed class ScalingTests
{
    [Fact]
    public void Each_activation_allows_what_it_commutes_with()
    {
        UnitSymmetry[] positive = [UnitSymmetry.PositiveScale, UnitSymmetry.PositiveScale, UnitSymmetry.PositiveScale, UnitSymmetry.PositiveScale], none = new UnitSymmetry[4];
        Assert.Equal(positive, Cnn(Activation.Relu).UnitSymmetries);
        Assert.Equal(positive, Cnn(Activation.LeakyRelu).UnitSymmetries);
        Assert.Equal([UnitSymmetry.None, UnitSymmetry.None, UnitSymmetry.Sign, UnitSymmetry.Sign], Cnn(Activation.Tanh).UnitSymmetries);
        foreach (Activation other in new[] { Activation.Gelu, Activation.Silu, Activation.Sigmoid }) Assert.Equal(none, Cnn(other).UnitSymmetries);
    }

    [Fact]
    public void Allowed_scalings_leave_the_logits_alone()
    {
        Check(Cnn(Activation.Relu), 784, Positive([8, 6, 4, 20]));
        Check(Cnn(Activation.LeakyRelu), 784, Positive([8, 6, 4, 20]));
        Check(Cnn(Activation.Tanh), 784, [null, null, [-1, 1, -1, -1], [.. Enumerable.Range(0, 20).Select(i => i % 3 == 0 ? -1f : 1f)]]);
        Check(new Mlp(12, 5, 4, 3), 12, Positive([5, 4]));

        static float[]?[] Positive(int[] widths) => [.. widths.Select((width, layer) => Enumerable.Range(0, width).Select(u => MathF.Exp(0.3f * (u % 5 - 2 + layer))).ToArray())];
    }

    [Fact]
    public void Others_are_refused_and_would_change_the_function()
    {
        ConvNetTarget tanh = Cnn(Activation.Tanh);
        var row = new float[2464];
        tanh.Initialize(row, new RandomStream(1, "row"));
        IRescalableTarget scalable = tanh;
        Assert.Throws<ArgumentException>(() => scalable.ScaleUnits(row, [[-1, 1, 1, 1, 1, 1, 1, 1], null, null, null]));
        Assert.Throws<ArgumentException>(() => scalable.ScaleUnits(row, [null, null, [2, 1, 1, 1], null]));
        Assert.Throws<ArgumentException>(() => scalable.ScaleUnits(row, [null, null, [1, 1, 1], null]));
        Assert.Throws<ArgumentException>(() => scalable.ScaleUnits(row, [null]));
        IRescalableTarget relu = Cnn(Activation.Relu);
        Assert.Throws<ArgumentException>(() => relu.ScaleUnits(row, [[0, 1, 1, 1, 1, 1, 1, 1], null, null, null]));

        // Flipping a filter before max pooling is refused with a reason: the largest of negated values is not the negated largest.
        float[] flipped = [.. row];
        for (int i = 0; i < 25; i++) flipped[i] *= -1;
        flipped[200] *= -1;
        for (int o = 0; o < 6; o++)
        {
            for (int i = 0; i < 25; i++) flipped[208 + o * 200 + i] *= -1;
        }

        Assert.True(Change(tanh, 784, row, flipped) > 1e-3);
    }

    private static ConvNetTarget Cnn(Activation activation) => new(1, 28, 28, 10, activation);

    private static void Check(IRescalableTarget target, int features, IReadOnlyList<float[]?> factors)
    {
        var row = new float[target.Layout.Count];
        target.Initialize(row, new RandomStream(2, target.Name));
        float[] scaled = [.. row];
        target.ScaleUnits(scaled, factors);
        Assert.True(row.Zip(scaled, (a, b) => Math.Abs(a - b)).Max() > 0.01f);
        Assert.True(Change(target, features, row, scaled) < 1e-5, target.Name);
    }

    private static double Change(IRescalableTarget target, int features, float[] row, float[] other)
    {
        using var device = new CpuDevice(1);
        float[] images = [.. Enumerable.Range(0, 20 * features).Select(i => (float)(4 * new RandomStream(3, "images").Double(i) - 2))];
        float[] logits = target.Logits(device, new Population(target.Name, target.Layout, [.. row, .. other]), images);
        int half = logits.Length / 2;
        return Enumerable.Range(0, half).Max(i => Math.Abs(logits[i] - logits[half + i]));
    }
}
