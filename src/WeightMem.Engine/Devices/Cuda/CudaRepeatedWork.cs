using System.Diagnostics;
using WeightMem.Cuda;
using WeightMem.Cuda.Memory;

namespace WeightMem.Engine.Devices.Cuda;

/// <summary>Whether repeated work is played from a recording.</summary>
public enum GraphUse
{
    /// <summary>The faster way, timed once: the second run is launched kernel by kernel, the fourth played.</summary>
    Auto,

    /// <summary>Always.</summary>
    On,

    /// <summary>Never.</summary>
    Off,
}

/// <summary>
/// Work as a CUDA graph. The first run is an ordinary one: it compiles kernels and takes the memory, from a pool that belongs to this work. Recording then finds
/// every block in that pool, and the step in a cell on the device (<see cref="CudaKernels.Advance"/>). Either way runs the same kernels in the same order, so the
/// choice changes no bits.
/// </summary>
internal sealed class CudaRepeatedWork(CudaDevice device, CudaStream stream, CudaKernels kernels, GraphUse use, Action<long> work) : RepeatedWork(work)
{
    private readonly BlockPool _pool = new();
    private DeviceBuffer? _advance;
    private CudaGraph? _graph;
    private long _recorded;
    private State _state;
    private TimeSpan _launched, _played;
    private string? _refusal;

    private enum State { First, TimeLaunches, Record, TimeGraph, Launch, Play }

    public override string Path => _state switch
    {
        State.Play when use == GraphUse.On => $"a graph of {_graph!.Nodes} nodes",
        State.Play => FormattableString.Invariant($"a graph of {_graph!.Nodes} nodes: {_played.TotalMicroseconds:F0} us, {_launched.TotalMicroseconds:F0} us launched one by one"),
        State.Launch when _refusal is not null => $"each kernel launched by itself, because recording failed: {_refusal}",
        State.Launch => FormattableString.Invariant($"each kernel launched by itself: {_launched.TotalMicroseconds:F0} us, {_played.TotalMicroseconds:F0} us as a graph"),
        _ => base.Path,
    };

    public override void Run(long step)
    {
        switch (_state)
        {
            case State.First:
                Launch(step);
                _state = use == GraphUse.On ? State.Record : State.TimeLaunches;
                break;
            case State.TimeLaunches:
                _launched = Timed(() => Launch(step));
                _state = State.Record;
                break;
            case State.Record:
                Record(step);
                break;
            case State.TimeGraph:
                _played = Timed(() => Play(step));
                _state = _played <= _launched ? State.Play : State.Launch;
                if (_state == State.Launch) Forget();
                break;
            case State.Play:
                Play(step);
                break;
            default:
                Launch(step);
                break;
        }
    }

    public override void Dispose()
    {
        Forget();
        device.Free(_pool);
        base.Dispose();
    }

    private void Launch(long step)
    {
        BlockPool outer = device.ExchangePool(_pool);
        long live = device.LiveBytes;
        try
        {
            RunDirectly(step);
        }
        finally
        {
            device.ExchangePool(outer);
        }

        if (device.LiveBytes != live)
            throw new InvalidOperationException($"repeated work must release what it makes: {device.LiveBytes - live} bytes are left");
    }

    private void Record(long step)
    {
        _advance ??= new DeviceBuffer(stream, sizeof(int));
        kernels.Advance = _advance.Pointer<int>();
        device.IsRecording = true;
        try
        {
            _graph = CudaGraph.Capture(stream, () => Launch(step));
            _recorded = step;
        }
        catch (CudaException error) when (!error.IsSticky)
        {
            _refusal = error.Message;
        }
        finally
        {
            device.IsRecording = false;
            kernels.Advance = default;
        }

        if (_graph is null)
        {
            Forget();
            _state = State.Launch;
            Launch(step);
            return;
        }

        _state = use == GraphUse.On ? State.Play : State.TimeGraph;
        Play(step);
    }

    private void Play(long step)
    {
        stream.Fill(_advance!.Pointer<int>(), checked((int)(step - _recorded)), 1);
        _graph!.Launch(stream);
    }

    private TimeSpan Timed(Action run)
    {
        stream.Synchronize();
        long start = Stopwatch.GetTimestamp();
        run();
        stream.Synchronize();
        return Stopwatch.GetElapsedTime(start);
    }

    private void Forget()
    {
        if (_graph is not null || _advance is not null) stream.Synchronize();
        _graph?.Dispose();
        _graph = null;
        _advance?.Dispose();
        _advance = null;
    }
}
