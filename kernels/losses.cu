// Losses and whole-array sums. Sums over an array are double and go in two launches: a fixed number of blocks, then one block over their results.
#include "prelude.cuh"
#include "reduce.cuh"

enum SumKind { PLAIN, SQUARES, SQUARED_DIFFERENCES };

// partial[block] = the block's share of the sum of x, of x^2, or of (x - z)^2
extern "C" __global__ void sum_partial(double* partial, const float* x, const float* z, long long n, int kind)
{
    __shared__ double warps[33];
    double sum = 0.0;
    FOR_EACH(i, n)
    {
        double v = kind == SQUARED_DIFFERENCES ? (double)x[i] - (double)z[i] : (double)x[i];
        sum += kind == PLAIN ? v : v * v;
    }
    sum = block_sum(sum, warps);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// total = scale * sum of partial; as float to result, as double to exact, where those are not null. One block.
extern "C" __global__ void sum_total(float* result, double* exact, const double* partial, int count, double scale)
{
    __shared__ double warps[33];
    double sum = 0.0;
    for (int i = threadIdx.x; i < count; i += blockDim.x) sum += partial[i];
    sum = block_sum(sum, warps) * scale;
    if (threadIdx.x != 0) return;
    if (result) *result = (float)sum;
    if (exact) *exact = sum;
}

// number = NaN unless other is finite
extern "C" __global__ void require_finite(double* number, const float* other)
{
    if (!(fabsf(*other) < infinity())) *number = (double)not_a_number();
}

// dx = dloss 2 (x - target) / n, or dx += that
extern "C" __global__ void mean_squared_error_backward(float* dx, const float* dloss, const float* x, const float* target, long long n, float scale, int accumulate)
{
    float factor = *dloss * scale;
    FOR_EACH(i, n)
    {
        float value = factor * (x[i] - target[i]);
        dx[i] = accumulate ? dx[i] + value : value;
    }
}

// losses[r] = log sum exp(logits[r, :]) - logits[r, labels[r]]
extern "C" __global__ void cross_entropy_forward(float* losses, const float* logits, const int* labels, long long rows, int columns)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    const float* row = logits + r * columns;
    float top = -infinity();
    for (int c = LANE; c < columns; c += 32) top = fmaxf(top, row[c]);
    top = warp_max(top);
    float sum = 0.0f;
    for (int c = LANE; c < columns; c += 32) sum += expf(row[c] - top);
    sum = warp_sum(sum);
    if (LANE == 0) losses[r] = top + logf(sum) - row[labels[r]];
}

// dlogits[r, :] = dlosses[r] (softmax(logits[r, :]) - onehot(labels[r])), or += that
extern "C" __global__ void cross_entropy_backward(
    float* dlogits, const float* dlosses, const float* logits, const int* labels, long long rows, int columns, int accumulate)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    const float* row = logits + r * columns;
    float top = -infinity();
    for (int c = LANE; c < columns; c += 32) top = fmaxf(top, row[c]);
    top = warp_max(top);
    float sum = 0.0f;
    for (int c = LANE; c < columns; c += 32) sum += expf(row[c] - top);
    float scale = 1.0f / warp_sum(sum), weight = dlosses[r];
    int label = labels[r];
    for (int c = LANE; c < columns; c += 32)
    {
        float value = weight * (expf(row[c] - top) * scale - (c == label ? 1.0f : 0.0f));
        float* to = dlogits + r * columns + c;
        *to = accumulate ? *to + value : value;
    }
}
