namespace WeightMem.Formats.Cifar;

/// <summary>Which of the two sets a file belongs to.</summary>
public enum CifarKind
{
    /// <summary>One label of 0 to 9.</summary>
    Cifar10,

    /// <summary>A coarse label of 0 to 19 and a fine label of 0 to 99.</summary>
    Cifar100,
}

/// <summary>The images and labels of one CIFAR file.</summary>
public sealed class CifarImages
{
    /// <summary>Images with their labels, which are checked.</summary>
    /// <param name="kind">Which set they belong to.</param>
    /// <param name="images">Unsigned bytes <c>[count, 3, 32, 32]</c>: red, green, blue planes, row by row.</param>
    /// <param name="labels">Unsigned bytes <c>[count]</c>: 0 to 9, or the fine labels 0 to 99.</param>
    /// <param name="coarseLabels">Unsigned bytes <c>[count]</c>, 0 to 19, for CIFAR-100; null for CIFAR-10.</param>
    /// <exception cref="ArgumentException">A type, a shape or a label is not so.</exception>
    public CifarImages(CifarKind kind, NamedArray images, NamedArray labels, NamedArray? coarseLabels = null)
    {
        if (images.ElementsAs<byte>() is null || images.Shape is not [long count, 3, CifarFile.Side, CifarFile.Side])
            throw new ArgumentException($"{images}: CIFAR images are UInt8 [count, 3, 32, 32]");
        if ((kind == CifarKind.Cifar100) != (coarseLabels is not null))
            throw new ArgumentException($"{kind} has {(coarseLabels is null ? "coarse labels" : "no coarse labels")}");
        Check(labels, count, CifarFile.Classes(kind));
        if (coarseLabels is not null) Check(coarseLabels, count, CifarFile.CoarseClasses);
        (Kind, Images, Labels, CoarseLabels) = (kind, images, labels, coarseLabels);
    }

    /// <summary>Which set they belong to.</summary>
    public CifarKind Kind { get; }

    /// <summary>Unsigned bytes <c>[count, 3, 32, 32]</c>: red, green, blue planes, row by row. Named <c>images</c> when read.</summary>
    public NamedArray Images { get; }

    /// <summary>Unsigned bytes <c>[count]</c>: 0 to 9, or the fine labels 0 to 99. Named <c>labels</c> when read.</summary>
    public NamedArray Labels { get; }

    /// <summary>Unsigned bytes <c>[count]</c>, 0 to 19, for CIFAR-100; else null. Named <c>coarse_labels</c> when read.</summary>
    public NamedArray? CoarseLabels { get; }

    private static void Check(NamedArray labels, long count, int classes)
    {
        if (labels.ElementsAs<byte>() is not { } values || labels.Shape is not [long length] || length != count)
            throw new ArgumentException($"{labels}: labels are UInt8 [{count}]");
        int bad = values.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)(classes - 1));
        if (bad >= 0) throw new ArgumentException($"{labels}: label {bad} is {values[bad]}, not 0 to {classes - 1}");
    }
}
