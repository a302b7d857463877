using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using WeightMem.Cuda.Kernels;
using WeightMem.Cuda.Libraries;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Devices.Cuda;
using WeightMem.Models.Data;

namespace WeightMem.Cli.Commands;

/// <summary>What <c>doctor</c> says, a name and a value each, and what it advises.</summary>
internal sealed class DoctorReport
{
    private const double LittleDisk = 2e9;

    private readonly List<(string Name, string Value)> _facts = [];
    private readonly List<string> _advice = [];

    private DoctorReport()
    {
    }

    public IReadOnlyList<(string Name, string Value)> Facts => _facts;

    public IReadOnlyList<string> Advice => _advice;

    public static DoctorReport Make()
    {
        var report = new DoctorReport();
        report.AddProcessor();
        report.AddCuda();
        report.AddFiles();
        return report;
    }

    private void AddProcessor()
    {
        using var cpu = new CpuDevice();
        Add("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}");
        Add("cpu", $"{cpu.Name}, {Environment.ProcessorCount} processors");
        string[] features = [.. new (string Name, bool Is)[]
        {
            ("AVX-512F", Avx512F.IsSupported), ("AVX-512BW", Avx512BW.IsSupported), ("AVX-512DQ", Avx512DQ.IsSupported), ("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported), ("POPCNT", Popcnt.IsSupported),
        }.Where(f => f.Is).Select(f => f.Name)];
        Add("vector instructions", features.Length == 0 ? "128-bit" : string.Join(", ", features));
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        Add("memory", FormattableString.Invariant($"{cpu.AvailableBytes / 1e9:F1} of {memory.TotalAvailableMemoryBytes / 1e9:F1} GB can be taken"));
        if (RuntimeInformation.ProcessArchitecture == Architecture.X64 && !Avx2.IsSupported)
            _advice.Add("this processor has no AVX2: everything runs, several times as slowly as on one of the last ten years");
    }

    private void AddCuda()
    {
        foreach (string line in DeviceCatalog.Describe())
        {
            int colon = line.StartsWith("cuda:", StringComparison.Ordinal) ? line.IndexOf(':', "cuda:".Length) : line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0) Add("cuda", line);
            else Add(line[..colon], line[(colon + 1)..].Trim());
        }

        Add("kernels", ShippedKernels.AreUsed ? ShippedKernels.Origin : "compiled by NVRTC from the program's sources");
        Add("--device auto computes on", "cpu");
        if (CudaLibraries.Driver is null)
        {
            _advice.Add("no NVIDIA driver was found, so there is no --device cuda: with an NVIDIA GPU, install its driver");
            return;
        }

        if (CudaLibraries.Nvrtc is null) _advice.Add("kernels come as PTX: with NVRTC (package cuda-nvrtc of your CUDA version) they are compiled for this GPU");
        if (CudaLibraries.Cublas is null) _advice.Add("matrix products are the program's own: with cuBLAS (package libcublas of your CUDA version) they are faster");
    }

    private void AddFiles()
    {
        Add("kernel cache", KernelCache.OfUser()?.Folder ?? "none: no folder of the user");
        Add("images", string.Join(", ", ImageCatalog.List().Where(l => l.Present).Select(l => l.Source.Name)) is { Length: > 0 } found ? found : "none");
        Add("formats", "HDF5, LMDB, safetensors, NumPy, PyTorch: nothing to install");
        string here = Directory.GetCurrentDirectory();
        try
        {
            long free = new DriveInfo(Path.GetFullPath(here)).AvailableFreeSpace;
            Add("disk", FormattableString.Invariant($"{free / 1e9:F1} GB free for files in {here}"));
            if (free < LittleDisk) _advice.Add("little disk space is left here: a study of preset small takes up to 0.2 GB, one of preset paper many");
        }
        catch (Exception error) when (error is IOException or ArgumentException or UnauthorizedAccessException)
        {
            Add("disk", $"{here}: {error.Message}");
        }
    }

    private void Add(string name, string value) => _facts.Add((name, value));
}
