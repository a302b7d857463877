using System.Security.Cryptography;
using System.Text;

namespace WeightMem.Cuda.Kernels;

/// <summary>
/// Compiled sources on disk, one file per key: magic, key, SHA-256 of the payload, payload. A file that is damaged, cut or of another key
/// counts as absent. Writing goes to a temporary name first; a folder that cannot be written only costs the next run its time.
/// </summary>
public sealed class KernelCache
{
    /// <summary>The variable that names the folder.</summary>
    public const string FolderVariable = "WEIGHTMEM_KERNEL_CACHE";

    private const int HashLength = SHA256.HashSizeInBytes;

    // The last byte is the version of the format.
    private static ReadOnlySpan<byte> Magic => "WMKERN\0\x01"u8;

    /// <summary>Uses a folder; it is made at the first write.</summary>
    /// <param name="folder">The folder.</param>
    public KernelCache(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Folder = folder;
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The folder that the variable names, else "weightmem/kernels" in the user's folder for caches.</summary>
    /// <returns>The cache, or null when the user has no such folder.</returns>
    public static KernelCache? OfUser()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } named)
            return new KernelCache(named);
        return UserCache.Folder is { } folder ? new KernelCache(Path.Combine(folder, "kernels")) : null;
    }

    /// <summary>The file of a key.</summary>
    internal string PathOf(ReadOnlySpan<byte> key) => Path.Combine(Folder, Convert.ToHexStringLower(key) + ".kernel");

    /// <summary>Reads an entry.</summary>
    /// <returns>The entry, or null when there is none that is whole.</returns>
    internal CompiledKernels? Read(ReadOnlySpan<byte> key)
    {
        byte[] file;
        try
        {
            file = File.ReadAllBytes(PathOf(key));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        return Parse(file, key);
    }

    /// <summary>Writes an entry. Failures are not reported: the entry is simply compiled again next time.</summary>
    internal void Write(ReadOnlySpan<byte> key, CompiledKernels compiled)
    {
        var path = PathOf(key);
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(Folder);
            try
            {
                File.WriteAllBytes(temporary, Compose(key, compiled));
                File.Move(temporary, path, overwrite: true);
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full or read-only disk must not stop a run.
        }
    }

    /// <summary>Removes an entry that the driver did not accept.</summary>
    internal void Remove(ReadOnlySpan<byte> key)
    {
        try
        {
            File.Delete(PathOf(key));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It will be overwritten, or refused again.
        }
    }

    private static byte[] Compose(ReadOnlySpan<byte> key, CompiledKernels compiled)
    {
        using var payload = new MemoryStream();
        using (var writer = new BinaryWriter(payload, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(compiled.LoweredNames.Count);
            foreach (var (expression, name) in compiled.LoweredNames)
            {
                writer.Write(expression);
                writer.Write(name);
            }

            writer.Write(compiled.Image.Length);
            writer.Write(compiled.Image);
        }

        var bytes = payload.ToArray();
        return [.. Magic, .. key, .. SHA256.HashData(bytes), .. bytes];
    }

    private static CompiledKernels? Parse(byte[] file, ReadOnlySpan<byte> key)
    {
        var head = Magic.Length + KernelKey.Length + HashLength;
        if (file.Length < head || !file.AsSpan().StartsWith(Magic) || !file.AsSpan(Magic.Length, KernelKey.Length).SequenceEqual(key))
            return null;
        var payload = file.AsSpan(head);
        if (!SHA256.HashData(payload).AsSpan().SequenceEqual(file.AsSpan(head - HashLength, HashLength)))
            return null;
        // The checksum holds, so what follows is what this program wrote.
        using var reader = new BinaryReader(new MemoryStream(file, head, payload.Length), Encoding.UTF8);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var count = reader.ReadInt32(); count > 0; count--)
        {
            var expression = reader.ReadString();
            names[expression] = reader.ReadString();
        }

        return new CompiledKernels(reader.ReadBytes(reader.ReadInt32()), names, FromCache: true);
    }
}
