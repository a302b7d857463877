using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Benchmarks;

/// <summary>An op at one size as it is timed: forward, and backward from a fixed gradient of its output to all of its inputs.</summary>
/// <param name="Name">The op and what the size is from.</param>
/// <param name="Inputs">Shapes of the inputs, which are random numbers; all of them get gradients.</param>
/// <param name="Forward">The op on a tape.</param>
public sealed record OpProblem(string Name, IReadOnlyList<Shape> Inputs, Func<Tape, IReadOnlyList<Tensor>, Tensor> Forward);

/// <summary>A problem on a device.</summary>
public sealed class OpRun : IDisposable
{
    private readonly Device _device;
    private readonly OpProblem _problem;
    private readonly Scope _scope;
    private readonly Tensor _slope;

    /// <summary>Draws the inputs and the gradient of the output: the same numbers on every device.</summary>
    public OpRun(Device device, OpProblem problem)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(problem);
        (_device, _problem) = (device, problem);
        _scope = device.Scope();
        Inputs = [.. problem.Inputs.Select((shape, i) => Numbers(shape, new RandomStream(4, "inputs").At(i)))];
        Shape output;
        using (device.Scope()) output = problem.Forward(Tape.Inference(device), Inputs).Shape;
        _slope = Numbers(output, new RandomStream(5, "slope"));
        Step(null);
    }

    /// <summary>The inputs.</summary>
    public IReadOnlyList<Tensor> Inputs { get; }

    /// <summary>The gradient of the output.</summary>
    public Tensor Slope => _slope;

    /// <summary>Operations and bytes of one run, backward pass included.</summary>
    public OpCost Cost { get; private set; }

    /// <summary>Forward and backward once.</summary>
    public void Run() => Step(null);

    /// <summary>The output and the gradient of each input.</summary>
    public float[][] Results()
    {
        float[][] results = [];
        Step(found => results = found);
        return results;
    }

    /// <inheritdoc/>
    public void Dispose() => _scope.Dispose();

    private void Step(Action<float[][]>? keep)
    {
        using Scope inner = _device.Scope();
        Tape tape = Tape.Record(_device);
        foreach (Tensor input in Inputs)
        {
            input.Gradient = null;
            tape.Watch(input);
        }

        Tensor y = _problem.Forward(tape, Inputs);
        float[] output = keep is null ? [] : Floats(y);
        tape.Backward(y, _slope);
        Cost = tape.Cost;
        keep?.Invoke([output, .. Inputs.Select(v => Floats(v.Gradient!))]);
        foreach (Tensor input in Inputs) input.Gradient = null;
    }

    private float[] Floats(Tensor tensor)
    {
        var values = new float[tensor.Elements];
        _device.ReadFloats(tensor, values);
        return values;
    }

    private Tensor Numbers(Shape shape, RandomStream stream)
    {
        Tensor numbers = _device.Empty(shape);
        _device.Kernels.Normal(numbers, stream);
        return numbers;
    }
}
