using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace WeightMem.Formats.TensorBoard;

/// <summary>
/// Writes scalars as TensorBoard reads them: TFRecords (length, its checksum, content, its checksum; CRC-32C, masked) of <c>Event</c> messages. Every session of a run
/// writes a file of its own, as TensorBoard expects; a record that a kill cuts is the last of its file, and is passed over.
/// </summary>
public sealed class EventFile : IDisposable
{
    private static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(1);

    private readonly FileStream _file;
    private long _flushed = Environment.TickCount64;

    /// <summary>Begins a file in a folder.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="started">When the session began; becomes part of the name.</param>
    /// <param name="step">The first step of the session: what earlier files say of later steps is void.</param>
    /// <exception cref="FileWriteException">The file cannot be made.</exception>
    public EventFile(string folder, DateTimeOffset started, long step)
    {
        Path = Name(folder, started);

        // In a container every session may have the same process number, and a clock may jump back.
        while (File.Exists(Path)) Path = Name(folder, started = started.AddSeconds(1));
        try
        {
            _file = new FileStream(Path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new FileWriteException(Path, error);
        }

        Write(Message(started, 0, 0x1A, "brain.Event:2"u8)); // file_version
        Write(Message(started, step, 0x3A, [0x08, 0x01])); // session_log: START
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Adds a number. Reaches the disk within about a second.</summary>
    /// <param name="tag">What it is, such as <c>loss/train</c>.</param>
    /// <param name="step">At which step.</param>
    /// <param name="value">The number; NaN and infinity are allowed.</param>
    /// <param name="time">When.</param>
    /// <exception cref="FileWriteException">The disk is full or gone.</exception>
    public void Add(string tag, long step, float value, DateTimeOffset time)
    {
        byte[] name = Encoding.UTF8.GetBytes(tag);
        var content = new List<byte>(name.Length + 16) { 0x0A };
        AddVarint(content, (ulong)name.Length);
        content.AddRange(name);
        content.Add(0x15);
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(number, value);
        content.AddRange(number);
        var summary = new List<byte>(content.Count + 4) { 0x0A };
        AddVarint(summary, (ulong)content.Count);
        summary.AddRange(content);
        Write(Message(time, step, 0x2A, [.. summary]));
        if (Environment.TickCount64 - _flushed < FlushInterval.TotalMilliseconds) return;
        _file.Flush();
        _flushed = Environment.TickCount64;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>The checksum of a record's parts: CRC-32C, rotated and shifted so that a checksum of checksums is not weak.</summary>
    public static uint MaskedChecksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
    }

    private static string Name(string folder, DateTimeOffset started) =>
        System.IO.Path.Combine(folder, FormattableString.Invariant($"events.out.tfevents.{started.ToUnixTimeSeconds()}.{Environment.ProcessId}.weightmem"));

    /// <summary>An <c>Event</c>: wall_time = 1, step = 2, and one more field with bytes in it.</summary>
    private static byte[] Message(DateTimeOffset time, long step, byte field, ReadOnlySpan<byte> content)
    {
        var message = new List<byte>(content.Length + 24) { 0x09 };
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(number, time.ToUnixTimeMilliseconds() / 1e3);
        message.AddRange(number);
        message.Add(0x10);
        AddVarint(message, (ulong)step);
        message.Add(field);
        AddVarint(message, (ulong)content.Length);
        message.AddRange(content);
        return [.. message];
    }

    private static void AddVarint(List<byte> to, ulong value)
    {
        for (; value >= 0x80; value >>= 7) to.Add((byte)(value | 0x80));
        to.Add((byte)value);
    }

    private void Write(ReadOnlySpan<byte> message)
    {
        Span<byte> head = stackalloc byte[12], tail = stackalloc byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)message.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], MaskedChecksum(head[..8]));
        BinaryPrimitives.WriteUInt32LittleEndian(tail, MaskedChecksum(message));
        try
        {
            _file.Write(head);
            _file.Write(message);
            _file.Write(tail);
        }
        catch (IOException error)
        {
            throw new FileWriteException(Path, error);
        }
    }
}
