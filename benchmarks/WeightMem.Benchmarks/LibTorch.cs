using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;

namespace WeightMem.Benchmarks;

/// <summary>Makes the peer library loadable and sets its threads.</summary>
internal static partial class LibTorch
{
    private const uint VersionNeedSection = 0x6ffffffe;
    private const ushort WeakFlag = 2;

    static LibTorch()
    {
        MarkVersionAsWeak(Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so"), "GLIBCXX_3.4.32");
        MarkVersionAsWeak(Path.Combine(AppContext.BaseDirectory, "runtimes/linux-x64/native/libLibTorchSharp.so"), "GLIBCXX_3.4.32");
        if (OperatingSystem.IsLinux()) KeepFreedMemory();
        torch.InitializeDeviceType(DeviceType.CPU);
        torch.set_grad_enabled(false);
    }

    public static void SetThreads(int threads) => torch.set_num_threads(threads);

    /// <summary>
    /// Whether libtorch may take oneDNN for convolutions. Its data gradient for few output channels is wrong in libtorch 2.10 on AVX-512 and AVX2, and libtorch's own way is right;
    /// the binding has no name for the switch.
    /// </summary>
    public static void UseOneDnn(bool use)
    {
        if (OperatingSystem.IsLinux()) SetOneDnn(GlobalContext(), use);
    }

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at13globalContextEv")]
    private static partial nint GlobalContext();

    [LibraryImport("torch_cpu", EntryPoint = "_ZN2at7Context20setUserEnabledMkldnnEb")]
    private static partial void SetOneDnn(nint context, [MarshalAs(UnmanagedType.U1)] bool use);

    /// <summary>
    /// The binding's batched product always makes a new tensor. Without this, the C library would take its memory from the system
    /// and give it back each time, and the row would measure page faults.
    /// </summary>
    private static void KeepFreedMemory()
    {
        const int TrimThreshold = -1, MapThreshold = -3;
        _ = SetMallocOption(MapThreshold, 1 << 30);
        _ = SetMallocOption(TrimThreshold, int.MaxValue);
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetMallocOption(int option, int value);

    /// <summary>
    /// The binding asks for a C++ library version newer than that of current stable distributions, of which it never calls
    /// anything. With the weak flag on that entry of the ELF version table the loader lets it pass.
    /// </summary>
    private static void MarkVersionAsWeak(string path, string version)
    {
        if (!File.Exists(path)) return;
        byte[] file = File.ReadAllBytes(path);
        ulong U64(long at) => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan((int)at));
        uint U32(long at) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan((int)at));
        ushort U16(long at) => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan((int)at));

        long sections = (long)U64(0x28);
        int sectionSize = U16(0x3A), sectionCount = U16(0x3C);
        bool changed = false;
        for (int i = 0; i < sectionCount; i++)
        {
            long header = sections + (long)i * sectionSize;
            if (U32(header + 4) != VersionNeedSection) continue;
            long names = (long)U64(sections + (long)U32(header + 0x28) * sectionSize + 0x18);
            long need = (long)U64(header + 0x18);
            for (uint needs = U32(header + 0x2C); needs > 0; needs--)
            {
                long entry = need + U32(need + 8);
                for (int entries = U16(need + 2); entries > 0; entries--)
                {
                    ReadOnlySpan<byte> name = file.AsSpan((int)(names + U32(entry + 8)));
                    name = name[..name.IndexOf((byte)0)];
                    ushort flags = U16(entry + 4);
                    if (name.SequenceEqual(Encoding.ASCII.GetBytes(version)) && (flags & WeakFlag) == 0)
                    {
                        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan((int)entry + 4), (ushort)(flags | WeakFlag));
                        changed = true;
                    }

                    entry += U32(entry + 12);
                }

                need += U32(need + 12);
            }
        }

        if (changed) File.WriteAllBytes(path, file);
    }
}
