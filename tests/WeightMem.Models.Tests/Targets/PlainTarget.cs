using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Tests.Targets;

/// <summary>A target that says no more than it has to.</summary>
internal class PlainTarget(IImageTarget target) : IImageTarget
{
    public string Name => target.Name;

    public ParameterLayout Layout => target.Layout;

    public IReadOnlyList<int> HiddenWidths => target.HiddenWidths;

    public virtual void Initialize(Span<float> row, RandomStream stream) => target.Initialize(row, stream);

    public int[] PermutationIndex(IReadOnlyList<int[]> permutations) => target.PermutationIndex(permutations);

    public int[][] PredictLabels(Device device, Population population, ReadOnlySpan<float> images) => target.PredictLabels(device, population, images);

    public void CheckImages(ImageSet images) => target.CheckImages(images);
}
