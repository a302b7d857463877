using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Generators.HyperRepresentations;
using Xunit;

namespace WeightMem.Models.Tests.HyperRepresentations;

/// <summary>The losses in double precision against their definitions written out, and their gradients against differences.</summary>
public sealed class LossTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Contrast_is_the_cross_entropy_of_the_partner_among_all_others(int batch)
    {
        using Device device = new ReferenceDevice();
        using var loss = new ContrastiveLoss(device, batch, 0.1);
        double[] values = Numbers(2 * batch * 3, "views");
        double found = Value(values);
        double expected = 0;
        for (int i = 0; i < 2 * batch; i++)
        {
            double[] similar = [.. Enumerable.Range(0, 2 * batch).Select(j => Cosine(i, j) / 0.1)];
            double sum = Enumerable.Range(0, 2 * batch).Where(j => j != i).Sum(j => Math.Exp(similar[j]));
            expected += (Math.Log(sum) - similar[(i + batch) % (2 * batch)]) / (2 * batch);
        }

        Assert.Equal(expected, found, 1e-9);
        using Scope scope = device.Scope();
        Tape tape = Tape.Record(device);
        Tensor first = tape.Watch(device.From(values.AsSpan(0, batch * 3), (batch, 3))), second = tape.Watch(device.From(values.AsSpan(batch * 3), (batch, 3)));
        tape.Backward(loss.Of(tape, first, second));
        CheckGradient(values, Value, [.. first.Gradient!.ToDoubles(), .. second.Gradient!.ToDoubles()]);

        double Cosine(int i, int j)
        {
            double dot = 0, a = 0, b = 0;
            for (int c = 0; c < 3; c++)
            {
                dot += values[i * 3 + c] * values[j * 3 + c];
                a += values[i * 3 + c] * values[i * 3 + c];
                b += values[j * 3 + c] * values[j * 3 + c];
            }

            return dot / Math.Sqrt(a * b);
        }

        double Value(double[] at)
        {
            using Scope inner = device.Scope();
            return loss.Of(Tape.Inference(device), device.From(at.AsSpan(0, batch * 3), (batch, 3)), device.From(at.AsSpan(batch * 3), (batch, 3))).Item();
        }
    }

    [Fact]
    public void Equal_views_of_opposite_networks_cost_nothing()
    {
        using Device device = new ReferenceDevice();
        using var loss = new ContrastiveLoss(device, 2, 0.01);
        using Scope scope = device.Scope();
        Tensor views = device.From([1.0, 0.0, -1.0, 0.0], (2, 2));
        Assert.Equal(0, loss.Of(Tape.Inference(device), views, views).Item(), 1e-9);
    }

    [Theory]
    [InlineData(false, false, null)]
    [InlineData(true, false, null)]
    [InlineData(true, true, null)]
    [InlineData(true, true, 0.8)]
    [InlineData(false, false, 0.8)]
    public void Reconstruction_is_layer_wise(bool normalize, bool layerMean, double? threshold)
    {
        using Device device = new ReferenceDevice();
        var tokens = new NeuronTokens(TinyAutoEncoder.Target.Layout);
        AutoEncoderSettings settings = TinyAutoEncoder.Settings with { NormalizeLoss = normalize, LayerMean = layerMean, LayerWeights = [0.5, 2, 1], ErrorThreshold = threshold };
        float[] deviations = [0.5f, 2f, 0.25f];
        using var loss = new ReconstructionLoss(device, tokens, settings, deviations);
        const int Rows = 3;
        double[] outputs = Numbers(Rows * tokens.Parameters, "outputs"), targets = Numbers(Rows * tokens.Parameters, "targets");
        double expected = 0;
        for (int l = 0; l < 3; l++)
        {
            TokenLayer layer = tokens.Layers[l];
            for (int r = 0; r < Rows; r++)
            {
                for (int i = layer.Start; i < layer.Start + layer.Values; i++)
                {
                    double error = Math.Pow((outputs[r * tokens.Parameters + i] - targets[r * tokens.Parameters + i]) / (normalize ? deviations[l] : 1), 2);
                    expected += settings.LayerWeights[l] * Math.Min(error, threshold ?? double.PositiveInfinity) / (Rows * (layerMean ? layer.Values : tokens.Parameters));
                }
            }
        }

        // The device keeps the settings' numbers in single precision on the way in.
        Assert.Equal(1, Value(outputs) / expected, 1e-6);
        using Scope scope = device.Scope();
        Tape tape = Tape.Record(device);
        Tensor watched = tape.Watch(device.From(outputs, (Rows, tokens.Parameters)));
        tape.Backward(loss.Of(tape, watched, device.From(targets, watched.Shape)));
        CheckGradient(outputs, Value, watched.Gradient!.ToDoubles());

        double Value(double[] at)
        {
            using Scope inner = device.Scope();
            return loss.Of(Tape.Inference(device), device.From(at, (Rows, tokens.Parameters)), device.From(targets, (Rows, tokens.Parameters))).Item();
        }
    }

    [Fact]
    public void Deviations_are_of_all_entries_of_a_layer()
    {
        var networks = TinyAutoEncoder.Networks(6);
        var tokens = new NeuronTokens(TinyAutoEncoder.Target.Layout);
        double[] entries = [.. Enumerable.Range(0, 6).SelectMany(i => networks.Row(i).Slice(21, 8).ToArray()).Select(w => (double)w)]; // hidden layer 2: 2 x 3 and 2
        double mean = entries.Average(), expected = Math.Sqrt(entries.Sum(w => (w - mean) * (w - mean)) / (entries.Length - 1));
        float[] found = ReconstructionLoss.Deviations(networks, tokens);
        Assert.Equal(3, found.Length);
        Assert.Equal(expected, found[1], 1e-6);
        networks.Weights.AsSpan().Clear();
        Assert.Equal([1e-4f, 1e-4f, 1e-4f], ReconstructionLoss.Deviations(networks, tokens));
    }

    private static double[] Numbers(int count, string name)
    {
        var stream = new RandomStream(2, name);
        return [.. Enumerable.Range(0, count).Select(i => 2 * stream.Double(i) - 1)];
    }

    private static void CheckGradient(double[] values, Func<double[], double> value, double[] gradient)
    {
        for (int i = 0; i < values.Length; i += Math.Max(1, values.Length / 20))
        {
            double[] up = [.. values], down = [.. values];
            up[i] += 1e-6;
            down[i] -= 1e-6;
            double difference = (value(up) - value(down)) / 2e-6;
            Assert.True(Math.Abs(difference - gradient[i]) < 1e-7 * Math.Max(1, gradient.Max(Math.Abs)), $"element {i}: {gradient[i]}, by differences {difference}");
        }
    }
}
