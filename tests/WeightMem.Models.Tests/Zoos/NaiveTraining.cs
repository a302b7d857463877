using WeightMem.Engine.Random;
using WeightMem.Models.Data;
using WeightMem.Models.Targets;
using WeightMem.Models.Zoos;

namespace WeightMem.Models.Tests.Zoos;

/// <summary>One run of a zoo written again from the specification, image by image in double precision.</summary>
internal static class NaiveTraining
{
    /// <summary>Weights after every step, the initial ones first; loss and errors of each step's minibatch before the update.</summary>
    public static (List<double[]> Weights, List<double> Losses, List<int> Errors) Run(
        Mlp mlp, ImageSet images, ZooSettings settings, int run)
    {
        RandomStream stream = new RandomStream(settings.Seed, "zoo").Sub("run", run);
        var start = new float[mlp.Parameters];
        mlp.Initialize(start, stream.Sub("initialisation"));
        double[] p = Array.ConvertAll(start, v => (double)v), v = new double[p.Length];
        var weights = new List<double[]> { (double[])p.Clone() };
        var losses = new List<double>();
        var errors = new List<int>();
        double rate0 = settings.Rates?[run] ?? settings.BaseRate, decay = settings.Decays?[run] ?? settings.WeightDecay;
        int batch = settings.BatchSize, perEpoch = images.Count / batch;
        for (int epoch = 0; epoch < settings.Epochs; epoch++)
        {
            double rate = rate0 / 2 * (1 + Math.Cos(Math.PI * epoch / settings.Epochs));
            int[] order = stream.Sub("order").At(epoch).Permutation(images.Count);
            for (int it = 0; it < perEpoch; it++)
            {
                var gradient = new double[p.Length];
                double loss = 0;
                int wrong = 0;
                for (int j = 0; j < batch; j++)
                {
                    int image = order[it * batch + j];
                    double[] x = [.. images.Pixels.Skip(image * images.Features).Take(images.Features)];
                    (double l, bool miss) = Backward(mlp.Widths, p, gradient, x, images.Labels[image], 1.0 / batch);
                    loss += l / batch;
                    if (miss) wrong++;
                }

                losses.Add(loss);
                errors.Add(wrong);
                bool first = epoch == 0 && it == 0;
                for (int i = 0; i < p.Length; i++)
                {
                    double d = gradient[i] + decay * p[i];
                    v[i] = first ? d : settings.Momentum * v[i] + d;
                    p[i] -= rate * (d + settings.Momentum * v[i]);
                }

                weights.Add((double[])p.Clone());
            }
        }

        return (weights, losses, errors);
    }

    private static (double Loss, bool Wrong) Backward(
        IReadOnlyList<int> widths, double[] p, double[] gradient, double[] x, int label, double scale)
    {
        var activations = new List<double[]> { x };
        var offsets = new List<int> { 0 };
        for (int layer = 1; layer < widths.Count; layer++)
        {
            double[] input = activations[^1];
            int at = offsets[^1], bias = at + input.Length * widths[layer];
            var output = new double[widths[layer]];
            for (int o = 0; o < output.Length; o++)
            {
                double sum = p[bias + o];
                for (int i = 0; i < input.Length; i++) sum += p[at + o * input.Length + i] * input[i];
                output[o] = layer < widths.Count - 1 ? Math.Max(0, sum) : sum;
            }

            activations.Add(output);
            offsets.Add(bias + output.Length);
        }

        double[] logits = activations[^1];
        double total = logits.Sum(Math.Exp), loss = Math.Log(total) - logits[label];
        double[] delta = [.. logits.Select((z, c) => scale * (Math.Exp(z) / total - (c == label ? 1 : 0)))];
        for (int layer = widths.Count - 1; layer >= 1; layer--)
        {
            double[] input = activations[layer - 1];
            int at = offsets[layer - 1], bias = at + input.Length * widths[layer];
            var before = new double[input.Length];
            for (int o = 0; o < delta.Length; o++)
            {
                gradient[bias + o] += delta[o];
                for (int i = 0; i < input.Length; i++)
                {
                    gradient[at + o * input.Length + i] += delta[o] * input[i];
                    if (layer > 1 && input[i] > 0) before[i] += delta[o] * p[at + o * input.Length + i];
                }
            }

            delta = before;
        }

        return (loss, Array.IndexOf(logits, logits.Max()) != label);
    }
}
