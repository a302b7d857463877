using System.Diagnostics;
using WeightMem.Cuda;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cuda;

namespace WeightMem.Engine.Benchmarks;

/// <summary>Times work on a device: by events in its stream on a GPU, by the clock on the CPU.</summary>
internal sealed class KernelTimer : IDisposable
{
    private readonly Device _device;
    private readonly CudaEvent? _start;
    private readonly CudaEvent? _end;

    /// <summary>A timer of a device.</summary>
    public KernelTimer(Device device)
    {
        _device = device;
        if (device is not CudaDevice cuda) return;
        _start = new CudaEvent(cuda.Stream.Context, timing: true);
        _end = new CudaEvent(cuda.Stream.Context, timing: true);
    }

    /// <summary>Seconds of a number of launches; what was queued before is not counted.</summary>
    /// <param name="launch">Starts the work.</param>
    /// <param name="launches">How many times, back to back.</param>
    public double Seconds(Action launch, int launches)
    {
        if (_device is CudaDevice cuda)
        {
            _start!.Record(cuda.Stream);
            for (int i = 0; i < launches; i++) launch();
            _end!.Record(cuda.Stream);
            _end.Synchronize();
            return _end.MillisecondsSince(_start) / 1e3;
        }

        _device.Synchronize();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < launches; i++) launch();
        _device.Synchronize();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        _start?.Dispose();
        _end?.Dispose();
    }
}
