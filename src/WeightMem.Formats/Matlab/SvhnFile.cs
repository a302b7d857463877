namespace WeightMem.Formats.Matlab;

/// <summary>The images and labels of one SVHN file.</summary>
/// <param name="Images">Unsigned bytes <c>[count, 3, 32, 32]</c>: red, green, blue planes, row by row. Named <c>images</c>.</param>
/// <param name="Labels">Unsigned bytes <c>[count]</c>, 0 to 9. Named <c>labels</c>.</param>
public sealed record SvhnImages(NamedArray Images, NamedArray Labels);

/// <summary>
/// The cropped digits of the Street View House Numbers set: <c>train_32x32.mat</c>, <c>test_32x32.mat</c>, <c>extra_32x32.mat</c>.
/// <list type="table">
/// <listheader><term>variable</term><description>what is read</description></listheader>
/// <item><term><c>X</c></term><description>uint8 [32, 32, 3, count]: row, column, colour, image</description></item>
/// <item><term><c>y</c></term><description>[count, 1] of any number type: 1 to 9 for these digits, 10 for the digit 0 (0 is taken too)</description></item>
/// </list>
/// Layout of the file: the set's home page (Netzer and others, "Reading digits in natural images", 2011).
/// </summary>
public static class SvhnFile
{
    private const int Side = 32;

    /// <summary>Reads a file.</summary>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">The file is no MAT-file of version 5, or X and y are not as they should be.</exception>
    public static SvhnImages Read(string path)
    {
        using FileReader file = FileReader.Open(path);
        return Read(file);
    }

    /// <summary>Reads from a seekable stream; the path is for errors only.</summary>
    /// <exception cref="FileFormatException">As for files.</exception>
    public static SvhnImages Read(Stream stream, string path)
    {
        using var file = new FileReader(stream, path);
        return Read(file);
    }

    private static SvhnImages Read(FileReader file)
    {
        bool isPlaced = false;
        MatContents contents = new MatReader(file, Place).Read();
        NamedArray? x = contents["X"], y = contents["y"];
        if (x is null || y is null) throw new FileFormatException(file.Path, "variables X and y", x is null ? "no X" : "no y");
        if (!isPlaced) throw new FileFormatException(file.Path, "X UInt8 [32, 32, 3, count]", x.ToString());
        byte[] pixels = x.ElementsAs<byte>()!;
        long count = x.Shape[0];
        if (y.Count != count || y.Shape.Count(s => s != 1) > 1)
            throw new FileFormatException(file.Path, $"y [{count}, 1], a label for each image", y.ToString());

        double[] labels = y.ToDoubles();
        var digits = new byte[count];
        for (int i = 0; i < digits.Length; i++)
        {
            if (!(labels[i] >= 0 && labels[i] <= 10 && labels[i] == Math.Floor(labels[i])))
                throw new FileFormatException(file.Path, $"a label of 1 to 10 in y for image {i}", $"{labels[i]}");
            digits[i] = (byte)(labels[i] % 10);
        }

        return new SvhnImages(NamedArray.Of("images", pixels, count, 3, Side, Side), NamedArray.Of("labels", digits, count));

        // Images first, then colours, rows and columns. MATLAB drops a last size of 1.
        (long[] Shape, long[] Strides)? Place(string name, ElementType type, long[] shape)
        {
            if (name != "X" || type != ElementType.UInt8 || shape is not ([Side, Side, 3] or [Side, Side, 3, _])) return null;
            isPlaced = true;
            long[] strides = [Side, 1, Side * Side, 3 * Side * Side];
            return ([shape.Length == 4 ? shape[3] : 1, 3, Side, Side], strides[..shape.Length]);
        }
    }
}
