using System.Diagnostics;
using System.Runtime.InteropServices;
using WeightMem.Formats.Safetensors;
using WeightMem.Models;
using WeightMem.Tests;
using Xunit;

namespace WeightMem.Cli.Tests;

/// <summary>Faults from outside: signals, damaged results, disks that are full, streams that are closed. Each ends in one line and its exit code, or is made good to the same bits.</summary>
public sealed partial class FaultTests(SmokeRun smoke) : IClassFixture<SmokeRun>
{
    private static readonly Dictionary<string, string> s_none = [];

    [Fact]
    public void Damaged_results_are_made_anew_to_the_same_bits()
    {
        string[] names = ["training.h5", "generator.safetensors", "generated.h5", "baselines/noise-0.1.h5"];
        byte[][] whole = [.. names.Select(name => File.ReadAllBytes(Path.Combine(smoke.Study, name)))];
        for (int i = 0; i < names.Length; i++)
        {
            byte[] damaged = [.. whole[i]];
            damaged[^(damaged.Length / 3)] ^= 0x10; // one bit
            File.WriteAllBytes(Path.Combine(smoke.Study, names[i]), damaged);
        }

        (int code, _, string error) = CommandLine.Run("reproduce", "gpt", "--preset", "smoke", "--out", smoke.Study);
        Assert.True(code == 0, error);
        for (int i = 0; i < names.Length; i++)
        {
            string line = Assert.Single(error.Split('\n'), l => l.Contains(Path.GetFileName(names[i]) + ":", StringComparison.Ordinal));
            Assert.Contains("damaged", line, StringComparison.Ordinal);
            Assert.Contains(names[i] == "generator.safetensors" ? "starts anew" : "made anew", line, StringComparison.Ordinal);
            Assert.Equal(whole[i], File.ReadAllBytes(Path.Combine(smoke.Study, names[i])));
        }
    }

    [Fact]
    public void Snapshots_fall_back_to_the_one_before_and_say_so_once()
    {
        string path = Path.Combine(smoke.Root, "snapshot.safetensors");
        var notes = new List<string>();
        for (int step = 1; step <= 2; step++) Snapshots.Store(path, () => Write(path, step));
        Assert.Equal(2, Read());
        Damage(path);
        Assert.Equal(1, Read());
        Assert.Contains("going on from the snapshot before it", Assert.Single(notes), StringComparison.Ordinal);
        Damage(Snapshots.Previous(path));
        Assert.Null(Read());
        Assert.Contains("starts anew", notes[^1], StringComparison.Ordinal);
        Assert.Equal(2, notes.Count);

        float? Read() => Snapshots.Read(path, file => Tuple.Create(SafetensorsFile.Read(file).Tensors[0].ToFloats()[0]), notes.Add)?.Item1;

        static void Write(string file, int step) => SafetensorsFile.Write(file, [SafetensorsTensor.Of("step", new float[] { step, 7 }, 2)]);

        static void Damage(string file)
        {
            byte[] bytes = File.ReadAllBytes(file);
            bytes[^1] ^= 1;
            File.WriteAllBytes(file, bytes);
        }
    }

    [Fact]
    public void The_second_process_on_a_folder_is_told_who_has_it()
    {
        using (var hold = Evaluation.Studies.FolderLock.Take(smoke.Study))
        {
            (int code, _, string error) = CommandLine.Run("report", smoke.Study);
            Assert.Equal(ExitCodes.CannotWrite, code);
            Assert.Contains($"in use by process {Environment.ProcessId}", error, StringComparison.Ordinal);
        }

        Assert.Equal(0, CommandLine.Run("report", smoke.Study).Code);
    }

    [Fact]
    public void What_killed_processes_were_writing_is_cleared_and_refuses_no_folder()
    {
        string folder = Path.Combine(smoke.Root, "killed");
        Directory.CreateDirectory(folder);
        string left = Path.Combine(folder, $".config.{Guid.NewGuid():N}.json"), own = Path.Combine(folder, ".hidden.json");
        File.WriteAllText(left, "{");
        (int code, _, string error) = CommandLine.Run("reproduce", "gpt", "--preset", "smoke", "--set", "gpt.training_steps=2", "--set", "resamples=20", "--out", folder);
        Assert.True(code == 0, error);
        Assert.False(File.Exists(left));
        File.WriteAllText(own, "{}");
        Evaluation.Studies.FolderLock.Take(folder).Dispose();
        Assert.True(File.Exists(own));
    }

