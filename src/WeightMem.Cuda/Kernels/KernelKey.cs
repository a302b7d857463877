using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace WeightMem.Cuda.Kernels;

/// <summary>The identity of a compilation: a hash of everything that can change its result.</summary>
internal static class KernelKey
{
    /// <summary>Length of a key in bytes.</summary>
    public const int Length = SHA256.HashSizeInBytes;

    /// <summary>Computes the key.</summary>
    /// <param name="program">Source, headers, options and name expressions.</param>
    /// <param name="architecture">What it is compiled for.</param>
    /// <param name="compiler">The compiler and its version.</param>
    public static byte[] Of(KernelProgram program, KernelArchitecture architecture, string compiler)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, compiler);
        Append(hash, architecture.Option);
        // The name is in the image's line table and in what assert() prints.
        Append(hash, program.FileName);
        Append(hash, program.Text);
        AppendCount(hash, program.Headers.Count);
        foreach (var header in program.Headers)
        {
            Append(hash, header.Name);
            Append(hash, header.Text);
        }

        AppendCount(hash, program.Options.Count);
        foreach (var option in program.Options)
            Append(hash, option);
        AppendCount(hash, program.NameExpressions.Count);
        foreach (var expression in program.NameExpressions)
            Append(hash, expression);
        return hash.GetHashAndReset();
    }

    // The length goes first, so that text cannot move from one ingredient to the next without changing the key.
    private static void Append(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        AppendCount(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void AppendCount(IncrementalHash hash, int count)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, count);
        hash.AppendData(bytes);
    }
}
