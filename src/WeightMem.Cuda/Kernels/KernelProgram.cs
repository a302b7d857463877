namespace WeightMem.Cuda.Kernels;

/// <summary>A header that is handed to the compiler in memory.</summary>
/// <param name="Name">The name in the <c>#include</c>.</param>
/// <param name="Text">Its text.</param>
public sealed record KernelHeader(string Name, string Text);

/// <summary>One source and everything else that goes into its compilation, but for the device.</summary>
/// <param name="FileName">The source's name, for messages.</param>
/// <param name="Text">The source.</param>
public sealed record KernelProgram(string FileName, string Text)
{
    /// <summary>The headers that the source may include; nothing else can be included.</summary>
    public IReadOnlyList<KernelHeader> Headers { get; init; } = [];

    /// <summary>The compiler's options, but for the architecture.</summary>
    public IReadOnlyList<string> Options { get; init; } = ["--std=c++17"];

    /// <summary>Instances of templates that are wanted, for example <c>scale&lt;float,4&gt;</c>.</summary>
    public IReadOnlyList<string> NameExpressions { get; init; } = [];
}

/// <summary>A compiled source.</summary>
/// <param name="Image">A cubin, or PTX.</param>
/// <param name="LoweredNames">For each name expression the kernel's name in the image.</param>
/// <param name="FromCache">Whether it was read from the cache.</param>
public sealed record CompiledKernels(byte[] Image, IReadOnlyDictionary<string, string> LoweredNames, bool FromCache);
