using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Judgements;

/// <summary>Tests of what networks do, and of novelty and performance together (evaluation specification, M4, 9.7 and 9.9).</summary>
internal sealed partial class JudgementTests
{
    /// <summary>Networks of a vote.</summary>
    private const int EnsembleMembers = 16;

    /// <summary>Error similarity beside what error rates alone give.</summary>
    public void Similarity(Similarities similar, ErrorMasks masks, ErrorMasks training)
    {
        var raw = new List<double>();
        var adjusted = new List<double>();
        double chance = 0, ceiling = 0;
        for (int i = 0; i < similar.Values.Length; i++)
        {
            if (similar.Indices[i] < 0) continue;
            double own = (double)masks.Errors(i) / masks.Images, other = (double)training.Errors(similar.Indices[i]) / training.Images;
            raw.Add(similar.Values[i]);
            chance += ErrorSimilarity.ChanceLevel(own, other);
            ceiling += ErrorSimilarity.Ceiling(own, other);
            if (ErrorSimilarity.Adjusted(similar.Values[i], own, other) is { } value) adjusted.Add(value);
        }

        if (raw.Count == 0) return;
        (chance, ceiling) = (chance / raw.Count, ceiling / raw.Count);
        Values["max_similarity"] = raw.Average();
        Values["chance_similarity"] = chance;
        Values["ceiling_similarity"] = ceiling;
        Values["adjusted_similarity"] = adjusted.Count > 0 ? adjusted.Average() : null;
        if (adjusted.Count == 0)
        {
            Missing("error_similarity", raw.Count, "n/a: the error rates leave nothing to adjust");
            return;
        }

        Estimate mean = Bootstrap.Mean(adjusted.ToArray(), _stream.Sub("adjusted similarity"), resamples);
        Add("error_similarity", mean.Mean, adjusted.Count, FormattableString.Invariant($"Largest error similarity, adjusted: 0 is what independent errors at these rates give ({chance:F2}), 1 the most that the rates allow ({ceiling:F2}); raw {raw.Average():F2}."),
            mean is { CiLow: { } low, CiHigh: { } high } ? new Interval(low, high) : null, details: new() { ["raw"] = raw.Average(), ["chance"] = chance, ["ceiling"] = ceiling });
    }

    /// <summary>Scores beside novelty.</summary>
    public void Performance(double[] distances, Performance performance, Performance? fresh, PassRate? pass, IReadOnlyList<NoveltyCurve> curves)
    {
        (PerformanceScale scale, double[] scores) = (performance.Scale, performance.Merits);
        int m = scores.Length;
        double correlation = RankCorrelation.Of(distances, scores);
        Values["score"] = Finite(Mean([.. performance.Values.Where(double.IsFinite)]));
        Values["novelty_score_correlation"] = Finite(correlation);
        Values["pass_rate"] = pass?.Rate;
        if (isDetailed && double.IsFinite(correlation))
        {
            Add("novelty_score", correlation, m, FormattableString.Invariant($"Rank correlation of distance and {scale.Name}{(scale.LowerIsBetter ? ", turned so that more is better" : "")}: {(correlation < -0.3 ? "the newer a network the worse it is, novelty bought by damage" : "novelty is not bought by damage")}."),
                Interval(Bootstrap.Interval(m, units =>
                {
                    double[] x = new double[units.Length], y = new double[units.Length];
                    for (int i = 0; i < x.Length; i++) (x[i], y[i]) = (distances[units[i]], scores[units[i]]);
                    return RankCorrelation.Of(x, y);
                }, _stream.Sub("correlation"), resamples)));
        }

        foreach (NoveltyCurve curve in curves)
        {
            (double gain, (double, double)? interval, bool beyond) = curve.Gain(distances, scores, _stream.Sub("gain " + curve.Family), isDetailed ? Math.Min(resamples, 2000) : 1);
            Values["gain_over_" + curve.Family] = gain;
            Add("matched_" + curve.Family, gain, m, FormattableString.Invariant($"{scale.Gain} what {Trivial(curve.Family)} of training networks have at the same distance{(beyond ? "; that distance lies beyond what these reach, and their nearest is taken" : "")}."), Interval(interval));
        }

        if (pass is not null)
        {
            Add("pass_rate", pass.Rate, m, FormattableString.Invariant($"Networks as far from the training networks as the median held-out one, with a score {scale.Margin} ({scale.Name}): {pass.Passed} of {m}, against {100 * pass.BestRate:F0} % of {pass.Best}, the best of the trivial ones."),
                Interval(Binomial.ClopperPearson(pass.Passed, m)), pass.P,
                new() { ["c=0.25"] = pass.Rates[0], ["c=0.5"] = pass.Rates[1], ["c=1"] = pass.Rates[2], ["c=2"] = pass.Rates[3], ["best_baseline"] = pass.BestRate });
        }

        if (fresh is not null && KolmogorovSmirnov.Compare(scores, fresh.Merits) is { } score)
            Add("score_distribution", score.Distance, m, "Kolmogorov-Smirnov distance of the scores of generated and held-out networks.", p: score.PValue);

        static string Trivial(string family) => family switch { "noise" => "noisy copies", "average" => "averages", _ => "interpolations" };
    }

