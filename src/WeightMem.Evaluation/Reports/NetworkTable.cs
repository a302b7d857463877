using System.Globalization;
using WeightMem.Evaluation.Figures;
using WeightMem.Evaluation.Judgements;
using WeightMem.Evaluation.Measures;

namespace WeightMem.Evaluation.Reports;

/// <summary><c>networks.csv</c>: every network of an evaluation with what was measured of it.</summary>
internal static class NetworkTable
{
    /// <summary>One row per network, controls included; cells are empty where something is unknown or infinite.</summary>
    public static string Of(IReadOnlyList<PopulationMeasures> measured, Battery? battery)
    {
        var csv = new CsvText(
            "population", "index", "run", "step", "score", "min_l2", "nearest_run", "min_l2_aligned", "max_similarity", "distance_ratio", "residual_ratio", "effective_parents");
        Dictionary<string, Judgement> judged = battery?.Judgements.ToDictionary(j => j.Name) ?? [];
        int[] runs = measured[0].Population.Run;
        foreach (PopulationMeasures m in measured) Add(csv, m, runs, judged.GetValueOrDefault(m.Name), battery);
        foreach (Judgement control in judged.Values.Where(j => j.Role == PopulationRole.Control)) Add(csv, control.Measures, runs, control, battery);
        return csv.ToString();
    }

    /// <summary>One column of one population of such a file; empty cells left out, and nothing where there is no such column.</summary>
    public static double[] Read(string path, string population, string column)
    {
        string[] lines = File.ReadAllLines(path);
        int place = Array.IndexOf(lines[0].Split(','), column);
        if (place < 0) return [];
        return [.. lines.Skip(1).Select(l => l.Split(',')).Where(cells => cells[0] == population && cells[place].Length > 0).Select(cells => double.Parse(cells[place], CultureInfo.InvariantCulture))];
    }

    private static void Add(CsvText csv, PopulationMeasures m, int[] runs, Judgement? judgement, Battery? battery)
    {
        WeightStatistics? weights = judgement?.Weights;
        for (int i = 0; i < m.Population.Count; i++)
        {
            csv.Add(m.Name).Add(i).Add(m.Population.Run[i]).Add(m.Population.Step[i]).Add(m.Population.Score?[i] ?? double.NaN).Add(Finite(m.MinL2.Distance(i)));
            if (m.MinL2.Index(i) is >= 0 and var nearest) csv.Add(runs[nearest]);
            else csv.Add("");
            csv.Add(Finite(m.MinL2Aligned?.Neighbours.Distance(i))).Add(m.MaxSimilarity?.Values[i] ?? double.NaN)
                .Add(weights is null ? double.NaN : weights.Distances[i] / battery!.Yardstick.Distance).Add(Finite(weights?.ResidualRatios[i])).Add(Finite(weights?.Mixtures[i]?.EffectiveParents)).EndRow();
        }
    }

    private static double Finite(double? value) => value is { } number && double.IsFinite(number) ? number : double.NaN;
}
