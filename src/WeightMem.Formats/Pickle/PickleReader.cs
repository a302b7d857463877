using System.Globalization;
using System.Numerics;

namespace WeightMem.Formats.Pickle;

/// <summary>
/// Reads Python pickles, protocols 0 to 5, into plain values. There is no way for a file to call anything: what Python would call becomes a
/// <see cref="PickleObject"/> that says so. Values take at most <see cref="Inflation.Limit"/> bytes; every opcode takes constant time but for the bytes it reads.
/// Opcodes: <c>pickletools.py</c> of CPython.
/// </summary>
internal sealed class PickleReader
{
    private const int HighestProtocol = 5;
    private const int LongestNumber = 4096;

    private readonly PickleInput _input;
    private readonly PickleBudget _budget;
    private readonly Dictionary<uint, object?> _memo = [];

    /// <summary>Where each open mark stands: the place of the first value above it.</summary>
    private readonly List<int> _marks = [];
    private readonly List<object?> _stack = [];

    private PickleReader(PickleInput input) => (_input, _budget) = (input, new PickleBudget(input));

    /// <summary>Reads the pickle that starts where the file stands; the file is left at the byte after it.</summary>
    /// <exception cref="FileFormatException">This is no pickle, or it is cut, damaged, or too large.</exception>
    public static object? Read(FileReader file)
    {
        var reader = new PickleReader(new PickleInput(file));
        object? value = reader.Run();
        reader._input.Finish();
        return value;
    }

    private object? Run()
    {
        while (true)
        {
            long at = _input.Position;
            byte code = _input.ReadByte("an opcode of a pickle");
            if (code == PickleOpcode.Stop)
            {
                object? value = Pop(at);
                if (_stack.Count > 0 || _marks.Count > 0) throw new FileFormatException(_input.Path, at, "one value at the end of a pickle", "more");
                return value;
            }

            if (!Constant(code, at) && !Build(code, at))
                throw new FileFormatException(_input.Path, at, "an opcode of a pickle", FileFormatException.Quote([code]));
        }
    }

    /// <summary>Opcodes that push what they hold, or move what is there.</summary>
    private bool Constant(byte code, long at)
    {
        switch (code)
        {
            case PickleOpcode.Protocol:
                byte protocol = _input.ReadByte("the protocol of a pickle");
                if (protocol > HighestProtocol) throw new FileFormatException(_input.Path, at, $"a pickle of protocol 0 to {HighestProtocol}", $"{protocol}");
                break;
            case PickleOpcode.Frame: _input.ReadInt64(); break; // only a hint for buffering
            case PickleOpcode.None: Push(null); break;
            case PickleOpcode.True: Push(true); break;
            case PickleOpcode.False: Push(false); break;
            case PickleOpcode.BinInt: PushNumber(_input.ReadInt32()); break;
            case PickleOpcode.BinInt1: PushNumber((long)_input.ReadByte("a number")); break;
            case PickleOpcode.BinInt2: PushNumber((long)_input.ReadUInt16()); break;
            case PickleOpcode.Long1: PushNumber(Integer(_input.ReadByte("the length of a number"), at)); break;
            case PickleOpcode.Long4: PushNumber(Integer(_input.ReadInt32(), at)); break;
            case PickleOpcode.BinFloat: PushNumber(_input.ReadDouble()); break;
            case PickleOpcode.Int or PickleOpcode.Long: PushTextInteger(at); break;
            case PickleOpcode.Float: PushNumber(TextFloat(at)); break;
            case PickleOpcode.BinUnicode: PushText(_input.ReadUInt32()); break;
            case PickleOpcode.ShortBinUnicode: PushText(_input.ReadByte("the length of a text")); break;
            case PickleOpcode.BinUnicode8: PushText(_input.ReadInt64()); break;
            case PickleOpcode.BinString: PushBytesAsText(_input.ReadInt32()); break;
            case PickleOpcode.ShortBinString: PushBytesAsText(_input.ReadByte("the length of a text")); break;
            case PickleOpcode.String: PushLine(PickleText.Quoted(_input.ReadLine("a text"), _input.Path, at)); break;
            case PickleOpcode.Unicode: PushLine(PickleText.Escaped(_input.ReadLatin1Line("a text"))); break;
            case PickleOpcode.BinBytes: PushBytes(_input.ReadUInt32()); break;
            case PickleOpcode.ShortBinBytes: PushBytes(_input.ReadByte("the length of bytes")); break;
            case PickleOpcode.BinBytes8: PushBytes(_input.ReadInt64()); break;
            case PickleOpcode.ByteArray8: PushBytes(_input.ReadInt64()); break;
            case PickleOpcode.Pop: PopOrMark(at); break;
            case PickleOpcode.PopMark: PopToMark(at, keep: false); break;
            case PickleOpcode.Duplicate: Push(Peek(at)); break;
            case PickleOpcode.Mark:
                _budget.Charge(PickleBudget.Slot);
                _marks.Add(_stack.Count);
                break;
            case PickleOpcode.Put: Remember(TextIndex(at), at); break;
            case PickleOpcode.BinPut: Remember(_input.ReadByte("a place in the memo"), at); break;
            case PickleOpcode.LongBinPut: Remember(_input.ReadUInt32(), at); break;
            case PickleOpcode.Memoize: Remember((uint)_memo.Count, at); break;
            case PickleOpcode.Get: Recall(TextIndex(at), at); break;
            case PickleOpcode.BinGet: Recall(_input.ReadByte("a place in the memo"), at); break;
            case PickleOpcode.LongBinGet: Recall(_input.ReadUInt32(), at); break;
            default: return false;
        }

        return true;
    }

