using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using WeightMem.Engine.Devices;

namespace WeightMem.Engine.Tensors;

/// <summary>
/// A contiguous row-major array on a device. Made by a <see cref="Device"/>, owned by the <see cref="Scope"/> that was open
/// (or by the caller, for a persistent one), and released there; releasing early or twice does no harm.
/// Views exist for reshape and for leading slices only, and share the memory.
/// </summary>
public sealed class Tensor : IDisposable
{
    private readonly Storage _storage;
    private readonly long _offset;
    private bool _released;

    internal Tensor(Device device, DType dtype, Shape shape, Storage storage, long byteOffset)
    {
        Device = device;
        DType = dtype;
        Shape = shape;
        _storage = storage;
        _offset = byteOffset;
    }

    /// <summary>Where the elements live.</summary>
    public Device Device { get; }

    /// <summary>Type of the elements.</summary>
    public DType DType { get; }

    /// <summary>Sizes, row-major.</summary>
    public Shape Shape { get; }

    /// <summary>Number of elements.</summary>
    public long Elements => Shape.Elements;

    /// <summary>Bytes that the elements take.</summary>
    public long Bytes => Elements * DType.Bytes();

    /// <summary>Whether the memory has been given back.</summary>
    public bool IsReleased => _released;

    /// <summary>Whether a backward pass computes a gradient for this tensor.</summary>
    public bool RequiresGradient { get; internal set; }

    /// <summary>
    /// Where gradients of this tensor are accumulated, if anything has: for a parameter a view of the flat gradient buffer,
    /// for a watched input or an intermediate a tensor that the tape makes on first use.
    /// </summary>
    public Tensor? Gradient { get; internal set; }

    /// <summary>The device address of the first element.</summary>
    /// <exception cref="ObjectDisposedException">The tensor has been released.</exception>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(_released, this);
            return _storage.Address + (nint)_offset;
        }
    }

    /// <summary>A view of the same elements with other sizes.</summary>
    /// <exception cref="ArgumentException">The element counts differ.</exception>
    public Tensor Reshape(Shape shape)
    {
        if (shape.Elements != Elements)
            throw new ArgumentException($"reshape: {Shape} has {Elements} elements and {shape} has {shape.Elements}");
        return View(shape, 0);
    }

    /// <summary>A view of <paramref name="count"/> entries of the first dimension.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    public Tensor Slice(int start, int count)
    {
        if (Shape.Rank == 0 || start < 0 || count < 0 || start > Shape[0] - count)
            throw new ArgumentOutOfRangeException(nameof(start), $"slice: [{start}, {start + count}) of {Shape}");
        long stride = Shape[0] == 0 ? 0 : Elements / Shape[0];
        return View(Shape.WithLeading(count), start * stride);
    }

    /// <summary>A view of a run of elements that no scope owns: how parameters lie in their flat buffer.</summary>
    internal Tensor PersistentView(Shape shape, long elementOffset)
    {
        ObjectDisposedException.ThrowIf(_released, this);
        _storage.Retain();
        return new Tensor(Device, DType, shape, _storage, _offset + elementOffset * DType.Bytes());
    }

    private Tensor View(Shape shape, long elementOffset)
    {
        Tensor view = PersistentView(shape, elementOffset);
        Device.Adopt(view);
        return view;
    }

    /// <summary>Copies host elements in.</summary>
    /// <exception cref="ArgumentException">The length or the type does not fit.</exception>
    public void Write<T>(ReadOnlySpan<T> source) where T : unmanaged
    {
        CheckHost<T>(source.Length);
        Device.Upload(Address, MemoryMarshal.AsBytes(source));
    }

    /// <summary>Copies the elements out. Waits for pending work of the device.</summary>
    /// <exception cref="ArgumentException">The length or the type does not fit.</exception>
    public void Read<T>(Span<T> destination) where T : unmanaged
    {
        CheckHost<T>(destination.Length);
        Device.Download(MemoryMarshal.AsBytes(destination), Address);
    }

    /// <summary>The elements as a new host array.</summary>
    public T[] ToArray<T>() where T : unmanaged
    {
        var values = new T[Elements];
        Read<T>(values);
        return values;
    }

    /// <summary>The elements of a floating-point tensor as doubles, whatever its type.</summary>
    public double[] ToDoubles() => DType switch
    {
        DType.F32 => Array.ConvertAll(ToArray<float>(), static v => (double)v),
        DType.F64 => ToArray<double>(),
        _ => throw new InvalidOperationException($"a tensor of {DType} has no floating-point values"),
    };

    /// <summary>The single value of a one-element floating-point tensor.</summary>
    public double Item() => Elements == 1
        ? ToDoubles()[0]
        : throw new InvalidOperationException($"Item needs one element and {Shape} has {Elements}");

    /// <summary>Gives the memory back (or this view's share of it). Does no harm when done before.</summary>
    public void Dispose()
    {
        if (_released) return;
        _released = true;
        _storage.Release();
    }

    /// <summary>Type, shape and device.</summary>
    public override string ToString() => $"{DType}{Shape} on {Device.Name}";

    private void CheckHost<T>(int length) where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() != DType.Bytes())
            throw new ArgumentException($"elements of {typeof(T).Name} do not fit a tensor of {DType}");
        if (length != Elements)
            throw new ArgumentException($"{length} host elements do not fill {Shape} ({Elements} elements)");
    }
}
