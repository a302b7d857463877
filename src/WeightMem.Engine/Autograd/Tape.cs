using WeightMem.Engine.Devices;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Autograd;

/// <summary>
/// Records ops as they run and walks them back. Ops are extension methods: <c>tape.Linear(x, weight, bias)</c>. The backward pass
/// releases every intermediate and its gradient as soon as nothing before needs them.
/// </summary>
/// <remarks>
/// A tape is used inside one scope, which owns what the tape makes. An inference tape records nothing: the same model code runs,
/// and outputs live until the scope ends.
/// </remarks>
public sealed class Tape
{
    private readonly List<Node> _nodes = [];
    private bool _walked;

    private Tape(Device device, bool recording)
    {
        Device = device;
        IsRecording = recording;
    }

    /// <summary>A tape that records for a backward pass.</summary>
    public static Tape Record(Device device) => new(device, true);

    /// <summary>A tape that only runs.</summary>
    public static Tape Inference(Device device) => new(device, false);

    /// <summary>Where the ops run.</summary>
    public Device Device { get; }

    /// <summary>Whether a backward pass can follow.</summary>
    public bool IsRecording { get; }

    /// <summary>Arithmetic and memory traffic of the ops so far, backward included once it has run.</summary>
    public OpCost Cost { get; private set; }

    /// <summary>Number of ops recorded and not yet walked back.</summary>
    public int Count => _nodes.Count;

    /// <summary>Asks for the gradient of an input: it is in <see cref="Tensor.Gradient"/> after the backward pass.</summary>
    public Tensor Watch(Tensor input)
    {
        input.RequiresGradient = true;
        return input;
    }

    /// <summary>Whether an op must compute the gradient of a tensor.</summary>
    public bool Wants(Tensor? tensor) => IsRecording && tensor is { RequiresGradient: true };

    /// <summary>
    /// Where an op writes its share of a tensor's gradient, and whether it adds to what is there.
    /// </summary>
    public (Tensor Gradient, bool Accumulate) GradientOf(Tensor tensor)
    {
        if (tensor.Gradient is not null) return (tensor.Gradient, true);
        tensor.Gradient = Device.Empty(tensor.Shape);
        return (tensor.Gradient, false);
    }

    /// <summary>A gradient to add to, zeroed on first use: for kernels that only accumulate.</summary>
    public Tensor GradientToAddTo(Tensor tensor) => tensor.Gradient ??= Device.Zeros(tensor.Shape);

    /// <summary>
    /// Adds an op to the tape if its output depends on anything that wants a gradient.
    /// </summary>
    /// <param name="output">What the op made.</param>
    /// <param name="cost">Cost of its forward pass.</param>
    /// <param name="backwardCost">Cost of its backward pass.</param>
    /// <param name="backward">Adds the inputs' gradients, given the output's.</param>
    /// <param name="inputs">What the op read; one that wants a gradient makes the output want one.</param>
    /// <param name="saved">Tensors kept for the backward pass besides inputs and output, released after it.</param>
    public void Add(
        Tensor output, OpCost cost, OpCost backwardCost, Action<Tensor> backward, ReadOnlySpan<Tensor?> inputs, params ReadOnlySpan<Tensor> saved)
    {
        Cost += cost;
        bool wanted = false;
        foreach (Tensor? input in inputs) wanted |= Wants(input);
        if (!wanted)
        {
            foreach (Tensor tensor in saved) tensor.Dispose();
            return;
        }

        output.RequiresGradient = true;
        _nodes.Add(new Node(output, backward, backwardCost, saved.ToArray()));
    }

    /// <summary>Walks back from a one-element loss, adding to the gradients of parameters and watched inputs.</summary>
    /// <exception cref="InvalidOperationException">The tape does not record, has been walked, or the loss depends on nothing that wants a gradient.</exception>
    public void Backward(Tensor loss)
    {
        RequireWalk(loss);
        if (loss.Elements != 1) throw new ArgumentException($"backward starts from one number, not {loss.Shape}", nameof(loss));
        Tensor one = Device.Empty(loss.Shape);
        Device.Kernels.Fill(one, 1);
        Walk(loss, one);
    }

    /// <summary>Walks back from an output of any shape whose gradient is given.</summary>
    /// <exception cref="InvalidOperationException">As for a loss.</exception>
    public void Backward(Tensor output, Tensor gradient)
    {
        RequireWalk(output);
        ShapeCheck.Same("backward", output, gradient);
        Tensor own = Device.Empty(gradient.Shape);
        Device.Kernels.Copy(own, gradient);
        Walk(output, own);
    }

    private void RequireWalk(Tensor loss)
    {
        if (!IsRecording || _walked) throw new InvalidOperationException("a tape is walked back once, and only if it recorded");
        if (!loss.RequiresGradient) throw new InvalidOperationException("the loss depends on no parameter");
    }

    private void Walk(Tensor loss, Tensor start)
    {
        _walked = true;
        loss.Gradient = start;
        for (int i = _nodes.Count - 1; i >= 0; i--)
        {
            Node node = _nodes[i];
            Tensor? gradient = node.Output.Gradient;
            if (gradient is not null)
            {
                node.Backward(gradient);
                Cost += node.BackwardCost;
                gradient.Dispose();
                node.Output.Gradient = null;
            }

            if (node.Output != loss) node.Output.Dispose();
            foreach (Tensor saved in node.Saved) saved.Dispose();
        }

        _nodes.Clear();
    }

    private sealed record Node(Tensor Output, Action<Tensor> Backward, OpCost BackwardCost, Tensor[] Saved);
}
