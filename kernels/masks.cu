// The most similar mask of every query mask: bits in both over bits in either, without the matrix of similarities. A block takes 64 queries and a slice of the
// references, tile by tile through shared memory; a thread counts 4 x 4 pairs and keeps the best of each of its queries as an exact fraction.
// Floors on an H100: 16 population counts of 32 bits a clock and multiprocessor are 1.85e12 words of 64 bits a second: 2,000 x 2,000 masks of 10,000 images
// (157 words) are 6.3e8 words, 0.34 ms; their bytes, 2 x 2.5 MB, a microsecond or two.
#include "prelude.cuh"

#define TILE 64
#define WORDS 16
#define PITCH (TILE + 2) // keeps 16-byte loads aligned, and stores free of bank conflicts

// A similarity as a fraction, and whose it is. Fractions of counts below 2^26 compare as their doubles do.
struct Similar
{
    unsigned both, either;
    int index; // -1 for none
};

__device__ inline bool better(const Similar& a, const Similar& b)
{
    if (a.index < 0 || b.index < 0) return a.index >= 0;
    u64 left = static_cast<u64>(a.both) * b.either, right = static_cast<u64>(b.both) * a.either;
    return left > right || (left == right && a.index < b.index);
}

// bits[row] = number of bits set in a mask; a warp for each row
extern "C" __global__ void mask_bits(int* bits, const unsigned long long* masks, long long rows, int words)
{
    long long row = ROW_OF_WARP;
    if (row >= rows) return; // whole warps leave together, and there is no block barrier
    int count = 0;
    for (int w = LANE; w < words; w += WARP_SIZE) count += __popcll(masks[row * words + w]);
    count = warp_sum(count);
    if (LANE == 0) bits[row] = count;
}

// stage[word * PITCH + row], as in pairs.cuh
__device__ inline void stage_masks(u64* stage, const unsigned long long* masks, long long first, long long count, int words, int w0)
{
    int warp = threadIdx.x >> 5, c = threadIdx.x & 7, r = (threadIdx.x & 31) >> 3;
    for (int i = 0; i < 4; i++)
    {
        int row = 4 * (warp + 8 * (i & 1)) + r, word = 8 * (i >> 1) + c;
        bool there = first + row < count && w0 + word < words;
        stage[word * PITCH + row] = there ? masks[(first + row) * words + w0 + word] : 0ull;
    }
}

// both, either and index [queries, slices]: the best of each slice; blocks (query tiles, slices) of 256 threads
extern "C" __global__ void similar_tiles(
    unsigned* both, unsigned* either, int* index, const unsigned long long* masks, const unsigned long long* referenceMasks, const int* bits,
    const int* referenceBits, const int* queryMarks, const int* referenceMarks, int queryCount, int referenceCount, int words)
{
    __shared__ __align__(16) u64 stage[2 * WORDS * PITCH];
    int first = blockIdx.x * TILE, tx = threadIdx.x & 15, ty = threadIdx.x >> 4;
    Similar best[4];
    for (int i = 0; i < 4; i++) best[i] = Similar{0u, 1u, -1};
    long long tiles = ceil_div(referenceCount, TILE);
    int from = static_cast<int>(tiles * blockIdx.y / gridDim.y), to = static_cast<int>(tiles * (blockIdx.y + 1) / gridDim.y);
    for (int tile = from; tile < to; tile++)
    {
        unsigned common[4][4] = {};
        for (int w0 = 0; w0 < words; w0 += WORDS)
        {
            stage_masks(stage, masks, first, queryCount, words, w0);
            stage_masks(stage + WORDS * PITCH, referenceMasks, static_cast<long long>(tile) * TILE, referenceCount, words, w0);
            __syncthreads();
#pragma unroll 4
            for (int w = 0; w < WORDS; w++)
            {
                const ulonglong2* x = reinterpret_cast<const ulonglong2*>(stage + w * PITCH + 4 * ty);
                const ulonglong2* y = reinterpret_cast<const ulonglong2*>(stage + (WORDS + w) * PITCH + 4 * tx);
                ulonglong2 x0 = x[0], x1 = x[1], y0 = y[0], y1 = y[1];
                u64 left[4] = {x0.x, x0.y, x1.x, x1.y}, right[4] = {y0.x, y0.y, y1.x, y1.y};
#pragma unroll
                for (int i = 0; i < 4; i++)
                {
#pragma unroll
                    for (int j = 0; j < 4; j++) common[i][j] += static_cast<unsigned>(__popcll(left[i] & right[j]));
                }
            }
            __syncthreads();
        }
#pragma unroll
        for (int i = 0; i < 4; i++)
        {
            int query = first + 4 * ty + i;
            if (query >= queryCount) continue;
#pragma unroll
            for (int j = 0; j < 4; j++)
            {
                int reference = tile * TILE + 4 * tx + j;
                if (reference >= referenceCount) continue;
                if (queryMarks != nullptr && queryMarks[query] == referenceMarks[reference]) continue;
                unsigned any = static_cast<unsigned>(bits[query] + referenceBits[reference]) - common[i][j];
                Similar pair = any == 0 ? Similar{1u, 1u, reference} : Similar{common[i][j], any, reference};
                if (better(pair, best[i])) best[i] = pair;
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        for (int distance = 8; distance > 0; distance /= 2) // the 16 lanes that share a query
        {
            Similar other;
            other.both = __shfl_xor_sync(FULL_MASK, best[i].both, distance);
            other.either = __shfl_xor_sync(FULL_MASK, best[i].either, distance);
            other.index = __shfl_xor_sync(FULL_MASK, best[i].index, distance);
            if (better(other, best[i])) best[i] = other;
        }
        int query = first + 4 * ty + i;
        if (tx != 0 || query >= queryCount) continue;
        long long place = static_cast<long long>(query) * gridDim.y + blockIdx.y;
        both[place] = best[i].both;
        either[place] = best[i].either;
        index[place] = best[i].index;
    }
}

// similarity and index [queries] from the slices, in order
extern "C" __global__ void similar_decide(
    double* similarity, int* index, const unsigned* both, const unsigned* either, const int* indices, int queryCount, int slices)
{
    int query = blockIdx.x * blockDim.x + threadIdx.x;
    if (query >= queryCount) return;
    Similar best{0u, 1u, -1};
    for (int s = 0; s < slices; s++)
    {
        long long place = static_cast<long long>(query) * slices + s;
        Similar slice{both[place], either[place], indices[place]};
        if (better(slice, best)) best = slice;
    }
    similarity[query] = static_cast<double>(best.both) / static_cast<double>(best.either);
    index[query] = best.index;
}