    /// <summary>Opcodes that make containers and records.</summary>
    private bool Build(byte code, long at)
    {
        switch (code)
        {
            case PickleOpcode.EmptyList: PushSequence(PickleSequenceKind.List, []); break;
            case PickleOpcode.EmptyTuple: PushSequence(PickleSequenceKind.Tuple, []); break;
            case PickleOpcode.EmptySet: PushSequence(PickleSequenceKind.Set, []); break;
            case PickleOpcode.List: PushSequence(PickleSequenceKind.List, PopToMark(at)); break;
            case PickleOpcode.Tuple: PushSequence(PickleSequenceKind.Tuple, PopToMark(at)); break;
            case PickleOpcode.FrozenSet: PushSequence(PickleSequenceKind.FrozenSet, PopToMark(at)); break;
            case PickleOpcode.Tuple1: PushSequence(PickleSequenceKind.Tuple, PopLast(1, at)); break;
            case PickleOpcode.Tuple2: PushSequence(PickleSequenceKind.Tuple, PopLast(2, at)); break;
            case PickleOpcode.Tuple3: PushSequence(PickleSequenceKind.Tuple, PopLast(3, at)); break;
            case PickleOpcode.EmptyDictionary: PushContainer(new PickleDictionary()); break;
            case PickleOpcode.Dictionary:
                List<object?> entries = PopToMark(at);
                var dictionary = new PickleDictionary();
                PushContainer(dictionary);
                AddEntries(dictionary.Entries, entries, at);
                break;
            case PickleOpcode.Append: AppendTo(Peek(at, 1), PopLast(1, at), at); break;
            case PickleOpcode.Appends or PickleOpcode.AddItems:
                List<object?> items = PopToMark(at);
                AppendTo(Peek(at), items, at);
                break;
            case PickleOpcode.SetItem: SetIn(Peek(at, 2), PopLast(2, at), at); break;
            case PickleOpcode.SetItems:
                List<object?> pairs = PopToMark(at);
                SetIn(Peek(at), pairs, at);
                break;
            case PickleOpcode.Global: PushGlobal(_input.ReadLine("a module"), _input.ReadLine("a class")); break;
            case PickleOpcode.StackGlobal:
                (object? module, object? name) = Pop2(at);
                if (module is not string moduleName || name is not string className)
                    throw new FileFormatException(_input.Path, at, "the texts of a module and a class", "other values");
                PushGlobal(moduleName, className);
                break;
            case PickleOpcode.Reduce or PickleOpcode.NewObject:
                (object? callable, object? arguments) = Pop2(at);
                PushContainer(new PickleObject(callable, arguments));
                break;
            case PickleOpcode.NewObjectKeywords:
                List<object?> three = PopLast(3, at);
                PushContainer(new PickleObject(three[0], three[1], three[2]));
                break;
            case PickleOpcode.Object:
                List<object?> made = PopToMark(at);
                if (made.Count == 0) throw new FileFormatException(_input.Path, at, "a class below the mark", "nothing");
                PushContainer(new PickleObject(made[0], new PickleSequence(PickleSequenceKind.Tuple, made[1..])));
                break;
            case PickleOpcode.Instance:
                var global = new PickleGlobal(_input.ReadLine("a module"), _input.ReadLine("a class"));
                PushContainer(new PickleObject(global, new PickleSequence(PickleSequenceKind.Tuple, PopToMark(at))));
                break;
            case PickleOpcode.Build:
                object? state = Pop(at);
                SetState(Peek(at), state, at);
                break;
            case PickleOpcode.PersistentId: PushContainer(new PicklePersistent(_input.ReadLine("a persistent id"))); break;
            case PickleOpcode.BinPersistentId: PushContainer(new PicklePersistent(Pop(at))); break;
            case PickleOpcode.Extension1 or PickleOpcode.Extension2 or PickleOpcode.Extension4:
                throw new FileFormatException(_input.Path, at, "classes by name", "a number of a registry that only the writer had");
            case PickleOpcode.NextBuffer or PickleOpcode.ReadOnlyBuffer:
                throw new FileFormatException(_input.Path, at, "a pickle that holds its own data", "a reference to a buffer outside it");
            default: return false;
        }

        return true;
    }

