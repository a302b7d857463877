// Softmax, layer normalisation, and sums over rows. A warp takes a row and no shared memory is needed: 128 threads a block, four rows. A row of up to 1536 columns is
// read once and stays in the warp's registers; a longer one is read again from the cache.
#include "prelude.cuh"
#include "reduce.cuh"

#define COLUMN(k) ((int)LANE + 32 * (k)) // of part k of a row

// The row in registers, 32 PARTS columns at most; what is beyond its end is `beyond`.
template <int PARTS>
__device__ __forceinline__ void load_row(float (&part)[PARTS], const float* row, int columns, float beyond)
{
#pragma unroll
    for (int k = 0; k < PARTS; k++) part[k] = COLUMN(k) < columns ? row[COLUMN(k)] : beyond;
}

template <int PARTS>
__device__ __forceinline__ void store_row(float* row, const float (&part)[PARTS], int columns, int accumulate)
{
#pragma unroll
    for (int k = 0; k < PARTS; k++)
    {
        if (COLUMN(k) < columns) row[COLUMN(k)] = accumulate ? row[COLUMN(k)] + part[k] : part[k];
    }
}

template <int PARTS>
__device__ __forceinline__ void softmax_row(float* to, const float* from, int columns)
{
    float part[PARTS], top = -infinity(), sum = 0.0f;
    load_row(part, from, columns, -infinity());
#pragma unroll
    for (int k = 0; k < PARTS; k++) top = fmaxf(top, part[k]);
    top = warp_max(top);
#pragma unroll
    for (int k = 0; k < PARTS; k++)
    {
        part[k] = expf(part[k] - top);
        if (COLUMN(k) < columns) sum += part[k];
    }
    float scale = 1.0f / warp_sum(sum);
#pragma unroll
    for (int k = 0; k < PARTS; k++) part[k] *= scale;
    store_row(to, part, columns, 0);
}

// y = softmax of each row of x
extern "C" __global__ void softmax_forward(float* y, const float* x, long long rows, int columns)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    const float* from = x + r * columns;
    float* to = y + r * columns;
    if (columns <= 128) return softmax_row<4>(to, from, columns);
    if (columns <= 512) return softmax_row<16>(to, from, columns);
    if (columns <= 1536) return softmax_row<48>(to, from, columns);
    float top = -infinity();
    for (int c = LANE; c < columns; c += 32) top = fmaxf(top, from[c]);
    top = warp_max(top);
    float sum = 0.0f;
    for (int c = LANE; c < columns; c += 32)
    {
        float e = expf(from[c] - top);
        to[c] = e;
        sum += e;
    }
    float scale = 1.0f / warp_sum(sum);
    for (int c = LANE; c < columns; c += 32) to[c] *= scale; // each lane scales what it wrote itself
}

template <int PARTS>
__device__ __forceinline__ void softmax_slope_row(float* dx, const float* dy, const float* y, int columns, int accumulate)
{
    float slope[PARTS], value[PARTS], dot = 0.0f;
    load_row(slope, dy, columns, 0.0f);
    load_row(value, y, columns, 0.0f);
#pragma unroll
    for (int k = 0; k < PARTS; k++) dot += slope[k] * value[k];
    dot = warp_sum(dot);
#pragma unroll
    for (int k = 0; k < PARTS; k++) value[k] *= slope[k] - dot;
    store_row(dx, value, columns, accumulate);
}

// dx = y (dy - sum(dy y)), or dx += that
extern "C" __global__ void softmax_backward(float* dx, const float* dy, const float* y, long long rows, int columns, int accumulate)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    long long row = r * columns;
    if (columns <= 128) return softmax_slope_row<4>(dx + row, dy + row, y + row, columns, accumulate);
    if (columns <= 512) return softmax_slope_row<16>(dx + row, dy + row, y + row, columns, accumulate);
    if (columns <= 1536) return softmax_slope_row<48>(dx + row, dy + row, y + row, columns, accumulate);
    float dot = 0.0f;
    for (int c = LANE; c < columns; c += 32) dot += dy[row + c] * y[row + c];
    dot = warp_sum(dot);
    for (int c = LANE; c < columns; c += 32)
    {
        float value = y[row + c] * (dy[row + c] - dot);
        dx[row + c] = accumulate ? dx[row + c] + value : value;
    }
}

