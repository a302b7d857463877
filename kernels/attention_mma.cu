// Attention as in attention.cu, its products on tensor cores: factors in TF32 or bfloat16, everything else (softmax, its sum, all accumulation) in float32. A warp
// takes 16 queries (or, in the gradients of keys and values, 16 keys) and runs over tiles of the others that the block's warps share. The scores of a tile are
// in registers as the next product wants them. Heads of up to 64 values, wide ones of up to 192, filled up to a multiple of 16 with zeros.
#include "prelude.cuh"
#include "mma.cuh"

#define NARROW 8 // most blocks of 8 columns that the results of a warp have
#define WIDE 24
#define ROWS 16 // of a warp

// How many of the others a tile has: fewer where they are wide, since they fill shared memory.
template <int BLOCKS>
__device__ inline constexpr int tile_rows() { return BLOCKS <= NARROW ? 32 : 16; }

// Products of this warp's rows of `left` with the rows of a tile: scores[n] has 8 of them
template <class M, int COUNT>
__device__ __forceinline__ void scores_of(Sums (&scores)[COUNT], const u32* left, const u32* tile, int row, int columns)
{
#pragma unroll
    for (int n = 0; n < COUNT; n++) scores[n] = Sums{{0.0f, 0.0f, 0.0f, 0.0f}};
    for (int k = 0; k < columns; k += 16)
    {
        Left<M> mine;
        load_left(mine, left, columns, row, k);
#pragma unroll
        for (int n = 0; n < COUNT; n++)
        {
            Right<M> theirs;
            load_right_transposed(theirs, tile, columns, 8 * n, k);
            multiply_add(scores[n], mine, theirs);
        }
    }
}

// out += weights times a tile in pairs
template <class M, int COUNT, int BLOCKS>
__device__ __forceinline__ void add_weighted(Sums (&out)[BLOCKS], const Sums (&weights)[COUNT], const u32* tile, int columns)
{
#pragma unroll
    for (int k = 0; k < COUNT / 2; k++)
    {
        Left<M> mine;
        left_of(mine, weights[2 * k], weights[2 * k + 1]);
#pragma unroll
        for (int n = 0; n < BLOCKS; n++)
        {
            if (8 * n < columns)
            {
                Right<M> theirs;
                load_right(theirs, tile, columns, 16 * k, 8 * n);
                multiply_add(out[n], mine, theirs);
            }
        }
    }
}

// Writes this warp's results, each row times its own factor, to rows `rowStride` apart.
template <int BLOCKS>
__device__ __forceinline__ void store(float* to, const Sums (&out)[BLOCKS], const float (&factor)[2], int row, int end, int rowStride, int size)
{
#pragma unroll
    for (int n = 0; n < BLOCKS; n++)
    {
#pragma unroll
        for (int e = 0; e < 4; e++)
        {
            int r = row + (int)(LANE >> 2) + e / 2 * 8, c = 8 * n + 2 * (int)(LANE & 3) + e % 2;
            if (r < end && c < size) to[(long long)r * rowStride + c] = out[n].value[e] * factor[e / 2];
        }
    }
}

// The four lanes of a row
__device__ __forceinline__ float row_max(float value)
{
    value = fmaxf(value, __shfl_xor_sync(FULL_MASK, value, 1));
    return fmaxf(value, __shfl_xor_sync(FULL_MASK, value, 2));
}

__device__ __forceinline__ float row_sum(float value)
{
    value += __shfl_xor_sync(FULL_MASK, value, 1);
    return value + __shfl_xor_sync(FULL_MASK, value, 2);
}