    private void Push(object? value)
    {
        _budget.Charge(PickleBudget.Slot);
        _stack.Add(value);
    }

    private void PushNumber<T>(T number)
    {
        _budget.Charge(PickleBudget.Number);
        Push(number is int small ? (long)small : number is BigInteger big && big >= long.MinValue && big <= long.MaxValue ? (long)big : number);
    }

    private void PushText(long length)
    {
        string text = _input.ReadText(length);
        _budget.Charge(40 + 2L * text.Length);
        Push(text);
    }

    /// <summary>Python 2 wrote its byte strings so: mostly ASCII names, but also the data of arrays, which must keep every byte.</summary>
    private void PushBytesAsText(long length)
    {
        byte[] bytes = _input.ReadBytes(length, "text");
        _budget.Charge(40 + bytes.LongLength);
        Push(System.Text.Ascii.IsValid(bytes) ? System.Text.Encoding.ASCII.GetString(bytes) : bytes);
    }

    private void PushLine(string text)
    {
        _budget.Charge(40 + 2L * text.Length);
        Push(text);
    }

    private void PushBytes(long length)
    {
        byte[] bytes = _input.ReadBytes(length, "bytes");
        _budget.Charge(40 + bytes.LongLength);
        Push(bytes);
    }

    private void PushGlobal(string module, string name) => PushContainer(new PickleGlobal(module, name));

    private void PushSequence(PickleSequenceKind kind, List<object?> items)
    {
        _budget.Charge((long)items.Count * PickleBudget.Slot);
        PushContainer(new PickleSequence(kind, items));
    }

    private void PushContainer(object value)
    {
        _budget.Charge(PickleBudget.Container);
        Push(value);
    }

    private object? Peek(long at, int below = 0)
    {
        if (_stack.Count - below <= Floor) throw new FileFormatException(_input.Path, at, "a value on the stack of the pickle", "none");
        return _stack[^(1 + below)];
    }

    /// <summary>Values below the innermost mark are out of reach.</summary>
    private int Floor => _marks.Count == 0 ? 0 : _marks[^1];

    private object? Pop(long at) => PopLast(1, at)[0];

    private (object? First, object? Second) Pop2(long at)
    {
        List<object?> two = PopLast(2, at);
        return (two[0], two[1]);
    }

