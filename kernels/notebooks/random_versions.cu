// Standard normal numbers of a stream, version by version. What ships is normal of ../random.cu; CPU reference: Normal of the reference device.
// Floor: 4 bytes a number written, about 40 operations: a block of four words takes 20 wide products and two logarithms, roots, sines and cosines.
//   random_1  a thread a number: each makes all four of its block and keeps one
//   random_2  a thread a pair: half of it thrown away
//   ships     a thread a block of four
#include "prelude.cuh"
#include "philox.cuh"

extern "C" __global__ void random_1(float* x, long long n, unsigned long long key, unsigned long long step)
{
    FOR_EACH(i, n)
    {
        float z[4];
        four_normals(z, i / 4, key, step);
        x[i] = z[i % 4];
    }
}

extern "C" __global__ void random_2(float* x, long long n, unsigned long long key, unsigned long long step)
{
    FOR_EACH(pair, (n + 1) / 2)
    {
        float z[4];
        four_normals(z, pair / 2, key, step);
        for (int i = 0; i < 2; i++)
        {
            if (2 * pair + i < n) x[2 * pair + i] = z[2 * (pair % 2) + i];
        }
    }
}
