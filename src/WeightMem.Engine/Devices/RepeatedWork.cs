namespace WeightMem.Engine.Devices;

/// <summary>
/// Work that runs again and again with the same sizes on the same tensors: a training step, a denoising step. A device may record it once and play the recording;
/// this one runs it each time. Made by <see cref="Device.Repeat"/>.
/// </summary>
public class RepeatedWork : IDisposable
{
    private readonly Action<long> _work;

    internal RepeatedWork(Action<long> work)
    {
        _work = work;
    }

    /// <summary>How the work is run, as printed in run headers.</summary>
    public virtual string Path => "each kernel launched by itself";

    /// <summary>Runs the work for a step. On a GPU it may still be under way on return.</summary>
    public virtual void Run(long step) => _work(step);

    /// <summary>Lets go of what was recorded.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    internal void RunDirectly(long step) => _work(step);
}
