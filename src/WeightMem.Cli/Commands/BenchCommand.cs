using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using WeightMem.Engine.Benchmarks;
using WeightMem.Engine.Devices;
using WeightMem.Evaluation.Studies;
using WeightMem.Models.Benchmarks;
using WeightMem.Models.Targets;

namespace WeightMem.Cli.Commands;

/// <summary><c>bench ops</c>, <c>bench kernels</c> and <c>bench pipeline</c>: how fast ops and kernels are beside what the device can do at best, and how fast whole steps are.</summary>
internal static class BenchCommand
{
    public const string Summary = "Measure speed.";

    public static Command Create()
    {
        var filter = new Option<string?>("--filter") { Description = "Only kernels whose name, version or size contains this" };
        var versions = new Option<bool>("--versions") { Description = "The numbered versions of kernels/notebooks beside what ships (--device cuda)" };
        Option<bool> json = SharedOptions.Json();
        var kernels = new Command("kernels", "Time the kernels at sizes of the generators, each checked first, beside a copy and a matrix product of the same run.") { filter, versions, json };
        DeviceOptions options = DeviceOptions.AddTo(kernels);
        kernels.SetAction(parsed => Guard.Run(cancellation =>
        {
            using Device device = options.Open(parsed);
            Console.Error.WriteLine(DeviceOptions.Header(device));
            return Run(device, parsed.GetValue(filter), parsed.GetValue(versions), parsed.GetValue(json), cancellation);
        }));
        return new Command("bench", Summary) { Ops(), kernels, Pipeline() };
    }

