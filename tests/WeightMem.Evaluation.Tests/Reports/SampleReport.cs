using WeightMem.Evaluation.Reports;
using WeightMem.Evaluation.Statistics;

namespace WeightMem.Evaluation.Tests.Reports;

/// <summary>A document of made-up numbers, with every field in use.</summary>
internal static class SampleReport
{
    public static EvaluationDocument Document(string population = "generated", string reading = "Too close.") => new()
    {
        Populations = new Dictionary<string, IReadOnlyDictionary<string, Estimate>>
        {
            ["training"] = Measures(84.1, 6.5),
            [population] = Measures(double.NaN, double.PositiveInfinity),
        },
        Tests = new Dictionary<string, TestResult>
        {
            ["z_u"] = new()
            {
                Value = -9.4,
                Interval = new Interval(-9.9, -8.8),
                P = 1e-9,
                N = 64,
                Reading = reading,
                Details = new Dictionary<string, double?> { ["auc"] = 0.02, ["floor"] = double.NaN }
            },
            ["plain"] = new() { Value = double.NaN, N = 3, Reading = "Not defined." },
        },
        Battery = new Dictionary<string, BatteryRow>
        {
            [population] = new("generated", "replica", null, new Dictionary<string, double?> { ["z_u"] = -9.4, ["auc"] = double.NaN }),
            ["control-replica"] = new("control", "replica", ["replica"], new Dictionary<string, double?> { ["z_u"] = -9, ["z_u_aligned"] = -9.5 }),
            ["control-average"] = new("control", "inconclusive", ["interpolation"], new Dictionary<string, double?> { ["z_u"] = null }),
        },
        Verdict = new Verdict("replica", "Almost all are copies."),
        Provenance = new Dictionary<string, string> { ["seed"] = "0", ["math_mode"] = "float32" },
    };

    private static Dictionary<string, Estimate> Measures(double accuracy, double distance) => new()
    {
        ["accuracy"] = new(accuracy, 84.0, 83.5, 84.7, 64, "float32"),
        ["min_l2"] = new(distance, distance, null, null, 64, "exact-fp64"),
    };
}
