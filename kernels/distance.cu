// The nearest rows of every query row, exactly, without the matrix of distances. Three launches:
// 1. nearest_tiles: a block takes 64 queries and a slice of the references, tile by tile, and keeps for each query a list of the 32 nearest by sums in single
//    precision. A list that 16 neighbours at most are wanted of has slack; what the error bound rules out does not enter it.
// 2. nearest_decide: a warp takes a query, merges its slices in order, and decides in double precision in order of the ranking until the bound says that
//    nothing that follows, listed or not, can be nearer.
// 3. nearest_exact: where the bound cannot say that (more than 32 references within the error of the k-th), a block goes through all references in
//    double precision. The other blocks end at once.
// Floors on an H100 (67 TFLOP/s float32 is 33.5 T instructions/s of fused multiply-add; two for each element here; 3.35 TB/s): 2,000 x 2,000 networks of 7,960
// parameters are 3.2e10 elements, 1.9 ms; their bytes, 2 x 64 MB, 0.04 ms. Tiles read 512 bytes for 4,096 elements: 2.1 TB/s from the second-level cache.
#include "prelude.cuh"
#include "pairs.cuh"

// values and indices [queries, slices, LIST]; blocks (query tiles, slices) of 256 threads
extern "C" __global__ void nearest_tiles(
    float* values, int* indices, const float* queries, const float* references, const int* queryMarks, const int* referenceMarks, int queryCount,
    int referenceCount, int columns, int k, float keep, float floor)
{
    __shared__ __align__(16) float stage[STAGE];
    __shared__ float listValues[TILE * LIST];
    __shared__ int listIndices[TILE * LIST];
    int first = blockIdx.x * TILE, warp = threadIdx.x >> 5, lane = LANE, tx = threadIdx.x & 15, ty = threadIdx.x >> 4;
    for (int i = threadIdx.x; i < TILE * LIST; i += blockDim.x)
    {
        listValues[i] = infinity();
        listIndices[i] = -1;
    }
    __syncthreads();
    long long tiles = ceil_div(referenceCount, TILE);
    int from = static_cast<int>(tiles * blockIdx.y / gridDim.y), to = static_cast<int>(tiles * (blockIdx.y + 1) / gridDim.y);
    for (int tile = from; tile < to; tile++)
    {
        float sums[4][4];
        tile_distances(sums, stage, queries, first, queryCount, references, static_cast<long long>(tile) * TILE, referenceCount, columns);
        for (int i = 0; i < 4; i++)
        {
            for (int j = 0; j < 4; j++) stage[(4 * ty + i) * (TILE + 1) + 4 * tx + j] = sums[i][j];
        }
        __syncthreads();
        for (int q = warp * (TILE / 8); q < (warp + 1) * (TILE / 8) && first + q < queryCount; q++)
        {
            float value = listValues[q * LIST + lane];
            int index = listIndices[q * LIST + lane];
            for (int half = 0; half < TILE; half += WARP_SIZE)
            {
                int reference = tile * TILE + half + lane;
                bool there = reference < referenceCount && !excluded(queryMarks, first + q, referenceMarks, reference);
                list_offer(value, index, stage[q * (TILE + 1) + half + lane], reference, there, k, keep, floor);
            }
            listValues[q * LIST + lane] = value;
            listIndices[q * LIST + lane] = index;
        }
        __syncthreads();
    }
    for (int q = warp * (TILE / 8); q < (warp + 1) * (TILE / 8) && first + q < queryCount; q++)
    {
        long long place = (static_cast<long long>(first + q) * gridDim.y + blockIdx.y) * LIST + lane;
        values[place] = listValues[q * LIST + lane];
        indices[place] = listIndices[q * LIST + lane];
    }
}

// squared and index [queries, k], undecided [queries]; a warp for each query
extern "C" __global__ void nearest_decide(
    double* squared, int* index, int* undecided, const float* values, const int* indices, const float* queries, const float* references, int queryCount,
    int columns, int slices, int k, float keep, float floor, double relative, double absolute)
{
    long long query = ROW_OF_WARP;
    if (query >= queryCount) return; // whole warps leave together, and there is no block barrier
    int lane = LANE, at = -1, bestAt = -1;
    float value = infinity();
    for (int s = 0; s < slices; s++)
    {
        long long place = (query * slices + s) * LIST + lane;
        list_offer(value, at, values[place], indices[place], indices[place] >= 0, k, keep, floor);
    }
    double best = infinity();
    bool sure = false;
    for (int c = 0; c < LIST && !sure; c++)
    {
        int reference = __shfl_sync(FULL_MASK, at, c);
        double least = least_exact(__shfl_sync(FULL_MASK, value, c), relative, absolute);
        double worst = __shfl_sync(FULL_MASK, best, k - 1);
        sure = reference < 0 || least > worst;
        if (!sure) list_insert(best, bestAt, direct_distance(queries + query * columns, references + static_cast<long long>(reference) * columns, columns), reference);
    }
    // A full list lost entries, all of them beyond its last one.
    double least = least_exact(__shfl_sync(FULL_MASK, value, LIST - 1), relative, absolute);
    double worst = __shfl_sync(FULL_MASK, best, k - 1);
    sure = sure || least > worst;
    if (lane < k)
    {
        squared[query * k + lane] = best;
        index[query * k + lane] = bestAt;
    }
    if (lane == 0) undecided[query] = sure ? 0 : 1;
}

// The queries that are undecided, over all references in double precision; a block of 256 threads for each query
extern "C" __global__ void nearest_exact(
    double* squared, int* index, const int* undecided, const float* queries, const float* references, const int* queryMarks, const int* referenceMarks,
    int referenceCount, int columns, int k)
{
    __shared__ double lists[8 * LIST];
    __shared__ int listIndices[8 * LIST];
    int query = blockIdx.x, warp = threadIdx.x >> 5, lane = LANE, bestAt = -1;
    if (undecided[query] == 0) return; // the whole block
    double best = infinity();
    for (int reference = warp; reference < referenceCount; reference += 8)
    {
        if (excluded(queryMarks, query, referenceMarks, reference)) continue; // the whole warp
        double distance = direct_distance(queries + static_cast<long long>(query) * columns, references + static_cast<long long>(reference) * columns, columns);
        list_insert(best, bestAt, distance, reference);
    }
    lists[warp * LIST + lane] = best;
    listIndices[warp * LIST + lane] = bestAt;
    __syncthreads();
    if (warp != 0) return;
    for (int i = LIST; i < 8 * LIST; i++)
    {
        if (listIndices[i] >= 0) list_insert(best, bestAt, lists[i], listIndices[i]);
    }
    if (lane < k)
    {
        squared[static_cast<long long>(query) * k + lane] = best;
        index[static_cast<long long>(query) * k + lane] = bestAt;
    }
}
