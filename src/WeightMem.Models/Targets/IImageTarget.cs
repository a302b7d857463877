using WeightMem.Engine.Devices;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;

namespace WeightMem.Models.Targets;

/// <summary>A target whose networks classify images.</summary>
public interface IImageTarget : ITarget
{
    /// <summary>
    /// Measures score (accuracy in percent), loss and error masks of every row on the images, and stores them in the population. Where a target says nothing else, score and masks are
    /// those of <see cref="PredictLabels"/>, and there is no loss.
    /// </summary>
    /// <exception cref="ArgumentException">The population is of another width, has NaN or infinite weights, or the images have other features or classes.</exception>
    void Evaluate(Device device, Population population, ImageSet images)
    {
        CheckImages(images);
        PopulationEvaluation.CheckRows(this, population);
        PopulationEvaluation.Store(population, images, PredictLabels(device, population, images.Pixels));
    }

    /// <summary>The class that each network gives to each point <c>[points, inputs]</c>: label maps, for decision boundaries.</summary>
    int[][] PredictLabels(Device device, Population population, ReadOnlySpan<float> images);

    /// <summary>Refuses images of other features or classes.</summary>
    /// <exception cref="ArgumentException">They do not fit; both numbers are in the message.</exception>
    void CheckImages(ImageSet images);
}
