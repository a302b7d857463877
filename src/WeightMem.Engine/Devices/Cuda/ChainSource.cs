using System.Globalization;
using System.Text;
using WeightMem.Engine.Ops;

namespace WeightMem.Engine.Devices.Cuda;

/// <summary>A chain as a kernel: one read of every input, one write of every output, the steps in registers.</summary>
internal static class ChainSource
{
    /// <summary>Name of the kernel in every such source.</summary>
    public const string Kernel = "chain";

    /// <summary>
    /// The source. Parameters: the outputs, the inputs, the number of elements, the size of each row input. Constants are written in hexadecimal, so that
    /// the compiler reads the very same number.
    /// </summary>
    public static string Of(ElementwiseChain chain, ReadOnlySpan<bool> accumulate)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"// {chain}\n#include \"prelude.cuh\"\n#include \"activations.cuh\"\n\n");
        text.Append(CultureInfo.InvariantCulture, $"extern \"C\" __global__ void {Kernel}(");
        for (int o = 0; o < chain.Outputs.Length; o++) text.Append(CultureInfo.InvariantCulture, $"float* y{o}, ");
        for (int i = 0; i < chain.Inputs.Count; i++) text.Append(CultureInfo.InvariantCulture, $"const float* x{i}, ");
        text.Append("long long n");
        for (int i = 0; i < chain.Inputs.Count; i++)
        {
            if (chain.Inputs[i] == ChainInput.Row) text.Append(CultureInfo.InvariantCulture, $", long long n{i}");
        }

        text.Append(")\n{\n    FOR_EACH(i, n)\n    {\n");
        for (int s = 0; s < chain.Steps.Length; s++)
            text.Append(CultureInfo.InvariantCulture, $"        float v{s} = {Formula(chain, chain.Steps[s])};\n");
        for (int o = 0; o < chain.Outputs.Length; o++)
            text.Append(CultureInfo.InvariantCulture, $"        y{o}[i] = v{chain.Outputs[o]}{(accumulate[o] ? $" + y{o}[i]" : "")};\n");
        return text.Append("    }\n}\n").ToString();
    }

    private static string Formula(ElementwiseChain chain, ChainStep s) => s.Kind switch
    {
        ChainStepKind.Input => chain.Inputs[s.A] == ChainInput.Row ? $"x{s.A}[i % n{s.A}]" : $"x{s.A}[i]",
        ChainStepKind.Constant => $"__uint_as_float(0x{BitConverter.SingleToUInt32Bits(s.Constant):x8}u)",
        ChainStepKind.Add => $"v{s.A} + v{s.B}",
        ChainStepKind.Subtract => $"v{s.A} - v{s.B}",
        ChainStepKind.Multiply => $"v{s.A} * v{s.B}",
        ChainStepKind.Activate => $"activation_value({s.Activation.ToString().ToUpperInvariant()}, v{s.A})",
        _ => $"activation_slope({s.Activation.ToString().ToUpperInvariant()}, v{s.A})",
    };
}
