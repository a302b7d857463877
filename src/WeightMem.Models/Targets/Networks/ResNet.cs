using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;

namespace WeightMem.Models.Targets.Networks;

/// <summary>
/// Residual networks of basic blocks with timm's state-dict names. Filters start as N(0, 2 / (filters * kernel area)), the second scale of every block at zero, the head
/// within 1 / sqrt(inputs), as timm starts them.
/// </summary>
internal static class ResNet
{
    private static readonly ElementwiseChain Residual = new("residual", [ChainInput.Full, ChainInput.Full], v => (v[0] + v[1]).Activate(Activation.Relu));

    /// <summary>timm's <c>resnet18</c>: 11,227,812 parameters for 100 classes.</summary>
    public static void Resnet18(ParameterBuilder builder, NetworkSteps steps, int channels, int classes)
    {
        Stem(builder, steps, channels, 64, 7);
        steps.Add("", (tape, x, _) => tape.MaxPool(x, Window.Square(x, 3, 2, 1)));
        int before = 64;
        for (int stage = 1; stage <= 4; stage++)
        {
            int width = 32 << stage;
            Block(builder, steps, $"layer{stage}.0", before, width, stage == 1 ? 1 : 2);
            Block(builder, steps, $"layer{stage}.1", width, width, 1);
            before = width;
        }

        Head(builder, steps, before, classes);
    }

    /// <summary>The small one of the specification, section 11.2: blocks of 16, 32, 64 and 64 channels.</summary>
    public static void Mini(ParameterBuilder builder, NetworkSteps steps, int channels, int classes)
    {
        Stem(builder, steps, channels, 16, 3);
        Block(builder, steps, "stage1.0", 16, 16, 1);
        Block(builder, steps, "stage2.0", 16, 32, 2);
        Block(builder, steps, "stage3.0", 32, 64, 2);
        Block(builder, steps, "stage3.1", 64, 64, 1);
        Head(builder, steps, 64, classes);
    }

    private static void Stem(ParameterBuilder builder, NetworkSteps steps, int channels, int filters, int kernel)
    {
        Convolution conv = Filters(builder, "conv1", channels, filters, kernel);
        var norm = new BatchNorm(builder, "bn1", filters);
        steps.Add("conv1", (tape, x, _) => conv.Forward(tape, x, Window.Square(x, kernel, 2, kernel / 2)));
        steps.Add("bn1", (tape, x, mode) => norm.Forward(tape, x, mode, Activation.Relu));
    }

    /// <summary>y = relu(shortcut(x) + bn2(conv2(relu(bn1(conv1(x)))))), a step a layer; x stays alive beside what is computed.</summary>
    private static void Block(ParameterBuilder builder, NetworkSteps steps, string name, int channels, int filters, int stride)
    {
        Convolution conv1 = Filters(builder, name + ".conv1", channels, filters, 3);
        var norm1 = new BatchNorm(builder, name + ".bn1", filters);
        Convolution conv2 = Filters(builder, name + ".conv2", filters, filters, 3);
        var norm2 = new BatchNorm(builder, name + ".bn2", filters, scale: 0);
        steps.AddAny(name + ".conv1", (tape, live, _) => [live[0], conv1.Forward(tape, live[0], Window.Square(live[0], 3, stride, 1))]);
        steps.Add(name + ".bn1", (tape, x, mode) => norm1.Forward(tape, x, mode, Activation.Relu));
        steps.Add(name + ".conv2", (tape, x, _) => conv2.Forward(tape, x, Window.Square(x, 3, 1, 1)));
        steps.Add(name + ".bn2", (tape, x, mode) => norm2.Forward(tape, x, mode));
        if (stride != 1 || channels != filters)
        {
            Convolution shortcut = Filters(builder, name + ".downsample.0", channels, filters, 1);
            var norm = new BatchNorm(builder, name + ".downsample.1", filters);
            steps.AddAny(name + ".downsample.0", (tape, live, _) => [shortcut.Forward(tape, live[0], Window.Square(live[0], 1, stride)), live[1]]);
            steps.AddAny(name + ".downsample.1", (tape, live, mode) => [norm.Forward(tape, live[0], mode), live[1]]);
        }

        steps.AddAny("", (tape, live, _) => [tape.Fused(Residual, live[0], live[1])]);
    }

    private static void Head(ParameterBuilder builder, NetworkSteps steps, int channels, int classes)
    {
        Initializer start = Initializer.Uniform(1 / Math.Sqrt(channels));
        var head = new Linear(builder, ["fc"], channels, classes, start, start);
        steps.Add("", (tape, x, _) => tape.Reshape(tape.AveragePool(x, Window.All(x)), (x.Shape[0], x.Shape[3])));
        steps.Add("fc", (tape, x, _) => head.Forward(tape, x));
    }

    private static Convolution Filters(ParameterBuilder builder, string name, int channels, int filters, int kernel) =>
        Convolution.Square(builder, name, channels, filters, kernel, Initializer.Normal(Math.Sqrt(2.0 / (filters * kernel * kernel))), null);
}
