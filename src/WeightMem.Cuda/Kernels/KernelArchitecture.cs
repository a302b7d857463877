using System.Globalization;

namespace WeightMem.Cuda.Kernels;

/// <summary>What a source is compiled for.</summary>
/// <param name="Number">The architecture, 90 for 9.0.</param>
/// <param name="IsBinary">Whether the device's own code (a cubin) is made, or PTX that the driver compiles.</param>
public readonly record struct KernelArchitecture(int Number, bool IsBinary)
{
    /// <summary>The compiler's option.</summary>
    public string Option => string.Create(CultureInfo.InvariantCulture, $"--gpu-architecture={(IsBinary ? "sm" : "compute")}_{Number}");

    /// <summary>
    /// The highest architecture that the compiler knows and that is not above the device. Its own code runs on devices of the same major
    /// version; for a newer device PTX is made.
    /// </summary>
    /// <param name="supported">What the compiler knows, for example 75, 80, 90.</param>
    /// <param name="device">The device's architecture.</param>
    /// <returns>The choice.</returns>
    /// <exception cref="CudaUnavailableException">The compiler knows only newer devices.</exception>
    public static KernelArchitecture Choose(ReadOnlySpan<int> supported, int device)
    {
        var best = 0;
        foreach (var architecture in supported)
        {
            if (architecture <= device && architecture > best)
                best = architecture;
        }

        if (best == 0)
        {
            var known = string.Join(", ", supported.ToArray());
            throw new CudaUnavailableException($"NVRTC compiles for {known}, but the device is {device}");
        }

        return new KernelArchitecture(best, best / 10 == device / 10);
    }
}
