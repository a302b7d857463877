using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Tests.Measures;
using WeightMem.Models.Populations;
using WeightMem.Models.Symmetries;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Evaluation.Tests.Symmetries;

/// <summary>Alignment undoes random orders and rescalings of hidden units, and leaves functions alone (evaluation specification, 9.6 and section 10).</summary>
public sealed class SymmetryTests
{
    public static TheoryData<string> Targets => ["mlp-12-9-4", "mlp-12-9-7-8-4", "cnn-small-tanh-kaiming_uniform-1x28x28-10", "cnn-small-relu-kaiming_uniform-1x20x20-10", "residual"];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Matching_undoes_random_orders(string name)
    {
        ITarget target = Target(name);
        var structure = PermutationStructure.Of(target);
        Population networks = Networks(target, 6);
        var shuffled = new Population(target.Name, target.Layout, new float[networks.Weights.Length]);
        for (int i = 0; i < networks.Count; i++) structure.Permuted(networks.Row(i), Orders(structure, i)).CopyTo(shuffled.Row(i));
        AlignedNeighbours found = MatchedDistance.Nearest(structure, shuffled, networks, Exclusion.None);
        for (int i = 0; i < networks.Count; i++)
        {
            Assert.Equal((i, 0.0), (found.Neighbours.Index(i), found.Neighbours.Distance(i)));
            Assert.Equal(shuffled.Row(i).ToArray(), structure.Permuted(networks.Row(i), structure.Split(found.Permutation(i))));
        }
    }

    [Theory]
    [InlineData("mlp-12-9-7-8-4")]
    [InlineData("cnn-small-tanh-kaiming_uniform-1x28x28-10")]
    [InlineData("cnn-small-relu-kaiming_uniform-1x20x20-10")]
    public void Orders_and_scales_leave_logits_alone_and_balancing_undoes_both(string name)
    {
        var target = (IProbedTarget)TargetCatalog.Create(name, null);
        var structure = PermutationStructure.Of(target);
        IReadOnlyList<UnitSymmetry> symmetries = ((IRescalableTarget)target).UnitSymmetries;
        Population networks = Networks(target, 3), changed = networks.Select([0, 1, 2]);
        for (int i = 0; i < networks.Count; i++)
        {
            double[] row = Array.ConvertAll(structure.Permuted(networks.Row(i), Orders(structure, i)), v => (double)v);
            var stream = new RandomStream(423, "scales").At(i);
            for (int layer = 0; layer < symmetries.Count; layer++)
            {
                for (int unit = 0; unit < structure.Layers[layer].Units; unit++)
                {
                    double u = stream.Sub("layer", layer).Double(unit);
                    double scale = symmetries[layer] switch { UnitSymmetry.PositiveScale => Math.Pow(4, u - 0.5), UnitSymmetry.Sign => u < 0.5 ? -1 : 1, _ => 1 };
                    UnitBalanceOf(row, structure.Layers[layer], unit, scale);
                }
            }

            Array.ConvertAll(row, v => (float)v).CopyTo(changed.Row(i));
        }

        using var device = new CpuDevice(1);
        int features = name.StartsWith("mlp", StringComparison.Ordinal) ? 12 : name.Contains("28x28", StringComparison.Ordinal) ? 784 : 400;
        float[] images = Made.Normal(new RandomStream(424, "images"), 20 * features);
        float[] before = target.Logits(device, networks, images), after = target.Logits(device, changed, images);
        Population balanced = UnitBalance.Balanced(networks, structure, symmetries), rebalanced = UnitBalance.Balanced(changed, structure, symmetries);
        float[] same = target.Logits(device, balanced, images);
        for (int i = 0; i < before.Length; i++)
        {
            Assert.Equal(before[i], after[i], 1e-4);
            Assert.Equal(before[i], same[i], 1e-4);
        }

        Assert.True(OnCpu.Nearest(changed, networks, Exclusion.None).Nearest().Min() > 0.5);
        AlignedNeighbours found = MatchedDistance.Nearest(structure, rebalanced, balanced, Exclusion.None);
        for (int i = 0; i < networks.Count; i++)
        {
            Assert.Equal(i, found.Neighbours.Index(i));
            Assert.Equal(0, found.Neighbours.Distance(i), 1e-3);
        }
    }

    [Fact]
    public void Matching_of_one_hidden_layer_is_the_exact_distance()
    {
        var target = new Mlp(7, 6, 3);
        Population a = Networks(target, 12), b = Made.Population(target.Layout, 9, 425, 0.3);
        AlignedNeighbours exact = OnCpu.Aligned(b, a, Exclusion.None, 2), matched = MatchedDistance.Nearest(PermutationStructure.Of(target), b, a, Exclusion.None, 2);
        Assert.Equal(exact.Neighbours.Indices, matched.Neighbours.Indices);
        for (int i = 0; i < exact.Neighbours.Distances.Length; i++) Assert.Equal(exact.Neighbours.Distances[i], matched.Neighbours.Distances[i], 1e-6);
    }

