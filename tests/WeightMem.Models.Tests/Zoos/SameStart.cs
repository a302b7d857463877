using WeightMem.Engine.Devices;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using WeightMem.Models.Data;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Tests.Zoos;

/// <summary>A target whose networks all start alike.</summary>
internal sealed class SameStart(ILockstepTarget target) : ILockstepTarget
{
    public string Name => target.Name;

    public ParameterLayout Layout => target.Layout;

    public IReadOnlyList<int> HiddenWidths => target.HiddenWidths;

    public void Initialize(Span<float> row, RandomStream stream) => target.Initialize(row, new RandomStream(1, "same"));

    public void Evaluate(Device device, Population population, ImageSet images) => target.Evaluate(device, population, images);

    public int[][] PredictLabels(Device device, Population population, ReadOnlySpan<float> images) =>
        target.PredictLabels(device, population, images);

    public int[] PermutationIndex(IReadOnlyList<int[]> permutations) => target.PermutationIndex(permutations);

    public void Backpropagate(Tensor gradient, Tensor losses, Tensor logits, Tensor rows, Tensor images, Tensor index, Tensor labels) =>
        target.Backpropagate(gradient, losses, logits, rows, images, index, labels);

    public void CheckImages(ImageSet images) => target.CheckImages(images);
}
