namespace WeightMem.Models.Data;

/// <summary>Labelled images, flattened: what targets are trained and tested on.</summary>
public sealed class ImageSet
{
    /// <summary>Images from flat pixels.</summary>
    /// <param name="name">Name of the set and part, such as <c>fashion-mnist/test</c>.</param>
    /// <param name="pixels">All pixels, <c>[count, channels * height * width]</c>, as the networks take them.</param>
    /// <param name="labels">Class of each image, 0 to <paramref name="classes"/> - 1.</param>
    /// <param name="channels">Colour channels.</param>
    /// <param name="height">Rows of an image.</param>
    /// <param name="width">Columns of an image.</param>
    /// <param name="classes">Number of classes.</param>
    /// <exception cref="ArgumentException">The sizes do not fit together, or a label is out of range.</exception>
    public ImageSet(string name, float[] pixels, int[] labels, int channels, int height, int width, int classes)
    {
        if (pixels.Length != (long)labels.Length * channels * height * width)
            throw new ArgumentException($"{name}: {labels.Length} images of {channels}x{height}x{width} do not have {pixels.Length} pixels");
        foreach (int label in labels)
        {
            if ((uint)label >= (uint)classes) throw new ArgumentException($"{name}: label {label} is not one of {classes} classes");
        }

        Name = name;
        Pixels = pixels;
        Labels = labels;
        Channels = channels;
        Height = height;
        Width = width;
        Classes = classes;
    }

    /// <summary>Name of the set and part.</summary>
    public string Name { get; }

    /// <summary>All pixels, <c>[count, features]</c>.</summary>
    public float[] Pixels { get; }

    /// <summary>Class of each image.</summary>
    public int[] Labels { get; }

    /// <summary>Colour channels.</summary>
    public int Channels { get; }

    /// <summary>Rows of an image.</summary>
    public int Height { get; }

    /// <summary>Columns of an image.</summary>
    public int Width { get; }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>Number of images.</summary>
    public int Count => Labels.Length;

    /// <summary>Pixels of one image.</summary>
    public int Features => Channels * Height * Width;

    /// <summary>The first images.</summary>
    public ImageSet Take(int count)
    {
        count = Math.Min(count, Count);
        return new ImageSet(Name, Pixels[..(count * Features)], Labels[..count], Channels, Height, Width, Classes);
    }

    /// <summary>All but the first images.</summary>
    public ImageSet Skip(int count)
    {
        count = Math.Min(count, Count);
        return new ImageSet(Name, Pixels[(count * Features)..], Labels[count..], Channels, Height, Width, Classes);
    }

    /// <summary>Each square of <paramref name="size"/> by <paramref name="size"/> pixels averaged into one.</summary>
    /// <exception cref="ArgumentException">The size does not divide the image.</exception>
    public ImageSet AveragePool(int size)
    {
        if (size < 1 || Height % size != 0 || Width % size != 0)
            throw new ArgumentException($"{Name}: squares of {size} do not tile {Height}x{Width} pixels");
        if (size == 1) return this;
        int h = Height / size, w = Width / size;
        var pooled = new float[(long)Count * Channels * h * w];
        for (int plane = 0; plane < Count * Channels; plane++)
        {
            ReadOnlySpan<float> from = Pixels.AsSpan(plane * Height * Width, Height * Width);
            Span<float> to = pooled.AsSpan(plane * h * w, h * w);
            for (int y = 0; y < Height; y++)
            {
                for (int x = 0; x < Width; x++) to[y / size * w + x / size] += from[y * Width + x];
            }

            for (int i = 0; i < to.Length; i++) to[i] /= size * size;
        }

        return new ImageSet(Name, pooled, Labels, Channels, h, w, Classes);
    }
}
