using WeightMem.Engine.Cases;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Cuda;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Benchmarks;

/// <summary>Seconds of one launch over several measurements.</summary>
/// <param name="Median">The middle one.</param>
/// <param name="Least">The fastest.</param>
/// <param name="Most">The slowest.</param>
public readonly record struct Spread(double Median, double Least, double Most)
{
    /// <summary>Of measurements, at least one.</summary>
    internal static Spread Of(double[] seconds)
    {
        Array.Sort(seconds);
        return new Spread(seconds[seconds.Length / 2], seconds[0], seconds[^1]);
    }
}

/// <summary>What was measured of one row.</summary>
/// <param name="Row">The row.</param>
/// <param name="Error">Largest difference from the CPU, relative to the largest magnitude; null where the CPU has nothing to be compared with in time.</param>
/// <param name="Warm">Launches back to back, or null where the result was wrong: a wrong kernel has no speed.</param>
/// <param name="Cold">Single launches after the caches were overwritten, likewise.</param>
public sealed record KernelTiming(KernelRow Row, double? Error, Spread? Warm, Spread? Cold)
{
    /// <summary>Whether the result is what it must be.</summary>
    public bool IsRight => Warm is not null;
}

/// <summary>
/// Times kernels against what the same device does at best in the same run: a copy of a large buffer, and a large matrix product. Every row is first compared with
/// the CPU.
/// </summary>
public sealed class KernelBench : IDisposable
{
    private const double LeastSeconds = 2e-3;

    private readonly Device _device;
    private readonly Device _expected;
    private readonly KernelTimer _timer;
    private readonly Scope _scope;
    private readonly Tensor _flush;
    private readonly int _repeats;

    /// <summary>Measures the roofs.</summary>
    /// <param name="device">The device.</param>
    public KernelBench(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        IsStandin = device is CudaDevice { IsStandin: true };
        _repeats = IsStandin ? 1 : 9;
        _expected = IsStandin || device is CpuDevice ? new ReferenceDevice() : new CpuDevice();
        _timer = new KernelTimer(device);
        _scope = device.Scope();

        // Larger than any cache so far: the largest are 256 MiB of a processor's and 126 MB of a GPU's.
        int words = IsStandin ? 1 << 12 : 1 << 26;
        _flush = device.Empty(words);
        Tensor other = device.Empty(words);
        device.Kernels.Fill(_flush, 1);
        CopyBytesPerSecond = 2 * _flush.Bytes / Measure(() => device.Kernels.Copy(other, _flush)).Median;
        other.Dispose();
        ProductSide = IsStandin ? 32 : device is CudaDevice ? 4096 : 1024;
        using Scope products = device.Scope();
        Tensor a = device.Empty((ProductSide, ProductSide)), b = device.Empty((ProductSide, ProductSide)), c = device.Empty((ProductSide, ProductSide));
        device.Kernels.Fill(a, 0.5);
        device.Kernels.Fill(b, 0.25);
        FlopsPerSecond = 2.0 * ProductSide * ProductSide * ProductSide / Measure(() => device.Kernels.Gemm(MatrixView.Of(c), MatrixView.Of(a), MatrixView.Of(b))).Median;
    }

    /// <summary>Whether the device is the CPU stand-in: the times say nothing about a GPU.</summary>
    public bool IsStandin { get; }

    /// <summary>Bytes read and written by a copy in a second.</summary>
    public double CopyBytesPerSecond { get; }

    /// <summary>Operations in a second of a square matrix product.</summary>
    public double FlopsPerSecond { get; }

    /// <summary>Its side.</summary>
    public int ProductSide { get; }

    /// <summary>The rows for this device.</summary>
    /// <param name="versions">Whether the versions in the notebooks are wanted; only a CUDA device with a compiler has them.</param>
    /// <exception cref="NotSupportedException">The device has no versions.</exception>
    public IReadOnlyList<KernelRow> Rows(bool versions)
    {
        bool tiny = IsStandin;
        if (!versions) return KernelRows.Shipped(tiny);
        if (_device is not CudaDevice || ShippedKernels.AreUsed) throw new NotSupportedException("the versions of the notebooks are for --device cuda, and NVRTC compiles them");
        return KernelRows.Versions(tiny);
    }

    /// <summary>Seconds that the roofs allow for a row: the larger of its bytes and its operations.</summary>
    public double RoofSeconds(KernelRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return RoofSeconds(new OpCost(row.Flops, row.Bytes));
    }

    /// <summary>Seconds that the roofs allow for so many operations and bytes.</summary>
    public double RoofSeconds(OpCost cost) => Math.Max(cost.Bytes / CopyBytesPerSecond, cost.Flops / FlopsPerSecond);

    /// <summary>Checks and times a row.</summary>
    public KernelTiming Run(KernelRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        double? error = Error(row);
        if (error > row.ToleranceOn(_device)) return new KernelTiming(row, error, null, null);
        using Scope scope = _device.Scope();
        (IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> outputs) = row.Prepare(_device);
        void Launch() => row.Run(_device, inputs, outputs);
        Spread warm = Measure(Launch);
        double[] cold = new double[_repeats];
        for (int i = 0; i < cold.Length; i++)
        {
            _device.Kernels.Fill(_flush, i);
            cold[i] = _timer.Seconds(Launch, 1);
        }

        return new KernelTiming(row, error, warm, Spread.Of(cold));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scope.Dispose();
        _timer.Dispose();
        _expected.Dispose();
    }

    /// <summary>The largest difference of a row from the CPU. The reference computes in loops of doubles: too slow for a large product.</summary>
    internal double? Error(KernelRow row)
    {
        const double MostFlopsOfReference = 1e8;
        if (_expected is ReferenceDevice && row.Flops > MostFlopsOfReference && _device is CpuDevice) return null;
        double[][] expected = row.Results(_expected, shipped: true), found = row.Results(_device, shipped: false);
        return expected.Zip(found).Max(p => CaseRunner.Error(p.First, p.Second));
    }

    // As many launches as take a few milliseconds, so that neither a timer's grain nor the first launch shows.
    internal Spread Measure(Action launch)
    {
        double once = _timer.Seconds(launch, 1);
        int launches = IsStandin ? 1 : (int)Math.Clamp(Math.Ceiling(LeastSeconds / Math.Max(once, 1e-7)), 1, 1000);
        double[] seconds = new double[_repeats];
        for (int i = 0; i < seconds.Length; i++) seconds[i] = _timer.Seconds(launch, launches) / launches;
        return Spread.Of(seconds);
    }
}
