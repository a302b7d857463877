using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices;

/// <summary>
/// A place that holds tensors and computes on them: memory, a caching pool, scopes, and the <see cref="Kernels"/>.
/// A device belongs to one thread at a time; kernels may use more threads inside.
/// </summary>
public abstract class Device : IDisposable
{
    // Blocks are pooled by size class. A class is a power of two in eighths, so at most 12.5 % of a block is slack.
    private readonly BlockPool _ownPool = new();
    private readonly Stack<List<Tensor>> _scopeLists = new();
    private BlockPool _pool;
    private Scope? _scope;

    private protected Device()
    {
        _pool = _ownPool;
    }

    /// <summary>Bytes of known content before and after every tensor when <see cref="GuardWords"/> is set.</summary>
    private const int GuardBytes = 64;

    /// <summary>
    /// Plants known words around every tensor and NaN inside it, and checks the words when it is released: an op that writes past its
    /// output, or reads what nobody wrote, is caught. For tests; set before the first tensor is made.
    /// </summary>
    internal bool GuardWords { get; init; }

    /// <summary>Name as printed in run headers.</summary>
    public abstract string Name { get; }

    /// <summary>The type of weights, activations and gradients on this device: F32, or F64 on the reference device.</summary>
    public abstract DType FloatType { get; }

    /// <summary>Everything the device can compute.</summary>
    public abstract IKernels Kernels { get; }

    /// <summary>Bytes in tensors that are not released. Zero when every owner has let go.</summary>
    public long LiveBytes { get; private set; }

    /// <summary>The largest <see cref="LiveBytes"/> so far.</summary>
    public long PeakLiveBytes { get; private set; }

    /// <summary>Bytes held for reuse by the pool.</summary>
    public long PooledBytes { get; private set; }

    /// <summary>How many blocks were taken from the system since the device was made: constant in a steady training step.</summary>
    public long SystemAllocations { get; private set; }

    /// <summary>Bytes the device can still give, as far as it knows: checked before a large model is built.</summary>
    public abstract long AvailableBytes { get; }

    /// <summary>Which library or kernel does what, for run headers: <c>matrix products</c>, and on a GPU <c>driver</c>, <c>kernels</c>, <c>steps</c>.</summary>
    public virtual IReadOnlyDictionary<string, string> Paths { get; } = new Dictionary<string, string> { ["matrix products"] = "own kernels, float32" };

    /// <summary>How matrix products are computed.</summary>
    public virtual MatrixMath Math => MatrixMath.F32;

    /// <summary>Opens a scope that owns the tensors made from now on.</summary>
    public Scope Scope()
    {
        List<Tensor> list = _scopeLists.Count > 0 ? _scopeLists.Pop() : new List<Tensor>(64);
        return _scope = new Scope(this, _scope, list);
    }

    /// <summary>A new tensor with undefined content, owned by the open scope.</summary>
    /// <exception cref="InvalidOperationException">No scope is open.</exception>
    /// <exception cref="OutOfMemoryException">The device has no block of that size.</exception>
    public Tensor Empty(Shape shape, DType dtype)
    {
        if (_scope is null)
            throw new InvalidOperationException("no scope is open: write 'using var scope = device.Scope();' around the work");
        Tensor tensor = Persistent(shape, dtype);
        _scope.Add(tensor);
        return tensor;
    }

    /// <summary>A new tensor of <see cref="FloatType"/> with undefined content, owned by the open scope.</summary>
    public Tensor Empty(Shape shape) => Empty(shape, FloatType);

    /// <summary>A new tensor of <see cref="FloatType"/> filled with zeros, owned by the open scope.</summary>
    public Tensor Zeros(Shape shape)
    {
        Tensor tensor = Empty(shape, FloatType);
        Kernels.Fill(tensor, 0);
        return tensor;
    }

    /// <summary>A new tensor with undefined content that no scope owns: the caller disposes it.</summary>
    public Tensor Persistent(Shape shape, DType dtype)
    {
        long bytes = shape.Elements * dtype.Bytes();
        var tensor = new Tensor(this, dtype, shape, Take(bytes), 0);
        return tensor;
    }

    /// <summary>A tensor of <see cref="FloatType"/> with the given values, owned by the open scope.</summary>
    public Tensor From(ReadOnlySpan<float> values, Shape shape)
    {
        Tensor tensor = Empty(shape, FloatType);
        WriteFloats(tensor, values);
        return tensor;
    }

    /// <summary>A tensor of <see cref="FloatType"/> with the given values, rounded if need be, owned by the open scope.</summary>
    public Tensor From(ReadOnlySpan<double> values, Shape shape)
    {
        Tensor tensor = Empty(shape, FloatType);
        if (FloatType == DType.F64)
        {
            tensor.Write(values);
        }
        else
        {
            var rounded = new float[values.Length];
            for (int i = 0; i < rounded.Length; i++) rounded[i] = (float)values[i];
            tensor.Write<float>(rounded);
        }

        return tensor;
    }

    /// <summary>A tensor of integers, owned by the open scope.</summary>
    public Tensor From(ReadOnlySpan<int> values, Shape shape)
    {
        Tensor tensor = Empty(shape, DType.I32);
        tensor.Write(values);
        return tensor;
    }

    /// <summary>Copies single-precision host values into a tensor of <see cref="FloatType"/>, widening on the reference device.</summary>
    public void WriteFloats(Tensor tensor, ReadOnlySpan<float> values)
    {
        if (tensor.DType == DType.F32)
        {
            tensor.Write(values);
            return;
        }

        var widened = new double[values.Length];
        for (int i = 0; i < widened.Length; i++) widened[i] = values[i];
        tensor.Write<double>(widened);
    }

