using WeightMem.Engine.Autograd;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Targets.Networks;

/// <summary>
/// The tiny published networks of which every parameter is generated. The specification gives their sizes, not their state-dict names: layers are named by what they are
/// and numbered. Everything starts uniform within 1 / sqrt(fan in), normalisations at one and zero.
/// </summary>
internal static class SmallNetworks
{
    private const Activation Bend = Activation.LeakyRelu;

    /// <summary>Three convolutions with layer normalisation, 24,262 parameters for 10 classes of 64 x 64 colour images.</summary>
    public static void ConvNet3(ParameterBuilder builder, NetworkSteps steps, int channels, int classes)
    {
        int side = 64;
        (int Filters, int Kernel, int Stride)[] layers = [(8, 7, 2), (8, 3, 1), (4, 3, 1)];
        for (int i = 0; i < layers.Length; i++)
        {
            (int filters, int kernel, int stride) = layers[i];
            side /= stride;
            Convolution conv = Filters(builder, $"conv{i + 1}", channels, filters, kernel);
            var norm = new PlaneNorm(builder, $"norm{i + 1}", filters, side);
            steps.Add($"conv{i + 1}", (tape, x, _) => conv.Forward(tape, x, Window.Square(x, kernel, stride, kernel / 2)));
            steps.Add($"norm{i + 1}", (tape, x, _) => tape.Activate(norm.Forward(tape, x), Bend));
            steps.Add("", (tape, x, _) => tape.MaxPool(x, Window.Square(x, 2, 2)));
            side /= 2;
            channels = filters;
        }

        Flatten(steps);
        Dense(builder, steps, "fc1", channels * side * side, 16, Bend);
        Dense(builder, steps, "fc2", 16, classes, Activation.Identity);
    }

    /// <summary>Averages of 2 x 2 pixels and of the channels, then three linear layers: 66,970 parameters for 10 classes of 64 x 64 images.</summary>
    public static void Mlp3(ParameterBuilder builder, NetworkSteps steps, int channels, int classes)
    {
        steps.Add("", (tape, x, _) =>
        {
            Tensor small = tape.AveragePool(x, Window.Square(x, 2, 2));

            // The mean over channels is an average over a row of the grid [batch, places, channels, 1].
            int places = small.Shape[1] * small.Shape[2];
            Tensor rows = tape.Reshape(small, (small.Shape[0], places, channels, 1));
            return tape.Reshape(tape.AveragePool(rows, new Window(places, channels, 1, channels, 1, channels)), (small.Shape[0], places));
        });
        int inputs = 1024;
        for (int i = 1; i <= 2; i++)
        {
            int units = i == 1 ? 64 : 16;
            Dense(builder, steps, $"fc{i}", inputs, units, Activation.Identity);
            var norm = new LayerNorm(builder, $"norm{i}", units);
            steps.Add($"norm{i}", (tape, x, _) => tape.Activate(norm.Forward(tape, x), Bend));
            inputs = units;
        }

        Dense(builder, steps, "fc3", inputs, classes, Activation.Identity);
    }

    /// <summary>Three convolutions and two linear layers: 10,853 parameters for 10 classes of 32 x 32 images, grey ones repeated.</summary>
    public static void CnnMedium(ParameterBuilder builder, NetworkSteps steps, int channels, int classes)
    {
        int[] filters = [16, 32, 15];
        for (int i = 0; i < filters.Length; i++)
        {
            Convolution conv = Filters(builder, $"conv{i + 1}", channels, filters[i], 3);
            steps.Add($"conv{i + 1}", (tape, x, _) => conv.Forward(tape, x, Window.Square(x, 3)));
            steps.Add("", (tape, x, _) => tape.Activate(tape.MaxPool(x, Window.Square(x, 2, 2)), Bend));
            channels = filters[i];
        }

        Flatten(steps);
        Dense(builder, steps, "fc1", channels * 4, 20, Bend);
        Dense(builder, steps, "fc2", 20, classes, Activation.Identity);
    }

    private static void Dense(ParameterBuilder builder, NetworkSteps steps, string name, int inputs, int outputs, Activation activation)
    {
        Initializer start = Initializer.Uniform(1 / Math.Sqrt(inputs));
        var layer = new Linear(builder, [name], inputs, outputs, start, start);
        steps.Add(name, (tape, x, _) => activation == Activation.Identity ? layer.Forward(tape, x) : layer.Forward(tape, x, activation));
    }

    /// <summary>Channel by channel, as PyTorch flattens.</summary>
    private static void Flatten(NetworkSteps steps) => steps.Add("", (tape, x, _) =>
    {
        int places = x.Shape[1] * x.Shape[2], channels = x.Shape[3];
        return tape.Reshape(tape.SwapRowsAndColumns(tape.Reshape(x, (x.Shape[0], places, channels))), (x.Shape[0], places * channels));
    });

    private static Convolution Filters(ParameterBuilder builder, string name, int channels, int filters, int kernel)
    {
        Initializer start = Initializer.Uniform(1 / Math.Sqrt(channels * kernel * kernel));
        return Convolution.Square(builder, name, channels, filters, kernel, start, start);
    }

    /// <summary>Layer normalisation over channels, rows and columns together, with a scale and shift of each value in the order of PyTorch.</summary>
    private sealed class PlaneNorm(ParameterBuilder builder, string name, int channels, int side)
    {
        private readonly Parameter _gamma = builder.Add(name + ".weight", (channels, side, side), Initializer.Constant(1), false);
        private readonly Parameter _beta = builder.Add(name + ".bias", (channels, side, side), Initializer.Constant(0), false);

        public Tensor Forward(Tape tape, Tensor x)
        {
            Shape all = x.Shape;
            int places = all[1] * all[2], values = places * channels;
            Tensor first = tape.SwapRowsAndColumns(tape.Reshape(x, (all[0], places, channels)));
            Tensor normal = tape.LayerNorm(tape.Reshape(first, (all[0], values)), tape.Reshape(_gamma.Value, values), tape.Reshape(_beta.Value, values));
            return tape.Reshape(tape.SwapRowsAndColumns(tape.Reshape(normal, (all[0], channels, places))), all);
        }
    }
}
