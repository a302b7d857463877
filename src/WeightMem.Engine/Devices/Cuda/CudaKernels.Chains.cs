using WeightMem.Cuda;
using WeightMem.Cuda.Kernels;
using WeightMem.Engine.Kernels;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cuda;

internal sealed partial class CudaKernels
{
    /// <summary>Whether chains are interpreted although they could be compiled: for tests.</summary>
    public bool InterpretChains { get; set; }

    public void Elementwise(ElementwiseChain chain, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<bool> accumulate, ReadOnlySpan<Tensor> inputs)
    {
        long elements = outputs[0].Elements;
        if (elements == 0) return;
        if (InterpretChains || !programs.CanCompile)
        {
            Interpret(chain, outputs, accumulate, inputs);
            return;
        }

        var arguments = new KernelArguments();
        foreach (Tensor output in outputs) arguments.Add(F(output));
        foreach (Tensor input in inputs) arguments.Add(F(input));
        arguments.Add(elements);
        for (int i = 0; i < inputs.Length; i++)
        {
            if (chain.Inputs[i] == ChainInput.Row) arguments.Add(inputs[i].Elements);
        }

        programs.Chain(chain, accumulate).Launch(stream, LaunchConfig.For(elements), arguments);
    }

    private void Interpret(ElementwiseChain chain, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<bool> accumulate, ReadOnlySpan<Tensor> inputs)
    {
        if (inputs.Length > ChainProgram.MostTensors || outputs.Length > ChainProgram.MostTensors)
            throw new NotSupportedException($"{chain.Name} has more than {ChainProgram.MostTensors} inputs or outputs, and there is no compiler to make a kernel of it");
        var program = new ChainProgram { Steps = chain.Steps.Length, Outputs = outputs.Length };
        for (int s = 0; s < chain.Steps.Length; s++)
        {
            ChainStep step = chain.Steps[s];
            (program.Kind[s], program.A[s], program.B[s]) = ((byte)step.Kind, step.A, step.B);
            (program.Activation[s], program.Constant[s]) = ((byte)step.Activation, step.Constant);
        }

        for (int i = 0; i < inputs.Length; i++) (program.InputSize[i], program.Input[i]) = (inputs[i].Elements, (ulong)inputs[i].Address);
        for (int o = 0; o < outputs.Length; o++)
            (program.Output[o], program.Accumulate[o], program.To[o]) = ((byte)chain.Outputs[o], (byte)Flag(accumulate[o]), (ulong)outputs[o].Address);
        programs.Chains.InterpretChain(stream, LaunchConfig.For(outputs[0].Elements), program, outputs[0].Elements);
    }
}
