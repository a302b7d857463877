namespace WeightMem.Cuda.Memory;

/// <summary>The address of elements on a device that a kernel may write. Same layout as a pointer in device code;
/// <c>default</c> is the null pointer.</summary>
/// <typeparam name="T">The element.</typeparam>
/// <param name="Address">The address in bytes.</param>
public readonly record struct DevicePointer<T>(ulong Address)
    where T : unmanaged
{
    /// <summary>What may be written may be read.</summary>
    /// <param name="pointer">The pointer.</param>
    public static implicit operator DeviceReader<T>(DevicePointer<T> pointer) => pointer.ToReader();

    /// <summary>The pointer <paramref name="elements"/> further.</summary>
    /// <param name="pointer">The pointer.</param>
    /// <param name="elements">Number of elements, may be negative.</param>
    public static DevicePointer<T> operator +(DevicePointer<T> pointer, long elements) => pointer.Add(elements);

    /// <summary>The pointer <paramref name="elements"/> further.</summary>
    /// <param name="elements">Number of elements, may be negative.</param>
    public unsafe DevicePointer<T> Add(long elements) => new(Address + (ulong)(elements * sizeof(T)));

    /// <summary>The same address for reading only.</summary>
    public DeviceReader<T> ToReader() => new(Address);

    /// <summary>The same address seen as other elements.</summary>
    /// <typeparam name="TOther">The other element.</typeparam>
    public DevicePointer<TOther> As<TOther>()
        where TOther : unmanaged => new(Address);
}

/// <summary>The address of elements on a device that a kernel only reads (<c>const T*</c>).</summary>
/// <typeparam name="T">The element.</typeparam>
/// <param name="Address">The address in bytes.</param>
public readonly record struct DeviceReader<T>(ulong Address)
    where T : unmanaged
{
    /// <summary>The pointer <paramref name="elements"/> further.</summary>
    /// <param name="pointer">The pointer.</param>
    /// <param name="elements">Number of elements, may be negative.</param>
    public static DeviceReader<T> operator +(DeviceReader<T> pointer, long elements) => pointer.Add(elements);

    /// <summary>The pointer <paramref name="elements"/> further.</summary>
    /// <param name="elements">Number of elements, may be negative.</param>
    public unsafe DeviceReader<T> Add(long elements) => new(Address + (ulong)(elements * sizeof(T)));

    /// <summary>The same address seen as other elements.</summary>
    /// <typeparam name="TOther">The other element.</typeparam>
    public DeviceReader<TOther> As<TOther>()
        where TOther : unmanaged => new(Address);
}
