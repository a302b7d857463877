// Cross-entropy of rows of logits, version by version. What ships is cross_entropy_forward of ../losses.cu; CPU reference: CrossEntropyForward of the reference device.
// Floor: 4 bytes a logit, about 20 operations: memory decides.
//   loss_1  a thread a row: neighbouring threads read words a row apart
//   loss_2  a block a row: coalesced, but two block sums and most threads idle at ten classes
//   ships   a warp a row: shuffles only
#include "prelude.cuh"
#include "reduce.cuh"

extern "C" __global__ void loss_1(float* losses, const float* logits, const int* labels, long long rows, int columns)
{
    FOR_EACH(r, rows)
    {
        const float* row = logits + r * columns;
        float top = -infinity(), sum = 0.0f;
        for (int c = 0; c < columns; c++) top = fmaxf(top, row[c]);
        for (int c = 0; c < columns; c++) sum += expf(row[c] - top);
        losses[r] = top + logf(sum) - row[labels[r]];
    }
}

extern "C" __global__ void loss_2(float* losses, const float* logits, const int* labels, int columns)
{
    __shared__ float warps[33];
    __shared__ float tops[32];
    const float* row = logits + (long long)blockIdx.x * columns;
    float top = -infinity(), sum = 0.0f;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) top = fmaxf(top, row[c]);
    top = warp_max(top);
    if (LANE == 0) tops[threadIdx.x >> 5] = top;
    __syncthreads();
    for (int w = 0; w < (int)(blockDim.x >> 5); w++) top = fmaxf(top, tops[w]);
    for (int c = threadIdx.x; c < columns; c += blockDim.x) sum += expf(row[c] - top);
    sum = block_sum(sum, warps);
    if (threadIdx.x == 0) losses[blockIdx.x] = top + logf(sum) - row[labels[blockIdx.x]];
}
