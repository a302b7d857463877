using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Judgements;

/// <summary>How alike the functions of two networks are, pair by pair (evaluation specification, 9.7). NaN where a target does not tell.</summary>
/// <param name="Disagreement">Share of images to which they give different classes.</param>
/// <param name="Kappa">Cohen's kappa of being right: 1 for the same images, 0 for what their accuracies alone give.</param>
/// <param name="JensenShannon">Mean divergence of their class probabilities, 0 to ln 2 nats.</param>
/// <param name="Cka">Linear centred kernel alignment of what their last layers see, 0 to 1 (Kornblith et al. 2019).</param>
public sealed record FunctionPairs(double[] Disagreement, double[] Kappa, double[] JensenShannon, double[] Cka);

/// <summary>Asks networks what they do with images.</summary>
/// <param name="device">Where to compute.</param>
/// <param name="target">The networks.</param>
/// <param name="test">The images; comparisons of function use the first of them.</param>
internal sealed class FunctionProbe(Device device, IImageTarget target, ImageSet test)
{
    /// <summary>Images behind a comparison of functions.</summary>
    public const int MostImages = 1000;

    private readonly ImageSet _images = test.Take(MostImages);

    /// <summary>The networks' target.</summary>
    public IImageTarget Target => target;

    /// <summary>Number of classes.</summary>
    public int Classes => test.Classes;

    /// <summary>Measures score, loss and error masks on all images.</summary>
    public void Evaluate(Population population) => target.Evaluate(device, population, test);

    /// <summary>Share of networks that give one class to every image: they are collapsed, and their errors say nothing of copying.</summary>
    public double Collapsed(Population population)
    {
        int[][] labels = target.PredictLabels(device, population, _images.Pixels);
        return labels.Count(own => own.AsSpan().IndexOfAnyExcept(own[0]) < 0) / (double)Math.Max(1, labels.Length);
    }

    /// <summary>Accuracy in percent of the majority of networks, ties to the lowest class, and the mean of its members'.</summary>
    public (double Majority, double Member) Ensemble(Population members)
    {
        int[][] labels = target.PredictLabels(device, members, _images.Pixels);
        double right = 0, member = 0;
        var votes = new int[test.Classes];
        for (int image = 0; image < _images.Count; image++)
        {
            votes.AsSpan().Clear();
            foreach (int[] own in labels)
            {
                votes[own[image]]++;
                member += own[image] == _images.Labels[image] ? 1.0 / labels.Length : 0;
            }

            right += Array.IndexOf(votes, votes.Max()) == _images.Labels[image] ? 1 : 0;
        }

        return (100 * right / _images.Count, 100 * member / _images.Count);
    }

    /// <summary>Row i of one population beside row i of the other.</summary>
    public FunctionPairs Compare(Population a, Population b)
    {
        int count = a.Count, images = _images.Count, classes = test.Classes;
        int[][] left = target.PredictLabels(device, a, _images.Pixels), right = target.PredictLabels(device, b, _images.Pixels);
        double[] disagreement = new double[count], kappa = new double[count], divergence = new double[count], cka = new double[count];
        divergence.AsSpan().Fill(double.NaN);
        cka.AsSpan().Fill(double.NaN);
        for (int i = 0; i < count; i++)
        {
            int different = 0, same = 0, rightA = 0, rightB = 0;
            for (int k = 0; k < images; k++)
            {
                bool isRight = left[i][k] == _images.Labels[k], otherRight = right[i][k] == _images.Labels[k];
                different += left[i][k] == right[i][k] ? 0 : 1;
                same += isRight == otherRight ? 1 : 0;
                rightA += isRight ? 1 : 0;
                rightB += otherRight ? 1 : 0;
            }

            disagreement[i] = (double)different / images;
            kappa[i] = Kappa((double)same / images, (double)rightA / images, (double)rightB / images);
        }

        if (target is IProbedTarget probed && count > 0)
        {
            float[] logitsA = probed.Logits(device, a, _images.Pixels), logitsB = probed.Logits(device, b, _images.Pixels);
            Parallel.For(0, count, i => divergence[i] = Divergence(logitsA.AsSpan(i * images * classes, images * classes), logitsB.AsSpan(i * images * classes, images * classes), classes));
            if (target.HiddenWidths.Count > 0)
            {
                float[] seenA = probed.Penultimate(device, a, _images.Pixels), seenB = probed.Penultimate(device, b, _images.Pixels);
                int units = seenA.Length / (count * images);
                Parallel.For(0, count, i => cka[i] = LinearCka.Of(seenA.AsSpan(i * images * units, images * units), seenB.AsSpan(i * images * units, images * units), images));
            }
        }

        return new FunctionPairs(disagreement, kappa, divergence, cka);
    }

    /// <summary>Loss above the straight line between two networks, the most at five places between them (the barrier), row by row.</summary>
    public double[] Barriers(Population a, Population b)
    {
        const int places = 5;
        int count = a.Count, width = a.Parameters;
        var between = new Population(a.Target, a.Layout, new float[(long)count * (places + 2) * width]);
        for (int i = 0; i < count; i++)
        {
            for (int k = 0; k < places + 2; k++)
            {
                double share = k / (places + 1.0);
                Span<float> row = between.Row(i * (places + 2) + k);
                ReadOnlySpan<float> from = a.Row(i), to = b.Row(i);
                for (int p = 0; p < width; p++) row[p] = (float)((1 - share) * from[p] + share * to[p]);
            }
        }

        target.Evaluate(device, between, _images);
        var barriers = new double[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<float> loss = between.Loss.AsSpan(i * (places + 2), places + 2);
            for (int k = 1; k <= places; k++)
            {
                double share = k / (places + 1.0);
                barriers[i] = Math.Max(barriers[i], loss[k] - ((1 - share) * loss[0] + share * loss[^1]));
            }
        }

        return barriers;
    }

    private static double Kappa(double same, double rightA, double rightB)
    {
        double chance = rightA * rightB + (1 - rightA) * (1 - rightB);
        return chance < 1 ? (same - chance) / (1 - chance) : 1;
    }

    private static double Divergence(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int classes)
    {
        double sum = 0;
        Span<double> p = stackalloc double[classes], q = stackalloc double[classes];
        for (int at = 0; at < a.Length; at += classes)
        {
            Softmax(a.Slice(at, classes), p);
            Softmax(b.Slice(at, classes), q);
            for (int c = 0; c < classes; c++)
            {
                double middle = 0.5 * (p[c] + q[c]);
                if (p[c] > 0) sum += 0.5 * p[c] * Math.Log(p[c] / middle);
                if (q[c] > 0) sum += 0.5 * q[c] * Math.Log(q[c] / middle);
            }
        }

        return Math.Max(0, sum / (a.Length / classes));
    }

    private static void Softmax(ReadOnlySpan<float> logits, Span<double> probabilities)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (float logit in logits) largest = Math.Max(largest, logit);
        for (int c = 0; c < logits.Length; c++) sum += probabilities[c] = Math.Exp(logits[c] - largest);
        for (int c = 0; c < logits.Length; c++) probabilities[c] /= sum;
    }
}
