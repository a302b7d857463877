using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed unsafe partial class CudaKernels
{
    public void ChamferDistances(Tensor distances, Tensor a, Tensor b) => throw new NotSupportedException();
}
