using System.Globalization;
using WeightMem.Engine.Ops;
using WeightMem.Models.Data;

namespace WeightMem.Models.Targets;

/// <summary>The targets there are, by name.</summary>
public static class TargetCatalog
{
    /// <summary>Hidden units of <c>mlp</c> when no widths are given: the network of G.pt.</summary>
    public const int DefaultHidden = 10;

    /// <summary>The names there are; a width in angle brackets stands for a number.</summary>
    public static IReadOnlyList<string> Names { get; } = ["mlp", "mlp-<inputs>-<hidden>-...-<classes>", "cnn-small", "cnn-small-<activation>-<start>-<channels>x<height>x<width>-<classes>"];

    private static readonly string[] Activations = ["tanh", "relu", "leakyrelu", "sigmoid", "silu", "gelu"];

    private static readonly string[] Starts = ["kaiming_uniform", "kaiming_normal", "xavier_uniform", "xavier_normal", "normal", "uniform"];

    /// <summary>Makes a target.</summary>
    /// <param name="name">
    /// <c>mlp</c> (the images' features, 10, their classes) or <c>mlp-784-10-10</c> with any widths; <c>cnn-small</c>, or as much of
    /// <c>cnn-small-tanh-kaiming_uniform-1x28x28-10</c> as is not to be the default or the images'.
    /// </param>
    /// <param name="images">What the target will see; null when only the widths of the name count.</param>
    /// <exception cref="ArgumentException">No target has that name, or its widths do not fit the images.</exception>
    public static ITarget Create(string name, ImageSet? images)
    {
        if (name == "mlp")
        {
            return images is null
                ? throw new ArgumentException("target mlp takes its widths from images; without them, give the widths, as in mlp-784-10-10")
                : new Mlp(images.Features, DefaultHidden, images.Classes);
        }

        if (name == "cnn-small" || name.StartsWith("cnn-small-", StringComparison.Ordinal)) return ConvNet(name, images);
        if (!name.StartsWith("mlp-", StringComparison.Ordinal))
            throw new ArgumentException($"there is no target '{name}'; there are {string.Join(", ", Names)}");

        string[] parts = name.Split('-');
        var widths = new int[parts.Length - 1];
        for (int i = 0; i < widths.Length; i++)
        {
            if (!int.TryParse(parts[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out widths[i]) || widths[i] < 1)
                throw new ArgumentException($"target '{name}': '{parts[i + 1]}' is no width; the form is {Names[1]}, as in mlp-784-10-10");
        }

        if (widths.Length < 2) throw new ArgumentException($"target '{name}' has one width; the form is {Names[1]}, as in mlp-784-10-10");
        var mlp = new Mlp(widths);
        if (images is not null) mlp.CheckImages(images);
        return mlp;
    }

    /// <summary>Makes a target of a kind, such as one that many networks can be trained of at once.</summary>
    /// <param name="name">As for <see cref="Create(string, ImageSet?)"/>.</param>
    /// <param name="images">What the target will see; null when only the widths of the name count.</param>
    /// <exception cref="ArgumentException">No target has that name, its widths do not fit the images, or it is of another kind.</exception>
    public static TTarget Create<TTarget>(string name, ImageSet? images)
        where TTarget : class, ITarget => Create(name, images) as TTarget ?? throw new ArgumentException(
            typeof(TTarget) == typeof(IImageTarget) ? $"networks of target {name} do not classify images" : $"networks of target {name} are not trained many at once");

    /// <summary>The full name of a small convolutional network.</summary>
    internal static string NameOf(int channels, int height, int width, int classes, Activation activation, ConvNetStart start) =>
        $"cnn-small-{activation.ToString().ToLowerInvariant()}-{Starts[(int)start]}-{channels}x{height}x{width}-{classes}";

    private static ConvNetTarget ConvNet(string name, ImageSet? images)
    {
        string[] parts = name.Split('-')[2..];
        int activation = parts.Length > 0 ? Array.IndexOf(Activations, parts[0]) : 0, start = parts.Length > 1 ? Array.IndexOf(Starts, parts[1]) : 0;
        if (activation < 0) throw new ArgumentException($"target '{name}': '{parts[0]}' is no activation; there are {string.Join(", ", Activations)}");
        if (start < 0) throw new ArgumentException($"target '{name}': '{parts[1]}' is no start; there are {string.Join(", ", Starts)}");
        int[] sizes = [];
        if (parts.Length > 2)
        {
            bool sound = parts.Length == 4;
            sizes = [.. parts[2].Split('x').Append(parts[^1]).Select(text =>
            {
                sound &= int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value is > 0 and <= 4096;
                return value;
            })];
            if (!sound || sizes.Length != 4) throw new ArgumentException($"target '{name}': the form is {Names[3]}, as in cnn-small-tanh-kaiming_uniform-1x28x28-10");
        }
        else
        {
            sizes = images is null
                ? throw new ArgumentException($"target {name} takes its sizes from images; without them, give them, as in cnn-small-tanh-kaiming_uniform-1x28x28-10")
                : [images.Channels, images.Height, images.Width, images.Classes];
        }

        var target = new ConvNetTarget(sizes[0], sizes[1], sizes[2], sizes[3], Enum.Parse<Activation>(Activations[activation], ignoreCase: true), (ConvNetStart)start);
        if (images is not null) target.CheckImages(images);
        return target;
    }
}
