using System.Runtime.InteropServices;

namespace WeightMem.Engine.Devices.Cpu.Gemm;

/// <summary>The buffers that a thread packs matrices into. They grow to the largest product seen and stay.</summary>
internal sealed unsafe class GemmScratch
{
    [ThreadStatic]
    private static GemmScratch? t_current;

    private readonly Block _a = new(), _b = new(), _all = new(), _tile = new(), _sums = new();

    /// <summary>The scratch of the calling thread.</summary>
    public static GemmScratch Current => t_current ??= new GemmScratch();

    /// <summary>Room for panels of A.</summary>
    public float* PanelsOfA(nint elements) => _a.Take(elements);

    /// <summary>Room for one panel of B.</summary>
    public float* PanelOfB(nint elements) => _b.Take(elements);

    /// <summary>Room for all of B, shared by the threads of a product that this thread started.</summary>
    public float* AllOfB(nint elements) => _all.Take(elements);

    /// <summary>Room for a tile of a convolution's gathered rows.</summary>
    public float* GatheredTile(nint elements) => _tile.Take(elements);

    /// <summary>Room for results that are scattered afterwards.</summary>
    public float* SumsToScatter(nint elements) => _sums.Take(elements);

    private sealed class Block
    {
        private float* _address;
        private nint _elements;

        ~Block() => NativeMemory.AlignedFree(_address);

        public float* Take(nint elements)
        {
            if (elements <= _elements) return _address;
            NativeMemory.AlignedFree(_address);
            _address = null;
            _elements = 0;
            _address = (float*)NativeMemory.AlignedAlloc((nuint)elements * sizeof(float), 4096);
            _elements = elements;
            return _address;
        }
    }
}
