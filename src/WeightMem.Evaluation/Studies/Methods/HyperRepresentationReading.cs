using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>What the samplers of Hyper-Representations say side by side, in words.</summary>
internal static class HyperRepresentationReading
{
    /// <summary>The remark of a report.</summary>
    public static string Of(IReadOnlyList<PopulationMeasures> measured, IImageTarget target, Device device, ImageSet test)
    {
        PopulationMeasures training = measured[0], right = Find("generated"), published = Find("generated-kde30-reference"), rows = Find("generated-row-kde");
        var sentences = new List<string>
        {
            FormattableString.Invariant(
                $"Sampled as published, where one seed serves every latent dimension, each network is the decoding of one training network's latent vector plus a small constant: {OwnSources(published)} of {published.Population.Count} are nearest to exactly that network, at a mean distance of {Mean(published, "min_l2"):F2} and with an error overlap of {Mean(published, "max_similarity"):F2} ({Mean(published, "accuracy"):F1} % accuracy)."),
            FormattableString.Invariant(
                $"With a draw of its own for every dimension, as the density estimate is meant, the distance is {Mean(right, "min_l2"):F2}, the overlap {Mean(right, "max_similarity"):F2} and the accuracy {Mean(right, "accuracy"):F1} %: the near-copies of the published sampler come from its repeated seed, and only the other one tests the method."),
            FormattableString.Invariant(
                $"Independent noise around one latent vector, in between, gives {Mean(rows, "min_l2"):F2}, {Mean(rows, "max_similarity"):F2} and {Mean(rows, "accuracy"):F1} %."),
        };
        IEnumerable<string> constant = new[] { training, right, published, rows }.Select(m => (m.Name, Count: Constants(m.Population))).Where(c => c.Count > 0)
            .Select(c => $"{c.Count} of {c.Name}");
        string collapsed = string.Join(", ", constant);
        sentences.Add(collapsed.Length == 0
            ? "No network answers every image with one class."
            : $"Networks that answer every image with one class, whose errors overlap whatever they learned: {collapsed}.");
        return string.Join(" ", sentences);

        PopulationMeasures Find(string name) => measured.First(m => m.Name == name);

        int Constants(Population population) => target.PredictLabels(device, population, test.Pixels).Count(labels => labels.All(label => label == labels[0]));
    }

    private static double Mean(PopulationMeasures measures, string name) => measures.Summaries[name].Mean;

    /// <summary>How many are nearest to the very network they were decoded from.</summary>
    private static int OwnSources(PopulationMeasures sampled)
    {
        int[] sources = [.. sampled.Population.Provenance["source_rows"].Split(',').Select(int.Parse)];
        return sources.Where((source, i) => sampled.MinL2.Index(i) == source).Count();
    }
}