    private static Command Ops()
    {
        var filter = new Option<string?>("--filter") { Description = "Only ops whose name contains this" };
        Option<bool> json = SharedOptions.Json();
        var command = new Command("ops", "Time the ops of the generators forward and backward at their sizes, each checked first, beside a copy and a matrix product of the same run.") { filter, json };
        DeviceOptions options = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            OpProblem[] problems = [.. OpProblems.All.Where(p => parsed.GetValue(filter) is not { } words || p.Name.Contains(words, StringComparison.OrdinalIgnoreCase))];
            if (problems.Length == 0) throw new UsageException($"no op has '{parsed.GetValue(filter)}' in its name: {string.Join("; ", OpProblems.All.Take(3).Select(p => p.Name))}; ...");
            using Device device = options.Open(parsed);
            Console.Error.WriteLine(DeviceOptions.Header(device));
            using var roofs = new KernelBench(device);
            if (roofs.IsStandin) throw new UsageException("the CPU stand-in would take hours for these sizes, and its times would be no speeds: bench kernels has tiny ones");
            var bench = new OpBench(device, roofs);
            bool machine = parsed.GetValue(json), right = true;
            var rows = new JsonArray();
            if (!machine)
            {
                Console.Out.WriteLine(device.Name);
                Console.Out.WriteLine(Roofs(device, roofs));
                Console.Out.WriteLine($"{"op, forward and backward",-80} {"us",10} {"min-max",21} {"GB/s",8} {"GFLOP/s",8} {"% roof",7} {"error",8}");
            }

            foreach (OpProblem problem in problems)
            {
                cancellation.ThrowIfCancellationRequested();
                OpTiming timing = bench.Run(problem);
                right &= timing.Time is not null;
                if (machine) rows.Add((JsonNode)Row(timing));
                else Console.Out.WriteLine(Line(timing));
            }

            if (machine)
            {
                Console.Out.WriteLine(new JsonObject
                {
                    ["device"] = device.Name,
                    ["math"] = device.Math.ToString(),
                    ["copyBytesPerSecond"] = roofs.CopyBytesPerSecond,
                    ["flopsPerSecond"] = roofs.FlopsPerSecond,
                    ["ops"] = rows,
                }.ToJsonString(SharedOptions.Indented));
            }

            return right ? ExitCodes.Success : ExitCodes.DeviceFailed;
        }));
        return command;
    }

    private static string Line(OpTiming timing)
    {
        string name = $"{timing.Problem.Name,-80}", error = timing.Error is { } e ? FormattableString.Invariant($"{e:E1}") : "-";
        if (timing.Time is not { } time) return FormattableString.Invariant($"{name} WRONG: off by {timing.Error:G3}, allowed {OpBench.Tolerance:G3}");
        string span = FormattableString.Invariant($"{time.Least * 1e6:F1}-{time.Most * 1e6:F1}");
        return FormattableString.Invariant(
            $"{name} {time.Median * 1e6,10:F1} {span,21} {timing.Cost.Bytes / time.Median / 1e9,8:F1} {timing.Cost.Flops / time.Median / 1e9,8:F1} {100 * timing.RoofShare,7:F1} {error,8}");
    }

    private static JsonObject Row(OpTiming timing) => new()
    {
        ["op"] = timing.Problem.Name,
        ["bytes"] = timing.Cost.Bytes,
        ["flops"] = timing.Cost.Flops,
        ["right"] = timing.Time is not null,
        ["error"] = timing.Error is { } error && double.IsFinite(error) ? error : null,
        ["tolerance"] = OpBench.Tolerance,
        ["time"] = Spread(timing.Time),
        ["roofShare"] = timing.RoofShare,
    };

    private static Command Pipeline()
    {
        var preset = new Option<string>("--preset") { Description = $"Size: {string.Join(", ", StudyPresets.Names)}", DefaultValueFactory = _ => "small" };
        var runs = new Option<int>("--runs") { Description = "Runs of each step after the warm ones", DefaultValueFactory = _ => 20 };
        Option<bool> json = SharedOptions.Json();
        var command = new Command("pipeline", "Time whole training and denoising steps of G.pt, warm, on made-up networks.") { preset, runs, json };
        DeviceOptions options = DeviceOptions.AddTo(command);
        command.SetAction(parsed => Guard.Run(cancellation =>
        {
            string size = parsed.GetValue(preset)!;
            int count = parsed.GetValue(runs);
            SharedOptions.RequireName("preset", size, StudyPresets.Names);
            if (count < 1) throw new UsageException($"--runs {count}: at least 1");
            using Device device = options.Open(parsed);
            Console.Error.WriteLine(DeviceOptions.Header(device));
            Mlp target = size == "paper" ? new Mlp(784, 10, 10) : new Mlp(49, 10, 10);
            var rows = new JsonArray();
            foreach (PipelineTiming t in GptPipelineBench.Run(device, $"gpt {size}", target, StudyPresets.Create("gpt", size).Gpt!, count))
            {
                cancellation.ThrowIfCancellationRequested();
                rows.Add((JsonNode)new JsonObject
                {
                    ["step"] = t.Name,
                    ["size"] = t.Size,
                    ["medianSeconds"] = t.MedianSeconds,
                    ["leastSeconds"] = t.LeastSeconds,
                    ["mostSeconds"] = t.MostSeconds,
                    ["flops"] = t.Flops,
                    ["path"] = t.Path,
                });
                string work = t.Flops > 0 ? FormattableString.Invariant($", {t.Flops / t.MedianSeconds / 1e9:F0} GFLOP/s, {t.Path}") : "";
                if (!parsed.GetValue(json))
                    Console.Out.WriteLine(FormattableString.Invariant($"{t.Size}, {t.Name}: {t.MedianSeconds * 1e3:F3} ms ({t.LeastSeconds * 1e3:F3} to {t.MostSeconds * 1e3:F3}){work}"));
            }

            if (parsed.GetValue(json)) Console.Out.WriteLine(new JsonObject { ["device"] = device.Name, ["math"] = device.Math.ToString(), ["steps"] = rows }.ToJsonString(SharedOptions.Indented));
            return ExitCodes.Success;
        }));
        return command;
    }

    private static int Run(Device device, string? filter, bool versions, bool json, CancellationToken cancellation)
    {
        using var bench = new KernelBench(device);
        IReadOnlyList<KernelRow> rows;
        try
        {
            rows = [.. bench.Rows(versions).Where(r => filter is null || r.ToString().Contains(filter, StringComparison.OrdinalIgnoreCase))];
        }
        catch (NotSupportedException error)
        {
            throw new UsageException(error.Message);
        }

        if (rows.Count == 0) throw new UsageException($"no kernel has '{filter}' in its name, version or size");
        var timings = new List<KernelTiming>();
        if (!json) PrintHead(device, bench);
        foreach (KernelRow row in rows)
        {
            cancellation.ThrowIfCancellationRequested();
            timings.Add(bench.Run(row));
            if (!json) Console.Out.WriteLine(Line(bench, timings[^1]));
        }

        if (json) Console.Out.WriteLine(Document(device, bench, timings).ToJsonString(SharedOptions.Indented));
        return timings.All(t => t.IsRight) ? ExitCodes.Success : ExitCodes.DeviceFailed;
    }

    private static void PrintHead(Device device, KernelBench bench)
    {
        Console.Out.WriteLine(device.Name);
        if (bench.IsStandin) Console.Out.WriteLine("This is the CPU stand-in: tiny sizes, one repetition, and these are no speeds of a GPU.");
        Console.Out.WriteLine(Roofs(device, bench));
        Console.Out.WriteLine($"{"kernel",-30} {"version",-7} {"size",-30} {"warm us",10} {"min-max",21} {"cold us",10} {"GB/s",8} {"TFLOP/s",8} {"% roof",7}");
    }

    private static string Roofs(Device device, KernelBench bench) => FormattableString.Invariant(
        $"roofs of this run: copy {bench.CopyBytesPerSecond / 1e9:F1} GB/s; product of {bench.ProductSide} x {bench.ProductSide} {bench.FlopsPerSecond / 1e12:F3} TFLOP/s, {device.Paths["matrix products"]}");

    private static string Line(KernelBench bench, KernelTiming timing)
    {
        KernelRow row = timing.Row;
        string name = $"{row.Kernel,-30} {row.Version,-7} {row.Size,-30}";
        if (timing.Warm is not { } warm || timing.Cold is not { } cold)
            return FormattableString.Invariant($"{name} WRONG: off by {timing.Error:G3}, allowed {row.Tolerance:G3}");
        string span = FormattableString.Invariant($"{warm.Least * 1e6:F1}-{warm.Most * 1e6:F1}");
        return FormattableString.Invariant(
            $"{name} {warm.Median * 1e6,10:F1} {span,21} {cold.Median * 1e6,10:F1} {row.Bytes / warm.Median / 1e9,8:F1} {row.Flops / warm.Median / 1e12,8:F3} {100 * bench.RoofSeconds(row) / warm.Median,7:F1}");
    }

    private static JsonObject Document(Device device, KernelBench bench, List<KernelTiming> timings)
    {
        var paths = new JsonObject();
        foreach ((string key, string value) in device.Paths) paths[key] = value;
        return new JsonObject
        {
            ["device"] = device.Name,
            ["standin"] = bench.IsStandin,
            ["measured"] = DateTime.UtcNow.ToString("O", CultureInfo.InvariantCulture),
            ["paths"] = paths,
            ["copyBytesPerSecond"] = bench.CopyBytesPerSecond,
            ["productSide"] = bench.ProductSide,
            ["flopsPerSecond"] = bench.FlopsPerSecond,
            ["rows"] = new JsonArray([.. timings.Select(t => (JsonNode)Row(bench, t))]),
        };
    }

    private static JsonObject Row(KernelBench bench, KernelTiming timing)
    {
        KernelRow row = timing.Row;
        return new JsonObject
        {
            ["kernel"] = row.Kernel,
            ["version"] = row.Version,
            ["size"] = row.Size,
            ["bytes"] = row.Bytes,
            ["flops"] = row.Flops,
            ["right"] = timing.IsRight,
            ["error"] = timing.Error is { } error && double.IsFinite(error) ? error : null,
            ["tolerance"] = row.Tolerance,
            ["warm"] = Spread(timing.Warm),
            ["cold"] = Spread(timing.Cold),
            ["roofShare"] = timing.Warm is { } warm ? bench.RoofSeconds(row) / warm.Median : null,
        };
    }

    private static JsonObject? Spread(Spread? spread) => spread is not { } s
        ? null
        : new JsonObject { ["medianSeconds"] = s.Median, ["leastSeconds"] = s.Least, ["mostSeconds"] = s.Most };
}
