// Layer normalisation, version by version. What ships is layer_norm_forward of ../rows.cu; CPU reference: LayerNormForward of the reference device.
// Floor: 8 bytes a value, 8 a row, and gamma and beta once; about 8 operations a value: memory decides.
//   layer_norm_1  a thread a row: uncoalesced, three reads
//   layer_norm_2  a block a row: coalesced, but four barriers a row
//   layer_norm_3  a warp a row: shuffles only; the second and third read come from the cache
//   ships         the same with the row in registers (up to 1536 columns): one read
#include "prelude.cuh"
#include "reduce.cuh"

extern "C" __global__ void layer_norm_1(
    float* y, float* mean, float* rstd, const float* x, const float* gamma, const float* beta, long long rows, int columns, float epsilon)
{
    FOR_EACH(r, rows)
    {
        const float* from = x + r * columns;
        float sum = 0.0f, squares = 0.0f;
        for (int c = 0; c < columns; c++) sum += from[c];
        float m = sum / columns;
        for (int c = 0; c < columns; c++) squares += (from[c] - m) * (from[c] - m);
        float s = 1.0f / sqrtf(squares / columns + epsilon);
        mean[r] = m;
        rstd[r] = s;
        for (int c = 0; c < columns; c++) y[r * columns + c] = (from[c] - m) * s * gamma[c] + beta[c];
    }
}

extern "C" __global__ void layer_norm_2(
    float* y, float* mean, float* rstd, const float* x, const float* gamma, const float* beta, long long rows, int columns, float epsilon)
{
    __shared__ float warps[33];
    long long r = blockIdx.x;
    const float* from = x + r * columns;
    float sum = 0.0f, squares = 0.0f;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) sum += from[c];
    float m = block_sum(sum, warps) / columns;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) squares += (from[c] - m) * (from[c] - m);
    float s = 1.0f / sqrtf(block_sum(squares, warps) / columns + epsilon);
    if (r >= rows) return;
    if (threadIdx.x == 0)
    {
        mean[r] = m;
        rstd[r] = s;
    }
    for (int c = threadIdx.x; c < columns; c += blockDim.x) y[r * columns + c] = (from[c] - m) * s * gamma[c] + beta[c];
}

extern "C" __global__ void layer_norm_3(
    float* y, float* mean, float* rstd, const float* x, const float* gamma, const float* beta, long long rows, int columns, float epsilon)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    const float* from = x + r * columns;
    float sum = 0.0f, squares = 0.0f;
    for (int c = LANE; c < columns; c += 32) sum += from[c];
    float m = warp_sum(sum) / columns;
    for (int c = LANE; c < columns; c += 32) squares += (from[c] - m) * (from[c] - m);
    float s = 1.0f / sqrtf(warp_sum(squares) / columns + epsilon);
    if (LANE == 0)
    {
        mean[r] = m;
        rstd[r] = s;
    }
    for (int c = LANE; c < columns; c += 32) y[r * columns + c] = (from[c] - m) * s * gamma[c] + beta[c];
}
