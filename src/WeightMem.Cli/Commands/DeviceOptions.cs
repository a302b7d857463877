using System.CommandLine;
using System.Globalization;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Cuda;

namespace WeightMem.Cli.Commands;

/// <summary>Where a command computes and how: the same options for all.</summary>
internal sealed class DeviceOptions
{
    private readonly Option<string> _device = new("--device")
    {
        Description = "Where to compute: cpu, cuda or cuda:N; auto is cpu until the kernels have been checked on a GPU",
        DefaultValueFactory = _ => "auto",
    };

    private readonly Option<int> _threads = new("--threads") { Description = "Threads to compute with on the CPU; 0 for one per processor. Results do not depend on it" };

    private readonly Option<string> _math = new("--math")
    {
        Description = "Matrix products and attention on a GPU: f32, tf32 or bf16. Sums, norms, losses and distances stay in float32 or better",
        DefaultValueFactory = _ => "f32",
    };

    private readonly Option<string> _graphs = new("--graphs")
    {
        Description = "Play training and denoising steps on a GPU from recordings: auto (what is faster), on, off. Results do not depend on it",
        DefaultValueFactory = _ => "auto",
    };

    /// <summary>The options at the end of a command's.</summary>
    public static DeviceOptions AddTo(Command command)
    {
        var options = new DeviceOptions();
        command.Add(options._device);
        command.Add(options._threads);
        command.Add(options._math);
        command.Add(options._graphs);
        return options;
    }

    /// <summary>The device and which path its libraries took, for the head of a run's log.</summary>
    public static string Header(Device device) => $"{device.Name}; {string.Join("; ", device.Paths.Select(p => $"{p.Key}: {p.Value}"))}";

    /// <summary>Opens the device that was asked for.</summary>
    /// <exception cref="UsageException">There is no such device, or it cannot do what was asked for.</exception>
    public Device Open(ParseResult parsed)
    {
        string device = parsed.GetValue(_device)!;
        int threads = parsed.GetValue(_threads);
        MatrixMath math = Choice<MatrixMath>("--math", parsed.GetValue(_math)!);
        GraphUse graphs = Choice<GraphUse>("--graphs", parsed.GetValue(_graphs)!);
        if (threads < 0) throw new UsageException($"--threads {threads}: a number from 0");

        // No GPU has run the kernels yet: until one has, nobody gets one who did not ask for it.
        if (device is "auto" or "cpu")
        {
            if (math != MatrixMath.F32) throw new UsageException($"--math {parsed.GetValue(_math)} is for --device cuda; the CPU computes in f32");
            return new CpuDevice(threads);
        }

        int ordinal = 0;
        if (device != "cuda" && !(device.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out ordinal)))
            throw new UsageException($"there is no device {device}; this program computes on: auto, cpu, cuda, cuda:N");
        try
        {
            return new CudaDevice(ordinal, math: math, graphs: graphs);
        }
        catch (NotSupportedException error)
        {
            throw new UsageException(error.Message);
        }
    }

    private static T Choice<T>(string option, string given)
        where T : struct, Enum
    {
        string[] names = [.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())];
        SharedOptions.RequireName(option, given, names);
        return Enum.GetValues<T>()[Array.IndexOf(names, given)];
    }
}
