using WeightMem.Engine.Random;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;

namespace WeightMem.Evaluation.Judgements;

/// <summary>
/// Collects the numbers of one population's tests, and, where they are to be shown one by one, their intervals, p-values and readings. What there are too few networks for is
/// there too, without a number and with the reason.
/// </summary>
/// <param name="seed">Seed of resamples.</param>
/// <param name="name">The population's name; its resamples are its own.</param>
/// <param name="resamples">Resamples of every interval.</param>
/// <param name="isDetailed">Whether intervals and readings are wanted beside the numbers.</param>
/// <param name="hasHeldout">Whether the yardstick is of held-out networks.</param>
internal sealed partial class JudgementTests(long seed, string name, int resamples, bool isDetailed, bool hasHeldout)
{
    private readonly RandomStream _stream = new RandomStream(seed, "tests").Sub(name);

    /// <summary>The numbers.</summary>
    public Dictionary<string, double?> Values { get; } = [];

    /// <summary>The tests; empty unless details are wanted.</summary>
    public Dictionary<string, TestResult> Results { get; } = [];

    private string Fresh => hasHeldout ? "held-out networks" : "training networks among themselves";

    /// <summary>What weights alone say, in one kind of coordinates.</summary>
    public void Weights(WeightStatistics w, Yardstick yardstick, string suffix)
    {
        string how = suffix.Length == 0 ? "L2" : "permutation-aware L2";
        int m = w.Distances.Length, n = yardstick.Distances.Length;
        Values["z_u" + suffix] = w.Copying.Z;
        Values["z_floor" + suffix] = w.Copying.Floor;
        Values["auc" + suffix] = w.Copying.Auc;
        Values["c_t" + suffix] = w.Cells?.Score;
        Values["duplicate_rate" + suffix] = w.DuplicateRate;
        Values["ratio" + suffix] = Quantiles.Median(w.Ratios.Ratio);
        Values["ratio_flagged" + suffix] = w.RatioFlagged;
        Values["third_of_second" + suffix] = w.Ratios.ThirdOfSecond is { } rule ? Share(rule) : null;
        Values["precision" + suffix] = w.Support?.Precision;
        Values["recall" + suffix] = w.Support?.Recall;
        Values["density" + suffix] = w.Support?.Density;
        Values["coverage" + suffix] = w.Support?.Coverage;
        Values["authenticity" + suffix] = w.Support?.Authenticity;
        Values["nearest_is_own" + suffix] = Finite(w.NearestIsOwn.Generated);
        Values["training_nearest_is_own" + suffix] = Finite(w.NearestIsOwn.Training);
        Values["nearest_is_own_heldout" + suffix] = Finite(w.NearestIsOwnHeldout.Generated);
        Values["mmd_p" + suffix] = w.TwoSample?.MmdP;
        Values["energy_p" + suffix] = w.TwoSample?.EnergyP;
        Values["distance_ratio" + suffix] = Finite(w.DistanceRatio);
        Values["residual_ratio" + suffix] = Finite(w.ResidualRatio);
        Values["effective_parents" + suffix] = Finite(w.Parents);
        Values["affine_ratio" + suffix] = w.AffineRatios is { } affine ? Finite(Quantiles.Median(affine)) : null;
        Values["trace_ratio" + suffix] = Finite(w.TraceRatio);
        Values["centre_ratio" + suffix] = Finite(w.CentreRatio);
        if (!isDetailed) return;

        Copying(w, yardstick, suffix, how);
        if (w.Cells is { } cells)
        {
            Add("cell_copying" + suffix, cells.Score, m, FormattableString.Invariant($"C_T of Meehan et al. over {cells.Cells} cells of the training networks ({how}): {(cells.Score < -3 ? "copying inside cells" : cells.Score > 3 ? "farther away inside cells" : "no copying inside cells")}."),
                details: new() { ["cells"] = cells.Cells });
        }
        else
        {
            Missing("cell_copying" + suffix, m, $"n/a: cells take {2 * 2 * CellCopying.LeastPerCell} held-out networks and four training networks, or the generated ones lie in none that counts");
        }

        (double Low, double High)? share = Binomial.ClopperPearson(w.Duplicates, m);
        Add("duplicates" + suffix, w.DuplicateRate, m, FormattableString.Invariant($"{w.Duplicates} of {m} networks lie nearer to a training network than 99 % of {Fresh} do ({how}); 1 % would be natural."),
            Interval(share), Binomial.UpperTail(w.Duplicates, m, 0.01), new() { ["threshold"] = yardstick.DuplicateThreshold, ["excess"] = w.DuplicateRate - 0.01, ["n_fresh"] = n });
        double ratio = Quantiles.Median(w.Ratios.Ratio);
        Add("neighbour_ratio" + suffix, ratio, m, FormattableString.Invariant($"Ratio of Carlini et al., the median: distance to the nearest over half the mean distance to {Math.Min(NeighbourRatios.Surroundings, yardstick.Training.Count)} training networks; {100 * w.RatioFlagged:F0} % are below 99 % of {Fresh} ({how})."),
            Median(w.Ratios.Ratio, "ratio" + suffix), details: new() { ["flagged"] = w.RatioFlagged });
        if (w.Ratios.ThirdOfSecond is { } third)
        {
            int hits = third.Count(t => t);
            Add("third_of_second" + suffix, Share(third), m, $"Rule of Yoon et al.: {hits} of {m} networks are three times nearer to one training network than to any of another run ({how}).", Interval(Binomial.ClopperPearson(hits, m)));
        }
        else
        {
            Missing("third_of_second" + suffix, m, "n/a: all training networks are steps of one run, so the second nearest is always about as near");
        }

        Support(w, suffix, how);
        Mixtures(w, yardstick, suffix, how);
        TwoSample(w, suffix, how);
        Add("contraction" + suffix, w.TraceRatio, m, FormattableString.Invariant($"The networks' total variance is {w.TraceRatio:F2} of that of the training networks, and their distance to the training mean {w.CentreRatio:F2} of it ({how}): far below 1 is contraction to the mean."),
            details: new() { ["centre_ratio"] = w.CentreRatio });
    }

