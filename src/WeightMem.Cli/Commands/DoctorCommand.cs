using System.CommandLine;
using WeightMem.Cuda.Kernels;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Cuda;

namespace WeightMem.Cli.Commands;

/// <summary><c>doctor</c>: what this program can compute on, which libraries it found, and where it looked.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var command = new Command("doctor", "Show devices, the CUDA libraries that were found or looked for, and the kernel cache.");
        command.SetAction(_ => Guard.Run(_ =>
        {
            using var cpu = new CpuDevice();
            Console.Out.WriteLine(cpu.Name);
            foreach (string line in DeviceCatalog.Describe()) Console.Out.WriteLine(line);
            Console.Out.WriteLine($"kernels: {(ShippedKernels.AreUsed ? ShippedKernels.Origin : "compiled by NVRTC from the program's sources")}");
            Console.Out.WriteLine($"kernel cache: {KernelCache.OfUser()?.Folder ?? "none: no folder of the user"}");
            Console.Out.WriteLine("--device auto computes on: cpu");
            return ExitCodes.Success;
        }));
        return command;
    }
}
