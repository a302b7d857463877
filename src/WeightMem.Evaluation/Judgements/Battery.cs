using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Measures;
using WeightMem.Evaluation.Statistics;
using WeightMem.Models.Populations;
using WeightMem.Models.Symmetries;
using WeightMem.Models.Targets;

namespace WeightMem.Evaluation.Judgements;

/// <summary>
/// All tests on all populations of an evaluation: what generators made, the baselines, and controls whose verdict is known beforehand. One path for every method and for foreign weights.
/// </summary>
internal sealed class Battery
{
    private const int MostFunctionPairs = 200, BarrierPairs = 16;

    private readonly Device _device;
    private readonly FunctionProbe? _probe;
    private readonly ITarget? _target;
    private readonly long _seed;
    private readonly int _resamples;
    private readonly PopulationMeasures _training;
    private readonly PopulationMeasures? _heldout;
    private readonly Coordinates? _coordinates;
    private readonly Yardstick _raw;
    private readonly Yardstick? _aligned, _balanced;
    private readonly FunctionPairs? _freshFunction;
    private readonly double[] _freshDisagreement = [];
    private readonly Dictionary<PopulationMeasures, AlignedNeighbours> _orders = new(ReferenceEqualityComparer.Instance);

    private Battery(Device device, IReadOnlyList<PopulationMeasures> measured, FunctionProbe? probe, ITarget? target, long seed, int resamples)
    {
        (_device, _probe, _target, _seed, _resamples) = (device, probe, target ?? probe?.Target, seed, resamples);
        _training = measured[0];
        _heldout = measured.FirstOrDefault(m => m.Name == "heldout" && m.Population.Count > 0);
        Population training = _training.Population;
        _coordinates = Coordinates.Of(_target, training.Layout);
        var stream = new RandomStream(seed, "battery");
        _raw = new Yardstick(device, training, _heldout?.Population, stream);
        if (_coordinates is not null)
        {
            Population fresh = ToNearest(_heldout ?? _training);
            _aligned = new Yardstick(device, training, _heldout is null ? null : fresh, stream, fresh);
            if (_coordinates.Units is not null) _balanced = BalancedYardstick(stream);
        }

        Curves = [.. MeasureCurves()];
        if (probe is null) return;
        (_freshFunction, _freshDisagreement) = Function(probe, _heldout ?? _training);
    }

    /// <summary>What was said of each population, in the order of the evaluation; controls last.</summary>
    public IReadOnlyList<Judgement> Judgements { get; private set; } = [];

    /// <summary>Trivial networks over a range of novelty; empty where scores are unknown.</summary>
    public IReadOnlyList<NoveltyCurve> Curves { get; }

    /// <summary>The yardstick that tests of distance speak of.</summary>
    public Yardstick Yardstick => _aligned ?? _raw;

    /// <summary>Orders of hidden units, where there are any.</summary>
    public Coordinates? Coordinates => _coordinates;

    /// <summary>Whether the yardstick is of held-out networks.</summary>
    public bool HasHeldout => _heldout is not null;

    /// <summary>Runs everything.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="measured">Training first.</param>
    /// <param name="probe">How to run the networks; null for weights only.</param>
    /// <param name="target">The target where there is no probe; may be null.</param>
    /// <param name="seed">Seed of controls and resamples.</param>
    /// <param name="resamples">Resamples of every interval.</param>
    /// <returns>The battery, or null with the reason why there is none.</returns>
    public static (Battery? Battery, string? Missing) Run(Device device, IReadOnlyList<PopulationMeasures> measured, FunctionProbe? probe, ITarget? target, long seed, int resamples)
    {
        if (measured[0].Population.Count < 2) return (null, $"n/a: {measured[0].Population.Count} training networks are too few to compare with; there must be at least 2.");
        var battery = new Battery(device, measured, probe, target, seed, resamples);
        battery.JudgeAll(measured);
        return (battery, null);
    }

