using WeightMem.Cuda;
using WeightMem.Cuda.Libraries;

namespace WeightMem.Engine.Devices.Cuda;

/// <summary>What there is to compute on beside the processor.</summary>
public static class DeviceCatalog
{
    /// <summary>Where libraries were looked for and what was found, and every device, a line each.</summary>
    public static IEnumerable<string> Describe()
    {
        foreach (string line in CudaLibraries.Report.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)) yield return line.TrimEnd('\r');
        if (CudaLibraries.Driver is null) yield break;
        string? failure = null;
        int count = 0;
        try
        {
            count = CudaContext.DeviceCount;
        }
        catch (Exception error) when (error is CudaUnavailableException or CudaException)
        {
            failure = error.Message;
        }

        if (failure is not null) yield return failure;
        for (int i = 0; i < count; i++)
        {
            using CudaContext context = CudaContext.Open(i);
            CudaDeviceProperties p = context.Properties;
            (ulong free, ulong total) = context.MemoryInfo();
            yield return FormattableString.Invariant(
                $"cuda:{i}: {p.Name}, compute capability {p.CapabilityMajor}.{p.CapabilityMinor}, {p.Multiprocessors} multiprocessors, {free / 1e9:F1} of {total / 1e9:F1} GB free");
        }
    }
}
