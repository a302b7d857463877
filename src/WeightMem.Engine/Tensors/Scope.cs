using WeightMem.Engine.Devices;

namespace WeightMem.Engine.Tensors;

/// <summary>
/// Owns every tensor made on a device while it is the innermost open scope, and releases them when disposed:
/// <c>using var scope = device.Scope();</c>. Scopes nest like blocks; <see cref="Keep"/> hands a tensor to the one outside.
/// </summary>
public sealed class Scope : IDisposable
{
    private readonly Device _device;
    private readonly List<Tensor> _tensors;
    private readonly Scope? _outer;
    private bool _closed;

    internal Scope(Device device, Scope? outer, List<Tensor> tensors)
    {
        _device = device;
        _outer = outer;
        _tensors = tensors;
    }

    internal Scope? Outer => _outer;

    internal List<Tensor> Tensors => _tensors;

    internal void Add(Tensor tensor) => _tensors.Add(tensor);

    /// <summary>
    /// Lifts a tensor of this scope into the enclosing one; with no enclosing scope the caller owns it and disposes it.
    /// </summary>
    /// <exception cref="ArgumentException">This scope does not own the tensor.</exception>
    public Tensor Keep(Tensor tensor)
    {
        int index = _tensors.LastIndexOf(tensor);
        if (index < 0) throw new ArgumentException("the scope does not own this tensor", nameof(tensor));
        _tensors[index] = _tensors[^1];
        _tensors.RemoveAt(_tensors.Count - 1);
        _outer?.Add(tensor);
        return tensor;
    }

    /// <summary>Releases what the scope still owns, newest first.</summary>
    /// <exception cref="InvalidOperationException">A scope opened later is still open.</exception>
    public void Dispose()
    {
        if (_closed) return;
        _device.Close(this);
        _closed = true;
        for (int i = _tensors.Count - 1; i >= 0; i--) _tensors[i].Dispose();
        _tensors.Clear();
    }
}
