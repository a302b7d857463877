// Softmax of rows, version by version. What ships is softmax_forward of ../rows.cu; CPU reference: SoftmaxForward of the reference device.
// Floor: 8 bytes a value (one read, one write), about 5 operations: memory decides.
//   softmax_1  a thread a row: neighbouring threads read words a row apart, so each word costs a whole sector
//   softmax_2  a block a row: reads are coalesced, but two block sums with barriers, and threads idle when rows are short
//   softmax_3  a warp a row, maximum and sum in one online pass: shuffles and no barrier, two reads (the second from the cache), one write
//   ships      a warp a row that stays in registers (up to 1536 columns): one read, one write
#include "prelude.cuh"
#include "reduce.cuh"

extern "C" __global__ void softmax_1(float* y, const float* x, long long rows, int columns)
{
    FOR_EACH(r, rows)
    {
        const float* from = x + r * columns;
        float top = -infinity(), sum = 0.0f;
        for (int c = 0; c < columns; c++) top = fmaxf(top, from[c]);
        for (int c = 0; c < columns; c++) sum += expf(from[c] - top);
        for (int c = 0; c < columns; c++) y[r * columns + c] = expf(from[c] - top) / sum;
    }
}

extern "C" __global__ void softmax_2(float* y, const float* x, long long rows, int columns)
{
    __shared__ float warps[33];
    __shared__ float tops[32];
    long long r = blockIdx.x;
    const float* from = x + r * columns;
    float top = -infinity();
    for (int c = threadIdx.x; c < columns; c += blockDim.x) top = fmaxf(top, from[c]);
    top = warp_max(top);
    if (LANE == 0) tops[threadIdx.x >> 5] = top;
    __syncthreads();
    for (int w = 0; w < (int)(blockDim.x >> 5); w++) top = fmaxf(top, tops[w]);
    float sum = 0.0f;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) sum += expf(from[c] - top);
    sum = block_sum(sum, warps);
    if (r >= rows) return;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) y[r * columns + c] = expf(from[c] - top) / sum;
}

extern "C" __global__ void softmax_3(float* y, const float* x, long long rows, int columns)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    const float* from = x + r * columns;
    float top = -infinity(), sum = 0.0f;
    for (int c = LANE; c < columns; c += 32)
    {
        float value = from[c], above = fmaxf(top, value);
        sum = sum * expf(top - above) + expf(value - above);
        top = above;
    }
    float all = warp_max(top);
    // A lane without a column has no maximum: its share is nothing, and infinity minus infinity must not be asked for.
    float scale = 1.0f / warp_sum(top == -infinity() ? 0.0f : sum * expf(top - all));
    for (int c = LANE; c < columns; c += 32) y[r * columns + c] = expf(from[c] - all) * scale;
}
