using System.Runtime.CompilerServices;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>
/// Chamfer distances: one pass over the pairs of points of two clouds finds the nearest point both ways, four points of one cloud in registers against the other cloud
/// along the lanes.
/// </summary>
internal sealed unsafe partial class CpuKernels<V>
{
    /// <summary>Clouds of b per part of the work.</summary>
    private const int CloudBlock = 8;

    public void ChamferDistances(Tensor distances, Tensor a, Tensor b)
    {
        int p = a.Shape[1], q = b.Shape[1], padded = RoundUp(q, V.Width), clouds = b.Shape[0], blocks = Parts(clouds, CloudBlock);
        using Tensor turned = b.Device.Persistent((clouds, 3, padded), DType.F32);

        // Coordinates as rows; the last point fills the lanes that are left over, so it changes no minimum.
        for (int j = 0; j < clouds; j++)
        {
            for (int d = 0; d < 3; d++)
            {
                float* from = F(b) + 3L * j * q + d, to = F(turned) + (3L * j + d) * padded;
                for (int i = 0; i < padded; i++) to[i] = from[3L * Math.Min(i, q - 1)];
            }
        }

        var job = new ChamferJob((double*)distances.Address, F(a), F(turned), p, q, padded, clouds, blocks);
        workers.Run(a.Shape[0] * blocks, ref job);
    }

    private readonly struct ChamferJob(double* distances, float* a, float* b, int p, int q, int padded, int clouds, int blocks) : IParallelJob
    {
        public void Run(int part)
        {
            int i = part / blocks, first = part % blocks * CloudBlock, last = Math.Min(first + CloudBlock, clouds);
            float* nearest = Scratch.Floats(padded), from = a + 3L * i * p;
            for (int j = first; j < last; j++)
            {
                float* to = b + 3L * j * padded;
                new Span<float>(nearest, padded).Fill(float.PositiveInfinity);
                double there = 0, back = 0;
                int k = 0;
                for (; k + 4 <= p; k += 4) there += Four(from + 3L * k, to, nearest);
                for (; k < p; k++) there += One(from + 3L * k, to, nearest);
                for (int l = 0; l < q; l++) back += nearest[l];
                distances[(long)i * clouds + j] = there / p + back / q;
            }
        }

        /// <summary>Takes four points against all of the other cloud; returns the sum of their least squares.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private double Four(float* point, float* to, float* nearest)
        {
            V x0 = V.Broadcast(point[0]), y0 = V.Broadcast(point[1]), z0 = V.Broadcast(point[2]), x1 = V.Broadcast(point[3]), y1 = V.Broadcast(point[4]);
            V z1 = V.Broadcast(point[5]), x2 = V.Broadcast(point[6]), y2 = V.Broadcast(point[7]), z2 = V.Broadcast(point[8]), x3 = V.Broadcast(point[9]);
            V y3 = V.Broadcast(point[10]), z3 = V.Broadcast(point[11]), least0 = V.Broadcast(float.PositiveInfinity), least1 = least0, least2 = least0, least3 = least0;
            float* toY = to + padded, toZ = toY + padded;
            for (int l = 0; l < padded; l += V.Width)
            {
                V x = V.Load(to + l), y = V.Load(toY + l), z = V.Load(toZ + l);
                V d0 = Squared(x - x0, y - y0, z - z0), d1 = Squared(x - x1, y - y1, z - z1), d2 = Squared(x - x2, y - y2, z - z2), d3 = Squared(x - x3, y - y3, z - z3);
                least0 = V.Min(least0, d0);
                least1 = V.Min(least1, d1);
                least2 = V.Min(least2, d2);
                least3 = V.Min(least3, d3);
                V.Store(nearest + l, V.Min(V.Load(nearest + l), V.Min(V.Min(d0, d1), V.Min(d2, d3))));
            }

            return (double)Least(least0) + Least(least1) + Least(least2) + Least(least3);
        }

        private double One(float* point, float* to, float* nearest)
        {
            V x0 = V.Broadcast(point[0]), y0 = V.Broadcast(point[1]), z0 = V.Broadcast(point[2]), least = V.Broadcast(float.PositiveInfinity);
            for (int l = 0; l < padded; l += V.Width)
            {
                V d = Squared(V.Load(to + l) - x0, V.Load(to + padded + l) - y0, V.Load(to + 2L * padded + l) - z0);
                least = V.Min(least, d);
                V.Store(nearest + l, V.Min(V.Load(nearest + l), d));
            }

            return Least(least);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static V Squared(V x, V y, V z) => V.MultiplyAdd(x, x, V.MultiplyAdd(y, y, z * z));

        private static float Least(V lanes) => -V.MaxElement(V.Zero - lanes);
    }
}
