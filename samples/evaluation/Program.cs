// Judges two matrices of weights, one network a row. Here the second holds copies of the first with a little noise, and the verdict says so.
//   dotnet run --project samples/evaluation -- verdict
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Models.Populations;

const int Networks = 120, Parameters = 40;
string folder = args.Length > 0 ? args[0] : "verdict";

// Yours would come from a file of any kind: WeightRows.Read("weights.npy").ToPopulation(...).
float[] trained = Uniform(new RandomStream(seed: 0, "trained"));
float[] noise = Uniform(new RandomStream(seed: 0, "noise"));
float[] copies = [.. trained.Zip(noise, (weight, error) => weight + 0.01f * error)];
var layout = new ParameterLayout(("weights", Parameters));
var training = new Population("mine", layout, trained);
var generated = new Population("mine", layout, copies);

using var device = new CpuDevice();
IReadOnlyList<PopulationMeasures> measured = Evaluator.Measure(device, training, [new("generated", generated)], seed: 0);
EvaluationDocument document = EvaluationReport.Write(folder, measured, new ReportContext { Title = "Copies with noise", Device = device });

foreach ((string name, var measures) in document.Populations)
    Console.WriteLine(FormattableString.Invariant($"{name}: distance to the nearest training network {measures["min_l2"].Mean:F3}"));
Console.WriteLine($"verdict: {document.Verdict?.Name}. {document.Verdict?.Sentence}");
Console.WriteLine($"page: {Path.Combine(folder, "report.html")}");

static float[] Uniform(RandomStream stream) => [.. Enumerable.Range(0, Networks * Parameters).Select(i => (float)(2 * stream.Double(i) - 1))];
