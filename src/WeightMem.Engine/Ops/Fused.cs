using WeightMem.Engine.Autograd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>A chain of elementwise arithmetic in one pass, forward and backward.</summary>
public static class FusedOp
{
    private static readonly ElementwiseChain[] BiasedActivations =
    [
        .. Enum.GetValues<Activation>().Select(activation => new ElementwiseChain(
            $"biased {activation}", [ChainInput.Full, ChainInput.Row], v => (v[0] + v[1]).Activate(activation))),
    ];

    /// <summary>y = activation(x + bias): what follows a product in one pass.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Any shape whose last dimension is the bias's size.</param>
    /// <param name="bias">The bias.</param>
    /// <param name="activation">The activation.</param>
    public static Tensor BiasedActivation(this Tape tape, Tensor x, Tensor bias, Activation activation) =>
        tape.Fused(BiasedActivations[(int)activation], x, bias);

    /// <summary>y = chain(inputs).</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="chain">The formula.</param>
    /// <param name="inputs">Its inputs: full ones all of one shape, rows of the size of its last dimensions.</param>
    /// <returns>A tensor of the shape of the first full input.</returns>
    public static Tensor Fused(this Tape tape, ElementwiseChain chain, params ReadOnlySpan<Tensor> inputs)
    {
        Tensor[] all = inputs.ToArray();
        if (all.Length != chain.Inputs.Count) throw new ArgumentException($"{chain.Name} takes {chain.Inputs.Count} inputs, not {all.Length}");
        Tensor first = all[Enumerable.Range(0, all.Length).First(i => chain.Inputs[i] == ChainInput.Full)];
        for (int i = 0; i < all.Length; i++)
        {
            if (chain.Inputs[i] == ChainInput.Full) ShapeCheck.Same(chain.Name, first, all[i]);
            else ShapeCheck.That(chain.Name, all[i].Elements > 0 && first.Elements % all[i].Elements == 0, first, all[i]);
        }

        Tensor y = tape.Device.Empty(first.Shape);
        tape.Device.Kernels.Elementwise(chain, [y], [false], all);
        OpCost cost = ElementwiseOps.Cost(y, chain.Flops, all.Length + 1);
        tape.Add(y, cost, cost + cost, dy => Backward(tape, chain, all, dy), all);
        return y;
    }

    private static void Backward(Tape tape, ElementwiseChain chain, Tensor[] inputs, Tensor dy)
    {
        var share = new Tensor?[inputs.Length]; // of the output's size, what the chain writes for each input
        var adds = new bool[inputs.Length];
        var later = new List<(Tensor Input, Tensor Gradient)>();
        for (int i = 0; i < inputs.Length; i++)
        {
            if (IsDirect(i)) (share[i], adds[i]) = tape.GradientOf(inputs[i]);
        }

        var own = new List<Tensor>();
        for (int i = 0; i < inputs.Length; i++)
        {
            if (!tape.Wants(inputs[i]) || IsDirect(i)) continue;

            // The gradient of a bias is often that of what it is added to: then it is summed from there, and not written a second time.
            Tensor? twin = Enumerable.Range(0, inputs.Length)
                .Where(j => IsDirect(j) && !adds[j] && chain.SharesGradient(i, j)).Select(j => share[j]).FirstOrDefault();
            if (twin is null) own.Add(share[i] = twin = tape.Device.Empty(dy.Shape));
            later.Add((inputs[i], twin));
        }

        int[] written = [.. Enumerable.Range(0, inputs.Length).Where(i => share[i] is not null)];
        if (written.Length > 0)
        {
            tape.Device.Kernels.Elementwise(
                chain.Gradient(written.Sum(i => 1 << i)), [.. written.Select(i => share[i]!)], [.. written.Select(i => adds[i])], [.. inputs, dy]);
        }

        foreach ((Tensor input, Tensor gradient) in later)
        {
            (Tensor sum, bool accumulate) = tape.GradientOf(input);
            tape.Device.Kernels.SumRows(sum, gradient, accumulate);
        }

        foreach (Tensor tensor in own) tensor.Dispose();

        // A row's share is still to be summed over the rows, and a tensor that comes twice cannot be written twice at a time.
        bool IsDirect(int i) => tape.Wants(inputs[i]) && chain.Inputs[i] == ChainInput.Full && Array.IndexOf(inputs, inputs[i]) == i;
    }
}