    private List<object?> PopLast(int count, long at)
    {
        Peek(at, count - 1);
        List<object?> last = _stack.GetRange(_stack.Count - count, count);
        _stack.RemoveRange(_stack.Count - count, count);
        return last;
    }

    private void PopOrMark(long at)
    {
        if (_marks.Count > 0 && _stack.Count == Floor) _marks.RemoveAt(_marks.Count - 1);
        else Pop(at);
    }

    private List<object?> PopToMark(long at, bool keep = true)
    {
        if (_marks.Count == 0) throw new FileFormatException(_input.Path, at, "a mark on the stack of the pickle", "none");
        int floor = Floor;
        List<object?> above = keep ? _stack.GetRange(floor, _stack.Count - floor) : [];
        _stack.RemoveRange(floor, _stack.Count - floor);
        _marks.RemoveAt(_marks.Count - 1);
        return above;
    }

    private void Remember(uint index, long at)
    {
        _budget.Charge(PickleBudget.Memo);
        _memo[index] = Peek(at);
    }

    private void Recall(uint index, long at)
    {
        if (!_memo.TryGetValue(index, out object? value)) throw new FileFormatException(_input.Path, at, "a value remembered before", $"no value {index} in the memo");
        Push(value);
    }

    private void AppendTo(object? container, List<object?> items, long at)
    {
        List<object?> list = container switch
        {
            PickleSequence { Kind: PickleSequenceKind.List or PickleSequenceKind.Set } sequence => sequence.Items,
            PickleObject made => made.Items ??= [],
            _ => throw new FileFormatException(_input.Path, at, "a list or set to append to", PickleText.Describe(container)),
        };
        _budget.Charge((long)items.Count * PickleBudget.Slot);
        list.AddRange(items);
    }

    private void SetIn(object? container, List<object?> pairs, long at)
    {
        List<KeyValuePair<object?, object?>> entries = container switch
        {
            PickleDictionary dictionary => dictionary.Entries,
            PickleObject made => made.Entries ??= [],
            _ => throw new FileFormatException(_input.Path, at, "a dictionary to set an item in", PickleText.Describe(container)),
        };
        AddEntries(entries, pairs, at);
    }

    private void AddEntries(List<KeyValuePair<object?, object?>> entries, List<object?> pairs, long at)
    {
        if (pairs.Count % 2 != 0) throw new FileFormatException(_input.Path, at, "keys and values in pairs", $"{pairs.Count} of them");
        _budget.Charge((long)pairs.Count * PickleBudget.Slot);
        for (int i = 0; i < pairs.Count; i += 2) entries.Add(new(pairs[i], pairs[i + 1]));
    }

    private void SetState(object? value, object? state, long at)
    {
        if (value is PickleObject made) made.State = state;
        else throw new FileFormatException(_input.Path, at, "an object to give a state to", PickleText.Describe(value));
    }

    private BigInteger Integer(int length, long at)
    {
        if (length is < 0 or > LongestNumber) throw new FileFormatException(_input.Path, at, $"a number of at most {LongestNumber} bytes", $"{length}");
        return new BigInteger(_input.ReadBytes(length, "a number"));
    }

    private void PushTextInteger(long at)
    {
        string line = _input.ReadLine("a number").TrimEnd('L');
        if (line is "00" or "01")
            Push(line == "01"); // protocol 0 has no other way to write a truth value
        else if (line.Length <= LongestNumber && BigInteger.TryParse(line, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger number))
            PushNumber(number);
        else
            throw new FileFormatException(_input.Path, at, "a whole number", FileFormatException.Quote(line));
    }

    private double TextFloat(long at)
    {
        string line = _input.ReadLine("a number");
        if (double.TryParse(line, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)) return number;
        return line switch
        {
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            "nan" or "-nan" => double.NaN,
            _ => throw new FileFormatException(_input.Path, at, "a number", FileFormatException.Quote(line)),
        };
    }

    private uint TextIndex(long at)
    {
        string line = _input.ReadLine("a place in the memo");
        return uint.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out uint index)
            ? index
            : throw new FileFormatException(_input.Path, at, "a place in the memo", FileFormatException.Quote(line));
    }
}
