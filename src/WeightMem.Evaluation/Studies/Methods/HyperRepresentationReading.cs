using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
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
            $"Sampled as published, where one seed serves every latent dimension, each network is the decoding of one training network's latent vector plus a small constant: "
                + $"{OwnSources(published)} of {published.Population.Count} are nearest to exactly that network, {Numbers(published)}.",
            $"With a draw of its own for every dimension, as the density estimate is meant, they are {Numbers(right)}: the near-copies of the published sampler come from its "
                + "repeated seed, and only the other one tests the method.",
            $"Independent noise around one latent vector, in between, gives networks {Numbers(rows)}.",
            FormattableString.Invariant(
                $"The auto-encoder returns its training networks with {Mean(training, "accuracy"):F1} % accuracy ({Mean(Find("training-raw"), "accuracy"):F1} % as trained) and held-out ones with ")
                + FormattableString.Invariant($"{Mean(Find("heldout"), "accuracy"):F1} % ({Mean(Find("heldout-raw"), "accuracy"):F1} %)")
                + (Mean(training, "accuracy") - Mean(Find("heldout"), "accuracy") > 20 ? ": it has learned those networks by heart, and nothing of others." : "."),
        };
        IEnumerable<string> constant = new[] { training, right, published, rows }
            .Select(m => (m.Name, Count: Constants(m.Population))).Where(c => c.Count > 0).Select(c => $"{c.Count} of {Reading.Label(c.Name)}");
        string collapsed = string.Join(", ", constant);
        sentences.Add(collapsed.Length == 0
            ? "No network answers every image with one class."
            : $"Networks that answer every image with one class, whose errors overlap whatever they learned: {collapsed}.");
        return string.Join(" ", sentences);

        PopulationMeasures Find(string name) => measured.First(m => m.Name == name);

        int Constants(Population population) => target.PredictLabels(device, population, test.Pixels).Count(labels => labels.All(label => label == labels[0]));
    }

    private static string Numbers(PopulationMeasures measures) => FormattableString.Invariant(
        $"at a mean distance of {Mean(measures, "min_l2"):F2}, with an error overlap of {Mean(measures, "max_similarity"):F2} and {Mean(measures, "accuracy"):F1} % accuracy");

    private static double Mean(PopulationMeasures measures, string name) => measures.Summaries[name].Mean;

    /// <summary>How many are nearest to the very network they were decoded from.</summary>
    private static int OwnSources(PopulationMeasures sampled)
    {
        int[] sources = [.. sampled.Population.Provenance["source_rows"].Split(',').Select(int.Parse)];
        return sources.Where((source, i) => sampled.MinL2.Index(i) == source).Count();
    }
}