    [Theory]
    [InlineData(28, "No space left on device")]
    [InlineData(5, "Input/output error")]
    public void A_disk_that_fails_at_any_operation_is_one_line_and_leaves_nothing_half_written(int number, string reason)
    {
        foreach (int at in new[] { 1, 2, 3, 4, 6, 9, 30, 60 })
        {
            string folder = Path.Combine(smoke.Root, $"disk {number} {at}");
            Directory.CreateDirectory(folder);
            if (RealProgram.Faults(folder, ("FAULTS_FAIL", at), ("FAULTS_ON", 1), ("FAULTS_ERROR", number)) is not { } faults) return;
            (int code, _, string error) = RealProgram.Run(
                folder, faults, "baseline", "noise-0.05", "--normalized", "--population", Path.Combine(smoke.Study, "training.h5"), "--count", "300", "--out", "noise.h5");
            if (code == 0 && at > 9) break; // it needs fewer operations
            Assert.True(code == ExitCodes.CannotWrite, $"at operation {at}: exit code {code}, {error}");
            Assert.Contains(reason, error, StringComparison.Ordinal);
            Assert.Single(error.TrimEnd().Split('\n'));
            Assert.False(File.Exists(Path.Combine(folder, "noise.h5")));
        }
    }

    [Fact]
    public void A_signal_ends_a_long_step_after_the_grace_period_and_a_second_one_at_once()
    {
        if (OperatingSystem.IsWindows()) return; // signals of other processes are not there
        foreach ((int signals, double least, double most) in new[] { (1, 4.0, 40.0), (2, 0.0, 4.0) })
        {
            string folder = Path.Combine(smoke.Root, $"signals {signals}");
            Directory.CreateDirectory(folder);
            var watch = Stopwatch.StartNew();
            using Process process = RealProgram.Start(folder, s_none, "reproduce", "gpt", "--preset", "smoke", "--set", "resamples=1000000", "--out", "run");
            while (process.StandardError.ReadLine() is { } line && line != "evaluate")
            {
            }

            Assert.Equal(0, Kill(process.Id, 15));
            Assert.Contains("stopping after the step in hand", process.StandardError.ReadLine(), StringComparison.Ordinal);
            watch.Restart();
            if (signals == 2) Assert.Equal(0, Kill(process.Id, 15));
            Assert.Contains("the same command resumes", process.StandardError.ReadLine(), StringComparison.Ordinal);
            process.WaitForExit();
            Assert.Equal(ExitCodes.Interrupted, process.ExitCode);
            Assert.InRange(watch.Elapsed.TotalSeconds, least, most);
            Assert.Empty(Directory.GetFiles(Path.Combine(folder, "run"), ".*", SearchOption.AllDirectories));
        }
    }

    [Fact]
    public void Standard_output_that_is_full_or_has_no_reader()
    {
        if (!OperatingSystem.IsLinux()) return; // there is no /dev/full
        string population = Path.Combine(smoke.Study, "training.h5");
        foreach (string command in new[] { $"zoo info \"{population}\"", "--help" })
        {
            (int code, string error) = Shell($"\"{RealProgram.Path}\" {command} > /dev/full");
            Assert.Equal(ExitCodes.CannotWrite, code);
            Assert.Equal("weightmem: cannot write standard output: No space left on device", error.TrimEnd());
        }

        Assert.Equal((ExitCodes.Success, ""), Shell($"set -o pipefail; \"{RealProgram.Path}\" zoo info \"{population}\" | head -n 1 > /dev/null"));
        Assert.Equal(ExitCodes.Usage, Shell($"\"{RealProgram.Path}\" reproduce gtp 2> /dev/full").Code);

        static (int Code, string Error) Shell(string line)
        {
            using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", line]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            (int code, _, string error) = RealProgram.Finish(shell);
            return (code, error);
        }
    }

    [Fact]
    public void A_torn_line_of_the_log_and_a_clock_that_jumps_back_are_no_trouble()
    {
        string log = Path.Combine(smoke.Study, "log.jsonl");
        File.AppendAllText(log, "{\"time\":\"20");
        Assert.Equal(0, CommandLine.Run("report", smoke.Study).Code);
        Assert.All(File.ReadAllLines(log), line => Assert.NotNull(System.Text.Json.Nodes.JsonNode.Parse(line)));
        DateTimeOffset then = DateTimeOffset.FromUnixTimeSeconds(1_000_000_000);
        using var first = new Formats.TensorBoard.EventFile(smoke.Root, then, 0);
        using var second = new Formats.TensorBoard.EventFile(smoke.Root, then, 5);
        Assert.NotEqual(first.Path, second.Path);
    }

