// Attention without a mask, over rows key | query | value. A warp takes one query (or, in the gradient of keys and values, one key); a block of WARPS warps
// shares tiles of 32 keys in shared memory. Softmax runs online, so no tokens x tokens array is ever written. Rows of a tile are one word longer
// than a head, so that the lanes of a warp, each in its own row, hit different banks.
#include "prelude.cuh"
#include "reduce.cuh"

#define WARPS 4
#define TILE 32
#define PARTS 8 // a head has at most 32 * PARTS values, PARTS of them in each lane

// Stages rows start .. start + 31 of one part (0 key, 1 query, 2 value) of a head; rows past the end are zero.
__device__ inline void stage(float* tile, const float* rows, int start, int tokens, int rowStride, int size)
{
    for (int at = threadIdx.x; at < TILE * size; at += blockDim.x)
    {
        int j = at / size, c = at % size;
        tile[j * (size + 1) + c] = start + j < tokens ? rows[(long long)(start + j) * rowStride + c] : 0.0f;
    }
}

__device__ inline float dot(const float* a, const float* b, int size)
{
    float sum = 0.0f;
    for (int c = 0; c < size; c++) sum += a[c] * b[c];
    return sum;
}

extern "C" __global__ void attention_forward(float* __restrict__ y, float* __restrict__ logSumExp, const float* __restrict__ qkv, int tokens, int width, int size, float scale)
{
    DYN_SHARED(float, shared);
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    int i = blockIdx.x * WARPS + warp, h = blockIdx.y, b = blockIdx.z;
    float *keys = shared, *values = keys + TILE * (size + 1), *query = values + TILE * (size + 1) + warp * size;
    const float* rows = qkv + (long long)b * tokens * 3 * width + h * size;
    for (int c = lane; c < size; c += 32) query[c] = i < tokens ? rows[(long long)i * 3 * width + width + c] * scale : 0.0f;
    float top = -infinity(), sum = 0.0f, out[PARTS];
    for (int k = 0; k < PARTS; k++) out[k] = 0.0f;
    for (int start = 0; start < tokens; start += TILE)
    {
        __syncthreads();
        stage(keys, rows, start, tokens, 3 * width, size);
        stage(values, rows + 2 * width, start, tokens, 3 * width, size);
        __syncthreads();
        bool there = start + lane < tokens;
        float score = there ? dot(query, keys + lane * (size + 1), size) : -infinity();
        float newTop = fmaxf(top, warp_max(score)), correction = expf(top - newTop);
        float p = there ? expf(score - newTop) : 0.0f;
        sum = sum * correction + warp_sum(p);
        top = newTop;
        for (int k = 0; k < PARTS; k++) out[k] *= correction;
        for (int j = 0; j < TILE; j++)
        {
            float pj = __shfl_sync(0xffffffffu, p, j);
            for (int k = 0; k < PARTS; k++)
            {
                int c = lane + 32 * k;
                if (c < size) out[k] += pj * values[j * (size + 1) + c];
            }
        }
    }
    if (i >= tokens) return;
    for (int k = 0; k < PARTS; k++)
    {
        int c = lane + 32 * k;
        if (c < size) y[((long long)b * tokens + i) * width + h * size + c] = out[k] / sum;
    }
    if (lane == 0) logSumExp[((long long)b * gridDim.y + h) * tokens + i] = top + logf(sum);
}

// dots[b, h, i] = sum over the head of dy y: what the softmax's gradient subtracts
extern "C" __global__ void attention_dots(float* __restrict__ dots, const float* __restrict__ dy, const float* __restrict__ y, int tokens, int width, int size)
{
    int lane = threadIdx.x & 31, i = blockIdx.x * WARPS + (threadIdx.x >> 5), h = blockIdx.y, b = blockIdx.z;
    if (i >= tokens) return;
    long long row = ((long long)b * tokens + i) * width + h * size;
    float sum = 0.0f;
    for (int c = lane; c < size; c += 32) sum += dy[row + c] * y[row + c];
    sum = warp_sum(sum);
    if (lane == 0) dots[((long long)b * gridDim.y + h) * tokens + i] = sum;
}

// y[r] = log(sum(exp(x[r, :]))): of scores that were written down, where a head is too wide for the kernels of this file
extern "C" __global__ void log_sum_exp_rows(float* __restrict__ y, const float* __restrict__ x, long long rows, int columns)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    float top = -infinity(), sum = 0.0f;
    for (int c = LANE; c < columns; c += 32) top = fmaxf(top, x[r * columns + c]);
    top = warp_max(top);
    for (int c = LANE; c < columns; c += 32) sum += expf(x[r * columns + c] - top);
    sum = warp_sum(sum);
    if (LANE == 0) y[r] = top + logf(sum);
}