template <class M, int BLOCKS>
__device__ __forceinline__ void forward(u32* shared, float* y, float* logSumExp, const float* qkv, int tokens, int width, int size, float scale)
{
    constexpr int TILE = tile_rows<BLOCKS>();
    int h = blockIdx.y, b = blockIdx.z, columns = (size + 15) / 16 * 16, rowsOfBlock = (blockDim.x >> 5) * ROWS, first = blockIdx.x * rowsOfBlock;
    int mine = (threadIdx.x >> 5) * ROWS;
    const float* rows = qkv + (long long)b * tokens * 3 * width + h * size;
    u32 *keys = shared, *values = keys + TILE * row_pitch<M>(columns), *queries = values + pair_words<M>(TILE, columns);
    stage_rows<M>(queries, rows + width, first, rowsOfBlock, tokens, 3 * width, size, columns);
    Sums out[BLOCKS];
#pragma unroll
    for (int n = 0; n < BLOCKS; n++) out[n] = Sums{{0.0f, 0.0f, 0.0f, 0.0f}};
    float top[2] = {-infinity(), -infinity()}, sum[2] = {0.0f, 0.0f};
    for (int start = 0; start < tokens; start += TILE)
    {
        __syncthreads();
        stage_rows<M>(keys, rows, start, TILE, tokens, 3 * width, size, columns);
        stage_pairs<M>(values, rows + 2 * width, start, TILE, tokens, 3 * width, size, columns);
        __syncthreads();
        Sums p[TILE / 8];
        scores_of<M>(p, queries, keys, mine, columns);
        float highest[2] = {-infinity(), -infinity()}, correction[2], added[2] = {0.0f, 0.0f};
#pragma unroll
        for (int n = 0; n < TILE / 8; n++)
        {
#pragma unroll
            for (int e = 0; e < 4; e++)
            {
                int j = start + 8 * n + 2 * (int)(LANE & 3) + e % 2;
                p[n].value[e] = j < tokens ? p[n].value[e] * scale : -infinity();
                highest[e / 2] = fmaxf(highest[e / 2], p[n].value[e]);
            }
        }
#pragma unroll
        for (int i = 0; i < 2; i++)
        {
            float above = fmaxf(top[i], row_max(highest[i]));
            correction[i] = expf(top[i] - above);
            top[i] = above;
        }
#pragma unroll
        for (int n = 0; n < TILE / 8; n++)
        {
#pragma unroll
            for (int e = 0; e < 4; e++)
            {
                p[n].value[e] = expf(p[n].value[e] - top[e / 2]);
                added[e / 2] += p[n].value[e];
            }
        }
#pragma unroll
        for (int i = 0; i < 2; i++) sum[i] = sum[i] * correction[i] + row_sum(added[i]);
#pragma unroll
        for (int n = 0; n < BLOCKS; n++)
        {
#pragma unroll
            for (int e = 0; e < 4; e++) out[n].value[e] *= correction[e / 2];
        }
        add_weighted<M>(out, p, values, columns);
    }
    float factor[2] = {1.0f / sum[0], 1.0f / sum[1]};
    store(y + (long long)b * tokens * width + h * size, out, factor, first + mine, tokens, width, size);
    for (int i = 0; i < 2; i++)
    {
        int r = first + mine + (int)(LANE >> 2) + 8 * i;
        if ((LANE & 3) == 0 && r < tokens) logSumExp[((long long)b * gridDim.y + h) * tokens + r] = top[i] + logf(sum[i]);
    }
}

// One part of dqkv: 0 the keys', 1 the queries', 2 the values', as they stand in its rows. The rows of a warp are those of the part (keys for the values). With
// scores s and slopes dp = dy v, the probability is p = exp(s - logSumExp[query]) and its slope ds = p (dp - dots[query]) scale:
//   keys += ds^T queries     queries += ds keys     values += p^T dy
template <class M, int BLOCKS>
__device__ __forceinline__ void backward(
    u32* shared, float* dqkv, const float* dy, const float* dots, const float* logSumExp, const float* qkv, int tokens, int width, int size, float scale)
{
    constexpr int TILE = tile_rows<BLOCKS>();
    int part = blockIdx.x % 3, h = blockIdx.y, b = blockIdx.z, columns = (size + 15) / 16 * 16, rowsOfBlock = (blockDim.x >> 5) * ROWS;
    int first = blockIdx.x / 3 * rowsOfBlock, mine = (threadIdx.x >> 5) * ROWS;
    bool ofQueries = part == 1, ofValues = part == 2;
    long long head = ((long long)b * gridDim.y + h) * tokens;
    const float *keys = qkv + (long long)b * tokens * 3 * width + h * size, *queries = keys + width, *values = queries + width;
    const float* slopes = dy + (long long)b * tokens * width + h * size;
    u32 *left = shared, *leftSlopes = left + rowsOfBlock * row_pitch<M>(columns), *right = leftSlopes + rowsOfBlock * row_pitch<M>(columns);
    u32 *rightSlopes = right + TILE * row_pitch<M>(columns), *weighted = rightSlopes + TILE * row_pitch<M>(columns);
    stage_rows<M>(left, ofQueries ? queries : keys, first, rowsOfBlock, tokens, 3 * width, size, columns);
    if (!ofValues) stage_rows<M>(leftSlopes, ofQueries ? slopes : values, first, rowsOfBlock, tokens, ofQueries ? width : 3 * width, size, columns);
    Sums out[BLOCKS];
#pragma unroll
    for (int n = 0; n < BLOCKS; n++) out[n] = Sums{{0.0f, 0.0f, 0.0f, 0.0f}};
    for (int start = 0; start < tokens; start += TILE)
    {
        __syncthreads();
        stage_rows<M>(right, ofQueries ? keys : queries, start, TILE, tokens, 3 * width, size, columns);
        if (!ofValues) stage_rows<M>(rightSlopes, ofQueries ? values : slopes, start, TILE, tokens, ofQueries ? 3 * width : width, size, columns);
        stage_pairs<M>(weighted, ofValues ? slopes : ofQueries ? keys : queries, start, TILE, tokens, ofValues ? width : 3 * width, size, columns);
        __syncthreads();
        Sums p[TILE / 8], dp[TILE / 8];
        scores_of<M>(p, left, right, mine, columns);
        if (!ofValues) scores_of<M>(dp, leftSlopes, rightSlopes, mine, columns);
#pragma unroll
        for (int n = 0; n < TILE / 8; n++)
        {
#pragma unroll
            for (int e = 0; e < 4; e++)
            {
                int row = first + mine + (int)(LANE >> 2) + e / 2 * 8, other = start + 8 * n + 2 * (int)(LANE & 3) + e % 2;
                long long query = head + (ofQueries ? row : other);
                float weight = row < tokens && other < tokens ? expf(p[n].value[e] * scale - logSumExp[query]) : 0.0f;
                if (!ofValues) weight = row < tokens && other < tokens ? weight * (dp[n].value[e] - dots[query]) * scale : 0.0f;
                p[n].value[e] = weight;
            }
        }
        add_weighted<M>(out, p, weighted, columns);
    }
    float factor[2] = {1.0f, 1.0f};
    store(dqkv + (long long)b * tokens * 3 * width + part * width + h * size, out, factor, first + mine, tokens, 3 * width, size);
}

