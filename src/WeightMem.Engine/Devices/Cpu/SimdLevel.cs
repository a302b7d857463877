using System.Runtime.Intrinsics.X86;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>The instruction sets that the CPU kernels are written for.</summary>
internal enum SimdLevel
{
    /// <summary>128-bit vectors: every machine that .NET runs on.</summary>
    Portable,

    /// <summary>256-bit vectors with fused multiply-add.</summary>
    Avx2,

    /// <summary>512-bit vectors, 32 registers and masks.</summary>
    Avx512,
}

/// <summary>What this processor can run.</summary>
internal static class SimdSupport
{
    /// <summary>The widest supported level.</summary>
    public static SimdLevel Best { get; } =
        IsSupported(SimdLevel.Avx512) ? SimdLevel.Avx512 :
        IsSupported(SimdLevel.Avx2) ? SimdLevel.Avx2 :
        SimdLevel.Portable;

    /// <summary>Whether kernels of a level run on this processor.</summary>
    public static bool IsSupported(SimdLevel level) => level switch
    {
        SimdLevel.Avx512 => Avx512F.IsSupported && Avx512F.VL.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported,
        SimdLevel.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        _ => true,
    };
}
