using System.Collections.Concurrent;
using WeightMem.Cuda.Interop;
using WeightMem.Cuda.Memory;

namespace WeightMem.Cuda;

/// <summary>Loaded kernels and constants of one compiled source.</summary>
public sealed unsafe class CudaModule : IDisposable
{
    // JIT options: 5 and 6 are the error log and its size.
    private const int ErrorLogOption = 5;
    private const int ErrorLogBytesOption = 6;

    private readonly ConcurrentDictionary<string, CudaFunction> _functions = new(StringComparer.Ordinal);

    /// <summary>Loads a compiled source.</summary>
    /// <param name="context">The context.</param>
    /// <param name="image">A cubin, or PTX with or without its final zero byte.</param>
    /// <exception cref="CudaException">The image does not fit the device or the driver.</exception>
    public CudaModule(CudaContext context, ReadOnlySpan<byte> image)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.MakeCurrent();
        // PTX is a C string; a cubin is not hurt by one more byte.
        var terminated = new byte[image.Length + 1];
        image.CopyTo(terminated);
        const int logBytes = 4096;
        var log = stackalloc byte[logBytes];
        log[0] = 0;
        int* options = stackalloc int[] { ErrorLogOption, ErrorLogBytesOption };
        void** values = stackalloc void*[] { log, (void*)logBytes };
        nint module;
        fixed (byte* data = terminated)
        {
            var result = Driver.cuModuleLoadDataEx(&module, data, 2, options, values);
            if (result != 0)
            {
                var text = new ReadOnlySpan<byte>(log, logBytes);
                var length = Math.Max(text.IndexOf((byte)0), 0);
                var why = System.Text.Encoding.UTF8.GetString(text[..length]).Trim();
                throw CudaException.OfDriver(nameof(Driver.cuModuleLoadDataEx) + (why.Length > 0 ? $" ({why})" : ""), result);
            }
        }

        Handle = new ModuleHandle(context.Handle, module);
        Context = context;
    }

    /// <summary>The context.</summary>
    public CudaContext Context { get; }

    internal ModuleHandle Handle { get; }

    /// <summary>A kernel by its name in the image (for templates the lowered name).</summary>
    /// <param name="name">The name.</param>
    /// <returns>The kernel; the same object for the same name.</returns>
    /// <exception cref="CudaException">There is no such kernel; the message has its name.</exception>
    public CudaFunction Function(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _functions.TryGetValue(name, out var known) ? known : _functions.GetOrAdd(name, Find(name));
    }

    /// <summary>The address and size of a constant or variable declared <c>extern "C"</c>.</summary>
    /// <param name="name">The name.</param>
    /// <param name="bytes">Its size in bytes.</param>
    /// <returns>Its address.</returns>
    /// <exception cref="CudaException">There is no such name.</exception>
    public DevicePointer<byte> Global(string name, out nuint bytes)
    {
        ArgumentNullException.ThrowIfNull(name);
        var module = Handle.Enter();
        ulong address;
        nuint size;
        var result = Driver.cuModuleGetGlobal_v2(&address, &size, module, name);
        if (result != 0)
            throw CudaException.OfDriver($"cuModuleGetGlobal of '{name}'", result);
        bytes = size;
        return new DevicePointer<byte>(address);
    }

    /// <summary>Unloads the module. No kernel of it may be running. Never throws.</summary>
    public void Dispose() => Handle.Dispose();

    private CudaFunction Find(string name)
    {
        var module = Handle.Enter();
        nint function;
        var result = Driver.cuModuleGetFunction(&function, module, name);
        return result == 0
            ? new CudaFunction(this, name, function)
            : throw CudaException.OfDriver($"cuModuleGetFunction of '{name}'", result);
    }
}
