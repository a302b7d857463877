using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed unsafe partial class CudaKernels
{
    public void FieldLogits(Tensor logits, Tensor weights, Tensor points, FieldNet net) => throw new NotSupportedException();

    public void FieldGridLogits(Tensor logits, Tensor weights, Tensor x, Tensor y, Tensor z, FieldNet net) => throw new NotSupportedException();

    public void FieldGradient(Tensor gradient, Tensor losses, Tensor weights, Tensor points, Tensor inside, Tensor index, FieldNet net) => throw new NotSupportedException();
}
