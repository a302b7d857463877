using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace WeightMem.Engine.Ops;

/// <summary>How an input of a chain lies under its outputs.</summary>
public enum ChainInput
{
    /// <summary>An element for each element of the output.</summary>
    Full,

    /// <summary>One row that every row of the output reads: a bias.</summary>
    Row,
}

/// <summary>What one step of a chain computes.</summary>
internal enum ChainStepKind : byte
{
    Input,
    Constant,
    Add,
    Subtract,
    Multiply,
    Activate,
    Slope,
}

/// <summary>One step: its operands are earlier steps (for an input, A is its index).</summary>
internal readonly record struct ChainStep(ChainStepKind Kind, byte A = 0, byte B = 0, Activation Activation = Activation.Identity, float Constant = 0);

/// <summary>
/// Elementwise arithmetic that runs in one pass: every input is read once, every output written once, and nothing between reaches memory. Written as a formula,
/// <c>new("bias gelu", [ChainInput.Full, ChainInput.Row], v => (v[0] + v[1]).Activate(Activation.Gelu))</c>; the gradient is derived from it. On a GPU a chain becomes
/// a kernel of its own, generated as source and compiled once.
/// </summary>
public sealed class ElementwiseChain
{
    /// <summary>The most steps a chain may have: more would not stay in registers.</summary>
    public const int MostSteps = 32;

    private readonly List<ChainStep> _steps;
    private readonly Dictionary<int, ElementwiseChain> _gradients = [];

    /// <summary>A chain of one output.</summary>
    /// <param name="name">A name for messages.</param>
    /// <param name="inputs">How each input lies.</param>
    /// <param name="formula">The output from the inputs.</param>
    /// <exception cref="ArgumentException">The formula takes more than <see cref="MostSteps"/> steps.</exception>
    public ElementwiseChain(string name, IReadOnlyList<ChainInput> inputs, Func<IReadOnlyList<ChainValue>, ChainValue> formula)
    {
        Name = name;
        Inputs = inputs;
        _steps = [];
        ChainValue[] values = [.. inputs.Select((_, i) => Append(new ChainStep(ChainStepKind.Input, (byte)i)))];
        Outputs = [formula(values).Step];
        Check();
    }

    private ElementwiseChain(string name, IReadOnlyList<ChainInput> inputs, List<ChainStep> steps)
    {
        Name = name;
        Inputs = inputs;
        _steps = steps;
        Outputs = [];
    }

    /// <summary>A name for messages.</summary>
    public string Name { get; }

    /// <summary>How each input lies.</summary>
    public IReadOnlyList<ChainInput> Inputs { get; }

    /// <summary>Operations for each element, an activation counted as 20.</summary>
    public double Flops => _steps.Sum(s => s.Kind switch
    {
        ChainStepKind.Input or ChainStepKind.Constant => 0,
        ChainStepKind.Activate or ChainStepKind.Slope => 20,
        _ => 1,
    });

    /// <summary>The steps in order; the first ones are the inputs.</summary>
    internal ReadOnlySpan<ChainStep> Steps => CollectionsMarshal.AsSpan(_steps);

    /// <summary>The steps that are outputs.</summary>
    internal int[] Outputs { get; private set; }

    /// <summary>
    /// The chain from the inputs and the output's gradient to the gradients of the wanted inputs, all of the output's size (a row's is still to be summed
    /// over the rows). By the chain rule, step by step from the last.
    /// </summary>
    /// <param name="wanted">Bit i for input i.</param>
    /// <exception cref="NotSupportedException">The chain is itself a gradient.</exception>
    internal ElementwiseChain Gradient(int wanted)
    {
        if (_gradients.TryGetValue(wanted, out ElementwiseChain? made)) return made;
        var chain = new ElementwiseChain($"{Name} gradient", [.. Inputs, ChainInput.Full], [.. _steps]);
        var slopes = new ChainValue?[_steps.Count];
        slopes[Outputs[0]] = chain.Append(new ChainStep(ChainStepKind.Input, (byte)Inputs.Count));
        for (int i = _steps.Count - 1; i >= Inputs.Count; i--)
        {
            if (slopes[i] is not { } slope) continue;
            ChainStep step = _steps[i];
            ChainValue a = new(chain, step.A), b = new(chain, step.B);
            switch (step.Kind)
            {
                case ChainStepKind.Constant: break;
                case ChainStepKind.Add: Collect(step.A, slope); Collect(step.B, slope); break;
                case ChainStepKind.Subtract: Collect(step.A, slope); Collect(step.B, -1 * slope); break;
                case ChainStepKind.Multiply: Collect(step.A, slope * b); Collect(step.B, slope * a); break;
                case ChainStepKind.Activate: Collect(step.A, slope * chain.Append(new ChainStep(ChainStepKind.Slope, step.A, 0, step.Activation))); break;
                default: throw new NotSupportedException($"{Name} has no gradient");
            }
        }

        chain.Outputs =
        [
            .. Enumerable.Range(0, Inputs.Count).Where(i => (wanted >> i & 1) != 0)
                .Select(i => (slopes[i] ?? chain.Append(new ChainStep(ChainStepKind.Constant))).Step),
        ];
        chain.DropUnused();
        chain.Check();
        return _gradients[wanted] = chain;

        void Collect(int step, ChainValue slope) => slopes[step] = slopes[step] is { } before ? before + slope : slope;
    }

