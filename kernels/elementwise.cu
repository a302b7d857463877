// Passes over flat arrays: one read of every input, one write of every output, nothing else to gain. Threads stride over the grid, so any
// number of blocks is right; neighbours read neighbouring words.
#include "prelude.cuh"
#include "activations.cuh"

__device__ inline void put(float* y, long long i, float value, int accumulate)
{
    y[i] = accumulate ? y[i] + value : value;
}

// x = value
extern "C" __global__ void fill(float* __restrict__ x, long long n, float value)
{
    FOR_EACH(i, n) x[i] = value;
}

// y = alpha x + beta y; with beta = 0 the old y is not read
extern "C" __global__ void axpby(float* y, const float* x, long long n, float alpha, float beta)
{
    FOR_EACH(i, n) y[i] = beta == 0.0f ? alpha * x[i] : alpha * x[i] + beta * y[i];
}

// y = a + b
extern "C" __global__ void add(float* y, const float* a, const float* b, long long n)
{
    FOR_EACH(i, n) y[i] = a[i] + b[i];
}

// y = a b, or y += a b
extern "C" __global__ void multiply(float* y, const float* a, const float* b, long long n, int accumulate)
{
    FOR_EACH(i, n) put(y, i, a[i] * b[i], accumulate);
}

// y = f(x)
extern "C" __global__ void activation_forward(float* y, const float* x, long long n, int kind)
{
    FOR_EACH(i, n) y[i] = activation_value(kind, x[i]);
}

// dx = dy f'(x), or dx += that
extern "C" __global__ void activation_backward(float* dx, const float* dy, const float* x, long long n, int kind, int accumulate)
{
    FOR_EACH(i, n) put(dx, i, dy[i] * activation_slope(kind, x[i]), accumulate);
}

// y[r, c] = x[r, c] + b[c]
extern "C" __global__ void add_broadcast(float* y, const float* x, const float* b, long long n, int columns)
{
    FOR_EACH(i, n) y[i] = x[i] + b[i % columns];
}

// y[r, c] = a[r] x[r, c] + b[r] z[r, c]
extern "C" __global__ void combine_rows(float* y, const float* x, const float* a, const float* z, const float* b, long long n, long long columns)
{
    FOR_EACH(i, n)
    {
        long long r = i / columns;
        y[i] = a[r] * x[i] + b[r] * z[i];
    }
}