template <int PARTS>
__device__ __forceinline__ void layer_norm_row(float* to, float* mean, float* rstd, const float* from, const float* gamma, const float* beta, int columns, float epsilon)
{
    float part[PARTS], sum = 0.0f, squares = 0.0f;
    load_row(part, from, columns, 0.0f);
#pragma unroll
    for (int k = 0; k < PARTS; k++) sum += part[k];
    float m = warp_sum(sum) / columns;
#pragma unroll
    for (int k = 0; k < PARTS; k++)
    {
        part[k] -= m;
        if (COLUMN(k) < columns) squares += part[k] * part[k];
    }
    float s = 1.0f / sqrtf(warp_sum(squares) / columns + epsilon);
    if (LANE == 0)
    {
        *mean = m;
        *rstd = s;
    }
#pragma unroll
    for (int k = 0; k < PARTS; k++)
    {
        if (COLUMN(k) < columns) to[COLUMN(k)] = part[k] * s * gamma[COLUMN(k)] + beta[COLUMN(k)];
    }
}

// y = (x - mean) rstd gamma + beta with the biased variance
extern "C" __global__ void layer_norm_forward(
    float* y, float* mean, float* rstd, const float* x, const float* gamma, const float* beta, long long rows, int columns, float epsilon)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    const float* from = x + r * columns;
    float* to = y + r * columns;
    if (columns <= 128) return layer_norm_row<4>(to, mean + r, rstd + r, from, gamma, beta, columns, epsilon);
    if (columns <= 512) return layer_norm_row<16>(to, mean + r, rstd + r, from, gamma, beta, columns, epsilon);
    if (columns <= 1536) return layer_norm_row<48>(to, mean + r, rstd + r, from, gamma, beta, columns, epsilon);
    float sum = 0.0f;
    for (int c = LANE; c < columns; c += 32) sum += from[c];
    float m = warp_sum(sum) / columns;
    float squares = 0.0f; // about the mean in a second pass: the difference of two large sums would cancel
    for (int c = LANE; c < columns; c += 32) squares += (from[c] - m) * (from[c] - m);
    float s = 1.0f / sqrtf(warp_sum(squares) / columns + epsilon);
    if (LANE == 0)
    {
        mean[r] = m;
        rstd[r] = s;
    }
    for (int c = LANE; c < columns; c += 32) to[c] = (from[c] - m) * s * gamma[c] + beta[c];
}

// A row's dx, and its share of dgamma and dbeta on top of what the warp has already
template <int PARTS>
__device__ __forceinline__ void layer_norm_slope_row(
    float* dx, float* forGamma, float* forBeta, const float* dy, const float* x, float mean, float rstd, const float* gamma, int columns, int accumulate)
{
    float slope[PARTS], normal[PARTS], sum = 0.0f, dot = 0.0f;
    load_row(slope, dy, columns, 0.0f);
    load_row(normal, x, columns, mean);
#pragma unroll
    for (int k = 0; k < PARTS; k++)
    {
        normal[k] = (normal[k] - mean) * rstd;
        if (COLUMN(k) < columns)
        {
            forBeta[COLUMN(k)] += slope[k];
            forGamma[COLUMN(k)] += slope[k] * normal[k];
            slope[k] *= gamma[COLUMN(k)];
        }
        sum += slope[k];
        dot += slope[k] * normal[k];
    }
    sum = warp_sum(sum) / columns;
    dot = warp_sum(dot) / columns;
#pragma unroll
    for (int k = 0; k < PARTS; k++) slope[k] = rstd * (slope[k] - sum - normal[k] * dot);
    store_row(dx, slope, columns, accumulate);
}

// All gradients of layer normalisation with dy and x read once, for rows that registers hold: a block takes a strip of rows, a warp every fourth of them, and adds up
// its share of dgamma and dbeta in shared memory of its own; strips[s, c] are the block's sums
extern "C" __global__ void layer_norm_backward(
    float* dx, float* gammaStrips, float* betaStrips, const float* dy, const float* x, const float* mean, const float* rstd, const float* gamma, long long rows,
    int columns, long long stripRows, int accumulate)
{
    DYN_SHARED(float, shared);
    int warps = blockDim.x >> 5, warp = threadIdx.x >> 5;
    float *forGamma = shared + 2 * warp * columns, *forBeta = forGamma + columns;
    long long begin = blockIdx.x * stripRows, end = begin + stripRows < rows ? begin + stripRows : rows;
    for (int c = LANE; c < 2 * columns; c += 32) forGamma[c] = 0.0f;
    __syncwarp();
    for (long long r = begin + warp; r < end; r += warps)
    {
        long long row = r * columns;
        if (columns <= 128) layer_norm_slope_row<4>(dx + row, forGamma, forBeta, dy + row, x + row, mean[r], rstd[r], gamma, columns, accumulate);
        else if (columns <= 512) layer_norm_slope_row<16>(dx + row, forGamma, forBeta, dy + row, x + row, mean[r], rstd[r], gamma, columns, accumulate);
        else layer_norm_slope_row<48>(dx + row, forGamma, forBeta, dy + row, x + row, mean[r], rstd[r], gamma, columns, accumulate);
    }
    __syncthreads();
    for (int c = threadIdx.x; c < 2 * columns; c += blockDim.x)
    {
        float sum = 0.0f;
        for (int w = 0; w < warps; w++) sum += shared[2 * w * columns + c];
        float* strips = c < columns ? gammaStrips + c : betaStrips + (c - columns);
        strips[(long long)blockIdx.x * columns] = sum;
    }
}