    /// <summary>Functions beside those of the nearest training networks, on the scale of fresh networks.</summary>
    public void Function(FunctionPairs pairs, double[] least, FunctionPairs fresh, double[] freshLeast, double collapsed)
    {
        double threshold = Quantiles.Of(freshLeast, 0.01);
        int m = least.Length, duplicates = least.Count(d => d < threshold);
        Values["disagreement"] = Mean(pairs.Disagreement);
        Values["natural_disagreement"] = Mean(fresh.Disagreement);
        Values["kappa"] = Mean(pairs.Kappa);
        Values["jensen_shannon"] = Mean(pairs.JensenShannon);
        Values["cka"] = Mean(pairs.Cka);
        Values["functional_duplicate_rate"] = (double)duplicates / Math.Max(1, m);
        Values["collapsed"] = collapsed;
        if (!isDetailed || m == 0) return;
        Estimate mean = Bootstrap.Mean(pairs.Disagreement, _stream.Sub("disagreement"), resamples);
        Add("disagreement", mean.Mean, m, FormattableString.Invariant($"Share of test images to which a network and its nearest training network give different classes; {Fresh} differ from theirs on {Mean(fresh.Disagreement):F3}.{(collapsed > 0 ? FormattableString.Invariant($" {100 * collapsed:F0} % of the networks give one class to every image: they are collapsed.") : "")}"),
            mean is { CiLow: { } low, CiHigh: { } high } ? new Interval(low, high) : null, details: new()
            {
                ["natural"] = Mean(fresh.Disagreement),
                ["kappa"] = Mean(pairs.Kappa),
                ["kappa_natural"] = Mean(fresh.Kappa),
                ["jensen_shannon"] = Mean(pairs.JensenShannon),
                ["jensen_shannon_natural"] = Mean(fresh.JensenShannon),
                ["cka"] = Mean(pairs.Cka),
                ["cka_natural"] = Mean(fresh.Cka),
                ["collapsed"] = collapsed,
            });
        Add("functional_duplicates", (double)duplicates / m, m, FormattableString.Invariant($"{duplicates} of {m} networks disagree with a training network less than 99 % of {Fresh} do; 1 % would be natural."),
            Interval(Binomial.ClopperPearson(duplicates, m)), Binomial.UpperTail(duplicates, m, 0.01), new() { ["threshold"] = threshold });
    }

    /// <summary>What a vote of networks gains over its members: different networks gain, copies do not.</summary>
    public void Diversity(FunctionProbe probe, Population population, Population training)
    {
        if (Math.Min(population.Count, training.Count) < EnsembleMembers)
        {
            Missing("ensemble_gain", population.Count, $"n/a: a vote takes {EnsembleMembers} generated and as many training networks");
            return;
        }

        double[] Gains(Population from, string what)
        {
            var gains = new double[8];
            for (int i = 0; i < gains.Length; i++)
            {
                (double majority, double member) = probe.Ensemble(from.Select(_stream.Sub(what).At(i).Choose(from.Count, EnsembleMembers)));
                gains[i] = majority - member;
            }

            return gains;
        }

        double[] own = Gains(population, "votes"), other = Gains(training, "training votes");
        Values["ensemble_gain"] = own.Average();
        Add("ensemble_gain", own.Average(), population.Count, FormattableString.Invariant($"Points of accuracy that a majority of {EnsembleMembers} has above its members, over 8 draws; of training networks it has {other.Average():F2}. Without diversity nothing is gained."),
            details: new() { ["training"] = other.Average(), ["least"] = own.Min(), ["most"] = own.Max() });
    }

    /// <summary>Loss between networks and their nearest training networks.</summary>
    public void Barrier(double[] barriers)
    {
        Values["barrier"] = Mean(barriers);
        Add("barrier", Mean(barriers), barriers.Length, "Loss in nats above the straight line on the way to the nearest training network (aligned), at the worst place: near 0 means the same basin.", Median(barriers, "barrier"));
    }

    private static double Mean(double[] values) => values.Length == 0 ? double.NaN : values.Average();
}
