// The norms of Hyper-Representations, a warp a row as in rows.cu: rows of unbiased deviation 1, and rows of length 1.
#include "prelude.cuh"

// y = alpha (x - mean) scale + bias, scale = 1 / (s + epsilon), s the unbiased deviation
extern "C" __global__ void unbiased_norm_forward(
    float* y, float* mean, float* scale, const float* x, const float* alpha, const float* bias, long long rows, int columns, float epsilon)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return; // whole warps leave together, and there is no block barrier
    const float* from = x + r * columns;
    float sum = 0.0f;
    for (int c = LANE; c < columns; c += 32) sum += from[c];
    float m = warp_sum(sum) / columns;
    float squares = 0.0f; // about the mean in a second pass: the difference of two large sums would cancel
    for (int c = LANE; c < columns; c += 32) squares += (from[c] - m) * (from[c] - m);
    float v = 1.0f / (sqrtf(warp_sum(squares) / (columns - 1)) + epsilon);
    if (LANE == 0)
    {
        mean[r] = m;
        scale[r] = v;
    }
    for (int c = LANE; c < columns; c += 32) y[r * columns + c] = alpha[c] * (from[c] - m) * v + bias[c];
}

// dx of it, row by row
extern "C" __global__ void unbiased_norm_backward_input(
    float* dx, const float* dy, const float* x, const float* mean, const float* scale, const float* alpha, long long rows, int columns, float epsilon, int accumulate)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    long long row = r * columns;
    float m = mean[r], v = scale[r], s = 1.0f / v - epsilon, sum = 0.0f, dot = 0.0f;
    for (int c = LANE; c < columns; c += 32)
    {
        float g = dy[row + c] * alpha[c];
        sum += g;
        dot += g * (x[row + c] - m) * v;
    }
    sum = warp_sum(sum) / columns;
    dot = warp_sum(dot);
    float own = s > 0.0f ? dot / ((columns - 1) * s) : 0.0f; // a constant row has no deviation to change
    for (int c = LANE; c < columns; c += 32)
    {
        float value = v * (dy[row + c] * alpha[c] - sum - (x[row + c] - m) * own);
        dx[row + c] = accumulate ? dx[row + c] + value : value;
    }
}

// y = x / norm, norm the larger of the row's length and the floor
extern "C" __global__ void unit_rows_forward(float* y, float* norm, const float* x, long long rows, int columns, float floor)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    float squares = 0.0f;
    for (int c = LANE; c < columns; c += 32) squares += x[r * columns + c] * x[r * columns + c];
    float length = fmaxf(sqrtf(warp_sum(squares)), floor);
    if (LANE == 0) norm[r] = length;
    for (int c = LANE; c < columns; c += 32) y[r * columns + c] = x[r * columns + c] / length;
}

// dx = (dy - y sum(y dy)) / norm, or dx += that; at the floor the length does not depend on x
extern "C" __global__ void unit_rows_backward(
    float* dx, const float* dy, const float* y, const float* norm, long long rows, int columns, float floor, int accumulate)
{
    long long r = ROW_OF_WARP;
    if (r >= rows) return;
    long long row = r * columns;
    float length = norm[r], dot = 0.0f;
    for (int c = LANE; c < columns; c += 32) dot += y[row + c] * dy[row + c];
    dot = warp_sum(dot);
    if (!(length > floor)) dot = 0.0f;
    for (int c = LANE; c < columns; c += 32)
    {
        float value = (dy[row + c] - y[row + c] * dot) / length;
        dx[row + c] = accumulate ? dx[row + c] + value : value;
    }
}
