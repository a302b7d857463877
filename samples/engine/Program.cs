// Trains a small network on points of two spirals, which no straight line separates.
//   dotnet run --project samples/engine
using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Engine.Training;

const int Points = 512, Hidden = 32;
var stream = new RandomStream(seed: 0, "spirals");
var positions = new float[2 * Points];
var spirals = new int[Points];
for (int i = 0; i < Points; i++)
{
    double along = stream.Double(i), angle = 9 * along + Math.PI * (spirals[i] = i % 2);
    positions[2 * i] = (float)(along * Math.Cos(angle));
    positions[2 * i + 1] = (float)(along * Math.Sin(angle));
}

using var device = new CpuDevice(); // CudaDevice on an NVIDIA GPU: nothing else changes
using Scope data = device.Scope();
Tensor x = device.From(positions, (Points, 2)), labels = device.From(spirals, Points);
Tensor share = device.From([.. Enumerable.Repeat(1f / Points, Points)], Points); // of each point in the mean loss

var builder = new ParameterBuilder();
var first = new Linear(builder, ["first"], 2, Hidden, Initializer.Normal(2), Initializer.Normal(1));
var second = new Linear(builder, ["second"], Hidden, Hidden, Initializer.Normal(0.25), Initializer.Constant(0));
var last = new Linear(builder, ["last"], Hidden, 2, Initializer.Normal(0.25), Initializer.Constant(0));
using ParameterSet parameters = builder.Build(device, stream.Sub("start"));
using var adam = new AdamW(parameters, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clip: 1);

for (int step = 1; step <= 400; step++)
{
    using Scope scope = device.Scope(); // owns every tensor that the step makes
    Tape tape = Tape.Record(device);
    parameters.ZeroGradients();
    Tensor losses = tape.CrossEntropy(Logits(tape), labels);
    tape.Backward(losses, share);
    adam.Step(rate: 0.01, averageDecay: 0);
    if (step % 100 == 0) Console.WriteLine(FormattableString.Invariant($"step {step}: loss {losses.ToArray<float>().Average():F4}"));
}

float[] logits = Logits(Tape.Inference(device)).ToArray<float>();
int right = Enumerable.Range(0, Points).Count(i => (logits[2 * i + 1] > logits[2 * i] ? 1 : 0) == spirals[i]);
Console.WriteLine(FormattableString.Invariant($"{parameters.Count} parameters, {100.0 * right / Points:F1} % of the points right"));

Tensor Logits(Tape tape) => last.Forward(tape, second.Forward(tape, first.Forward(tape, x, Activation.Tanh), Activation.Tanh));