    /// <summary>Distances between networks whose rescaled units are put aside too.</summary>
    public void Balanced(WeightStatistics w)
    {
        Values["auc_balanced"] = w.Copying.Auc;
        Values["duplicate_rate_balanced"] = w.DuplicateRate;
        if (!isDetailed) return;
        Add("rescaling", w.Copying.Auc, w.Distances.Length, FormattableString.Invariant($"AUC of the data-copying test with units balanced and in order, {100 * w.DuplicateRate:F0} % duplicates: far below the AUC without would be novelty by rescaling."),
            p: w.Copying.PValue, details: new() { ["duplicate_rate"] = w.DuplicateRate });
    }

    /// <summary>Beside a single trajectory.</summary>
    public void Trajectory((double[] Distances, double[] Steps) line, double fresh)
    {
        Values["line_ratio"] = fresh > 0 ? Quantiles.Median(line.Distances) / fresh : null;
        if (!isDetailed) return;
        Add("trajectory", Quantiles.Median(line.Distances), line.Distances.Length, FormattableString.Invariant($"Median distance to the line through the training run's checkpoints; the places on it are steps {line.Steps.Min():F0} to {line.Steps.Max():F0}. All training networks are of one run: n_runs = 1, and intervals are over its steps."),
            Median(line.Distances, "line"), details: new() { ["median_step"] = Quantiles.Median(line.Steps) });
    }

