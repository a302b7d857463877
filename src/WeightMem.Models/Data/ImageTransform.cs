using WeightMem.Engine.Random;

namespace WeightMem.Models.Data;

/// <summary>
/// From stored images to a network's inputs, channels last: size, normalisation, and in training a random crop and flip (P-diff specification, section 2). Grey
/// images can be repeated for networks of three channels.
/// </summary>
/// <param name="Size">Height and width of the inputs.</param>
/// <param name="Channels">Channels of the inputs: the images' own, or 3 for grey images repeated.</param>
/// <param name="Mean">Subtracted from each channel.</param>
/// <param name="Deviation">Divides each channel after that.</param>
/// <param name="LeastArea">Smallest share of the image that a random crop takes; 1 for no crops. Sides have ratios of 3/4 to 4/3.</param>
/// <param name="Flips">Whether half of the training images are mirrored.</param>
public sealed record ImageTransform(int Size, int Channels, IReadOnlyList<double> Mean, IReadOnlyList<double> Deviation, double LeastArea, bool Flips)
{
    /// <summary>Values of one input.</summary>
    public int Features => Size * Size * Channels;

    /// <summary>The transform of a set: pixels of CIFAR are normalised as published, those of other sets come normalised.</summary>
    public static ImageTransform Of(ImageSet images, int size, int channels, double leastArea, bool flips)
    {
        double[] mean = [0, 0, 0], deviation = [1, 1, 1];
        if (images.Name.StartsWith("cifar", StringComparison.Ordinal)) (mean, deviation) = ([0.5071, 0.4867, 0.4408], [0.2675, 0.2565, 0.2761]);
        return new ImageTransform(size, channels, mean[..channels], deviation[..channels], leastArea, flips);
    }

    /// <summary>Refuses images that it cannot transform.</summary>
    /// <exception cref="ArgumentException">The channels do not fit.</exception>
    public void Check(ImageSet images)
    {
        if (images.Channels != Channels && images.Channels != 1)
            throw new ArgumentException($"{images.Name} has {images.Channels} channels, and the network takes {Channels}");
    }

    /// <summary>
    /// Some images as they are judged: the shorter side is scaled to 8/7 of the size (256 for 224) and the centre cut out; images that have the size already are only
    /// normalised.
    /// </summary>
    /// <param name="images">The images.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="to">Gets the inputs, <c>[count, size, size, channels]</c>.</param>
    public void Judge(ImageSet images, int first, Span<float> to)
    {
        Check(images);
        double height = images.Height, width = images.Width;
        if (images.Height != Size || images.Width != Size) height = width = Math.Min(images.Height, images.Width) * 7 / 8.0;
        for (int i = 0; i < to.Length / Features; i++)
            Resample(images, first + i, (images.Height - height) / 2, (images.Width - width) / 2, height, width, false, to.Slice(i * Features, Features));
    }

    /// <summary>Some images as they are trained on; what happens to the i-th depends on number i of the stream alone.</summary>
    /// <param name="images">The images.</param>
    /// <param name="index">Which.</param>
    /// <param name="stream">The step's stream.</param>
    /// <param name="to">Gets the inputs, <c>[index, size, size, channels]</c>.</param>
    public void Train(ImageSet images, ReadOnlySpan<int> index, RandomStream stream, Span<float> to)
    {
        Check(images);
        for (int i = 0; i < index.Length; i++)
        {
            RandomStream draws = stream.Sub("image", i);
            (double top, double left, double height, double width) = Crop(images, draws);
            Resample(images, index[i], top, left, height, width, Flips && draws.Double(0) < 0.5, to.Slice(i * Features, Features));
        }
    }

    private (double Top, double Left, double Height, double Width) Crop(ImageSet images, RandomStream draws)
    {
        if (LeastArea >= 1) return (0, 0, images.Height, images.Width);
        for (int attempt = 0; attempt < 10; attempt++)
        {
            double area = images.Height * images.Width * (LeastArea + (1 - LeastArea) * draws.Double(4 * attempt + 1));
            double ratio = Math.Exp(Math.Log(3.0 / 4) + Math.Log(16.0 / 9) * draws.Double(4 * attempt + 2));
            int width = (int)Math.Round(Math.Sqrt(area * ratio)), height = (int)Math.Round(Math.Sqrt(area / ratio));
            if (width < 1 || height < 1 || width > images.Width || height > images.Height) continue;
            return ((int)(draws.Double(4 * attempt + 3) * (images.Height - height + 1)), (int)(draws.Double(4 * attempt + 4) * (images.Width - width + 1)), height, width);
        }

        int side = Math.Min(images.Height, images.Width);
        return ((images.Height - side) / 2, (images.Width - side) / 2, side, side);
    }

    /// <summary>Bilinear, pixel centres at halves, nothing beyond the image's edge.</summary>
    private void Resample(ImageSet images, int image, double top, double left, double height, double width, bool mirrored, Span<float> to)
    {
        ReadOnlySpan<float> from = images.Pixels.AsSpan(image * images.Features, images.Features);
        Span<int> x0 = stackalloc int[Size], x1 = stackalloc int[Size];
        Span<float> share = stackalloc float[Size];
        for (int x = 0; x < Size; x++) (x0[x], x1[x], share[x]) = Place(left + (x + 0.5) * width / Size - 0.5, images.Width);
        int plane = images.Height * images.Width;
        for (int y = 0; y < Size; y++)
        {
            (int y0, int y1, float down) = Place(top + (y + 0.5) * height / Size - 0.5, images.Height);
            for (int c = 0; c < Channels; c++)
            {
                ReadOnlySpan<float> source = from[(images.Channels == 1 ? 0 : c * plane)..];
                ReadOnlySpan<float> upper = source.Slice(y0 * images.Width, images.Width), lower = source.Slice(y1 * images.Width, images.Width);
                float mean = (float)Mean[c], scale = (float)(1 / Deviation[c]);
                for (int x = 0; x < Size; x++)
                {
                    float above = upper[x0[x]] + share[x] * (upper[x1[x]] - upper[x0[x]]), below = lower[x0[x]] + share[x] * (lower[x1[x]] - lower[x0[x]]);
                    to[(y * Size + (mirrored ? Size - 1 - x : x)) * Channels + c] = (above + down * (below - above) - mean) * scale;
                }
            }
        }
    }

    private static (int Low, int High, float Share) Place(double at, int length)
    {
        double inside = Math.Clamp(at, 0, length - 1);
        int low = (int)inside;
        return (low, Math.Min(low + 1, length - 1), (float)(inside - low));
    }
}
