using WeightMem.Engine.Devices;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Targets;

/// <summary>A target whose networks can be asked for more than a class: what measures of function and checks of symmetries need.</summary>
public interface IProbedTarget : IImageTarget
{
    /// <summary>The logits of every network on every image, <c>[count, images, classes]</c>.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="population">The networks.</param>
    /// <param name="images">Images <c>[images, features]</c>.</param>
    /// <exception cref="ArgumentException">The rows are of another width, weights are NaN or infinite, or the values are no whole number of images.</exception>
    float[] Logits(Device device, Population population, ReadOnlySpan<float> images);

    /// <summary>What the last layer sees of every image, before its weights: <c>[count, images, units]</c>.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="population">The networks.</param>
    /// <param name="images">Images <c>[images, features]</c>.</param>
    /// <exception cref="ArgumentException">As for <see cref="Logits"/>.</exception>
    float[] Penultimate(Device device, Population population, ReadOnlySpan<float> images);
}