    private void Copying(WeightStatistics w, Yardstick yardstick, string suffix, string how)
    {
        MannWhitney test = w.Copying;
        double m = test.Generated, n = test.HeldOut, scale = Math.Sqrt(m * n * (n + m + 1) / 12);
        (double Low, double High)? auc = AucInterval(w.Distances, yardstick, suffix);
        string reading = test.PValue > 0.01 ? "no clear difference between the distances of generated and of fresh networks to the training networks" :
            test.Z < 0 ? "generated networks lie closer to the training networks than fresh ones do" :
            "generated networks lie farther from the training networks than fresh ones do";
        string closer = FormattableString.Invariant($"{100 * (1 - test.Auc):F0} % of pairs of a generated and a fresh network have the generated one closer to the training set ({how}{(hasHeldout ? "" : "; training networks among themselves stand for fresh ones")})");
        Add("data_copying" + suffix, test.Z, test.Generated, $"Z_U of Meehan et al.: {reading}; {closer}.",
            auc is { } a ? new Interval((a.Low - 0.5) * m * n / scale, (a.High - 0.5) * m * n / scale) : null, test.PValue,
            new() { ["auc"] = test.Auc, ["auc_low"] = auc?.Low, ["auc_high"] = auc?.High, ["floor"] = test.Floor, ["n_heldout"] = test.HeldOut, ["cliffs_delta"] = 2 * test.Auc - 1 });
    }

    /// <summary>Generated networks and held-out runs are resampled; pairs are counted by ranks, so a resample is linear in the networks.</summary>
    private (double Low, double High)? AucInterval(double[] generated, Yardstick yardstick, string suffix)
    {
        double[] fresh = yardstick.Distances, sorted = [.. fresh];
        int[] order = [.. Enumerable.Range(0, fresh.Length)];
        Array.Sort(sorted, order);
        int[] runs = (yardstick.Heldout ?? yardstick.Training).Run, distinct = [.. runs.Distinct()];
        if (distinct.Length < 2) return null;
        Dictionary<int, int> number = distinct.Select((run, i) => (run, i)).ToDictionary(r => r.run, r => r.i);
        int[] unit = [.. order.Select(i => number[runs[i]])];
        int[] below = Array.ConvertAll(generated, d => Array.FindIndex(sorted, s => s >= d) is var at && at >= 0 ? at : sorted.Length);
        int[] notAbove = Array.ConvertAll(generated, d => Array.FindIndex(sorted, s => s > d) is var at && at >= 0 ? at : sorted.Length);
        return Bootstrap.Interval(generated.Length, distinct.Length, Auc, _stream.Sub("auc" + suffix), resamples);

        double Auc(ReadOnlySpan<int> own, ReadOnlySpan<int> units)
        {
            Span<int> times = stackalloc int[Math.Min(distinct.Length, 4096)];
            if (distinct.Length > 4096) times = new int[distinct.Length];
            times.Clear();
            foreach (int u in units) times[u]++;
            var prefix = new double[sorted.Length + 1];
            for (int i = 0; i < sorted.Length; i++) prefix[i + 1] = prefix[i] + times[unit[i]];
            double u2 = 0;
            foreach (int q in own) u2 += 0.5 * (prefix[below[q]] + prefix[notAbove[q]]);
            return u2 / (own.Length * prefix[^1]);
        }
    }

    private void Support(WeightStatistics w, string suffix, string how)
    {
        int m = w.Distances.Length;
        if (w.Support is not { } s)
        {
            Missing("support" + suffix, m, $"n/a: precision, recall, density, coverage and authenticity take {Measures.Support.LeastNetworks} training and as many generated networks");
            return;
        }

        string reading = s.Precision > 0.9 && s.Authenticity < 0.1 ? "the signature of copying" : s.Recall < 0.1 && s.Density > 2 ? "contraction to the middle of the training networks" : "no signature of copying";
        Add("support" + suffix, s.Authenticity, m, FormattableString.Invariant($"Authenticity, with precision {s.Precision:F2}, recall {s.Recall:F2}, density {s.Density:F2}, coverage {s.Coverage:F2} ({how}): {reading}."),
            Interval(Binomial.ClopperPearson((int)Math.Round(s.Authenticity * m), m)),
            details: new() { ["precision"] = s.Precision, ["recall"] = s.Recall, ["density"] = s.Density, ["coverage"] = s.Coverage });
    }