    private void JudgeAll(IReadOnlyList<PopulationMeasures> measured)
    {
        (PopulationMeasures Measures, PopulationRole Role)[] given = [.. measured.Skip(1).Where(m => IsJudged(m)).Select(m => (m, m.Name.StartsWith("generated", StringComparison.Ordinal) ? PopulationRole.Generated : PopulationRole.Baseline))];
        (ControlPopulation Control, PopulationMeasures Measures)[] controls = [.. ControlPopulations.Make(_training.Population, _raw.Distance, _coordinates, _target, _seed).Select(c => (c, Measure(ControlPopulations.Prefix + c.Name, c.Population)))];
        PopulationMeasures[] trivial = [.. given.Where(g => g.Role == PopulationRole.Baseline).Select(g => g.Measures),
            .. controls.Where(c => c.Control.Name is "noisy-copy" or "interpolation" or "average").Select(c => c.Measures)];
        var judgements = new List<Judgement>();
        foreach ((PopulationMeasures measures, PopulationRole role) in given) judgements.Add(Judge(measures, role, trivial, null, _raw, _aligned));
        foreach ((ControlPopulation control, PopulationMeasures measures) in controls) judgements.Add(Judge(measures, PopulationRole.Control, trivial, control.Expected, _raw, _aligned));
        if (_heldout is not null && ControlPopulations.Halves(_heldout.Population) is { } halves)
        {
            var stream = new RandomStream(_seed, "battery halves");
            PopulationMeasures yardstick = Measure("heldout", halves.Yardstick), control = Measure(ControlPopulations.Prefix + "independent", halves.Control);
            Yardstick raw = new(_device, _training.Population, halves.Yardstick, stream), aligned = raw;
            if (_coordinates is not null) aligned = new Yardstick(_device, _training.Population, ToNearest(yardstick), stream);
            judgements.Add(Judge(control, PopulationRole.Control, trivial, ["novel-and-useful", "inconclusive"], raw, _coordinates is null ? null : aligned));
        }

        Judgements = judgements;

        static bool IsJudged(PopulationMeasures m) =>
            m.Population.Count > 0 && !m.Name.StartsWith("heldout", StringComparison.Ordinal) && !m.Name.StartsWith("training", StringComparison.Ordinal);
    }

    private Judgement Judge(
        PopulationMeasures measures, PopulationRole role, IReadOnlyList<PopulationMeasures> trivial, IReadOnlyList<string>? expected, Yardstick rawYardstick, Yardstick? alignedYardstick)
    {
        Population population = measures.Population;
        WeightStatistics raw = rawYardstick.Judge(population);
        WeightStatistics? aligned = alignedYardstick?.Judge(ToNearest(measures)), weights = aligned ?? raw;
        var tests = new JudgementTests(_seed, measures.Name, _resamples, role == PopulationRole.Generated, HasHeldout);
        tests.Weights(raw, rawYardstick, "");
        if (aligned is not null) tests.Weights(aligned, alignedYardstick!, "_aligned");
        if (_balanced is not null) tests.Balanced(_balanced.Judge(Balance(population)));
        if (measures.MaxSimilarity is { } similar && population.Wrong is { } wrong && _training.Population.Wrong is { } theirs) tests.Similarity(similar, wrong, theirs);
        PassRate? pass = null;
        if (measures.Performance is { } performance && _training.Performance is { } typical)
        {
            pass = Pass(weights.Distances, performance, typical.GoodMerit, alignedYardstick ?? rawYardstick, trivial, measures);
            tests.Performance(weights.Distances, performance, _heldout?.Performance, pass, Curves);
        }

        if (_probe is not null)
        {
            (FunctionPairs pairs, double[] disagreement) = Function(_probe, measures);
            tests.Function(pairs, disagreement, _freshFunction!, _freshDisagreement, _probe.Collapsed(Some(population, MostFunctionPairs)));
            if (role == PopulationRole.Generated) tests.Diversity(_probe, population, _training.Population);
            if (role == PopulationRole.Generated && population.Count > 0)
            {
                (Population mine, Population nearest) = Pairs(measures, BarrierPairs, Nearest(measures));
                tests.Barrier(_probe.Barriers(mine, nearest));
            }
        }

        if (_training.Population.RunCount == 1 && _training.Population.Count > 2) tests.Trajectory(PolyLine.Nearest(population, _training.Population), Yardstick.Distance);
        return new Judgement
        {
            Name = measures.Name,
            Role = role,
            Verdict = Thresholds.Decide(raw, aligned, HasHeldout, pass),
            Expected = expected,
            Values = tests.Values,
            Tests = tests.Results,
            Measures = measures,
            Raw = raw,
            Aligned = aligned,
        };
    }

    private PassRate? Pass(double[] distances, Performance performance, double good, Yardstick yardstick, IReadOnlyList<PopulationMeasures> trivial, PopulationMeasures measures)
    {
        double[] merits = performance.Merits;
        int[] passed = [.. PassRate.Distances.Select(c => Count(distances, merits, c))];
        var rivals = new List<(string Name, int Passed, int Count)>();
        foreach (PopulationMeasures rival in trivial.Where(t => t != measures && t.Performance is not null))
            rivals.Add((rival.Name, Count(Nearest(rival).Nearest(), rival.Performance!.Merits, 1), rival.Population.Count));
        foreach (NoveltyCurve curve in Curves.Where(c => c.Family == "noise"))
        {
            for (int g = 0; g < curve.Distances.Length; g++) rivals.Add(("noisy copies of some amplitude", Count(curve.Distances[g], curve.Scores[g], 1), curve.Scores[g].Length));
        }

        if (rivals.Count == 0) return null;
        double[] p = Holm.Adjust([.. rivals.Select(r => Binomial.FisherGreater(passed[2], merits.Length, r.Passed, r.Count))]);
        (string best, int bestPassed, int bestCount) = rivals.MaxBy(r => (double)r.Passed / r.Count);
        return new PassRate(passed[2], merits.Length, [.. passed.Select(n => (double)n / merits.Length)], best, (double)bestPassed / bestCount, p.Max());

        int Count(double[] d, double[] s, double c) => Enumerable.Range(0, d.Length).Count(i => s[i] >= good && d[i] >= c * yardstick.Distance);
    }

