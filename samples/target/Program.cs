// A target of your own: a linear classifier. With its layout and what its networks do, populations of it can be made, stored and judged.
//   dotnet run --project samples/target
using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Data;
using WeightMem.Models.Generators;
using WeightMem.Models.Generators.Baselines;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

ImageSet images = ImageCatalog.Load(ImageCatalog.Default).Test.AveragePool(4).Take(300);
IImageTarget target = new LinearClassifier(images.Features, images.Classes);
var zoo = new Population(target.Name, target.Layout, new float[64 * (int)target.Layout.Count]);
for (int i = 0; i < zoo.Count; i++) target.Initialize(zoo.Row(i), new RandomStream(seed: i, "start"));

IGenerator average = BaselineCatalog.Create("average-16", new BaselineOptions { Target = target });
average.Fit(zoo, CancellationToken.None);
Population averages = average.Sample(64, seed: 0, CancellationToken.None);
using var device = new CpuDevice();
foreach (Population population in new[] { zoo, averages }) target.Evaluate(device, population, images);
foreach (PopulationMeasures of in Evaluator.Measure(device, zoo, [new("averages", averages)], seed: 0, target: target))
    Console.WriteLine(FormattableString.Invariant($"{of.Name}: accuracy {of.Summaries["accuracy"].Mean:F1} %, overlap of errors with the nearest {of.Summaries["max_similarity"].Mean:F2}"));

internal sealed class LinearClassifier(int inputs, int classes) : IImageTarget
{
    public string Name => $"linear-{inputs}-{classes}";

    public ParameterLayout Layout { get; } = new(("weight", (classes, inputs)), ("bias", classes));

    public IReadOnlyList<int> HiddenWidths => []; // no hidden units, so none to permute

    public int[] PermutationIndex(IReadOnlyList<int[]> permutations) => [.. Enumerable.Range(0, (int)Layout.Count)];

    public void Initialize(Span<float> row, RandomStream stream)
    {
        for (int i = 0; i < inputs * classes; i++) row[i] = (float)((2 * stream.Double(i) - 1) / Math.Sqrt(inputs));
    }

    public void CheckImages(ImageSet images) => ArgumentOutOfRangeException.ThrowIfNotEqual((images.Features, images.Classes), (inputs, classes));

    public int[][] PredictLabels(Device device, Population population, ReadOnlySpan<float> images)
    {
        using Scope scope = device.Scope();
        Tensor x = device.From(images, (images.Length / inputs, inputs));
        return [.. Enumerable.Range(0, population.Count).Select(i =>
        {
            Tensor weight = device.From(Layout.Of(population.Row(i), "weight"), (classes, inputs)), bias = device.From(Layout.Of(population.Row(i), "bias"), classes);
            float[] logits = Tape.Inference(device).Linear(x, weight, bias).ToArray<float>();
            return logits.Chunk(classes).Select(row => Array.IndexOf(row, row.Max())).ToArray();
        })];
    }
}
