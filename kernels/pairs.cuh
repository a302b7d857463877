// What searches over pairs of rows share: sums of squared differences of a tile of rows with a tile of rows, and short sorted lists that a warp holds, one
// entry a lane.
#pragma once
#include "prelude.cuh"

#define TILE 64                     // rows of either side of a tile; a thread of 256 has 4 x 4 of its pairs
#define CHUNK 32                    // columns that are staged at a time
#define PITCH (TILE + 4)            // of a staged column: keeps 16-byte loads aligned, and stores free of bank conflicts
#define STAGE (2 * CHUNK * PITCH)   // floats of both sides of a chunk
#define FOLD 16                     // chunks that one running sum goes over; the host's error bound knows CHUNK * FOLD = 512
#define LIST 32                     // entries of a list

// stage[column * PITCH + row] = rows first .. first + TILE of a matrix at columns k0 .. k0 + CHUNK; zero outside. A warp takes 4 rows of 8 columns at a time:
// whole sectors of memory, and every bank of shared memory once.
__device__ inline void stage_rows(float* stage, const float* rows, long long first, long long count, int columns, int k0)
{
    int warp = threadIdx.x >> 5, c = threadIdx.x & 7, r = (threadIdx.x & 31) >> 3;
    for (int i = 0; i < 8; i++)
    {
        int row = 4 * (warp + 8 * (i & 1)) + r, column = 8 * (i >> 1) + c;
        bool there = first + row < count && k0 + column < columns;
        stage[column * PITCH + row] = there ? rows[(first + row) * columns + k0 + column] : 0.0f;
    }
}

// sums[i][j] = squared distance of row a0 + 4 ty + i of a and row b0 + 4 tx + j of b. Direct differences and not norms minus products: an instruction more for
// each element, and the error is relative to the distance itself, however small it is beside the norms. Starts and ends with the stage free.
__device__ inline void tile_distances(
    float (&sums)[4][4], float* stage, const float* a, long long a0, long long aRows, const float* b, long long b0, long long bRows, int columns)
{
    int tx = threadIdx.x & 15, ty = threadIdx.x >> 4;
    float part[4][4];
    for (int i = 0; i < 4; i++)
    {
        for (int j = 0; j < 4; j++) sums[i][j] = part[i][j] = 0.0f;
    }
    int chunks = (columns + CHUNK - 1) / CHUNK;
    for (int chunk = 0; chunk < chunks; chunk++)
    {
        stage_rows(stage, a, a0, aRows, columns, chunk * CHUNK);
        stage_rows(stage + CHUNK * PITCH, b, b0, bRows, columns, chunk * CHUNK);
        __syncthreads();
#pragma unroll 8
        for (int k = 0; k < CHUNK; k++)
        {
            float4 x = *reinterpret_cast<const float4*>(stage + k * PITCH + 4 * ty);
            float4 y = *reinterpret_cast<const float4*>(stage + (CHUNK + k) * PITCH + 4 * tx);
            float left[4] = {x.x, x.y, x.z, x.w}, right[4] = {y.x, y.y, y.z, y.w};
#pragma unroll
            for (int i = 0; i < 4; i++)
            {
#pragma unroll
                for (int j = 0; j < 4; j++)
                {
                    float difference = left[i] - right[j];
                    part[i][j] = fmaf(difference, difference, part[i][j]);
                }
            }
        }
        if (chunk % FOLD == FOLD - 1 || chunk == chunks - 1)
        {
#pragma unroll
            for (int i = 0; i < 4; i++)
            {
#pragma unroll
                for (int j = 0; j < 4; j++)
                {
                    sums[i][j] += part[i][j];
                    part[i][j] = 0.0f;
                }
            }
        }
        __syncthreads();
    }
}

// Whether pairs of a query and a reference are left out.
__device__ inline bool excluded(const int* queryMarks, int query, const int* referenceMarks, int reference)
{
    return queryMarks != nullptr && queryMarks[query] == referenceMarks[reference];
}

// ---- lists: lane l holds entry l, smallest value first, equal values by index; an empty entry is infinite with index -1 ----

template <class T>
__device__ inline void list_insert(T& value, int& index, T candidate, int at)
{
    bool before = value < candidate || (value == candidate && static_cast<u32>(index) < static_cast<u32>(at));
    int place = __popc(__ballot_sync(FULL_MASK, before)), lane = LANE;
    T lower = __shfl_up_sync(FULL_MASK, value, 1);
    int lowerIndex = __shfl_up_sync(FULL_MASK, index, 1);
    if (lane > place)
    {
        value = lower;
        index = lowerIndex;
    }
    else if (lane == place)
    {
        value = candidate;
        index = at;
    }
}

// Every lane brings a candidate, or none. What is beyond the k-th by more than the error of both cannot be among the k nearest and stays out.
__device__ inline void list_offer(float& value, int& index, float candidate, int at, bool there, int k, float keep, float floor)
{
    float limit = keep * __shfl_sync(FULL_MASK, value, k - 1) + floor;
    unsigned wanted = __ballot_sync(FULL_MASK, there && candidate <= limit);
    while (wanted != 0)
    {
        int from = __ffs(static_cast<int>(wanted)) - 1;
        wanted &= wanted - 1;
        list_insert(value, index, __shfl_sync(FULL_MASK, candidate, from), __shfl_sync(FULL_MASK, at, from));
    }
}

// The least that a squared distance can be whose single-precision value is this: one that overflowed is at least the largest float, less the error.
__device__ inline double least_exact(float value, double relative, double absolute)
{
    double largest = 3.4028234663852886e38;
    return (fmin(static_cast<double>(value), largest) - absolute) / (1.0 + relative);
}

// Squared distance of two rows by direct differences in double precision, in every lane of a warp.
__device__ inline double direct_distance(const float* a, const float* b, int columns)
{
    double sums[4] = {0.0, 0.0, 0.0, 0.0}; // four chains: a warp alone on a row waits for its additions otherwise
    for (int c0 = 0; c0 < columns; c0 += 4 * WARP_SIZE)
    {
#pragma unroll
        for (int i = 0; i < 4; i++)
        {
            int c = c0 + i * WARP_SIZE + LANE;
            double difference = c < columns ? static_cast<double>(a[c]) - static_cast<double>(b[c]) : 0.0;
            sums[i] += difference * difference;
        }
    }
    return warp_sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
}
