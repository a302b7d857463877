// Normalisation of channels and pooling, channels last: neighbouring threads take neighbouring channels. Column sums go in two launches, as in rows.cu.
#include "prelude.cuh"
#include "activations.cuh"
#include "window.cuh"

#define DEEP 8

__device__ inline float sum_of_lanes(float mine, float (*lanes)[33])
{
    lanes[threadIdx.y][threadIdx.x] = mine;
    __syncthreads();
    float sum = 0.0f;
    for (int k = 0; k < DEEP; k++) sum += lanes[k][threadIdx.x];
    __syncthreads();
    return sum;
}

// strips[group, s, 0 and 1, c] = mean and squared deviations of the rows of strip s of the group (blockIdx.z), read twice
extern "C" __global__ void channel_moments_strips(float* strips, const float* x, long long rows, int channels, long long stripRows)
{
    __shared__ float lanes[DEEP][33];
    int c = blockIdx.x * 32 + threadIdx.x;
    long long begin = blockIdx.y * stripRows, end = begin + stripRows < rows ? begin + stripRows : rows;
    const float* from = x + blockIdx.z * rows * channels;
    float sum = 0.0f, squares = 0.0f;
    if (c < channels)
    {
        for (long long r = begin + threadIdx.y; r < end; r += DEEP) sum += from[r * channels + c];
    }
    float mean = sum_of_lanes(sum, lanes) / (float)(end - begin);
    if (c < channels)
    {
        for (long long r = begin + threadIdx.y; r < end; r += DEEP) squares += (from[r * channels + c] - mean) * (from[r * channels + c] - mean);
    }
    squares = sum_of_lanes(squares, lanes);
    if (threadIdx.y == 0 && c < channels)
    {
        float* to = strips + ((long long)blockIdx.z * gridDim.y + blockIdx.y) * 2 * channels + c;
        to[0] = mean;
        to[channels] = squares;
    }
}

// mean and variance [groups, channels] from the strips, by Chan's formula in their order
extern "C" __global__ void channel_moments(float* mean, float* variance, const float* strips, long long n, int channels, int count, long long rows, long long stripRows)
{
    FOR_EACH(i, n)
    {
        double seen = 0.0, m = 0.0, squares = 0.0;
        for (int s = 0; s < count; s++)
        {
            long long begin = s * stripRows, end = begin + stripRows < rows ? begin + stripRows : rows;
            const float* from = strips + (i / channels * count + s) * 2 * channels + i % channels;
            double more = (double)(end - begin), delta = from[0] - m, all = seen + more;
            squares += from[channels] + delta * delta * seen * more / all;
            m += delta * more / all;
            seen = all;
        }
        mean[i] = (float)m;
        variance[i] = (float)(squares / (double)rows);
    }
}

// y = f((x - mean) / sqrt(variance + epsilon) gamma + beta); a run of rows has its own statistics
extern "C" __global__ void channel_norm_forward(
    float* y, const float* x, const float* mean, const float* variance, const float* gamma, const float* beta, long long n, int channels, long long run,
    float epsilon, int kind)
{
    FOR_EACH(i, n)
    {
        int c = (int)(i % channels);
        long long s = i / run * channels + c;
        y[i] = activation_value(kind, (x[i] - mean[s]) * (gamma[c] / sqrtf(variance[s] + epsilon)) + beta[c]);
    }
}

// The strips of dgamma and dbeta: sums over rows of the slopes before normalisation, times the normalised values and plain
extern "C" __global__ void channel_norm_strips(
    float* gammaStrips, float* betaStrips, const float* dy, const float* x, const float* mean, const float* variance, const float* gamma, const float* beta,
    long long rows, int channels, long long stripRows, float epsilon, int kind)
{
    __shared__ float lanes[DEEP][33];
    int c = blockIdx.x * 32 + threadIdx.x;
    long long begin = blockIdx.y * stripRows, end = begin + stripRows < rows ? begin + stripRows : rows;
    float sum = 0.0f, dot = 0.0f;
    if (c < channels)
    {
        float rstd = 1.0f / sqrtf(variance[c] + epsilon);
        for (long long r = begin + threadIdx.y; r < end; r += DEEP)
        {
            float normal = (x[r * channels + c] - mean[c]) * rstd, g = dy[r * channels + c] * activation_slope(kind, normal * gamma[c] + beta[c]);
            sum += g;
            dot += g * normal;
        }
    }
    sum = sum_of_lanes(sum, lanes);
    dot = sum_of_lanes(dot, lanes);
    if (threadIdx.y == 0 && c < channels)
    {
        gammaStrips[(long long)blockIdx.y * channels + c] = dot;
        betaStrips[(long long)blockIdx.y * channels + c] = sum;
    }
}