    [Theory]
    [InlineData("cuInit:1:100", ExitCodes.Usage, "weightmem doctor")]
    [InlineData("cuMemAllocAsync:1:2", ExitCodes.OutOfMemory, "cuMemAllocAsync")]
    [InlineData("cuMemAllocAsync:9:2", ExitCodes.OutOfMemory, "cuda")]
    [InlineData("cuLaunchKernel:40:719", ExitCodes.DeviceFailed, "cuLaunchKernel")]
    [InlineData("cuStreamSynchronize:3:700", ExitCodes.DeviceFailed, "cuStreamSynchronize")]
    public void A_device_that_fails_at_the_nth_call_is_one_line(string failure, int expected, string mention)
    {
        if (!CudaStandin.IsThere()) return;
        var environment = new Dictionary<string, string> { ["WEIGHTMEM_CUDA_LIBRARIES"] = CudaStandin.Library, ["WEIGHTMEM_STANDIN_QUIET"] = "1", ["WEIGHTMEM_STANDIN_FAIL"] = failure };
        (int code, _, string error) = RealProgram.Run(
            smoke.Root, environment, "zoo", "train", "mlp", "--pool", "4", "--runs", "4", "--epochs", "1", "--checkpoints", "3", "--device", "cuda", "--out", "never.h5");
        Assert.True(code == expected, $"exit code {code}, {error}");
        Assert.Contains(mention, error, StringComparison.Ordinal);
        Assert.Single(error.Split('\n'), line => line.StartsWith("weightmem: ", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(smoke.Root, "never.h5")));
    }

    [Theory]
    [InlineData("0", "0.0 of the device's 4295 MB are free")]
    [InlineData("400000", " of the device's 4295 MB are free")]
    public void A_device_whose_memory_others_have_taken_is_one_line(string free, string said)
    {
        if (!CudaStandin.IsThere()) return;
        var environment = new Dictionary<string, string> { ["WEIGHTMEM_CUDA_LIBRARIES"] = CudaStandin.Library, ["WEIGHTMEM_STANDIN_QUIET"] = "1", ["WEIGHTMEM_STANDIN_FREE"] = free };
        foreach (string[] command in new[]
            {
                new[] { "zoo", "train", "mlp", "--pool", "4", "--runs", "4", "--epochs", "1", "--checkpoints", "3", "--device", "cuda", "--out", "never.h5" },
                ["evaluate", "--training", Path.Combine(smoke.Study, "training.h5"), "--generated", Path.Combine(smoke.Study, "generated.h5"), "--device", "cuda", "--out", "never"],
            })
        {
            (int code, _, string error) = RealProgram.Run(smoke.Root, environment, command);
            Assert.True(code == ExitCodes.OutOfMemory, $"exit code {code}, {error}");
            Assert.Contains(said, Assert.Single(error.Split('\n'), line => line.StartsWith("weightmem: ", StringComparison.Ordinal)), StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
            Assert.False(Path.Exists(Path.Combine(smoke.Root, command[^1])));
        }
    }

    [Theory]
    [InlineData(20)]
    [InlineData(30)]
    [InlineData(40)]
    public void A_heap_that_is_too_small_is_one_line(int megabytes)
    {
        var environment = new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = $"0x{megabytes << 20:x}" };
        (int code, _, string error) = RealProgram.Run(smoke.Root, environment, "zoo", "train", "mlp", "--runs", "4", "--epochs", "1", "--checkpoints", "3", "--out", "never.h5");
        Assert.True(code == ExitCodes.OutOfMemory, $"exit code {code}, {error}");
        Assert.StartsWith("weightmem: there is too little memory", error.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(smoke.Root, "never.h5")));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_one_line()
    {
        // Nothing can be made below a file, whoever asks: even for the administrator, whom no permission stops.
        string below = Path.Combine(smoke.Study, "config.json", "run");
        foreach (string[] command in new[]
            {
                new[] { "reproduce", "gpt", "--preset", "smoke", "--out", below },
                ["zoo", "train", "mlp", "--pool", "4", "--runs", "4", "--epochs", "1", "--checkpoints", "3", "--out", below],
                ["matrix", "--targets", "mlp", "--generators", "replica", "--preset", "smoke", "--out", below],
                ["evaluate", "--training", Path.Combine(smoke.Study, "training.h5"), "--generated", Path.Combine(smoke.Study, "generated.h5"), "--out", below],
            })
        {
            (int code, _, string error) = CommandLine.Run(command);
            Assert.True(code == ExitCodes.CannotWrite, $"{command[0]}: {code}, {error}");
            string line = error.TrimEnd().Split('\n')[^1];
            Assert.StartsWith("weightmem: ", line, StringComparison.Ordinal);
            Assert.Contains("config.json", line, StringComparison.Ordinal);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
