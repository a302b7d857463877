using System.Buffers;
using System.Text;
using WeightMem.Formats.Pickle;
using WeightMem.Formats.Zip;

namespace WeightMem.Formats.Torch;

/// <summary>
/// Writes state dicts as PyTorch's zip form: an <c>OrderedDict</c> of contiguous CPU tensors, each with a storage of its own. The pickle uses nothing that
/// <c>torch.load(weights_only=True)</c> refuses. Equal contents give equal bytes.
/// </summary>
public static class TorchWriter
{
    private const string Prefix = "archive/";

    /// <summary>Writes arrays in the given order, atomically.</summary>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, IReadOnlyList<NamedArray> arrays) => AtomicFile.Write(path, stream => Write(stream, arrays));

    /// <summary>Writes arrays to a seekable stream.</summary>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    public static void Write(Stream stream, IReadOnlyList<NamedArray> arrays)
    {
        byte[] pickle = Pickle(arrays);
        var zip = new ZipWriter(stream);
        Add(zip, "data.pkl", pickle);
        Add(zip, "byteorder", "little"u8.ToArray());
        for (int i = 0; i < arrays.Count; i++)
        {
            NamedArray array = arrays[i];
            zip.Add(FormattableString.Invariant($"{Prefix}data/{i}"), array.ByteCount, member => ArrayBytes.WriteLittleEndian(member, array));
        }

        Add(zip, "version", "3\n"u8.ToArray());
        zip.Finish();
    }

    private static void Add(ZipWriter zip, string name, byte[] bytes) => zip.Add(Prefix + name, bytes.Length, member => member.Write(bytes));

    private static byte[] Pickle(IReadOnlyList<NamedArray> arrays)
    {
        var names = new HashSet<string>();
        var to = new PickleWriter();
        to.EmptyOrderedDict();
        to.Mark();
        for (int i = 0; i < arrays.Count; i++)
        {
            NamedArray array = arrays[i];
            if (!names.Add(array.Name)) throw new ArgumentException($"tensor name {array.Name} occurs twice");
            to.Text(array.Name);
            Tensor(to, array, i);
        }

        to.SetItems();
        return to.Finish();
    }

    private static void Tensor(PickleWriter to, NamedArray array, int key)
    {
        (string dtype, string storage) = TorchTypes.NameOf(array.Type);
        bool untyped = storage.Length == 0;
        to.Global("torch._utils", untyped ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2");
        to.Mark();

        to.Mark();
        to.Text("storage");
        if (untyped) to.Global("torch.storage", "UntypedStorage");
        else to.Global("torch", storage);
        to.Text(key.ToString(System.Globalization.CultureInfo.InvariantCulture));
        to.Text("cpu");
        to.Integer(untyped ? array.ByteCount : array.Count);
        to.Tuple();
        to.Persistent();

        to.Integer(0);
        to.Integers(array.Shape);
        to.Integers(StridedCopy.RowMajor(array.Shape));
        to.False();
        to.EmptyOrderedDict();
        if (untyped) to.Global("torch", dtype);
        to.Tuple();
        to.Reduce();
    }

    /// <summary>The few opcodes of protocol 2 that a state dict takes. No memo: nothing in it is shared.</summary>
    private sealed class PickleWriter
    {
        private readonly ArrayBufferWriter<byte> _to = new();

        public PickleWriter() => Write(PickleOpcode.Protocol, 2);

        public void Mark() => Write(PickleOpcode.Mark);

        public void Tuple() => Write(PickleOpcode.Tuple);

        public void Persistent() => Write(PickleOpcode.BinPersistentId);

        public void Reduce() => Write(PickleOpcode.Reduce);

        public void False() => Write(PickleOpcode.False);

        public void SetItems() => Write(PickleOpcode.SetItems);

        public void Global(string module, string name)
        {
            Write(PickleOpcode.Global);
            _to.Write(Encoding.ASCII.GetBytes($"{module}\n{name}\n"));
        }

        public void EmptyOrderedDict()
        {
            Global("collections", "OrderedDict");
            Write(PickleOpcode.EmptyTuple);
            Reduce();
        }

        public void Text(string text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            Write(PickleOpcode.BinUnicode);
            _to.Write(BitConverter.GetBytes(bytes.Length));
            _to.Write(bytes);
        }

        public void Integer(long value)
        {
            if (value == (int)value)
            {
                Write(PickleOpcode.BinInt);
                _to.Write(BitConverter.GetBytes((int)value));
                return;
            }

            Write(PickleOpcode.Long1, 8);
            _to.Write(BitConverter.GetBytes(value));
        }

        public void Integers(long[] values)
        {
            Mark();
            foreach (long value in values) Integer(value);
            Tuple();
        }

        public byte[] Finish()
        {
            Write(PickleOpcode.Stop);
            return _to.WrittenSpan.ToArray();
        }

        private void Write(params ReadOnlySpan<byte> opcodes) => _to.Write(opcodes);
    }
}
