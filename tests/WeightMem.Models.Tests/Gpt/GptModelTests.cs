using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Generators.Gpt;
using Xunit;

namespace WeightMem.Models.Tests.Gpt;

public sealed class GptModelTests
{
    private static readonly ParameterLayout Mnist = new(
        ("fc1.weight", (10, 784)), ("fc1.bias", 10), ("fc2.weight", (10, 10)), ("fc2.bias", 10));

    private static readonly ParameterLayout Cifar = new(
        ("conv1.weight", (16, 3, 3, 3)), ("conv2.weight", (32, 16, 3, 3)), ("fc.weight", (10, 32)), ("fc.bias", 10));

    private static readonly ParameterLayout Cartpole = new(
        ("log_std", 1), ("actor.0.weight", (32, 4)), ("actor.0.bias", 32), ("actor.2.weight", (32, 32)), ("actor.2.bias", 32),
        ("actor.4.weight", (1, 32)), ("actor.4.bias", 1));

    [Fact]
    public void Published_configurations_have_the_published_sizes()
    {
        Assert.Equal(378_283_008, Count(Mnist, GptConfigurations.MnistLoss));
        Assert.Equal(639_459_328, Count(Cifar, new GptSettings { Width = 2048, Chunk = 576 }));
        Assert.Equal(347_351_040, Count(Cartpole, new GptSettings { Heads = 12, Split = SplitPolicy.LayerByLayer }));
    }

    [Theory]
    [InlineData("+dim", 579_022_080)]
    [InlineData("-dim", 220_011_264)]
    [InlineData("+layer", 604_935_168)]
    [InlineData("-layer", 208_293_888)]
    public void Size_variants_have_the_published_sizes(string variant, long count) =>
        Assert.Equal(count, Count(Mnist, GptConfigurations.SizeVariants[variant]));

    [Fact]
    public void State_dict_has_the_published_names_and_shapes()
    {
        using var model = new GptModel(Mnist, GptConfigurations.MnistLoss);
        Assert.Equal(235, model.Layout.Entries.Count + 1); // and the frequency table
        Assert.Equal(new Shape(1, 26, 1536), model.Layout["decoder.pos_emb"].Shape);
        Assert.Equal(new Shape(1536, 1536), model.Layout["decoder.blocks.11.attn.query.weight"].Shape);
        Assert.Equal(new Shape(6144, 1536), model.Layout["decoder.blocks.0.mlp.0.weight"].Shape);
        Assert.Equal(new Shape(1536, 6144), model.Layout["decoder.blocks.0.mlp.2.weight"].Shape);
        Assert.Equal(new Shape(1536, 1000), model.Layout["decoder.input_parameter_projections.0.0.weight"].Shape);
        Assert.Equal(new Shape(1536, 840), model.Layout["decoder.input_parameter_projections.7.0.weight"].Shape);
        Assert.Equal(new Shape(1536, 257), model.Layout["decoder.input_parameter_projections.25.0.weight"].Shape);
        Assert.Equal(new Shape(10, 1536), model.Layout["decoder.output_parameter_projections.10.0.weight"].Shape);
        Assert.Equal(new Shape(1536), model.Layout["decoder.ln_f.bias"].Shape);
    }

    [Fact]
    public void Tokens_are_cut_as_published()
    {
        Assert.Equal([1000, 1000, 1000, 1000, 1000, 1000, 1000, 840, 10, 100, 10], new GptTokens(Mnist, GptConfigurations.MnistLoss).OutputSizes);
        Assert.Equal(26, new GptTokens(Mnist, GptConfigurations.MnistLoss).InputSizes.Count);
        Assert.Equal(18, new GptTokens(Cartpole, new GptSettings { Heads = 12, Split = SplitPolicy.LayerByLayer }).InputSizes.Count);
        var pooled = new ParameterLayout(("fc1.weight", (10, 49)), ("fc1.bias", 10), ("fc2.weight", (10, 10)), ("fc2.bias", 10));
        Assert.Equal(38, new GptTokens(pooled, new GptSettings { Width = 128, Heads = 4, Chunk = 49, Frequencies = 32 }).InputSizes.Count);
    }

    [Fact]
    public void Frequencies_run_from_1_to_16384()
    {
        using var model = new GptModel(Mnist, GptConfigurations.MnistLoss);
        Assert.Equal(1f, model.FrequencyTable[0]);
        Assert.Equal(1.0794f, model.FrequencyTable[1], 4);
        Assert.Equal(16384f, model.FrequencyTable[127]);
        Assert.Equal(257, model.Tokens.FeatureSize);
    }

