using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public void ChamferDistances(Tensor distances, Tensor a, Tensor b)
    {
        int p = a.Shape[1], q = b.Shape[1];
        for (int i = 0; i < a.Shape[0]; i++)
        {
            for (int j = 0; j < b.Shape[0]; j++)
            {
                double* x = D(a) + 3L * i * p, y = D(b) + 3L * j * q;
                D(distances)[(long)i * b.Shape[0] + j] = MeanNearest(x, p, y, q) + MeanNearest(y, q, x, p);
            }
        }

        static double MeanNearest(double* from, int count, double* to, int others)
        {
            double sum = 0;
            for (int i = 0; i < count; i++)
            {
                double least = double.PositiveInfinity;
                for (int j = 0; j < others; j++) least = Math.Min(least, SquaredDistance(from + 3L * i, to + 3L * j, 3));
                sum += least;
            }

            return sum / count;
        }
    }
}
