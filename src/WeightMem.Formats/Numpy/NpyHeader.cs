using System.Globalization;
using System.Text;

namespace WeightMem.Formats.Numpy;

/// <summary>What the header of a <c>.npy</c> file says of its array.</summary>
/// <param name="Type">What the elements are.</param>
/// <param name="BigEndian">Whether their bytes come most significant first.</param>
/// <param name="Fortran">Whether the first dimension varies fastest.</param>
/// <param name="Shape">The sizes.</param>
internal sealed record NpyHeader(ElementType Type, bool BigEndian, bool Fortran, long[] Shape)
{
    private static readonly byte[] Magic = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>No honest header is near this: the three keys and 32 sizes take under a kilobyte.</summary>
    private const int LongestHeader = 1 << 16;

    /// <summary>Reads the magic, the version and the dictionary; the reader is left at the first element.</summary>
    public static NpyHeader Read(FileReader file)
    {
        Span<byte> start = stackalloc byte[8];
        file.Read(start, "the start of an .npy file");
        if (!start[..6].SequenceEqual(Magic))
            throw new FileFormatException(file.Path, 0, "an .npy file (93 'NUMPY')", FileFormatException.Quote(start[..6]));
        int version = start[6];
        if (version is < 1 or > 3 || start[7] != 0)
            throw new FileFormatException(file.Path, 6, "version 1.0, 2.0 or 3.0", $"{version}.{start[7]}");
        Span<byte> sizeBytes = stackalloc byte[4];
        sizeBytes.Clear();
        file.Read(sizeBytes[..(version == 1 ? 2 : 4)], "the header's length");
        uint size = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(sizeBytes);
        if (size > LongestHeader) throw new FileFormatException(file.Path, 8, $"a header of at most {LongestHeader} bytes", $"{size}");
        long offset = file.Position;
        file.Need(size, "the header");
        var bytes = new byte[size];
        file.Read(bytes, "the header");
        string text = version == 3 ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);
        return new Parser(text, file.Path, offset).Parse();
    }

    /// <summary>The bytes before the first element, a multiple of 64 as NumPy asks.</summary>
    public static byte[] Bytes(NamedArray array)
    {
        string descr = NumpyTypes.LittleEndian(array.Type) ?? throw new NotSupportedException($"{array.Name}: .npy has no {array.Type}; convert it to float32");
        string sizes = string.Join(", ", array.Shape) + (array.Shape.Length == 1 ? "," : "");
        string text = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}";
        int start = Magic.Length + 4;
        int total = (start + text.Length + 1 + 63) / 64 * 64;
        var header = new byte[total];
        Magic.CopyTo(header, 0);
        header[6] = 1;
        header[8] = (byte)(total - start);
        header[9] = (byte)((total - start) >> 8);
        header.AsSpan(start).Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, header.AsSpan(start));
        header[^1] = (byte)'\n';
        return header;
    }

    /// <summary>
    /// Reads the dictionary that NumPy writes as a Python literal. Only what such a header can hold is understood: quoted strings, True,
    /// False, a tuple of integers. Nothing is evaluated.
    /// </summary>
    private sealed class Parser(string text, string path, long offset)
    {
        private int _at;

        public NpyHeader Parse()
        {
            (ElementType Type, bool BigEndian)? type = null;
            bool? fortran = null;
            long[]? shape = null;
            Expect('{');
            while (!Take('}'))
            {
                int keyAt = _at;
                string key = Quoted();
                Expect(':');
                bool repeated = false;
                switch (key)
                {
                    case "descr": (repeated, type) = (type is not null, Descr()); break;
                    case "fortran_order": (repeated, fortran) = (fortran is not null, Boolean()); break;
                    case "shape": (repeated, shape) = (shape is not null, Tuple()); break;
                    default: throw Error(keyAt, "'descr', 'fortran_order' or 'shape'", FileFormatException.Quote(key));
                }

                if (repeated) throw Error(keyAt, $"'{key}' once", "it twice");
                if (!Take(',') && Peek() != '}') throw Error(_at, "',' or '}'", Here());
            }

            Skip();
            if (_at != text.Length) throw Error(_at, "the end of the header", Here());
            if (type is null || fortran is null || shape is null)
                throw Error(0, "'descr', 'fortran_order' and 'shape'", "a header without one of them");
            return new NpyHeader(type.Value.Type, type.Value.BigEndian, fortran.Value, shape);
        }

        private (ElementType Type, bool BigEndian) Descr()
        {
            int at = _at;
            if (Peek() == '[') throw Error(_at, "a plain number type", "a structured type");
            string descr = Quoted();
            if (descr.StartsWith("|O", StringComparison.Ordinal) || descr == "O")
                throw Error(at, "numbers", "Python objects, which are never read: they could run code");
            ElementType? type = descr.Length > 1 ? NumpyTypes.Of(descr[1..]) : null;
            bool ordered = type is not null && (descr[0] is '<' or '>' or '=' || descr[0] == '|' && type.Value.Size() == 1);
            if (!ordered)
                throw Error(at, $"one of {NumpyTypes.Known} with its byte order", FileFormatException.Quote(descr));
            return (type!.Value, descr[0] == '>' || descr[0] == '=' && !BitConverter.IsLittleEndian);
        }

        private bool Boolean()
        {
            Skip();
            foreach ((string word, bool value) in new[] { ("True", true), ("False", false) })
            {
                if (!text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal)) continue;
                _at += word.Length;
                return value;
            }

            throw Error(_at, "True or False", Here());
        }

        private long[] Tuple()
        {
            var sizes = new List<long>();
            Expect('(');
            bool comma = true;
            while (!Take(')'))
            {
                if (!comma) throw Error(_at, "',' or ')'", Here());
                int at = _at;
                Skip();
                int start = _at;
                while (_at < text.Length && char.IsAsciiDigit(text[_at])) _at++;
                if (!long.TryParse(text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out long size))
                    throw Error(start, "a size of 0 or more", _at == start ? Here() : "a number past 64 bits");
                if (_at < text.Length && text[_at] == 'L') _at++; // Python 2 wrote long integers so
                sizes.Add(size);
                if (sizes.Count > NamedArray.MaxRank) throw Error(at, $"at most {NamedArray.MaxRank} dimensions", "more");
                comma = Take(',');
            }

            return [.. sizes];
        }

        private string Quoted()
        {
            char quote = Peek();
            if (quote is not ('\'' or '"')) throw Error(_at, "a quoted word", Here());
            int end = text.IndexOf(quote, _at + 1);
            if (end < 0) throw Error(_at, "a closing quote", "none");
            string word = text[(_at + 1)..end];
            _at = end + 1;
            return word;
        }

        private void Expect(char wanted)
        {
            if (!Take(wanted)) throw Error(_at, $"'{wanted}'", Here());
        }

        private bool Take(char wanted)
        {
            if (Peek() != wanted) return false;
            _at++;
            return true;
        }

        private char Peek()
        {
            Skip();
            return _at < text.Length ? text[_at] : '\0';
        }

        private void Skip()
        {
            while (_at < text.Length && text[_at] is ' ' or '\n' or '\t' or '\r') _at++;
        }

        private string Here() => _at >= text.Length
            ? "the end of the header"
            : FileFormatException.Quote(text.AsSpan(_at, Math.Min(20, text.Length - _at)));

        private FileFormatException Error(int at, string expected, string found) => new(path, offset + at, expected, found);
    }
}
