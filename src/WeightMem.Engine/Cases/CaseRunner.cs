using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Cases;

/// <summary>Runs cases on devices: forward, gradients by the tape, gradients by finite differences.</summary>
public static class CaseRunner
{
    /// <summary>Largest difference relative to the largest magnitude expected; infinity if anything is not finite where it should be, or the sizes differ. Equal infinities are no difference.</summary>
    public static double Error(IReadOnlyList<double> expected, IReadOnlyList<double> found)
    {
        if (expected.Count != found.Count) return double.PositiveInfinity;
        double largest = 0, difference = 0;
        for (int i = 0; i < expected.Count; i++)
        {
            if (expected[i] == found[i] && double.IsInfinity(expected[i])) continue;
            double d = Math.Abs(expected[i] - found[i]);
            if (!double.IsFinite(d)) return double.PositiveInfinity;
            difference = Math.Max(difference, d);
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }

        return difference == 0 ? 0 : difference / Math.Max(largest, 1e-30);
    }

    /// <summary>The outputs of a case on a device.</summary>
    public static double[][] Outputs(OpCase opCase, Device device)
    {
        using Scope scope = device.Scope();
        return [.. opCase.Run(Tape.Inference(device), Inputs(opCase, device)).Select(Values)];
    }

    /// <summary>
    /// Gradients of sum(output * cotangent) with respect to the inputs of kind Values, by the tape; the cotangents are fixed random numbers.
    /// </summary>
    public static double[][] Gradients(OpCase opCase, Device device)
    {
        using Scope scope = device.Scope();
        Tape tape = Tape.Record(device);
        List<Tensor> inputs = Inputs(opCase, device);
        var watched = inputs.Where((_, i) => opCase.Inputs[i].Kind == InputKind.Values).ToList();
        foreach (Tensor input in watched) tape.Watch(input);
        tape.Backward(Loss(opCase, tape, inputs));
        return [.. watched.Select(input => Values(input.Gradient ?? throw new InvalidOperationException($"{opCase}: an input got no gradient")))];
    }

    /// <summary>
    /// The same gradients by central differences in double precision, at up to <paramref name="samples"/> elements of each input.
    /// </summary>
    /// <returns>For each watched input the sampled element indices and the derivatives there.</returns>
    public static (int[] Elements, double[] Derivatives)[] FiniteDifferences(OpCase opCase, Device reference, int samples, double step = 1e-5)
    {
        var results = new List<(int[], double[])>();
        for (int which = 0; which < opCase.Inputs.Count; which++)
        {
            if (opCase.Inputs[which].Kind != InputKind.Values) continue;
            int count = checked((int)opCase.Inputs[which].Shape.Elements);
            int[] elements = new RandomStream(1, "finite differences").Choose(count, Math.Min(samples, count));
            var derivatives = new double[elements.Length];
            for (int e = 0; e < elements.Length; e++)
                derivatives[e] = (LossAt(which, elements[e], step) - LossAt(which, elements[e], -step)) / (2 * step);
            results.Add((elements, derivatives));
        }

        return [.. results];

        double LossAt(int which, int element, double shift)
        {
            using Scope scope = reference.Scope();
            List<Tensor> inputs = Inputs(opCase, reference);
            double[] values = inputs[which].ToArray<double>();
            values[element] += shift;
            inputs[which].Write<double>(values);
            return Loss(opCase, Tape.Inference(reference), inputs).Item();
        }
    }

    private static Tensor Loss(OpCase opCase, Tape tape, IReadOnlyList<Tensor> inputs)
    {
        Tensor? total = null;
        int index = 0;
        foreach (Tensor output in opCase.Run(tape, inputs))
        {
            Tensor cotangent = tape.Device.From(Numbers(output.Elements, new RandomStream(2, "cotangent").At(index++)), output.Shape);
            Tensor share = Ops.LossOps.Sum(tape, Ops.ElementwiseOps.Multiply(tape, output, cotangent));
            total = total is null ? share : Ops.ElementwiseOps.Add(tape, total, share);
        }

        return total ?? throw new InvalidOperationException($"{opCase} has no output");
    }

    private static List<Tensor> Inputs(OpCase opCase, Device device)
    {
        var tensors = new List<Tensor>();
        for (int i = 0; i < opCase.Inputs.Count; i++)
        {
            CaseInput input = opCase.Inputs[i];
            RandomStream stream = new RandomStream(3, "case inputs").At(i);
            int count = checked((int)input.Shape.Elements), columns = input.Shape.Columns;
            switch (input.Kind)
            {
                case InputKind.Labels:
                    tensors.Add(device.From(Enumerable.Range(0, count).Select(j => stream.Integer(j, (int)input.Scale)).ToArray(), input.Shape));
                    break;
                case InputKind.Permutations:
                    int[] permutations = [.. Enumerable.Range(0, count / columns).SelectMany(r => stream.At(1000 + r).Permutation(columns))];
                    tensors.Add(device.From(permutations, input.Shape));
                    break;
                case InputKind.Positive:
                    tensors.Add(device.From(Enumerable.Range(0, count).Select(j => (float)(input.Scale * (0.5 + stream.Double(j)))).ToArray(), input.Shape));
                    break;
                case InputKind.Near:
                    CaseInput origin = opCase.Inputs[0];
                    double[] first = Numbers(origin.Shape.Elements, new RandomStream(3, "case inputs").At(0)), off = Numbers(count, stream);
                    tensors.Add(device.From(
                        Enumerable.Range(0, count).Select(j => (float)((float)(first[j % first.Length] * origin.Scale) + off[j] * input.Scale)).ToArray(), input.Shape));
                    break;
                case InputKind.Words:
                    tensors.Add(device.Empty(input.Shape, DType.U64));
                    tensors[^1].Write<ulong>(Words(count / columns, columns, input.Scale, stream));
                    break;
                default:
                    tensors.Add(device.From(Array.ConvertAll(Numbers(count, stream), v => (float)(v * input.Scale)), input.Shape));
                    break;
            }
        }

        return tensors;
    }

    /// <summary>Standard normal numbers, rounded to single precision so that every device starts from the same.</summary>
    private static double[] Numbers(long count, RandomStream stream)
    {
        var numbers = new double[count];
        for (long i = 0; i < count; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - stream.Double(2 * i)));
            numbers[i] = (float)(radius * Math.Cos(2 * Math.PI * stream.Double(2 * i + 1)));
        }

        return numbers;
    }

    private static ulong[] Words(int rows, int columns, double rate, RandomStream stream)
    {
        var words = new ulong[rows * columns];
        for (int i = 0; i < words.Length; i++)
        {
            double share = rate * (i / columns) / Math.Max(1, rows - 1);
            for (int b = 0; b < 64; b++) words[i] |= stream.Double(64L * i + b) < share ? 1UL << b : 0;
        }

        return words;
    }

    private static double[] Values(Tensor tensor) => tensor.DType switch
    {
        DType.U64 => Array.ConvertAll(tensor.ToArray<ulong>(), word => (double)(word >> 32) + (uint)word / 4294967296.0),
        DType.I32 => Array.ConvertAll(tensor.ToArray<int>(), value => (double)value),
        _ => tensor.ToDoubles(),
    };
}
