using System.Diagnostics;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Evaluation.Studies;

namespace WeightMem.Benchmarks;

/// <summary>Seconds of one stage of a study.</summary>
/// <param name="Stage">The stage as the command line names it.</param>
/// <param name="Seconds">Wall time.</param>
internal sealed record StageTime(string Stage, double Seconds);

/// <summary>A whole study.</summary>
/// <param name="Study">Method and preset.</param>
/// <param name="Seconds">Wall time from an empty folder to the report.</param>
/// <param name="Stages">Where it went.</param>
internal sealed record StudyTime(string Study, double Seconds, IReadOnlyList<StageTime> Stages);

/// <summary>Runs whole studies from an empty folder, as <c>weightmem reproduce</c> does, and keeps the time of each stage.</summary>
internal static class StudyTimes
{
    public static StudyTime Measure(string method, string preset)
    {
        string root = Directory.CreateTempSubdirectory("weightmem-study-").FullName;
        try
        {
            using var device = new CpuDevice();
            StudyConfig config = StudyPresets.Create(method, preset);
            using RunFolder folder = RunFolder.Open(Path.Combine(root, "run"), config);
            var clock = new Clock();
            using (var study = new Study(config, folder, device, null, "benchmark", clock)) study.Run(CancellationToken.None);
            return clock.Done($"{method}, {preset}");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private sealed class Clock : IStudyProgress
    {
        private readonly Stopwatch _watch = Stopwatch.StartNew();
        private readonly List<StageTime> _stages = [];
        private (string Name, double Start) _stage = ("set-up", 0);

        public void Stage(string name)
        {
            double now = _watch.Elapsed.TotalSeconds;
            _stages.Add(new StageTime(_stage.Name, now - _stage.Start));
            _stage = (name, now);
            Console.Error.WriteLine($"  {name}");
        }

        public void Advance(double done, double total, string detail)
        {
        }

        public void Note(string text)
        {
        }

        public StudyTime Done(string study)
        {
            double now = _watch.Elapsed.TotalSeconds;
            return new StudyTime(study, now, [.. _stages, new StageTime(_stage.Name, now - _stage.Start)]);
        }
    }
}