    [Fact]
    public void A_target_without_permutations_stays_as_it_is()
    {
        var structure = PermutationStructure.Of(new Residual(hidden: []));
        Assert.False(structure.CanPermute);
        float[] row = Made.Normal(new RandomStream(426, "row"), (int)new Residual([]).Layout.Count);
        (double squared, int[][] orders) = new WeightMatching(structure).Match(row, row);
        Assert.Equal((0.0, 0), (squared, orders.Length));
    }

    [Fact]
    public void A_penultimate_layer_makes_the_logits()
    {
        var target = new Mlp(5, 4, 3, 2);
        Population network = Networks(target, 2);
        float[] images = Made.Normal(new RandomStream(427, "images"), 6 * 5);
        using var device = new CpuDevice(1);
        float[] seen = target.Penultimate(device, network, images), logits = target.Logits(device, network, images);
        ReadOnlySpan<float> row = network.Row(1);
        ReadOnlySpan<float> weight = target.Layout.Of(row, "fc3.weight"), bias = target.Layout.Of(row, "fc3.bias");
        for (int image = 0; image < 6; image++)
        {
            for (int c = 0; c < 2; c++)
            {
                double sum = bias[c];
                for (int u = 0; u < 3; u++) sum += weight[c * 3 + u] * seen[(6 + image) * 3 + u];
                Assert.Equal(sum, logits[(6 + image) * 2 + c], 1e-5);
            }
        }
    }

    private static void UnitBalanceOf(double[] row, PermutableLayer layer, int unit, double scale)
    {
        for (int s = 0; s < layer.Incoming.Length; s++) row[layer.Slots[unit][s]] *= layer.Incoming[s] ? scale : 1 / scale;
    }

    private static int[][] Orders(PermutationStructure structure, int network) =>
        [.. structure.Layers.Select((l, i) => new RandomStream(421, "orders").At(network).Sub("layer", i).Permutation(l.Units))];

    private static ITarget Target(string name) => name == "residual" ? new Residual([6, 4, 4]) : TargetCatalog.Create(name, null);

    private static Population Networks(ITarget target, int count)
    {
        var networks = new Population(target.Name, target.Layout, new float[count * (int)target.Layout.Count]);
        for (int i = 0; i < count; i++) target.Initialize(networks.Row(i), new RandomStream(422, "networks").Sub("network", i));
        return networks;
    }

    /// <summary>
    /// Two residual blocks: a stem into a stream of 6 channels that both blocks read and write, each with 4 inner channels and a norm of its own. One order for the whole stream, one for
    /// each inner layer.
    /// </summary>
    private sealed class Residual(int[] hidden) : ITarget
    {
        private static readonly (string Name, int To, int From, int Kernel)[] Convolutions =
            [("stem.weight", 0, -1, 9), ("block1.conv1.weight", 1, 0, 9), ("block1.conv2.weight", 0, 1, 9), ("block2.conv1.weight", 2, 0, 9), ("block2.conv2.weight", 0, 2, 9), ("fc.weight", -1, 0, 1)];

        private static readonly int[] Widths = [6, 4, 4];

        public string Name => "residual";

        public ParameterLayout Layout { get; } = new(Convolutions.SelectMany(c => new (string, Shape)[]
        {
            (c.Name, new Shape(c.To < 0 ? 5 : Widths[c.To], c.From < 0 ? 3 : Widths[c.From], c.Kernel)),
            (c.Name + ".gamma", c.To < 0 ? 5 : Widths[c.To]),
            (c.Name + ".beta", c.To < 0 ? 5 : Widths[c.To]),
        }));

        public IReadOnlyList<int> HiddenWidths => hidden;

        public void Initialize(Span<float> row, RandomStream stream) => Made.Normal(stream, row.Length).CopyTo(row);

        public int[] PermutationIndex(IReadOnlyList<int[]> permutations)
        {
            int[] index = [.. Enumerable.Range(0, (int)Layout.Count)];
            if (hidden.Length == 0) return index;
            foreach ((string name, int to, int from, int kernel) in Convolutions)
            {
                ParameterEntry weight = Layout[name];
                int outputs = weight.Shape[0], inputs = weight.Shape[1];
                for (int o = 0; o < outputs; o++)
                {
                    int source = to < 0 ? o : permutations[to][o];
                    foreach (string end in new[] { ".gamma", ".beta" }) index[Layout[name + end].Offset + o] = (int)Layout[name + end].Offset + source;
                    for (int i = 0; i < inputs; i++)
                    {
                        int input = from < 0 ? i : permutations[from][i];
                        for (int k = 0; k < kernel; k++) index[weight.Offset + (o * inputs + i) * kernel + k] = (int)weight.Offset + (source * inputs + input) * kernel + k;
                    }
                }
            }

            return index;
        }
    }
}
