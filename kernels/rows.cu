// Softmax, layer normalisation, and sums over rows. A warp takes a row: the row is read once from memory and again from the cache, and no
// shared memory is needed. 128 threads a block: four rows.
#include "prelude.cuh"
#include "reduce.cuh"

// y = softmax of each row of x
extern "C" __global__ void softmax_forward(float* y, const float* x, long long rows, int columns)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return; // whole warps leave together, and there is no block barrier
    const float* from = x + r * columns;
    float* to = y + r * columns;
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

// dx = y (dy - sum(dy y)), or dx += that
extern "C" __global__ void softmax_backward(float* dx, const float* dy, const float* y, long long rows, int columns, int accumulate)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    long long row = r * columns;
    float dot = 0.0f;
    for (int c = LANE; c < columns; c += 32) dot += dy[row + c] * y[row + c];
    dot = warp_sum(dot);
    for (int c = LANE; c < columns; c += 32)
    {
        float value = y[row + c] * (dy[row + c] - dot);
        dx[row + c] = accumulate ? dx[row + c] + value : value;
    }
}

// y = (x - mean) rstd gamma + beta with the biased variance
extern "C" __global__ void layer_norm_forward(
    float* y, float* mean, float* rstd, const float* x, const float* gamma, const float* beta, long long rows, int columns, float epsilon)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    const float* from = x + r * columns;
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
    for (int c = LANE; c < columns; c += 32) y[r * columns + c] = (from[c] - m) * s * gamma[c] + beta[c];
}

// dx of layer normalisation, row by row
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

// Column sums go in two launches so that many blocks share a long column: first each block sums a strip of rows, then one thread a column adds
// the strips in order. Blocks are 32 columns wide and 8 rows deep; thread (c, k) takes rows k, k + 8, ... of the strip.
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

// y[c] = sum over s of strips[s, c], or y += that
extern "C" __global__ void sum_strips(float* y, const float* strips, int count, int columns, int accumulate)
{
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= columns) return;
    float sum = 0.0f;
    for (int s = 0; s < count; s++) sum += strips[(long long)s * columns + c];
    y[c] = accumulate ? y[c] + sum : sum;
}

// The strips of dgamma and dbeta: sums over rows of dy (x - mean) rstd, and of dy
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