    private void Mixtures(WeightStatistics w, Yardstick yardstick, string suffix, string how)
    {
        int m = w.Distances.Length;
        double residual = w.ResidualRatio, parents = w.Parents;
        string reading = residual < Thresholds.InterpolationResidual ? parents < Thresholds.ReplicaParents ? "copies of single training networks" : "mixtures of training networks" :
            w.DuplicateRate > Thresholds.ReplicaDuplicates ? "training networks with something added" : "not made of training networks";
        Add("mixture" + suffix, residual, m, FormattableString.Invariant($"Median residual beside the nearest mixture of training networks, over that of {Fresh}; {parents:F1} effective parents, {w.DistanceRatio:F2} of their distance ({how}): {reading}."),
            Median(w.ResidualRatios, "residual" + suffix), details: new()
            {
                ["effective_parents"] = parents,
                ["effective_parents_low"] = Median(w.EffectiveParents, "parents" + suffix)?.Lo,
                ["effective_parents_high"] = Median(w.EffectiveParents, "parents" + suffix)?.Hi,
                ["distance_ratio"] = w.DistanceRatio,
                ["affine_ratio"] = w.AffineRatios is { } a ? Quantiles.Median(a) : null,
                ["fresh_residual"] = yardstick.Residual,
                ["largest_gap"] = w.Mixtures.Max(x => x?.Gap),
            });
    }

    private void TwoSample(WeightStatistics w, string suffix, string how)
    {
        int m = w.Distances.Length;
        if (w.TwoSample is { } two)
        {
            Add("two_sample" + suffix, two.Energy, m, FormattableString.Invariant($"Energy distance to the held-out networks, with 1,000 relabellings; MMD² {two.Mmd:G3} (p = {two.MmdP:G2}) ({how})."), p: two.EnergyP, details: new() { ["mmd2"] = two.Mmd, ["mmd_p"] = two.MmdP });
        }
        else
        {
            Missing("two_sample" + suffix, m, hasHeldout ? "n/a: these tests take 4 to 1,000 networks on each side" : "n/a: there are no held-out networks");
        }

        if (double.IsFinite(w.NearestIsOwn.Generated))
        {
            Add("nearest_neighbour" + suffix, w.NearestIsOwn.Generated, m, FormattableString.Invariant($"Share of generated networks whose nearest other network is generated, against training networks ({how}); {w.NearestIsOwn.Training:F2} of training networks have a training network nearest. Near 0 on the generated side: each sample's neighbour is a training network."),
                Interval(Binomial.ClopperPearson((int)Math.Round(w.NearestIsOwn.Generated * m), m)),
                details: new() { ["training"] = w.NearestIsOwn.Training, ["against_heldout"] = w.NearestIsOwnHeldout.Generated, ["heldout"] = w.NearestIsOwnHeldout.Heldout });
        }
    }

    private Interval? Median(double[] values, string what)
    {
        if (values.Length < 2 || values.Any(v => !double.IsFinite(v))) return null;
        return Interval(Bootstrap.Interval(values.Length, units =>
        {
            var drawn = new double[units.Length];
            for (int i = 0; i < drawn.Length; i++) drawn[i] = values[units[i]];
            return Quantiles.Median(drawn);
        }, _stream.Sub(what), resamples));
    }

    private void Add(string test, double value, int n, string reading, Interval? interval = null, double p = double.NaN, Dictionary<string, double?>? details = null)
    {
        if (isDetailed) Results[test] = new TestResult { Value = value, Interval = interval, P = p, N = n, Reading = reading, Details = details ?? [] };
    }

    private void Missing(string test, int n, string reason) => Add(test, double.NaN, n, reason + ".");

    private static Interval? Interval((double Low, double High)? interval) => interval is { } i ? new Interval(i.Low, i.High) : null;

    private static double Share(bool[] values) => values.Count(v => v) / (double)values.Length;

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
