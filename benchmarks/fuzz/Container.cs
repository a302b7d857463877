using System.Buffers.Binary;
using System.IO.Compression;

namespace WeightMem.Fuzz;

/// <summary>
/// A file of packed parts, taken apart and put together again around a damaged part, so that damage behind a checksum or a compression
/// reaches the reader of what is packed.
/// </summary>
internal abstract class Container
{
    /// <summary>The parts of a sound file; none when it is no such container.</summary>
    public abstract List<(string Name, byte[] Content)> Open(byte[] file);

    /// <summary>A sound container around the parts.</summary>
    public abstract byte[] Close(byte[] file, List<(string Name, byte[] Content)> parts, Draws draws);

    private static byte[] All(Stream stream)
    {
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>Zip files: the parts are the members.</summary>
    internal sealed class Zip : Container
    {
        public override List<(string Name, byte[] Content)> Open(byte[] file)
        {
            using var zip = new ZipArchive(new MemoryStream(file));
            var parts = new List<(string, byte[])>();
            foreach (ZipArchiveEntry entry in zip.Entries)
            {
                using Stream content = entry.Open();
                parts.Add((entry.FullName, All(content)));
            }

            return parts;
        }

        public override byte[] Close(byte[] file, List<(string Name, byte[] Content)> parts, Draws draws)
        {
            CompressionLevel level = draws.OneIn(4) ? CompressionLevel.Fastest : CompressionLevel.NoCompression;
            using var bytes = new MemoryStream();
            using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
            {
                foreach ((string name, byte[] content) in parts)
                {
                    using Stream member = zip.CreateEntry(name, level).Open();
                    member.Write(content);
                }
            }

            return bytes.ToArray();
        }
    }

    /// <summary>Gzipped files: one part.</summary>
    internal sealed class GZip : Container
    {
        public override List<(string Name, byte[] Content)> Open(byte[] file)
        {
            if (file.Length < 2 || file[0] != 0x1F || file[1] != 0x8B) return [];
            using var content = new GZipStream(new MemoryStream(file), CompressionMode.Decompress);
            return [("", All(content))];
        }

        public override byte[] Close(byte[] file, List<(string Name, byte[] Content)> parts, Draws draws)
        {
            using var bytes = new MemoryStream();
            using (var packed = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true)) packed.Write(parts[0].Content);
            return bytes.ToArray();
        }
    }

    /// <summary>MAT-files: the parts are the variables that are packed by zlib, with what stands between them.</summary>
    internal sealed class Mat : Container
    {
        private const int HeaderSize = 128;
        private const uint Packed = 15;

        public override List<(string Name, byte[] Content)> Open(byte[] file)
        {
            var parts = new List<(string, byte[])>();
            if (file.Length < HeaderSize + 8 || file[126] != (byte)'I') return parts;
            for (int at = HeaderSize; at + 8 <= file.Length;)
            {
                uint type = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));
                uint size = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 4));
                if (size > file.Length - at - 8) return [];
                if (type == Packed)
                {
                    using var content = new ZLibStream(new MemoryStream(file, at + 8, (int)size), CompressionMode.Decompress);
                    parts.Add(("packed", All(content)));
                }
                else
                {
                    parts.Add(("plain", file[at..(at + 8 + (int)size)]));
                }

                at += 8 + (int)size;
            }

            return parts;
        }

        public override byte[] Close(byte[] file, List<(string Name, byte[] Content)> parts, Draws draws)
        {
            using var bytes = new MemoryStream();
            bytes.Write(file, 0, HeaderSize);
            Span<byte> tag = stackalloc byte[8];
            foreach ((string name, byte[] content) in parts)
            {
                if (name == "plain")
                {
                    bytes.Write(content);
                    continue;
                }

                using var packed = new MemoryStream();
                using (var stream = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true)) stream.Write(content);
                BinaryPrimitives.WriteUInt32LittleEndian(tag, Packed);
                BinaryPrimitives.WriteUInt32LittleEndian(tag[4..], (uint)packed.Length);
                bytes.Write(tag);
                packed.WriteTo(bytes);
            }

            return bytes.ToArray();
        }
    }
}
