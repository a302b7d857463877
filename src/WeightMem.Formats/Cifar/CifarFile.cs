namespace WeightMem.Formats.Cifar;

/// <summary>
/// The binary files of CIFAR-10 and CIFAR-100. They have no header: a file is a row of records, and its length tells which of the two it is.
/// <list type="table">
/// <listheader><term>part</term><description>what is read</description></listheader>
/// <item><term>CIFAR-10 record</term><description>3073 bytes: label 0 to 9, then 1024 red, 1024 green, 1024 blue, row by row</description></item>
/// <item><term>CIFAR-100 record</term><description>3074 bytes: coarse label 0 to 19, fine label 0 to 99, the image as above</description></item>
/// <item><term>not read</term><description>the Python (pickle) and MATLAB versions of the sets, and the tar archives around all of them</description></item>
/// </list>
/// Layout of the file: the sets' home page (Krizhevsky, "Learning multiple layers of features from tiny images", 2009).
/// </summary>
public static class CifarFile
{
    /// <summary>Width and height of an image.</summary>
    public const int Side = 32;

    /// <summary>Bytes of one image: three planes.</summary>
    public const int ImageBytes = 3 * Side * Side;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">Which set it is; null to tell by the file's length.</param>
    /// <exception cref="FileReadException">The file is missing, a folder or not readable.</exception>
    /// <exception cref="FileFormatException">
    /// The file holds no whole number of records, a label is out of range, or both sets fit its length and no kind is given.
    /// </exception>
    public static CifarImages Read(string path, CifarKind? kind = null)
    {
        using FileReader file = FileReader.Open(path);
        return Read(file, kind);
    }

    /// <summary>Reads from a seekable stream; the path is for errors only.</summary>
    /// <exception cref="FileFormatException">As for files.</exception>
    public static CifarImages Read(Stream stream, string path, CifarKind? kind = null)
    {
        using var file = new FileReader(stream, path);
        return Read(file, kind);
    }

    /// <summary>Whether a file of so many bytes can be a whole CIFAR file: cheap, for telling files apart.</summary>
    public static bool Fits(long fileBytes, CifarKind kind) => fileBytes > 0 && fileBytes % RecordBytes(kind) == 0;

    /// <summary>Writes images and labels, atomically.</summary>
    /// <exception cref="FileWriteException">The disk is full, or the folder is missing or not writable.</exception>
    public static void Write(string path, CifarImages images) => AtomicFile.Write(path, stream => Write(stream, images));

    /// <summary>Writes images and labels to a stream.</summary>
    public static void Write(Stream stream, CifarImages images)
    {
        byte[] pixels = images.Images.ElementsAs<byte>()!, labels = images.Labels.ElementsAs<byte>()!;
        byte[]? coarse = images.CoarseLabels?.ElementsAs<byte>();
        for (int i = 0; i < labels.Length; i++)
        {
            if (coarse is not null) stream.WriteByte(coarse[i]);
            stream.WriteByte(labels[i]);
            stream.Write(pixels, i * ImageBytes, ImageBytes);
        }
    }

    /// <summary>Labels of a set run from 0 to one less than this.</summary>
    internal static int Classes(CifarKind kind) => kind == CifarKind.Cifar10 ? 10 : 100;

    /// <summary>Coarse labels of CIFAR-100 run from 0 to one less than this.</summary>
    internal const int CoarseClasses = 20;

    private static int RecordBytes(CifarKind kind) => ImageBytes + (kind == CifarKind.Cifar10 ? 1 : 2);

    private static CifarImages Read(FileReader file, CifarKind? asked)
    {
        CifarKind kind = asked ?? Tell(file);
        int record = RecordBytes(kind);
        if (!Fits(file.Length, kind))
            throw new FileFormatException(file.Path, $"one or more records of {record} bytes ({kind})", $"{file.Length} bytes");
        long count = file.Length / record;
        if (count > Array.MaxLength / ImageBytes)
            throw new FileFormatException(file.Path, $"at most {Array.MaxLength / ImageBytes} images", $"{count}");

        var pixels = new byte[count * ImageBytes];
        var labels = new byte[count];
        byte[]? coarse = kind == CifarKind.Cifar100 ? new byte[count] : null;
        for (int i = 0; i < labels.Length; i++)
        {
            if (coarse is not null) coarse[i] = Label(file, CoarseClasses, "coarse label", i);
            labels[i] = Label(file, Classes(kind), coarse is null ? "label" : "fine label", i);
            file.Read(pixels.AsSpan(i * ImageBytes, ImageBytes), "an image");
        }

        return new CifarImages(
            kind,
            NamedArray.Of("images", pixels, count, 3, Side, Side),
            NamedArray.Of("labels", labels, count),
            coarse is null ? null : NamedArray.Of("coarse_labels", coarse, count));
    }

    private static CifarKind Tell(FileReader file)
    {
        bool ten = Fits(file.Length, CifarKind.Cifar10), hundred = Fits(file.Length, CifarKind.Cifar100);
        if (ten == hundred)
        {
            throw new FileFormatException(
                file.Path,
                ten ? "to be told whether it is CIFAR-10 or CIFAR-100" : "one or more records of 3073 (CIFAR-10) or 3074 (CIFAR-100) bytes",
                $"{file.Length} bytes{(ten ? ", which fit both" : "")}");
        }

        return ten ? CifarKind.Cifar10 : CifarKind.Cifar100;
    }

    private static byte Label(FileReader file, int classes, string what, int image)
    {
        byte label = 0;
        file.Read(new Span<byte>(ref label), what);
        if (label >= classes)
            throw new FileFormatException(file.Path, file.Position - 1, $"a {what} of 0 to {classes - 1} for image {image}", $"{label}");
        return label;
    }
}