    /// <summary>Whether the gradients of two inputs are the same value, before a row's is summed.</summary>
    internal bool SharesGradient(int input, int other)
    {
        ElementwiseChain all = Gradient((1 << Inputs.Count) - 1);
        return all.Outputs[input] == all.Outputs[other];
    }

    /// <summary>The formula as text: equal texts compute the same.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (int i = 0; i < _steps.Count; i++)
        {
            ChainStep s = _steps[i];
            string formula = s.Kind switch
            {
                ChainStepKind.Input => $"{(Inputs[s.A] == ChainInput.Row ? "row" : "input")} {s.A}",
                ChainStepKind.Constant => s.Constant.ToString("R", CultureInfo.InvariantCulture),
                ChainStepKind.Add => $"v{s.A} + v{s.B}",
                ChainStepKind.Subtract => $"v{s.A} - v{s.B}",
                ChainStepKind.Multiply => $"v{s.A} * v{s.B}",
                ChainStepKind.Activate => $"{s.Activation}(v{s.A})",
                _ => $"{s.Activation}'(v{s.A})",
            };
            text.Append(CultureInfo.InvariantCulture, $"v{i} = {formula}; ");
        }

        return text.Append(CultureInfo.InvariantCulture, $"-> {string.Join(", ", Outputs.Select(o => $"v{o}"))}").ToString();
    }

    internal ChainValue Append(ChainStep step)
    {
        if (_steps.Count > byte.MaxValue) throw TooLong(); // steps are named by bytes; a gradient may pass the limit until its unused steps are dropped
        _steps.Add(step);
        return new ChainValue(this, _steps.Count - 1);
    }

    /// <summary>Removes steps that no output needs: the forward pass's own result, mostly. Inputs stay.</summary>
    private void DropUnused()
    {
        var used = new bool[_steps.Count];
        foreach (int output in Outputs) used[output] = true;
        for (int i = _steps.Count - 1; i >= 0; i--)
        {
            ChainStep s = _steps[i];
            if (s.Kind == ChainStepKind.Input) used[i] = true;
            if (!used[i] || s.Kind is ChainStepKind.Input or ChainStepKind.Constant) continue;
            used[s.A] = true;
            if (s.Kind is ChainStepKind.Add or ChainStepKind.Subtract or ChainStepKind.Multiply) used[s.B] = true;
        }

        var place = new byte[_steps.Count];
        var kept = new List<ChainStep>();
        for (int i = 0; i < _steps.Count; i++)
        {
            if (!used[i]) continue;
            place[i] = (byte)kept.Count;
            ChainStep s = _steps[i];
            kept.Add(s.Kind == ChainStepKind.Input ? s : s with { A = place[s.A], B = place[s.B] });
        }

        Outputs = Array.ConvertAll(Outputs, o => (int)place[o]);
        _steps.Clear();
        _steps.AddRange(kept);
    }

    private void Check()
    {
        if (_steps.Count > MostSteps) throw TooLong();
    }

    private ArgumentException TooLong() => new($"{Name} takes {_steps.Count} steps or more, and a chain has at most {MostSteps}");
}

/// <summary>A value inside a chain's formula.</summary>
public readonly struct ChainValue
{
    private readonly ElementwiseChain _chain;

    internal ChainValue(ElementwiseChain chain, int step)
    {
        _chain = chain;
        Step = step;
    }

    internal int Step { get; }

    /// <summary>a + b</summary>
    public static ChainValue operator +(ChainValue a, ChainValue b) => a.With(ChainStepKind.Add, b);

    /// <summary>a - b</summary>
    public static ChainValue operator -(ChainValue a, ChainValue b) => a.With(ChainStepKind.Subtract, b);

    /// <summary>a * b</summary>
    public static ChainValue operator *(ChainValue a, ChainValue b) => a.With(ChainStepKind.Multiply, b);

    /// <summary>factor * a</summary>
    public static ChainValue operator *(double factor, ChainValue a) =>
        a._chain.Append(new ChainStep(ChainStepKind.Constant, Constant: (float)factor)) * a;

    /// <summary>An activation of the value.</summary>
    public ChainValue Activate(Activation activation) => _chain.Append(new ChainStep(ChainStepKind.Activate, (byte)Step, 0, activation));

    private ChainValue With(ChainStepKind kind, ChainValue other) => _chain.Append(new ChainStep(kind, (byte)Step, (byte)other.Step));
}