// The queries' part of dqkv: a warp per query runs over the keys
extern "C" __global__ void attention_backward_queries(
    float* __restrict__ dqkv, const float* __restrict__ dy, const float* __restrict__ dots, const float* __restrict__ logSumExp, const float* __restrict__ qkv,
    int tokens, int width, int size, float scale)
{
    DYN_SHARED(float, shared);
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    int i = blockIdx.x * WARPS + warp, h = blockIdx.y, b = blockIdx.z;
    float *keys = shared, *values = keys + TILE * (size + 1), *query = values + TILE * (size + 1) + 2 * warp * size, *slope = query + size;
    const float* rows = qkv + (long long)b * tokens * 3 * width + h * size;
    long long head = ((long long)b * gridDim.y + h) * tokens;
    for (int c = lane; c < size; c += 32)
    {
        query[c] = i < tokens ? rows[(long long)i * 3 * width + width + c] * scale : 0.0f;
        slope[c] = i < tokens ? dy[((long long)b * tokens + i) * width + h * size + c] : 0.0f;
    }
    float lse = i < tokens ? logSumExp[head + i] : 0.0f, mean = i < tokens ? dots[head + i] : 0.0f, out[PARTS];
    for (int k = 0; k < PARTS; k++) out[k] = 0.0f;
    for (int start = 0; start < tokens; start += TILE)
    {
        __syncthreads();
        stage(keys, rows, start, tokens, 3 * width, size);
        stage(values, rows + 2 * width, start, tokens, 3 * width, size);
        __syncthreads();
        float ds = 0.0f;
        if (start + lane < tokens)
        {
            float p = expf(dot(query, keys + lane * (size + 1), size) - lse);
            ds = p * (dot(slope, values + lane * (size + 1), size) - mean) * scale;
        }
        for (int j = 0; j < TILE; j++)
        {
            float dsj = __shfl_sync(0xffffffffu, ds, j);
            for (int k = 0; k < PARTS; k++)
            {
                int c = lane + 32 * k;
                if (c < size) out[k] += dsj * keys[j * (size + 1) + c];
            }
        }
    }
    if (i >= tokens) return;
    for (int k = 0; k < PARTS; k++)
    {
        int c = lane + 32 * k;
        if (c < size) dqkv[((long long)b * tokens + i) * 3 * width + width + h * size + c] = out[k];
    }
}

// The keys' and values' parts of dqkv: a warp per key runs over the queries, so that no sum is shared and nothing is atomic
extern "C" __global__ void attention_backward_keys(
    float* __restrict__ dqkv, const float* __restrict__ dy, const float* __restrict__ dots, const float* __restrict__ logSumExp, const float* __restrict__ qkv,
    int tokens, int width, int size, float scale)
{
    DYN_SHARED(float, shared);
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    int j = blockIdx.x * WARPS + warp, h = blockIdx.y, b = blockIdx.z;
    float *queries = shared, *slopes = queries + TILE * (size + 1), *key = slopes + TILE * (size + 1) + 2 * warp * size, *value = key + size;
    const float* rows = qkv + (long long)b * tokens * 3 * width + h * size;
    const float* dyRows = dy + (long long)b * tokens * width + h * size;
    long long head = ((long long)b * gridDim.y + h) * tokens;
    for (int c = lane; c < size; c += 32)
    {
        key[c] = j < tokens ? rows[(long long)j * 3 * width + c] * scale : 0.0f;
        value[c] = j < tokens ? rows[(long long)j * 3 * width + 2 * width + c] : 0.0f;
    }
    float forKey[PARTS], forValue[PARTS];
    for (int k = 0; k < PARTS; k++) forKey[k] = forValue[k] = 0.0f;
    for (int start = 0; start < tokens; start += TILE)
    {
        __syncthreads();
        stage(queries, rows + width, start, tokens, 3 * width, size);
        stage(slopes, dyRows, start, tokens, width, size);
        __syncthreads();
        float p = 0.0f, ds = 0.0f;
        if (start + lane < tokens)
        {
            p = expf(dot(key, queries + lane * (size + 1), size) - logSumExp[head + start + lane]);
            ds = p * (dot(value, slopes + lane * (size + 1), size) - dots[head + start + lane]) * scale;
        }
        for (int i = 0; i < TILE; i++)
        {
            float pi = __shfl_sync(0xffffffffu, p, i), dsi = __shfl_sync(0xffffffffu, ds, i);
            for (int k = 0; k < PARTS; k++)
            {
                int c = lane + 32 * k;
                if (c < size)
                {
                    forKey[k] += dsi * queries[i * (size + 1) + c];
                    forValue[k] += pi * slopes[i * (size + 1) + c];
                }
            }
        }
    }
    if (j >= tokens) return;
    float* to = dqkv + ((long long)b * tokens + j) * 3 * width + h * size;
    for (int k = 0; k < PARTS; k++)
    {
        int c = lane + 32 * k;
        if (c < size)
        {
            to[c] = forKey[k];
            to[2 * width + c] = forValue[k];
        }
    }
}