// totals[0, c] and totals[1, c] = sums of the strips, which are also added to dbeta and dgamma
extern "C" __global__ void channel_norm_totals(
    float* totals, float* dgamma, float* dbeta, const float* gammaStrips, const float* betaStrips, int count, int channels)
{
    FOR_EACH(c, channels)
    {
        float sum = 0.0f, dot = 0.0f;
        for (int s = 0; s < count; s++)
        {
            sum += betaStrips[(long long)s * channels + c];
            dot += gammaStrips[(long long)s * channels + c];
        }
        totals[c] = sum;
        totals[channels + c] = dot;
        dbeta[c] += sum;
        dgamma[c] += dot;
    }
}

// dx of the normalisation; share is 1 / rows where the statistics are of the batch, else 0
extern "C" __global__ void channel_norm_backward(
    float* dx, const float* dy, const float* x, const float* mean, const float* variance, const float* gamma, const float* beta, const float* totals, long long n,
    int channels, float epsilon, float share, int kind, int accumulate)
{
    FOR_EACH(i, n)
    {
        int c = (int)(i % channels);
        float rstd = 1.0f / sqrtf(variance[c] + epsilon), normal = (x[i] - mean[c]) * rstd;
        float g = dy[i] * activation_slope(kind, normal * gamma[c] + beta[c]);
        float value = (g - share * (totals[c] + normal * totals[channels + c])) * (gamma[c] * rstd);
        dx[i] = accumulate ? dx[i] + value : value;
    }
}

// y = the largest under the window, places = at which tap, the first of equals
extern "C" __global__ void max_pool_forward(float* y, float* places, const float* x, long long n, int channels, WindowSizes w)
{
    FOR_EACH(i, n)
    {
        float best = -infinity(), place = 0.0f;
        for (int tap = 0; tap < w.kernelHeight * w.kernelWidth; tap++)
        {
            long long at = seen_pixel(w, i / channels, tap);
            if (at < 0) continue;
            float value = x[at * channels + i % channels];
            if (!(value <= best))
            {
                best = value;
                place = (float)tap;
            }
        }
        y[i] = best;
        places[i] = place;
    }
}

// Every pixel asks the places that see it, in the order of the taps
extern "C" __global__ void max_pool_backward(float* dx, const float* dy, const float* places, long long n, int channels, WindowSizes w, int accumulate)
{
    FOR_EACH(i, n)
    {
        float sum = accumulate ? dx[i] : 0.0f;
        for (int tap = 0; tap < w.kernelHeight * w.kernelWidth; tap++)
        {
            long long at = seeing_place(w, i / channels, tap);
            if (at >= 0 && places[at * channels + i % channels] == (float)tap) sum += dy[at * channels + i % channels];
        }
        dx[i] = sum;
    }
}

// y = the mean under the window
extern "C" __global__ void average_pool_forward(float* y, const float* x, long long n, int channels, WindowSizes w)
{
    FOR_EACH(i, n)
    {
        int taps = w.kernelHeight * w.kernelWidth;
        float sum = 0.0f;
        for (int tap = 0; tap < taps; tap++) sum += x[seen_pixel(w, i / channels, tap) * channels + i % channels];
        y[i] = sum / (float)taps;
    }
}

extern "C" __global__ void average_pool_backward(float* dx, const float* dy, long long n, int channels, WindowSizes w, int accumulate)
{
    FOR_EACH(i, n)
    {
        int taps = w.kernelHeight * w.kernelWidth;
        float sum = 0.0f;
        for (int tap = 0; tap < taps; tap++)
        {
            long long at = seeing_place(w, i / channels, tap);
            if (at >= 0) sum += dy[at * channels + i % channels];
        }
        dx[i] = (accumulate ? dx[i] : 0.0f) + sum / (float)taps;
    }
}

// y[b, j, i] = x[b, i, j], or y += that: writes are neighbours, reads come from the cache
extern "C" __global__ void swap_rows_and_columns(float* y, const float* x, long long n, int rows, int columns, int accumulate)
{
    FOR_EACH(i, n)
    {
        long long matrix = i / rows / columns;
        float value = x[(matrix * rows + i % rows) * columns + i / rows % columns];
        y[i] = accumulate ? y[i] + value : value;
    }
}
