// The nearest row of every query row, version by version. What ships is nearest_tiles, nearest_decide and nearest_exact of ../distance.cu; CPU reference: NearestRows of
// the reference device. Floor: two fused operations for each element of each pair; the rows once from memory.
//   distance_1  a thread a query, all in double precision: each thread reads every reference
//   distance_2  a block a query, a warp a reference: coalesced, but every reference is read for every query, and double precision is the slow unit
//   ships       tiles of 64 x 64 in single precision with a proven bound, and double precision for the few that the bound leaves
#include "prelude.cuh"

extern "C" __global__ void distance_1(double* squared, int* index, const float* queries, const float* references, int count, int others, int columns)
{
    FOR_EACH(q, count)
    {
        double least = infinity();
        int at = -1;
        for (int r = 0; r < others; r++)
        {
            double sum = 0.0;
            for (int c = 0; c < columns; c++)
            {
                double d = (double)queries[q * columns + c] - (double)references[(long long)r * columns + c];
                sum += d * d;
            }
            if (sum < least)
            {
                least = sum;
                at = r;
            }
        }
        squared[q] = least;
        index[q] = at;
    }
}

extern "C" __global__ void distance_2(double* squared, int* index, const float* queries, const float* references, int others, int columns)
{
    __shared__ double leasts[32];
    __shared__ int places[32];
    int warp = threadIdx.x >> 5, warps = blockDim.x >> 5, at = -1;
    const float* query = queries + (long long)blockIdx.x * columns;
    double least = infinity();
    for (int r = warp; r < others; r += warps)
    {
        const float* reference = references + (long long)r * columns;
        double sum = 0.0;
        for (int c = LANE; c < columns; c += 32)
        {
            double d = (double)query[c] - (double)reference[c];
            sum += d * d;
        }
        sum = warp_sum(sum);
        if (sum < least)
        {
            least = sum;
            at = r;
        }
    }
    if (LANE == 0)
    {
        leasts[warp] = least;
        places[warp] = at;
    }
    __syncthreads();
    if (threadIdx.x != 0) return;
    for (int w = 1; w < warps; w++)
    {
        if (leasts[w] < least || (leasts[w] == least && places[w] >= 0 && places[w] < at))
        {
            least = leasts[w];
            at = places[w];
        }
    }
    squared[blockIdx.x] = least;
    index[blockIdx.x] = at;
}
