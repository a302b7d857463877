using System.Text;
using WeightMem.Cuda.Interop;

namespace WeightMem.Cuda;

/// <summary>What a device is and can hold.</summary>
public sealed record CudaDeviceProperties
{
    /// <summary>The device's index among those of the driver.</summary>
    public required int Ordinal { get; init; }

    /// <summary>The name that the driver gives.</summary>
    public required string Name { get; init; }

    /// <summary>Major part of the compute capability.</summary>
    public required int CapabilityMajor { get; init; }

    /// <summary>Minor part of the compute capability.</summary>
    public required int CapabilityMinor { get; init; }

    /// <summary>Number of streaming multiprocessors.</summary>
    public required int Multiprocessors { get; init; }

    /// <summary>Threads that one multiprocessor holds at once.</summary>
    public required int ThreadsPerMultiprocessor { get; init; }

    /// <summary>Largest number of threads of a block.</summary>
    public required int ThreadsPerBlock { get; init; }

    /// <summary>Threads of a warp.</summary>
    public required int WarpSize { get; init; }

    /// <summary>Shared memory that a block may use without asking, in bytes.</summary>
    public required int SharedBytesPerBlock { get; init; }

    /// <summary>Shared memory that a block may use after <see cref="CudaFunction.AllowSharedBytes"/>, in bytes.</summary>
    public required int SharedBytesPerBlockOptIn { get; init; }

    /// <summary>Shared memory of one multiprocessor, in bytes.</summary>
    public required int SharedBytesPerMultiprocessor { get; init; }

    /// <summary>Size of the second-level cache in bytes.</summary>
    public required int L2Bytes { get; init; }

    /// <summary>Size of the device's memory in bytes.</summary>
    public required ulong MemoryBytes { get; init; }

    /// <summary>Peak memory clock in kHz; 0 where the driver does not tell.</summary>
    public required int MemoryClockKilohertz { get; init; }

    /// <summary>Peak clock of the multiprocessors in kHz; 0 where the driver does not tell.</summary>
    public required int ClockKilohertz { get; init; }

    /// <summary>Width of the memory bus in bits; 0 where the driver does not tell.</summary>
    public required int BusWidthBits { get; init; }

    /// <summary>Whether memory can be allocated in the order of a stream.</summary>
    public required bool HasMemoryPools { get; init; }

    /// <summary>Compute capability as one number, 90 for 9.0.</summary>
    public int Architecture => (CapabilityMajor * 10) + CapabilityMinor;

    /// <summary>Whether this is the CPU stand-in, whose timings say nothing about a GPU.</summary>
    public bool IsStandin => Name.Contains("stand-in", StringComparison.OrdinalIgnoreCase);

    internal static unsafe CudaDeviceProperties Read(int ordinal, int device)
    {
        const int nameLength = 256;
        var name = stackalloc byte[nameLength];
        CudaException.Check(Driver.cuDeviceGetName(name, nameLength, device));
        nuint memory;
        CudaException.Check(Driver.cuDeviceTotalMem_v2(&memory, device));
        var bytes = new ReadOnlySpan<byte>(name, nameLength);
        return new CudaDeviceProperties
        {
            Ordinal = ordinal,
            Name = Encoding.UTF8.GetString(bytes[..Math.Max(bytes.IndexOf((byte)0), 0)]),
            CapabilityMajor = Required(75),
            CapabilityMinor = Required(76),
            Multiprocessors = Required(16),
            ThreadsPerMultiprocessor = Required(39),
            ThreadsPerBlock = Required(1),
            WarpSize = Required(10),
            SharedBytesPerBlock = Required(8),
            SharedBytesPerBlockOptIn = Required(97),
            SharedBytesPerMultiprocessor = Required(81),
            L2Bytes = Optional(38),
            MemoryBytes = memory,
            MemoryClockKilohertz = Optional(36),
            ClockKilohertz = Optional(13),
            BusWidthBits = Optional(37),
            HasMemoryPools = Optional(115) != 0,
        };

        int Required(int attribute)
        {
            int value;
            CudaException.Check(Driver.cuDeviceGetAttribute(&value, attribute, device));
            return value;
        }

        int Optional(int attribute)
        {
            int value;
            return Driver.cuDeviceGetAttribute(&value, attribute, device) == 0 ? value : 0;
        }
    }
}
