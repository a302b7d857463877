using System.Globalization;
using WeightMem.Models.Data;

namespace WeightMem.Models.Targets;

/// <summary>The targets there are, by name.</summary>
public static class TargetCatalog
{
    /// <summary>Hidden units of <c>mlp</c> when no widths are given: the network of G.pt.</summary>
    public const int DefaultHidden = 10;

    /// <summary>The names there are; a width in angle brackets stands for a number.</summary>
    public static IReadOnlyList<string> Names { get; } = ["mlp", "mlp-<inputs>-<hidden>-...-<classes>"];

    /// <summary>Makes a target.</summary>
    /// <param name="name"><c>mlp</c> (the images' features, 10, their classes) or <c>mlp-784-10-10</c> with any widths.</param>
    /// <param name="images">What the target will see; null when only the widths of the name count.</param>
    /// <exception cref="ArgumentException">No target has that name, or its widths do not fit the images.</exception>
    public static ILockstepTarget Create(string name, ImageSet? images)
    {
        if (name == "mlp")
        {
            return images is null
                ? throw new ArgumentException("target mlp takes its widths from images; without them, give the widths, as in mlp-784-10-10")
                : new Mlp(images.Features, DefaultHidden, images.Classes);
        }

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
}
