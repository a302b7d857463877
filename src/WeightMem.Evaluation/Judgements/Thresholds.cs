using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;

namespace WeightMem.Evaluation.Judgements;

/// <summary>The verdict of the evaluation specification, section 12: fixed thresholds, published with every report.</summary>
public static class Thresholds
{
    /// <summary>A population with more duplicates than this share, each of one parent, is a replica.</summary>
    public const double ReplicaDuplicates = 0.5;

    /// <summary>Effective parents below which a duplicate is a copy of one network.</summary>
    public const double ReplicaParents = 1.2;

    /// <summary>Residual, as a share of that of held-out networks, below which a population is mixed from training networks.</summary>
    public const double InterpolationResidual = 0.3;

    /// <summary>Effective parents of such mixtures at least.</summary>
    public const double InterpolationParents = 1.5;

    /// <summary>Largest |Z_U| of a population that is as new as held-out networks.</summary>
    public const double NovelZ = 3;

    /// <summary>Largest corrected p-value with which a pass rate is above that of the best baseline.</summary>
    public const double NovelP = 0.05;

    /// <summary>The thresholds in words.</summary>
    public static string Text => FormattableString.Invariant(
        $"Replica: more than {100 * ReplicaDuplicates:F0} % of the networks lie nearer to a training network than 99 % of held-out ones do, and the median number of effective parents is below {ReplicaParents}. ") + FormattableString.Invariant(
        $"Interpolation: the median residual beside mixtures of training networks is below {InterpolationResidual} of that of held-out networks, with {InterpolationParents} or more effective parents. ") + FormattableString.Invariant(
        $"Novel and useful: |Z_U| below {NovelZ}, and more networks that are both as far away as held-out ones and as good as training ones than any trivial baseline makes, at a corrected p below {NovelP}. Otherwise inconclusive. ") +
        "Replica and interpolation are looked for with the weights as they are and up to the order of hidden units; novel must hold in both.";

    /// <summary>The verdict of one population.</summary>
    /// <param name="raw">Its weights as they are.</param>
    /// <param name="aligned">Its weights up to the order of hidden units, where there is one.</param>
    /// <param name="hasHeldout">Whether the yardstick is of held-out networks.</param>
    /// <param name="pass">The pass rate beside the best baseline, where scores are known.</param>
    internal static Verdict Decide(WeightStatistics raw, WeightStatistics? aligned, bool hasHeldout, PassRate? pass)
    {
        foreach ((WeightStatistics weights, string how) in new[] { (raw, ""), (aligned ?? raw, " once hidden units are put in order") })
        {
            if (weights.DuplicateRate > ReplicaDuplicates && weights.Parents < ReplicaParents)
            {
                return new Verdict("replica", FormattableString.Invariant(
                    $"{100 * weights.DuplicateRate:F0} % of the networks are nearer to a training network than held-out ones come{how}, and the median network is made of {weights.Parents:F2} training networks: copies, with or without noise."));
            }
        }

        foreach ((WeightStatistics weights, string how) in new[] { (raw, ""), (aligned ?? raw, " once hidden units are put in order") })
        {
            if (weights.ResidualRatio < InterpolationResidual && weights.Parents >= InterpolationParents)
            {
                return new Verdict("interpolation", FormattableString.Invariant(
                    $"The median network is a mixture of {weights.Parents:F1} training networks{how} but for {100 * weights.ResidualRatio:F0} % of what a held-out network has of its own."));
            }
        }

        WeightStatistics worst = aligned is not null && Math.Abs(aligned.Copying.Z) > Math.Abs(raw.Copying.Z) ? aligned : raw;
        WeightStatistics told = aligned ?? raw;
        if (told.DuplicateRate > ReplicaDuplicates)
        {
            return Open(FormattableString.Invariant(
                $"{100 * told.DuplicateRate:F0} % of the networks are nearer to a training network than held-out ones come (Z_U = {told.Copying.Z:F1}), so they are not new; but with {told.Parents:F2} effective parents and {told.ResidualRatio:F2} of a held-out network's residual they are neither plain copies nor plain mixtures: training networks changed or damaged."));
        }

        string state = FormattableString.Invariant(
            $"neither copies ({100 * told.DuplicateRate:F0} % duplicates, {told.Parents:F1} effective parents) nor mixtures (residual {told.ResidualRatio:F2} of a held-out network's)");
        if (!hasHeldout) return Open($"The networks are {state}; whether they are new takes held-out networks, and there are none.");
        if (Math.Abs(worst.Copying.Z) >= NovelZ)
        {
            string side = worst.Copying.Z < 0 ? "nearer to the training networks than held-out ones" : "farther from the training networks than held-out ones: distance of this kind is cheap";
            return Open(FormattableString.Invariant($"The networks are {state}, but with Z_U = {worst.Copying.Z:F1} they lie {side}."));
        }

        if (pass is null) return Open($"The networks are {state}, and as far away as held-out ones; whether they work was not measured.");
        return pass.P < NovelP
            ? new Verdict("novel-and-useful", FormattableString.Invariant(
                $"The networks are {state}, as far away as held-out ones (Z_U = {worst.Copying.Z:F1}), and {100 * pass.Rate:F0} % of them are both new and good, against {100 * pass.BestRate:F0} % of {pass.Best}, the best trivial baseline (p = {pass.P:G2})."))
            : Open(FormattableString.Invariant(
                $"The networks are {state}, and as far away as held-out ones (Z_U = {worst.Copying.Z:F1}), but {100 * pass.Rate:F0} % of them are both new and good, against {100 * pass.BestRate:F0} % of {pass.Best} (p = {pass.P:G2}): that is no clear gain."));

        static Verdict Open(string sentence) => new("inconclusive", sentence);
    }
}

/// <summary>Share of networks that are both new and good, beside the trivial baselines (evaluation specification, 9.9b).</summary>
/// <param name="Passed">Networks that pass at c = 1.</param>
/// <param name="Count">Networks.</param>
/// <param name="Rates">Shares at c = 1/4, 1/2, 1 and 2.</param>
/// <param name="Best">The best baseline at c = 1.</param>
/// <param name="BestRate">Its share.</param>
/// <param name="P">One-sided exact p-value of being above every baseline, corrected for their number (Holm).</param>
public sealed record PassRate(int Passed, int Count, double[] Rates, string Best, double BestRate, double P)
{
    /// <summary>Multiples of the median held-out distance that a network must keep from the training networks.</summary>
    public static readonly double[] Distances = [0.25, 0.5, 1, 2];

    /// <summary>Share at c = 1.</summary>
    public double Rate => (double)Passed / Count;
}
