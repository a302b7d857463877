// Random numbers of named streams: Philox 4x32-10, number i a pure function of (key, step, i). The words are those of the CPU to the bit; normals use the
// CPU's own polynomials with the same fused operations, so they are too.
#include "prelude.cuh"
#include "philox.cuh"

// x[i] = standard normal number i. A thread makes the four numbers of a block.
extern "C" __global__ void normal(float* x, long long n, unsigned long long key, unsigned long long step, const int* advance)
{
    step = moved(step, advance);
    FOR_EACH(block, (n + 3) / 4)
    {
        float z[4];
        four_normals(z, block, key, step);
        for (int k = 0; k < 4 && block * 4 + k < n; k++) x[block * 4 + k] = z[k];
    }
}

// x[r, i] = standard normal number i of the stream of keys[r]
extern "C" __global__ void normal_rows(
    float* x, long long rows, int columns, const unsigned long long* __restrict__ keys, unsigned long long step, const int* advance)
{
    int blocks = (columns + 3) / 4;
    step = moved(step, advance);
    FOR_EACH(at, rows * blocks)
    {
        long long r = at / blocks;
        int first = (int)(at % blocks) * 4;
        float z[4];
        four_normals(z, first / 4, keys[r], step);
        for (int k = 0; k < 4 && first + k < columns; k++) x[r * columns + first + k] = z[k];
    }
}

// One reverse step of a diffusion with its noise: x = s x + p prediction + d z, (p, s, d) = coefficients[step]. Twelve bytes a value: the noise never reaches memory.
extern "C" __global__ void reverse_step(
    float* __restrict__ x, const float* __restrict__ prediction, const float* __restrict__ coefficients, long long rows, int columns,
    const unsigned long long* __restrict__ keys, unsigned long long step, const int* advance)
{
    int blocks = (columns + 3) / 4;
    step = moved(step, advance);
    const float* c = coefficients + 3 * step;
    float p = c[0], s = c[1], d = c[2];
    FOR_EACH(at, rows * blocks)
    {
        long long r = at / blocks;
        int first = (int)(at % blocks) * 4;
        float z[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        if (d != 0.0f) four_normals(z, first / 4, keys[r], step);
        for (int k = 0; k < 4 && first + k < columns; k++)
        {
            long long i = r * columns + first + k;
            x[i] = s * x[i] + (d * z[k] + p * prediction[i]);
        }
    }
}

// x[i] = uniform number i, in [0, 1) with 24 random bits
extern "C" __global__ void uniform(float* x, long long n, unsigned long long key, unsigned long long step, const int* advance)
{
    step = moved(step, advance);
    FOR_EACH(i, n) x[i] = (word(i, key, step) >> 8) * (1.0f / 16777216.0f);
}

// y = x scale where the stream's word is at least the threshold, 0 elsewhere; or y += that
extern "C" __global__ void dropout(
    float* y, const float* x, long long n, unsigned threshold, float scale, unsigned long long key, unsigned long long step, const int* advance, int accumulate)
{
    step = moved(step, advance);
    FOR_EACH(i, n)
    {
        float value = word(i, key, step) < threshold ? 0.0f : x[i] * scale;
        y[i] = accumulate ? y[i] + value : value;
    }
}

// y[r, :] = sin(f x[r]) | cos(f x[r]) | x[r]; the product is rounded once, and sinf and cosf reduce it fully: it reaches 10^7
extern "C" __global__ void frequency_features(float* y, const float* x, const float* frequencies, long long rows, int count)
{
    int width = 2 * count + 1;
    FOR_EACH(i, rows * (count + 1))
    {
        long long r = i / (count + 1);
        int f = (int)(i % (count + 1));
        float* row = y + r * width;
        if (f == count)
        {
            row[2 * count] = x[r];
            continue;
        }
        float product = __fmul_rn(frequencies[f], x[r]);
        row[f] = sinf(product);
        row[count + f] = cosf(product);
    }
}
