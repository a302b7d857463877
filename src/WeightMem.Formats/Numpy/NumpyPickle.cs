using WeightMem.Formats.Pickle;

namespace WeightMem.Formats.Numpy;

/// <summary>NumPy arrays and scalars inside pickles, read from inert records. Layout: <c>ndarray.__reduce__</c> and <c>dtype.__reduce__</c>.</summary>
internal static class NumpyPickle
{
    /// <summary>Whether a record is a NumPy array or scalar.</summary>
    public static bool IsArray(PickleObject made) => made.Global is { } global && InNumpy(global.Module) && global.Name is "_reconstruct" or "scalar" or "_frombuffer";

    /// <summary>Reads an array in host byte order and row-major order.</summary>
    /// <param name="made">A record that <see cref="IsArray"/>.</param>
    /// <param name="name">The array's name.</param>
    /// <param name="path">The file, for errors.</param>
    /// <exception cref="FileFormatException">The record is damaged, or its elements are no numbers.</exception>
    public static NamedArray Read(PickleObject made, string name, string path)
    {
        (object? shape, object? dtype, object? fortran, object? data) = made.Global!.Name switch
        {
            "scalar" => (new PickleSequence(PickleSequenceKind.Tuple, []), made.Argument(0), false, made.Argument(1)),
            "_frombuffer" => (made.Argument(2), made.Argument(1), made.Argument(3) is "F", made.Argument(0)),
            _ => made.State is PickleSequence { Items: [_, var sizes, var elements, var order, var content] } ? (sizes, elements, order, content) : (null, null, null, null),
        };
        if (PickleConventions.AsItems(shape) is not { } items || items.Count > NamedArray.MaxRank || items.Any(i => i is not long))
            throw new FileFormatException(path, $"the shape of NumPy array {FileFormatException.Quote(name)}", PickleText.Describe(shape));
        long[] dimensions = [.. items.Select(i => (long)i!)];
        (ElementType type, bool bigEndian) = Type(dtype, name, path);
        byte[] bytes = PickleConventions.AsBytes(data)
            ?? throw new FileFormatException(path, $"the bytes of NumPy array {FileFormatException.Quote(name)}", PickleText.Describe(data));
        if (NamedArray.CountOf(dimensions) is not { } count || count > bytes.Length || count * type.Size() != bytes.Length)
        {
            throw new FileFormatException(
                path, $"{bytes.Length} bytes of NumPy array {FileFormatException.Quote(name)}", $"{type} {NamedArray.ShapeText(dimensions)}");
        }

        NamedArray array = NamedArray.Empty(name, type, dimensions, count);
        using var reader = new FileReader(new MemoryStream(bytes), path);
        reader.Read(array, bigEndian);
        return fortran is true && dimensions.Length > 1 ? StridedCopy.ToRowMajor(array, name, dimensions, StridedCopy.Fortran(dimensions)) : array;
    }

    private static (ElementType Type, bool BigEndian) Type(object? dtype, string name, string path)
    {
        if (dtype is not PickleObject { Global: { } global } made || !InNumpy(global.Module) || global.Name != "dtype" || made.Argument(0) is not string code)
            throw new FileFormatException(path, $"the dtype of NumPy array {FileFormatException.Quote(name)}", PickleText.Describe(dtype));
        ElementType? type = NumpyTypes.Of(code);
        if (type is null)
            throw new FileFormatException(path, $"numbers in NumPy array {FileFormatException.Quote(name)}", $"elements of dtype {FileFormatException.Quote(code)}");
        string? order = made.State is PickleSequence { Items: [_, string given, ..] } ? given : null;
        return (type.Value, order == ">" || (order == "=" && !BitConverter.IsLittleEndian));
    }

    private static bool InNumpy(string module) => module == "numpy" || module.StartsWith("numpy.", StringComparison.Ordinal);
}
