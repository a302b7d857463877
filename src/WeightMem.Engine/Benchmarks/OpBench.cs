using WeightMem.Engine.Cases;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Reference;
using WeightMem.Engine.Ops;

namespace WeightMem.Engine.Benchmarks;

/// <summary>What was measured of one op.</summary>
/// <param name="Problem">The op.</param>
/// <param name="Cost">Operations and bytes, backward pass included.</param>
/// <param name="Error">Largest difference of the output and of any gradient, relative to the largest magnitude: from float64 on the CPU, from the CPU elsewhere; null where float64 would take too long.</param>
/// <param name="Time">Forward and backward, warm; null where the result was wrong.</param>
/// <param name="RoofShare">Share of the roof: the time that the device's own matrix product or copy would take at least, over the median.</param>
public sealed record OpTiming(OpProblem Problem, OpCost Cost, double? Error, Spread? Time, double? RoofShare);

/// <summary>Times the ops of the generators, forward and backward, beside the roofs that a <see cref="KernelBench"/> measured.</summary>
/// <param name="device">The device.</param>
/// <param name="roofs">Its roofs.</param>
public sealed class OpBench(Device device, KernelBench roofs)
{
    /// <summary>Largest relative error: sums of some thousand products in another order, eight times over.</summary>
    public const double Tolerance = 2e-4;

    private const double MostFlopsOfReference = 3e7;

    /// <summary>Checks and times an op.</summary>
    public OpTiming Run(OpProblem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        using var run = new OpRun(device, problem);
        double? error = Error(problem, run);
        if (error > Tolerance) return new OpTiming(problem, run.Cost, error, null, null);
        Spread time = roofs.Measure(run.Run);
        return new OpTiming(problem, run.Cost, error, time, roofs.RoofSeconds(run.Cost) / time.Median);
    }

    private double? Error(OpProblem problem, OpRun run)
    {
        if (device is CpuDevice && run.Cost.Flops > MostFlopsOfReference) return null;
        using Device other = device is CpuDevice ? new ReferenceDevice() : new CpuDevice();
        using var expected = new OpRun(other, problem);
        return expected.Results().Zip(run.Results()).Max(p => CaseRunner.Error(Doubles(p.First), Doubles(p.Second)));
    }

    private static double[] Doubles(float[] values) => Array.ConvertAll(values, v => (double)v);
}