extern "C" __global__ void attention_forward_tf32(float* __restrict__ y, float* __restrict__ logSumExp, const float* __restrict__ qkv, int tokens, int width, int size, float scale)
{
    DYN_SHARED(u32, shared);
    forward<Tf32, NARROW>(shared, y, logSumExp, qkv, tokens, width, size, scale);
}

extern "C" __global__ void attention_forward_tf32_wide(float* __restrict__ y, float* __restrict__ logSumExp, const float* __restrict__ qkv, int tokens, int width, int size, float scale)
{
    DYN_SHARED(u32, shared);
    forward<Tf32, WIDE>(shared, y, logSumExp, qkv, tokens, width, size, scale);
}

extern "C" __global__ void attention_forward_bf16(float* __restrict__ y, float* __restrict__ logSumExp, const float* __restrict__ qkv, int tokens, int width, int size, float scale)
{
    DYN_SHARED(u32, shared);
    forward<Bf16, NARROW>(shared, y, logSumExp, qkv, tokens, width, size, scale);
}

extern "C" __global__ void attention_forward_bf16_wide(float* __restrict__ y, float* __restrict__ logSumExp, const float* __restrict__ qkv, int tokens, int width, int size, float scale)
{
    DYN_SHARED(u32, shared);
    forward<Bf16, WIDE>(shared, y, logSumExp, qkv, tokens, width, size, scale);
}

// Blocks 3i, 3i + 1, 3i + 2 take keys, queries and values: three parts of the same rows
extern "C" __global__ void attention_backward_tf32(
    float* __restrict__ dqkv, const float* __restrict__ dy, const float* __restrict__ dots, const float* __restrict__ logSumExp, const float* __restrict__ qkv,
    int tokens, int width, int size, float scale)
{
    DYN_SHARED(u32, shared);
    backward<Tf32, NARROW>(shared, dqkv, dy, dots, logSumExp, qkv, tokens, width, size, scale);
}

extern "C" __global__ void attention_backward_tf32_wide(
    float* __restrict__ dqkv, const float* __restrict__ dy, const float* __restrict__ dots, const float* __restrict__ logSumExp, const float* __restrict__ qkv,
    int tokens, int width, int size, float scale)
{
    DYN_SHARED(u32, shared);
    backward<Tf32, WIDE>(shared, dqkv, dy, dots, logSumExp, qkv, tokens, width, size, scale);
}

extern "C" __global__ void attention_backward_bf16(
    float* __restrict__ dqkv, const float* __restrict__ dy, const float* __restrict__ dots, const float* __restrict__ logSumExp, const float* __restrict__ qkv,
    int tokens, int width, int size, float scale)
{
    DYN_SHARED(u32, shared);
    backward<Bf16, NARROW>(shared, dqkv, dy, dots, logSumExp, qkv, tokens, width, size, scale);
}

extern "C" __global__ void attention_backward_bf16_wide(
    float* __restrict__ dqkv, const float* __restrict__ dy, const float* __restrict__ dots, const float* __restrict__ logSumExp, const float* __restrict__ qkv,
    int tokens, int width, int size, float scale)
{
    DYN_SHARED(u32, shared);
    backward<Bf16, WIDE>(shared, dqkv, dy, dots, logSumExp, qkv, tokens, width, size, scale);
}
