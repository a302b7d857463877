// Attention forward over rows key | query | value, version by version. What ships is attention_forward of ../attention.cu; CPU reference: AttentionForward of the
// reference device. Floor: 4 tokens^2 size operations for each head; 16 bytes for each token and value (three read, one written).
//   attention_1  a thread a query, two passes over the keys: every thread reads every key and value from memory
//   attention_2  a warp a query, a key a lane, softmax online: one pass, still without shared memory, and each lane reads a row of its own
//   ships        tiles of 32 keys and values in shared memory, used by the four warps of a block
// In TF32 and bfloat16 what ships is ../attention_mma.cu: 16 queries a warp, products on tensor cores.
#include "prelude.cuh"

#define WARPS 4
#define MOST_SIZE 256
#define PARTS 8

extern "C" __global__ void attention_1(float* y, float* logSumExp, const float* qkv, int tokens, int width, int size, float scale)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, h = blockIdx.y, b = blockIdx.z;
    if (i >= tokens) return;
    const float* rows = qkv + (long long)b * tokens * 3 * width + h * size;
    const float* query = rows + (long long)i * 3 * width + width;
    float top = -infinity(), sum = 0.0f, out[MOST_SIZE];
    for (int c = 0; c < size; c++) out[c] = 0.0f;
    for (int j = 0; j < tokens; j++)
    {
        float score = 0.0f;
        for (int c = 0; c < size; c++) score += query[c] * scale * rows[(long long)j * 3 * width + c];
        top = fmaxf(top, score);
    }
    for (int j = 0; j < tokens; j++)
    {
        float score = 0.0f;
        for (int c = 0; c < size; c++) score += query[c] * scale * rows[(long long)j * 3 * width + c];
        float p = expf(score - top);
        sum += p;
        for (int c = 0; c < size; c++) out[c] += p * rows[(long long)j * 3 * width + 2 * width + c];
    }
    for (int c = 0; c < size; c++) y[((long long)b * tokens + i) * width + h * size + c] = out[c] / sum;
    logSumExp[((long long)b * gridDim.y + h) * tokens + i] = top + logf(sum);
}

extern "C" __global__ void attention_2(float* y, float* logSumExp, const float* qkv, int tokens, int width, int size, float scale)
{
    int i = blockIdx.x * WARPS + (threadIdx.x >> 5), h = blockIdx.y, b = blockIdx.z;
    if (i >= tokens) return; // whole warps leave together, and there is no block barrier
    const float* rows = qkv + (long long)b * tokens * 3 * width + h * size;
    const float* query = rows + (long long)i * 3 * width + width;
    float top = -infinity(), sum = 0.0f, out[PARTS];
    for (int k = 0; k < PARTS; k++) out[k] = 0.0f;
    for (int start = 0; start < tokens; start += 32)
    {
        bool there = start + (int)LANE < tokens;
        float score = there ? 0.0f : -infinity();
        for (int c = 0; there && c < size; c++) score += query[c] * scale * rows[(long long)(start + LANE) * 3 * width + c];
        float above = fmaxf(top, warp_max(score)), correction = expf(top - above), p = there ? expf(score - above) : 0.0f;
        sum = sum * correction + warp_sum(p);
        top = above;
        for (int k = 0; k < PARTS; k++) out[k] *= correction;
        for (int j = 0; j < 32 && start + j < tokens; j++)
        {
            float pj = __shfl_sync(FULL_MASK, p, j);
            for (int k = 0; k < PARTS; k++)
            {
                int c = LANE + 32 * k;
                if (c < size) out[k] += pj * rows[(long long)(start + j) * 3 * width + 2 * width + c];
            }
        }
    }
    for (int k = 0; k < PARTS; k++)
    {
        int c = LANE + 32 * k;
        if (c < size) y[((long long)b * tokens + i) * width + h * size + c] = out[k] / sum;
    }
    if (LANE == 0) logSumExp[((long long)b * gridDim.y + h) * tokens + i] = top + logf(sum);
}
