// Distances between point clouds.
#include "prelude.cuh"
#include "reduce.cuh"

#define STAGED 512 // points of the other cloud in shared memory at a time

// The sum over the points of `from` of the least squared distance to a point of `to`, the same in every thread.
__device__ inline double sum_of_nearest(const float* from, int count, const float* to, int others, float* staged, double* warps)
{
    double sum = 0.0;
    for (int first = 0; first < count; first += blockDim.x)
    {
        int i = first + threadIdx.x, own = i < count ? i : count - 1;
        float x = from[3 * own], y = from[3 * own + 1], z = from[3 * own + 2], least = infinity();
        for (int base = 0; base < others; base += STAGED)
        {
            int here = others - base < STAGED ? others - base : STAGED;
            for (int k = threadIdx.x; k < 3 * here; k += blockDim.x) staged[k] = to[3 * base + k];
            __syncthreads();
            for (int k = 0; k < here; k++)
            {
                float dx = x - staged[3 * k], dy = y - staged[3 * k + 1], dz = z - staged[3 * k + 2];
                least = fminf(least, dx * dx + dy * dy + dz * dz);
            }
            __syncthreads();
        }
        if (i < count) sum += (double)least;
    }
    return block_sum(sum, warps);
}

// distances[a, b]: a block per pair of clouds
extern "C" __global__ void chamfer_distances(double* distances, const float* __restrict__ a, const float* __restrict__ b, int p, int q)
{
    __shared__ float staged[3 * STAGED];
    __shared__ double warps[33];
    const float *x = a + (long long)blockIdx.y * p * 3, *y = b + (long long)blockIdx.x * q * 3;
    double there = sum_of_nearest(x, p, y, q, staged, warps), back = sum_of_nearest(y, q, x, p, staged, warps);
    if (threadIdx.x == 0) distances[(long long)blockIdx.y * gridDim.x + blockIdx.x] = there / p + back / q;
}
