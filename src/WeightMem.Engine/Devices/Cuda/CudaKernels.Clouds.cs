using WeightMem.Cuda;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    public void ChamferDistances(Tensor distances, Tensor a, Tensor b)
    {
        // A grid's second axis is short, so the clouds of a go in pieces.
        const int Most = 32768, Threads = 256;
        int p = a.Shape[1], q = b.Shape[1], others = b.Shape[0];
        if (others == 0) return;
        for (int first = 0; first < a.Shape[0]; first += Most)
        {
            int count = Math.Min(Most, a.Shape[0] - first);
            programs.Clouds.ChamferDistances(
                stream, new LaunchConfig(new Dim3((uint)others, (uint)count), Threads), D(distances) + (long)first * others, F(a) + 3L * first * p, F(b), p, q);
        }
    }
}