    private IEnumerable<NoveltyCurve> MeasureCurves()
    {
        if (_probe is null || _training.Population.Score is null) yield break;
        foreach (TrivialFamily family in NoveltyCurve.Networks(_training.Population, _raw.Distance, _seed))
        {
            PopulationMeasures[] groups = [.. family.Groups.Select(g => Measure(family.Family, g))];
            yield return new NoveltyCurve(
                family.Family, [.. groups.Select(g => Nearest(g).Nearest())], [.. groups.Select(g => Doubles(g.Population.Score!))],
                [.. groups.Select(g => g.MaxSimilarity?.Values ?? [])]);
        }
    }

    /// <summary>Measures a population that the evaluation makes for itself: networks run on the images first, where there are any.</summary>
    private PopulationMeasures Measure(string name, Population population)
    {
        _probe?.Evaluate(population);
        return Evaluator.Trivial(_device, name, population, _training.Population, _coordinates is null ? null : queries => _coordinates.Nearest(_device, queries, _training.Population, Exclusion.None));
    }

    private AlignedNeighbours Orders(PopulationMeasures measures)
    {
        if (measures.MinL2Aligned is { } known) return known;
        if (_orders.TryGetValue(measures, out AlignedNeighbours? found)) return found;
        Exclusion exclusion = ReferenceEquals(measures, _training) ? Evaluator.OwnExclusion(_training.Population) : Exclusion.None;
        return _orders[measures] = _coordinates!.Nearest(_device, measures.Population, _training.Population, exclusion);
    }

    private Population ToNearest(PopulationMeasures measures) => _coordinates!.ToNearest(measures.Population, Orders(measures));

    private Neighbours Nearest(PopulationMeasures measures) => _coordinates is null ? measures.MinL2 : Orders(measures).Neighbours;

    /// <summary>Rescaled units put aside as well: distances between balanced networks, each in the order of its nearest training network.</summary>
    private Yardstick BalancedYardstick(RandomStream stream)
    {
        Population training = UnitBalance.Balanced(_training.Population, _coordinates!.Structure, _coordinates.Units!), fresh = _heldout is null ? training : Balance(_heldout.Population, training);
        if (_heldout is null) fresh = _coordinates.ToNearest(training, _coordinates.Nearest(_device, training, training, Evaluator.OwnExclusion(training)));
        return new Yardstick(_device, training, _heldout is null ? null : fresh, stream, fresh);
    }

    private Population Balance(Population population) => Balance(population, _balanced!.Training);

    private Population Balance(Population population, Population training)
    {
        Population balanced = UnitBalance.Balanced(population, _coordinates!.Structure, _coordinates.Units!);
        return _coordinates.ToNearest(balanced, _coordinates.Nearest(_device, balanced, training, Exclusion.None));
    }

    /// <summary>Functions beside those of the training networks nearest by weights, and the least disagreement with those nearest by weights and by errors.</summary>
    private (FunctionPairs Pairs, double[] Disagreement) Function(FunctionProbe probe, PopulationMeasures measures)
    {
        (Population mine, Population nearest) = Pairs(measures, MostFunctionPairs, Nearest(measures));
        FunctionPairs pairs = probe.Compare(mine, nearest);
        if (measures.MaxSimilarity is not { } similar || mine.Count == 0) return (pairs, pairs.Disagreement);
        int[] rows = [.. Enumerable.Range(0, mine.Count).Select(i => Math.Max(0, similar.Indices[i]))];
        double[] byErrors = probe.Compare(mine, _training.Population.Select(rows)).Disagreement;
        return (pairs, [.. pairs.Disagreement.Zip(byErrors, Math.Min)]);
    }

    private (Population Mine, Population Nearest) Pairs(PopulationMeasures measures, int most, Neighbours neighbours)
    {
        Population mine = Some(measures.Population, most);
        int[] rows = [.. Enumerable.Range(0, mine.Count).Select(i => Math.Max(0, neighbours.Index(i)))];
        Population nearest = _training.Population.Select(rows);
        if (_coordinates is null) return (mine, nearest);
        AlignedNeighbours orders = Orders(measures);
        for (int i = 0; i < mine.Count; i++)
        {
            if (orders.Neighbours.Index(i) >= 0) _coordinates.Aligned(nearest.Row(i), orders.Permutation(i)).CopyTo(nearest.Row(i));
        }

        return (mine, nearest);
    }

    private static Population Some(Population population, int most) => population.Count <= most ? population : population.Select([.. Enumerable.Range(0, most)]);

    private static double[] Doubles(float[] values) => Array.ConvertAll(values, v => (double)v);
}
