// A generator of your own: children that take each parameter tensor from one of two parents. It is trained and judged like all others.
//   dotnet run --project samples/generator -- verdict
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Models.Data;
using WeightMem.Models.Generators;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;

string folder = args.Length > 0 ? args[0] : "verdict";
(ImageSet train, ImageSet test) = ImageCatalog.Load(ImageCatalog.Default);
(train, test) = (train.AveragePool(7).Take(1000), test.AveragePool(7).Take(500));
var target = new Mlp(train.Features, 8, train.Classes);

using var device = new CpuDevice();
Population zoo = ZooBuilder.Train(device, target, train, test, new ZooSettings { Runs = 32, Epochs = 2, Checkpoints = 2, GroupSize = 32 });
Population training = zoo.Finals();

var generator = new Crossover();
generator.Fit(training, CancellationToken.None);
Population generated = generator.Sample(32, seed: 0, CancellationToken.None);
target.Evaluate(device, generated, test);

var measured = Evaluator.Measure(device, training, [new("generated", generated)], seed: 0, target: target);
EvaluationDocument document = EvaluationReport.Write(folder, measured, new ReportContext { Title = generator.Name, Device = device, Target = target });
Console.WriteLine(FormattableString.Invariant($"accuracy: {training.Score!.Average():F1} % of parents, {generated.Score!.Average():F1} % of children"));
Console.WriteLine($"verdict: {document.Verdict?.Name}. {document.Verdict?.Sentence}");

internal sealed class Crossover : IGenerator
{
    private Population? _parents;

    public string Name => "crossover";

    public void Fit(Population training, CancellationToken cancellation) => _parents = training;

    public Population Sample(int count, long seed, CancellationToken cancellation)
    {
        Population parents = _parents ?? throw new InvalidOperationException($"{Name} has not been fitted");
        var children = new Population(parents.Target, parents.Layout, new float[count * parents.Parameters]) { Provenance = { ["generator"] = Name } };
        for (int i = 0; i < count; i++)
        {
            RandomStream draws = new RandomStream(seed, Name).At(i); // of the seed and the child alone: the same bits whatever was sampled before
            int[] pair = [draws.Integer(0, parents.Count), draws.Integer(1, parents.Count)];
            for (int p = 0; p < parents.Layout.Entries.Count; p++)
            {
                string name = parents.Layout.Entries[p].Name;
                parents.Layout.Of(parents.Row(pair[draws.Integer(2 + p, 2)]), name).CopyTo(children.Layout.Of(children.Row(i), name));
            }
        }

        return children;
    }
}
