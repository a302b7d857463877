using WeightMem.Engine.Layers;

namespace WeightMem.Models.Targets.Networks;

/// <summary>An image classifier as a sequence of steps.</summary>
/// <param name="Name">Name as in commands, such as <c>resnet18</c>.</param>
/// <param name="Size">Height and width of its inputs.</param>
/// <param name="Channels">Channels of its inputs; 0 for the images' own.</param>
/// <param name="Generated">Prefixes of the layers whose weights are generated; empty when all are.</param>
/// <param name="Build">Adds the parameters and steps, for so many input channels and classes.</param>
internal sealed record NetworkDefinition(
    string Name, int Size, int Channels, IReadOnlyList<string> Generated, Action<ParameterBuilder, NetworkSteps, int, int> Build);

/// <summary>The published targets of P-diff that are here (specification 1.1 and 11.2), and the small one of its CPU preset.</summary>
internal static class NetworkCatalog
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<NetworkDefinition> All { get; } =
    [
        new("resnet18", 224, 3, ["layer4.1.bn1", "layer4.1.bn2"], ResNet.Resnet18),
        new("resnet-mini", 28, 0, ["stage3.1.bn1", "stage3.1.bn2"], ResNet.Mini),
        new("convnet-3", 64, 3, [], SmallNetworks.ConvNet3),
        new("mlp-3", 64, 3, [], SmallNetworks.Mlp3),
        new("cnn-medium", 32, 3, [], SmallNetworks.CnnMedium),
    ];

    /// <summary>The network of a name, or null.</summary>
    public static NetworkDefinition? Find(string name) => All.FirstOrDefault(d => d.Name == name);

    /// <summary>The network that a target of this name is made of, as <c>resnet-mini-1x28x28-10@c54a0fe6</c>, or null.</summary>
    public static NetworkDefinition? Of(string target) => All.FirstOrDefault(d => target == d.Name || target.StartsWith(d.Name + "-", StringComparison.Ordinal));
}
