using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Statistics;

namespace WeightMem.Evaluation.Reports;

/// <summary>Says in plain words what the measures of a study mean.</summary>
public static class Reading
{
    /// <summary>A population's name for people.</summary>
    public static string Label(string name) => name switch
    {
        "training" => "training networks",
        "generated" => "generated",
        "generated-known-starts" => "generated from training starts",
        "generated-recursive" => "generated, prompted twice",
        "generated-kde30-reference" => "generated as published (one training latent each)",
        "generated-row-kde" => "generated, noise around one latent",
        "training-fields" => "fields of the training shapes",
        "heldout" => "held-out networks",
        "heldout-raw" => "held-out networks as trained",
        "training-raw" => "training networks as trained",
        "control-replica" => "control: copies",
        "control-noisy-copy" => "control: noisy copies",
        "control-interpolation" => "control: between two networks",
        "control-average" => "control: averages of many",
        "control-permuted-replica" => "control: copies, units permuted",
        "control-random-init" => "control: untrained networks",
        "control-independent" => "control: independent trainings",
        _ when name.StartsWith("noise-", StringComparison.Ordinal) => $"training + noise {name["noise-".Length..]}",
        _ => name,
    };

    /// <summary>The answer of a report: do the networks work, how near are they to training networks, and what does that compare with.</summary>
    /// <param name="measured">Training first, then the other populations.</param>
    public static string Of(IReadOnlyList<PopulationMeasures> measured)
    {
        PopulationMeasures training = measured[0];
        PopulationMeasures? generated = measured.FirstOrDefault(m => m.Name == "generated"), heldout = measured.FirstOrDefault(m => m.Name == "heldout");
        if (generated is null) return $"{training.Population.Count} training networks were measured; there are no generated ones to judge.";
        var sentences = new List<string>();
        if (generated.Summaries.TryGetValue("accuracy", out Estimate? accuracy) && training.Summaries.TryGetValue("accuracy", out Estimate? reference))
        {
            double gap = reference.Mean - accuracy.Mean;
            string verb = gap <= 3 ? "work as well as the training networks" :
                gap <= 20 ? "work, though less well than the training networks" : "work far worse than the training networks";
            sentences.Add(FormattableString.Invariant(
                $"The {generated.Population.Count} generated networks {verb}: {accuracy.Mean:F1} % against {reference.Mean:F1} % accuracy."));
        }

        string measure = generated.Summaries.ContainsKey("min_l2_aligned") ? "min_l2_aligned" : "min_l2";
        string words = measure == "min_l2_aligned" ? "up to permutations of hidden units" : "in plain L2";
        double distance = generated.Summaries[measure].Mean;
        PopulationMeasures fresh = heldout ?? training;
        double natural = fresh.Summaries[measure].Mean;
        double ratio = distance / natural;
        string kind = heldout is null ? "training networks from each other" : "held-out networks from the training networks";
        sentences.Add(FormattableString.Invariant(
            $"Their nearest training network is at a mean distance of {distance:F2} {words}; {kind} are {natural:F2} away, so generated networks are {ratio:F2} times as far."));
        sentences.Add(ratio switch
        {
            < 0.1 => "Distances this small mean copies.",
            < 0.8 => "They are nearer to single training networks than independently trained ones ever come: this is reuse of training networks, not fresh training.",
            < 1.25 => "By distance alone they are as new as independently trained networks.",
            _ => "They lie outside the region that trained networks fill; distance of this kind is cheap, so look at the accuracy.",
        });
        int distinct = (generated.MinL2Aligned?.Neighbours ?? generated.MinL2) is { } near
            ? Enumerable.Range(0, generated.Population.Count).Select(i => near.Index(i)).Distinct().Count() : 0;
        sentences.Add($"Their nearest training networks are {distinct} different ones of {training.Population.Count}.");
        List<PopulationMeasures> noise = [.. measured.Where(m => m.Name.StartsWith("noise-", StringComparison.Ordinal))];
        if (noise.Count > 0 && generated.Summaries.TryGetValue("max_similarity", out Estimate? similarity))
        {
            IEnumerable<string> levels = noise.Where(m => m.Summaries.ContainsKey("max_similarity")).Select(m => FormattableString.Invariant(
                $"{m.Name}: {m.Summaries["max_similarity"].Mean:F2} at {m.Summaries["accuracy"].Mean:F1} %"));
            sentences.Add(FormattableString.Invariant(
                $"Their errors overlap with those of a training network by {similarity.Mean:F2}; noisy copies of training networks reach {string.Join("; ", levels)}."));
        }

        return string.Join(" ", sentences);
    }
}
