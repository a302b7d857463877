using System.CommandLine;
using WeightMem.Fuzz;

var target = new Option<string[]>("--target")
{
    Description = $"Readers to test: {string.Join(", ", Targets.All.Select(t => t.Name))}; all of them when left out",
    AllowMultipleArgumentsPerToken = true,
};
var inputs = new Option<long>("--inputs") { Description = "Inputs for each target", DefaultValueFactory = _ => 1_000_000 };
var seconds = new Option<double>("--seconds") { Description = "The most seconds for each target", DefaultValueFactory = _ => 600 };
var seed = new Option<long>("--seed") { Description = "Seed of the damage", DefaultValueFactory = _ => 1 };
var threads = new Option<int>("--threads")
{
    Description = "Processes at a time; which inputs are read does not depend on it",
    DefaultValueFactory = _ => 1,
};
var findings = new Option<string>("--findings")
{
    Description = "Folder for the inputs that are findings",
    DefaultValueFactory = _ => Path.Combine("artifacts", "fuzz"),
};
var index = new Option<long?>("--index") { Description = "Read only this input, and save it" };
var replay = new Option<string>("--replay") { Description = "Read only this file" };
var output = new Option<string>("--out") { Description = "File for the table" };

// What the supervisor tells a worker.
var first = new Option<long>("--first") { Hidden = true };
var step = new Option<long>("--step") { Hidden = true };
var tally = new Option<string>("--tally") { Hidden = true };
var root = new RootCommand("Reads damaged files with every reader of WeightMem.Formats. Exit code 1: there are findings.")
{
    target, inputs, seconds, seed, threads, findings, index, replay, output, first, step, tally,
};

root.SetAction(parsed =>
{
    string[] names = parsed.GetValue(target) is { Length: > 0 } given ? given : [.. Targets.All.Select(t => t.Name)];
    if (names.FirstOrDefault(n => Targets.All.All(t => t.Name != n)) is { } unknown)
    {
        Console.Error.WriteLine($"fuzz: no target {unknown}");
        return 2;
    }

    Target[] targets = [.. names.Select(n => Targets.All.First(t => t.Name == n))];
    string folder = parsed.GetValue(findings)!;
    if (parsed.GetValue(tally) is { } tallyPath)
    {
        long from = parsed.GetValue(first), by = parsed.GetValue(step), end = parsed.GetValue(inputs);
        Worker.Run(targets[0], parsed.GetValue(seed), from, by, end, tallyPath, folder);
        return 0;
    }

    if (parsed.GetValue(replay) is { } file) return Show(targets, _ => File.ReadAllBytes(file));
    if (parsed.GetValue(index) is { } one)
    {
        return Show(targets, t =>
        {
            byte[] input = new InputMaker(t, parsed.GetValue(seed)).Make(one);
            Worker.Save(t, parsed.GetValue(seed), one, input, "asked for", folder);
            return input;
        });
    }

    var results = new List<TargetResult>();
    foreach (Target each in targets)
    {
        IReadOnlyList<byte[]> corpus = each.Corpus();
        Console.Error.WriteLine($"{each.Name}: {corpus.Count} files, {corpus.Count(f => Outcome.Of(each, f).Accepted)} accepted as they are");
        var plan = new Plan(parsed.GetValue(seed), parsed.GetValue(inputs), parsed.GetValue(seconds), parsed.GetValue(threads), folder);
        results.Add(Supervisor.Run(each, plan));
        Console.Error.WriteLine(TargetResult.Table(results[^1..], parsed.GetValue(seed)).TrimEnd().Split('\n')[^1]);
    }

    string table = TargetResult.Table(results, parsed.GetValue(seed));
    Console.Write(table);
    if (parsed.GetValue(output) is { } path) File.WriteAllText(path, table);
    return results.Any(r => r.Counts.Findings > 0) ? 1 : 0;
});
return root.Parse(args).Invoke();

static int Show(Target[] targets, Func<Target, byte[]> input)
{
    bool found = false;
    foreach (Target target in targets)
    {
        Outcome outcome = Outcome.Of(target, input(target));
        string text = outcome.Finding ?? (outcome.Accepted ? "accepted" : $"refused: {outcome.Message}");
        Console.WriteLine($"{target.Name}: {text} ({outcome.Seconds * 1e3:F1} ms, {outcome.Allocated / 1048576.0:F1} MiB allocated)");
        found |= outcome.Finding is not null;
    }

    return found ? 1 : 0;
}