    /// <summary>Copies a tensor of <see cref="FloatType"/> to single-precision host values.</summary>
    public void ReadFloats(Tensor tensor, Span<float> values)
    {
        if (tensor.DType == DType.F32)
        {
            tensor.Read(values);
            return;
        }

        double[] doubles = tensor.ToArray<double>();
        if (doubles.Length != values.Length)
            throw new ArgumentException($"{values.Length} host elements do not fit {tensor.Shape}");
        for (int i = 0; i < doubles.Length; i++) values[i] = (float)doubles[i];
    }

    /// <summary>
    /// Prepares work that runs again and again with the same sizes, on tensors that stay where they are. It may depend on its step only through
    /// <see cref="Random.RandomStream.At"/> of random streams, <see cref="IKernels.NormalRows"/>, <see cref="IKernels.ReverseStep"/>,
    /// <see cref="IKernels.SelectRow"/>, and what tensors from outside hold when it is run; it must not read tensors to the host or write host values, and
    /// must release what it makes.
    /// </summary>
    public virtual RepeatedWork Repeat(Action<long> work) => new(work);

    /// <summary>Waits for pending work.</summary>
    public virtual void Synchronize()
    {
    }

    /// <summary>Gives pooled blocks back to the system.</summary>
    public void Trim() => Free(_ownPool);

    /// <summary>Copies host bytes to the device.</summary>
    protected internal abstract void Upload(nint destination, ReadOnlySpan<byte> source);

    /// <summary>Copies device bytes to the host, after pending work.</summary>
    protected internal abstract void Download(Span<byte> destination, nint source);

    /// <summary>Takes a block from the system, aligned to at least 64 bytes.</summary>
    /// <exception cref="OutOfMemoryException">There is none of that size; the pool is emptied and asked once more before.</exception>
    protected abstract nint AllocateBlock(long bytes);

    /// <summary>Returns a block of <see cref="AllocateBlock"/>.</summary>
    protected abstract void FreeBlock(nint address, long bytes);

    /// <summary>Empties the pool and lets go of the device.</summary>
    public virtual void Dispose()
    {
        Trim();
        GC.SuppressFinalize(this);
    }

    internal void Adopt(Tensor view) => _scope?.Add(view);

    internal void Close(Scope scope)
    {
        if (_scope != scope)
            throw new InvalidOperationException("scopes close in the reverse order of their opening");
        _scope = scope.Outer;
        _scopeLists.Push(scope.Tensors);
    }

    internal void Return(Storage storage)
    {
        LiveBytes -= storage.Bytes;
        int guard = GuardWords ? GuardBytes : 0;
        long size = SizeClass(storage.Bytes + 2 * guard);
        storage.Pool.Put(storage.Address - guard, size);
        PooledBytes += size;
        if (GuardWords) CheckGuards(storage);
    }

    /// <summary>Takes blocks from another pool from now on; tensors go back to the pool they came from.</summary>
    internal BlockPool ExchangePool(BlockPool pool)
    {
        BlockPool before = _pool;
        _pool = pool;
        return before;
    }

    /// <summary>Gives the blocks of a pool back to the system.</summary>
    internal void Free(BlockPool pool)
    {
        foreach ((nint address, long size) in pool.Drain())
        {
            FreeBlock(address, size);
            PooledBytes -= size;
        }
    }

    private Storage Take(long bytes)
    {
        int guard = GuardWords ? GuardBytes : 0;
        long size = SizeClass(bytes + 2 * guard);
        if (_pool.TryTake(size, out nint address))
        {
            PooledBytes -= size;
        }
        else
        {
            address = AllocateOrTrim(size);
            SystemAllocations++;
        }

        LiveBytes += bytes;
        PeakLiveBytes = System.Math.Max(PeakLiveBytes, LiveBytes);
        if (GuardWords) PlantGuards(address, bytes);
        return new Storage(this, _pool, address + guard, bytes);
    }

    private void PlantGuards(nint block, long bytes)
    {
        var content = new byte[bytes + 2 * GuardBytes];
        content.AsSpan().Fill(0xFF); // NaN in every floating type
        content.AsSpan(0, GuardBytes).Fill(0xA5);
        content.AsSpan(content.Length - GuardBytes).Fill(0xA5);
        Upload(block, content);
    }

    private void CheckGuards(Storage storage)
    {
        Span<byte> guard = stackalloc byte[GuardBytes];
        foreach (nint at in new[] { storage.Address - GuardBytes, storage.Address + (nint)storage.Bytes })
        {
            Download(guard, at);
            if (guard.ContainsAnyExcept((byte)0xA5))
                throw new InvalidOperationException($"something wrote {(at < storage.Address ? "before" : "past")} a buffer of {storage.Bytes} bytes");
        }
    }

    private nint AllocateOrTrim(long size)
    {
        try
        {
            return AllocateBlock(size);
        }
        catch (OutOfMemoryException) when (PooledBytes > 0)
        {
            Trim();
            return AllocateBlock(size);
        }
    }

    private static long SizeClass(long bytes)
    {
        if (bytes <= 256) return 256;
        int log2 = 63 - System.Numerics.BitOperations.LeadingZeroCount((ulong)bytes);
        long step = System.Math.Max(64, 1L << (log2 - 3));
        return (bytes + step - 1) / step * step;
    }
}
