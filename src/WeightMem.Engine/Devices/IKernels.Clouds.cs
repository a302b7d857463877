using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices;

public partial interface IKernels
{
    // ---- Point clouds -----------------------------------------------------------------------------------------------

    /// <summary>
    /// The Chamfer distance of every pair of clouds: distances F64 [clouds of a, clouds of b] = mean over a's points of the least squared distance to a point of b,
    /// plus the same from b to a; a is [clouds, points, 3], b [clouds, points, 3], each with points of its own number, all finite. Squares are sums of squared direct
    /// differences, and no table of all pairs of points is kept.
    /// </summary>
    void ChamferDistances(Tensor distances, Tensor a, Tensor b);
}
