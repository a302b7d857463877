using System.Buffers.Binary;

namespace WeightMem.Fuzz;

/// <summary>Damages bytes: one to eight changes, each at a random place.</summary>
/// <param name="draws">Where the choices come from.</param>
/// <param name="tokens">Pieces that mean something in the format.</param>
internal sealed class Mutator(Draws draws, IReadOnlyList<byte[]> tokens)
{
    private const int MostChanges = 8;

    /// <summary>Inputs grow to at most twice their size and this.</summary>
    private const int Room = 4096;

    private static readonly byte[] Values = [0, 1, 0x7F, 0x80, 0xFE, 0xFF];

    private byte[] _bytes = [];
    private int _length;

    /// <summary>A damaged copy.</summary>
    /// <param name="source">The bytes.</param>
    /// <param name="other">Another input, for pieces.</param>
    public byte[] Mutate(byte[] source, byte[] other)
    {
        int most = 2 * source.Length + Room;
        if (_bytes.Length < most) _bytes = new byte[most];
        source.CopyTo(_bytes, 0);
        _length = source.Length;

        // Few changes reach deep into a reader, many find the odd pairs: each number is half as likely as the one before.
        int changes = 1;
        while (changes < MostChanges && draws.OneIn(2)) changes++;
        for (int i = 0; i < changes; i++) Change(other, most);
        return _bytes[.._length];
    }

    private void Change(byte[] other, int most)
    {
        switch (draws.Below(12))
        {
            case 0: At()[0] ^= (byte)(1 << draws.Below(8)); break;
            case 1: At()[0] = draws.OneIn(2) ? (byte)draws.Bits() : draws.Of(Values); break;
            case 2: At()[0] += (byte)(draws.Below(9) - 4); break;
            case 3 or 4: WriteInteger(); break;
            case 5: _length = draws.OneIn(4) ? Math.Max(0, _length - 1 - draws.Below(16)) : draws.Below(_length + 1); break;
            case 6: Extend(most); break;
            case 7: Delete(); break;
            case 8: CopyWithin(most); break;
            case 9: Splice(other, most); break;
            case 10: ChangeDigit(most); break;
            default: WriteToken(most); break;
        }
    }

    /// <summary>A place of the bytes; a spare byte where there are none.</summary>
    private Span<byte> At()
    {
        int at = Place();
        return _bytes.AsSpan(at, Math.Max(1, _length - at));
    }

    /// <summary>Half of the places are near the start, where most formats have what they say of themselves.</summary>
    private int Place() => draws.Below(Math.Max(1, draws.OneIn(2) ? Math.Min(_length, 512) : _length));

    private int Block(int at) => Math.Min(_length - at, draws.OneIn(4) ? 1 + draws.Below(Math.Max(1, _length)) : 1 + draws.Below(32));

    private void WriteInteger()
    {
        ulong value = draws.Below(10) switch
        {
            0 => 0,
            1 => ulong.MaxValue,
            2 => int.MaxValue,
            3 => long.MaxValue,
            4 => 1UL << 31,
            5 => 1UL << 63,
            6 => 1UL << draws.Below(64),
            7 => (ulong)(_length + draws.Below(3) - 1),
            8 => (ulong)draws.Below(256),
            _ => draws.Bits(),
        };
        Span<byte> bytes = stackalloc byte[8];
        int size = 2 << draws.Below(3);
        if (draws.OneIn(2)) BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        else BinaryPrimitives.WriteUInt64BigEndian(bytes, value << (64 - 8 * size));
        Span<byte> to = At();
        bytes[..Math.Min(size, to.Length)].CopyTo(to);
    }

    private void Extend(int most)
    {
        int count = Math.Min(most - _length, 1 + draws.Below(draws.OneIn(4) ? 512 : 8));
        byte value = draws.OneIn(2) ? draws.Of(Values) : (byte)draws.Bits();
        _bytes.AsSpan(_length, count).Fill(value);
        _length += count;
    }

    private void Delete()
    {
        int at = Place(), count = Block(at);
        _bytes.AsSpan(at + count, _length - at - count).CopyTo(_bytes.AsSpan(at));
        _length -= count;
    }

    private void CopyWithin(int most)
    {
        int from = Place(), count = Block(from), to = Place();
        byte[] block = _bytes[from..(from + count)];
        if (draws.OneIn(2)) Insert(to, block, most);
        else if (draws.OneIn(2)) Overwrite(to, block);
        else Swap(from, to, Math.Min(count, Math.Min(Math.Abs(from - to), _length - Math.Max(from, to))));
    }

    private void Splice(byte[] other, int most)
    {
        if (other.Length == 0) return;
        int from = draws.Below(other.Length), count = Math.Min(other.Length - from, 1 + draws.Below(draws.OneIn(4) ? other.Length : 64));
        if (draws.OneIn(2)) Insert(Place(), other.AsSpan(from, count), most);
        else Overwrite(draws.OneIn(2) ? Math.Min(from, _length) : Place(), other.AsSpan(from, count));
    }

    private void ChangeDigit(int most)
    {
        int at = Place();
        for (int i = 0; i < 256 && at < _length && !char.IsAsciiDigit((char)_bytes[at]); i++) at++;
        if (at >= _length) return;
        switch (draws.Below(4))
        {
            case 0: _bytes[at] = (byte)('0' + draws.Below(10)); break;
            case 1: _bytes[at] = draws.Of("-+.eEn xL,"u8.ToArray()); break;
            case 2: Insert(at, "9999999999999999999999"u8[..(1 + draws.Below(22))], most); break;
            default: Insert(at, [(byte)('0' + draws.Below(10))], most); break;
        }
    }

    private void WriteToken(int most)
    {
        byte[] token = tokens.Count == 0 ? [(byte)draws.Bits(), (byte)draws.Bits()] : draws.Of(tokens);
        if (draws.OneIn(3)) Overwrite(Place(), token);
        else Insert(Place(), token, most);
    }

    private void Swap(int first, int second, int count)
    {
        for (int i = 0; i < count; i++) (_bytes[first + i], _bytes[second + i]) = (_bytes[second + i], _bytes[first + i]);
    }

    private void Overwrite(int at, ReadOnlySpan<byte> block)
    {
        int count = Math.Min(block.Length, _length - at);
        block[..count].CopyTo(_bytes.AsSpan(at));
    }

    private void Insert(int at, ReadOnlySpan<byte> block, int most)
    {
        at = Math.Min(at, _length);
        int count = Math.Min(block.Length, most - _length);
        _bytes.AsSpan(at, _length - at).CopyTo(_bytes.AsSpan(at + count));
        block[..count].CopyTo(_bytes.AsSpan(at));
        _length += count;
    }
}
