using WeightMem.Formats;
using WeightMem.Models.Data;

namespace WeightMem.Models.Targets.Networks;

/// <summary>Makes targets of layers by name: whole ones, and partial ones with the file of their frozen weights, as in <c>resnet-mini@runs/p-diff-small/pretrained.safetensors</c>.</summary>
public static class NetworkTargets
{
    /// <summary>The names there are.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. NetworkCatalog.All.Select(d => d.Generated.Count == 0 ? d.Name : d.Name + "@<file of the frozen weights>")];

    /// <summary>Whether a name means a network of layers.</summary>
    public static bool Knows(string name) => NetworkCatalog.Find(name.Split('@')[0]) is not null;

    /// <summary>A target.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="images">What it will see.</param>
    /// <exception cref="ArgumentException">The name lacks its file, or the images do not fit.</exception>
    /// <exception cref="FileFormatException">The file is not of such a network.</exception>
    public static NetworkTarget Create(string name, ImageSet? images)
    {
        string[] parts = name.Split('@', 2);
        NetworkDefinition definition = NetworkCatalog.Find(parts[0])!;
        if (images is null) throw new ArgumentException($"target {parts[0]} takes its sizes from images");
        bool partial = definition.Generated.Count > 0;
        if (partial != (parts.Length == 2)) throw new ArgumentException(partial ? $"target {name} is frozen but for some layers: name the file of its weights, as in {parts[0]}@pretrained.safetensors" : $"target {parts[0]} has no frozen weights");
        ImageTransform transform = Transform(definition, images, 1, false);
        return new NetworkTarget(
            definition, images, transform, partial ? NetworkFile.Read(parts[1], NetworkTarget.LayoutOf(definition, transform.Channels, images.Classes)) : null);
    }

    /// <summary>How a definition's inputs are made of images.</summary>
    internal static ImageTransform Transform(NetworkDefinition definition, ImageSet images, double leastArea, bool flips) =>
        ImageTransform.Of(images, definition.Size, definition.Channels == 0 ? images.Channels : definition.Channels, leastArea, flips);
}
