using WeightMem.Engine.Cases;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Benchmarks;

/// <summary>One kernel at one size, as it is timed: how to start it, what it must do at least, and how right it must be.</summary>
/// <param name="Kernel">The kernel's name in <see cref="IKernels"/>.</param>
/// <param name="Size">What the size is from.</param>
/// <param name="Version">The number in the kernel's notebook, or <see cref="Ships"/>.</param>
/// <param name="Inputs">The inputs; those that the kernel changes are changed again by each launch.</param>
/// <param name="Outputs">Shapes of what it writes.</param>
/// <param name="Run">Starts it on a device, inputs first.</param>
/// <param name="Bytes">Bytes moved when every operand is touched once.</param>
/// <param name="Flops">Floating-point operations; a multiply-add counts two.</param>
/// <param name="Tolerance">Largest difference from the CPU, relative to the largest magnitude.</param>
public sealed record KernelRow(
    string Kernel,
    string Size,
    string Version,
    IReadOnlyList<CaseInput> Inputs,
    IReadOnlyList<Shape> Outputs,
    Action<Device, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> Run,
    double Bytes,
    double Flops,
    double Tolerance)
{
    /// <summary>The version that the engine uses.</summary>
    public const string Ships = "ships";

    /// <summary>The kernel, its version and its size in one line.</summary>
    public override string ToString() => $"{Kernel} {Version} {Size}";

    /// <summary>Numbers in double precision that the kernel reads, after the inputs.</summary>
    public IReadOnlyList<double[]> Doubles { get; init; } = [];

    /// <summary>Type of the outputs, if it is not the device's float type.</summary>
    public DType? OutputType { get; init; }

    /// <summary>Whether it is made of matrix products, which follow the device's <see cref="Device.Math"/>.</summary>
    public bool IsProduct { get; init; }

    /// <summary>How right the row must be on a device: what it says, and for products in fewer bits what those leave.</summary>
    public double ToleranceOn(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        const double OfTf32 = 2e-3, OfBf16 = 1.6e-2; // four times half a unit in the last place: two factors, and for attention a second product of the first
        return !IsProduct ? Tolerance : device.Math switch { MatrixMath.F32 => Tolerance, MatrixMath.Tf32 => OfTf32, _ => OfBf16 };
    }

    /// <summary>What the engine would call for the same result, for a version that only a GPU has.</summary>
    internal Action<Device, IReadOnlyList<Tensor>, IReadOnlyList<Tensor>>? Shipped { get; init; }

    /// <summary>What one launch leaves: its outputs, or the first input where it works in place.</summary>
    /// <param name="device">The device.</param>
    /// <param name="shipped">Whether what ships is run in place of a version.</param>
    internal double[][] Results(Device device, bool shipped)
    {
        using Scope scope = device.Scope();
        (IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> outputs) = Prepare(device);
        (shipped ? Shipped ?? Run : Run)(device, inputs, outputs);
        return [.. (outputs.Count > 0 ? outputs : [inputs[0]]).Select(t => t.ToDoubles())];
    }

    /// <summary>Inputs and outputs, owned by the open scope. Numbers are drawn on the device: the same on each.</summary>
    internal (IReadOnlyList<Tensor> Inputs, IReadOnlyList<Tensor> Outputs) Prepare(Device device)
    {
        var inputs = new List<Tensor>();
        foreach (CaseInput input in Inputs)
        {
            RandomStream stream = new RandomStream(3, "benchmark inputs").At(inputs.Count);
            if (input.Kind == InputKind.Labels)
            {
                inputs.Add(device.From([.. Enumerable.Range(0, (int)input.Shape.Elements).Select(j => stream.Integer(j, (int)input.Scale))], input.Shape));
                continue;
            }

            if (input.Kind == InputKind.Words)
            {
                // A fourth of the bits: the error masks of networks of 75 %.
                inputs.Add(device.Empty(input.Shape, DType.U64));
                inputs[^1].Write<ulong>([.. Enumerable.Range(0, (int)input.Shape.Elements).Select(j =>
                    ((ulong)stream.Word(4L * j) << 32 | stream.Word(4L * j + 1)) & ((ulong)stream.Word(4L * j + 2) << 32 | stream.Word(4L * j + 3)))]);
                continue;
            }

            Tensor values = device.Empty(input.Shape);
            if (device.FloatType == DType.F64)
            {
                // The reference draws in double precision; it is to start from the same single ones as the others.
                using var cpu = new CpuDevice(1);
                using Scope scope = cpu.Scope();
                Tensor drawn = cpu.Empty(input.Shape);
                Draw(drawn, input, stream);
                device.WriteFloats(values, drawn.ToArray<float>());
            }
            else
            {
                Draw(values, input, stream);
            }

            inputs.Add(values);
        }

        foreach (double[] numbers in Doubles)
        {
            Tensor tensor = device.Empty(numbers.Length, DType.F64);
            tensor.Write<double>(numbers);
            inputs.Add(tensor);
        }

        return (inputs, [.. Outputs.Select(shape => device.Empty(shape, OutputType ?? device.FloatType))]);
    }

    private static void Draw(Tensor values, CaseInput input, RandomStream stream)
    {
        IKernels kernels = values.Device.Kernels;
        if (input.Kind == InputKind.Positive) kernels.Uniform(values, stream);
        else kernels.Normal(values, stream);
        if (input.Scale != 1) kernels.Axpby(values, values, input.Scale, 0);
    }
}
