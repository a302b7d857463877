using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using Xunit;

namespace WeightMem.Engine.Tests;

/// <summary>Small convolutional networks: sizes, and the reference's gradient against finite differences.</summary>
public sealed class ConvNetTests
{
    [Fact]
    public void The_network_of_hyper_representations_has_the_published_sizes()
    {
        Assert.Equal(2464, Small(1).Parameters);
        Assert.Equal(2864, Small(3).Parameters);
        Assert.Equal(193_784, Small(1).MultiplyAdds);
        Assert.Equal([0, 208, 1414], Small(1).Planes.Select(p => p.Offset));
        Assert.Equal([1514, 2254], Small(1).Layers.Select(l => l.Offset));
        Assert.Equal(36, Small(1).Layers[0].Inputs);
    }

    [Theory]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.LeakyRelu)]
    public void The_gradient_is_the_slope_of_the_loss(Activation activation)
    {
        var net = new ConvNet(2, 9, 8, [new(3, 3, true), new(4, 2, false)], [5, 3], activation);
        using var device = new ReferenceDevice();
        using Scope scope = device.Scope();
        var stream = new RandomStream(4, "convnet");
        double[] weights = [.. Enumerable.Range(0, net.Parameters).Select(i => stream.Double(i) - 0.5)];
        Tensor images = device.Empty((6, net.Features)), gradient = device.Empty((1, net.Parameters)), losses = device.Empty(1), logits = device.Empty((1, 4, 3));
        device.Kernels.Normal(images, stream.At(1));
        Tensor index = device.From([3, 0, 5, 3], (1, 4)), labels = device.From([0, 2, 1, 1], (1, 4));
        Loss(weights);
        double[] found = gradient.ToDoubles();
        const double Step = 1e-6;
        for (int i = 0; i < weights.Length; i += 3)
        {
            double middle = weights[i];
            weights[i] = middle + Step;
            double above = Loss(weights);
            weights[i] = middle - Step;
            double below = Loss(weights);
            weights[i] = middle;
            Assert.Equal((above - below) / (2 * Step), found[i], 1e-8);
        }

        double Loss(double[] row)
        {
            device.Kernels.PopulationConvNetGradient(gradient, losses, logits, device.From(row, (1, row.Length)), images, index, labels, net);
            return losses.Item();
        }
    }

    [Fact]
    public void An_image_that_is_too_small_is_refused() =>
        Assert.Contains("4 x 4 is too small", Assert.Throws<ArgumentException>(() => new ConvNet(1, 4, 4, [new(2, 5, false)], [3], Activation.Relu)).Message, StringComparison.Ordinal);

    private static ConvNet Small(int channels) => new(channels, 28, 28, [new(8, 5, true), new(6, 5, true), new(4, 2, false)], [20, 10], Activation.Tanh);
}