// dx of layer normalisation, row by row, where a row is longer than registers
extern "C" __global__ void layer_norm_backward_input(
    float* dx, const float* dy, const float* x, const float* mean, const float* rstd, const float* gamma, long long rows, int columns, int accumulate)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    long long row = r * columns;
    float m = mean[r], s = rstd[r], sum = 0.0f, dot = 0.0f;
    for (int c = LANE; c < columns; c += 32)
    {
        float g = dy[row + c] * gamma[c];
        sum += g;
        dot += g * (x[row + c] - m) * s;
    }
    sum = warp_sum(sum) / columns;
    dot = warp_sum(dot) / columns;
    for (int c = LANE; c < columns; c += 32)
    {
        float value = s * (dy[row + c] * gamma[c] - sum - (x[row + c] - m) * s * dot);
        dx[row + c] = accumulate ? dx[row + c] + value : value;
    }
}

// Column sums go in two launches so that many blocks share a long column: first each block sums a strip of rows, then the strips are
// added. Blocks are 32 columns wide and 8 rows deep; thread (c, k) takes rows k, k + 8, ... of the strip.
#define DEEP 8

__device__ inline float strip_sum(float mine, float (*lanes)[33])
{
    lanes[threadIdx.y][threadIdx.x] = mine;
    __syncthreads();
    float sum = 0.0f;
    if (threadIdx.y == 0)
    {
        for (int k = 0; k < DEEP; k++) sum += lanes[k][threadIdx.x];
    }
    __syncthreads();
    return sum;
}

// strips[s, c] = sum of the rows of strip s of x
extern "C" __global__ void sum_rows_strips(float* strips, const float* x, long long rows, int columns, long long stripRows)
{
    __shared__ float lanes[DEEP][33];
    int c = blockIdx.x * 32 + threadIdx.x;
    long long begin = blockIdx.y * stripRows, end = begin + stripRows < rows ? begin + stripRows : rows;
    float sum = 0.0f;
    if (c < columns)
    {
        for (long long r = begin + threadIdx.y; r < end; r += DEEP) sum += x[r * columns + c];
    }
    sum = strip_sum(sum, lanes);
    if (threadIdx.y == 0 && c < columns) strips[(long long)blockIdx.y * columns + c] = sum;
}

// y[c] = sum over s of strips[s, c], or y += that; blocks as above
extern "C" __global__ void sum_strips(float* y, const float* strips, int count, int columns, int accumulate)
{
    __shared__ float lanes[DEEP][33];
    int c = blockIdx.x * 32 + threadIdx.x;
    float sum = 0.0f;
    for (int s = threadIdx.y; s < count && c < columns; s += DEEP) sum += strips[(long long)s * columns + c];
    sum = strip_sum(sum, lanes);
    if (threadIdx.y == 0 && c < columns) y[c] = accumulate ? y[c] + sum : sum;
}

// The strips of dgamma and dbeta where a row is longer than registers: sums over rows of dy (x - mean) rstd, and of dy
extern "C" __global__ void layer_norm_backward_strips(
    float* gammaStrips, float* betaStrips, const float* dy, const float* x, const float* mean, const float* rstd, long long rows, int columns, long long stripRows)
{
    __shared__ float lanes[DEEP][33];
    int c = blockIdx.x * 32 + threadIdx.x;
    long long begin = blockIdx.y * stripRows, end = begin + stripRows < rows ? begin + stripRows : rows;
    float forGamma = 0.0f, forBeta = 0.0f;
    if (c < columns)
    {
        for (long long r = begin + threadIdx.y; r < end; r += DEEP)
        {
            float g = dy[r * columns + c];
            forBeta += g;
            forGamma += g * (x[r * columns + c] - mean[r]) * rstd[r];
        }
    }
    forGamma = strip_sum(forGamma, lanes);
    forBeta = strip_sum(forBeta, lanes);
    if (threadIdx.y == 0 && c < columns)
    {
        gammaStrips[(long long)blockIdx.y * columns + c] = forGamma;
        betaStrips[(long long)blockIdx.y * columns + c] = forBeta;
    }
}