    [Fact]
    public void An_untrained_model_returns_the_start_bit_for_bit()
    {
        using var device = new CpuDevice(2);
        using (var model = new GptModel(TinyGpt.Target.Layout, TinyGpt.Settings))
        {
            model.Build(device);
            using Scope scope = device.Scope();
            (Tensor input, Tensor start) = Input(model, device, 5);
            float[] output = model.Forward(Tape.Inference(device), input, start).ToArray<float>();
            Assert.Equal(start.ToArray<float>(), output);
        }

        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void Gradients_of_the_whole_model_agree_with_finite_differences()
    {
        GptSettings settings = TinyGpt.Settings with { Width = 8, Heads = 2, Layers = 2 };
        using var device = new ReferenceDevice();
        using (var model = new GptModel(TinyGpt.Target.Layout, settings))
        {
            model.Build(device);
            Scramble(model);
            model.Parameters.ZeroGradients();
            using (device.Scope())
            {
                Tape tape = Tape.Record(device);
                tape.Backward(Loss(tape, model, device));
            }

            double[] gradient = model.Parameters.Gradients.ToArray<double>(), values = model.Parameters.Values.ToArray<double>();
            double scale = gradient.Max(Math.Abs);
            Assert.True(scale > 1e-4, "the loss does not depend on the parameters");
            int compared = 0;
            foreach (ParameterEntry entry in model.Layout.Entries)
            {
                // The largest gradient of every parameter: where a mistake shows most.
                long at = Enumerable.Range(0, (int)entry.Count).Select(i => entry.Offset + i).MaxBy(i => Math.Abs(gradient[i]));
                double difference = (LossAt(at, 1e-5) - LossAt(at, -1e-5)) / 2e-5;
                Assert.True(Math.Abs(difference - gradient[at]) < 1e-6 * Math.Max(1, scale), $"{entry.Name}: {gradient[at]:G6}, differences say {difference:G6}");
                compared++;
            }

            Assert.Equal(model.Layout.Entries.Count, compared);

            double LossAt(long at, double shift)
            {
                double[] shifted = [.. values];
                shifted[at] += shift;
                model.Parameters.Values.Write<double>(shifted);
                using Scope scope = device.Scope();
                return Loss(Tape.Inference(device), model, device).Item();
            }
        }

        Assert.Equal(0, device.LiveBytes);
    }

    [Fact]
    public void Cpu_and_float64_predict_the_same()
    {
        using Device cpu = new CpuDevice(2), reference = new ReferenceDevice();
        double[][] outputs = [.. new[] { cpu, reference }.Select(device =>
        {
            using var model = new GptModel(TinyGpt.Target.Layout, TinyGpt.Settings);
            model.Build(device);
            Scramble(model);
            using Scope scope = device.Scope();
            (Tensor input, Tensor start) = Input(model, device, 5);
            return model.Forward(Tape.Inference(device), input, start).ToDoubles();
        })];
        // About thirty ops deep, each with errors of a few 1e-7.
        Assert.True(Cases(outputs[1], outputs[0]) < 2e-5, $"off by {Cases(outputs[1], outputs[0]):G3}");

        static double Cases(double[] expected, double[] found) => Engine.Cases.CaseRunner.Error(expected, found);
    }

    [Fact]
    public void A_state_comes_back_by_name()
    {
        using var device = new CpuDevice(1);
        using var first = new GptModel(TinyGpt.Target.Layout, TinyGpt.Settings);
        using var second = new GptModel(TinyGpt.Target.Layout, TinyGpt.Settings with { Seed = 99 });
        first.Build(device);
        second.Build(device);
        Assert.NotEqual(first.Parameters.Values.ToArray<float>(), second.Parameters.Values.ToArray<float>());
        second.Load(first.State(average: false), average: false);
        Assert.Equal(first.Parameters.Values.ToArray<float>(), second.Parameters.Values.ToArray<float>());
        Dictionary<string, float[]> state = first.State(average: false);
        state.Remove("decoder.ln_f.bias");
        Assert.Contains("decoder.ln_f.bias", Assert.Throws<ArgumentException>(() => second.Load(state, average: false)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, 3)]
    [InlineData(0, 1)]
    public void Refuses_heads_that_do_not_divide_the_width(int width, int heads) => Assert.Contains(
        "heads", Assert.Throws<ArgumentException>(() => new GptModel(Mnist, new GptSettings { Width = width, Heads = heads })).Message, StringComparison.Ordinal);

    private static long Count(ParameterLayout target, GptSettings settings)
    {
        using var model = new GptModel(target, settings);
        return model.Layout.Count;
    }

    /// <summary>Random values everywhere, also where a fresh model has zeros.</summary>
    private static void Scramble(GptModel model)
    {
        Tensor values = model.Parameters.Values;
        var numbers = new float[values.Elements];
        var stream = new RandomStream(11, "scramble");
        for (int i = 0; i < numbers.Length; i++) numbers[i] = (float)(0.4 * (stream.Double(i) - 0.5));
        values.Device.WriteFloats(values, numbers);
    }

    private static (Tensor Input, Tensor Start) Input(GptModel model, Device device, int count)
    {
        int parameters = model.Tokens.Parameters;
        float[] Some(string name, int n, double scale) =>
            [.. Enumerable.Range(0, n).Select(i => (float)(scale * (new RandomStream(12, name).Double(i) - 0.5)))];
        Tensor start = device.From(Some("start", count * parameters, 1), (count, parameters));
        Tensor input = model.Input(
            start, device.From(Some("metric", count, 4), count), device.From(Some("prompt", count, 4), count), device.From(Some("difference", count, 4), count));
        model.WriteNoisy(input, device.From(Some("noisy", count * parameters, 2), (count, parameters)), device.From(new float[] { 1, 50, 300, 700, 999 }.AsSpan(0, count), count));
        return (input, start);
    }

    private static Tensor Loss(Tape tape, GptModel model, Device device)
    {
        (Tensor input, Tensor start) = Input(model, device, 3);
        return tape.MeanSquaredError(model.Forward(tape, input, start), device.Zeros(start.Shape));
    }
}
