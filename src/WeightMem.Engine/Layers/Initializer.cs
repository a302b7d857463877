using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Layers;

/// <summary>How a parameter starts.</summary>
public readonly record struct Initializer
{
    private enum Kind
    {
        Constant,
        Normal,
        Uniform,
    }

    private readonly Kind _kind;
    private readonly double _value;

    private Initializer(Kind kind, double value)
    {
        _kind = kind;
        _value = value;
    }

    /// <summary>All elements alike.</summary>
    public static Initializer Constant(double value) => new(Kind.Constant, value);

    /// <summary>Normal with mean 0.</summary>
    public static Initializer Normal(double deviation) => new(Kind.Normal, deviation);

    /// <summary>Uniform between -bound and bound.</summary>
    public static Initializer Uniform(double bound) => new(Kind.Uniform, bound);

    /// <summary>Writes the first values.</summary>
    public void Apply(Tensor tensor, RandomStream stream)
    {
        IKernels kernels = tensor.Device.Kernels;
        switch (_kind)
        {
            case Kind.Constant:
                kernels.Fill(tensor, _value);
                break;
            case Kind.Normal:
                kernels.Normal(tensor, stream);
                kernels.Axpby(tensor, tensor, _value, 0);
                break;
            default:
                // 2 bound u - bound, with the shift as a broadcast of one number
                kernels.Uniform(tensor, stream);
                using (Tensor shift = tensor.Device.Persistent(tensor.Shape, tensor.DType))
                {
                    kernels.Fill(shift, -_value);
                    kernels.Axpby(tensor, tensor, 2 * _value, 0);
                    kernels.Add(tensor, tensor, shift);
                }

                break;
        }
    }
}
