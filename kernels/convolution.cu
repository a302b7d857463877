// Convolutions of channels-last grids as products whose left factor is never stored: a block gathers 64 places by 16 taps and channels into shared memory, and each
// of its 256 threads keeps 4 x 4 results, as in gemm.cu. blockIdx.z is the group, for filter gradients the group and the strip of rows.
#include "prelude.cuh"
#include "window.cuh"

#define SIDE 64
#define DEPTH 16

struct ConvSizes
{
    int batch, channels, filters, groups;
    WindowSizes window;
};

__device__ inline void clear_sums(float (*sums)[4])
{
    for (int i = 0; i < 4; i++)
    {
        for (int j = 0; j < 4; j++) sums[i][j] = 0.0f;
    }
}

__device__ inline void add_tiles(float (*sums)[4], float (*aTile)[SIDE + 1], float (*bTile)[SIDE + 1], int ty, int tx)
{
    for (int k = 0; k < DEPTH; k++)
    {
        for (int i = 0; i < 4; i++)
        {
            for (int j = 0; j < 4; j++) sums[i][j] += aTile[k][ty + 16 * i] * bTile[k][tx + 16 * j];
        }
    }
}

// y[place, f] = bias[f] + sum over taps and channels of weight[f, c, tap] x[seen pixel, c]; or the transposed map, from outputs' places to pixels
__device__ inline void product(float* to, const float* from, const float* weight, const float* bias, ConvSizes s, int transposed, int accumulate)
{
    __shared__ float aTile[DEPTH][SIDE + 1];
    __shared__ float bTile[DEPTH][SIDE + 1];
    WindowSizes w = s.window;
    int taps = w.kernelHeight * w.kernelWidth, channels = s.channels / s.groups, filters = s.filters / s.groups, group = blockIdx.z;
    int inputs = transposed ? filters : channels, outputs = transposed ? channels : filters, depth = taps * inputs;
    int fromStride = transposed ? s.filters : s.channels, toStride = transposed ? s.channels : s.filters;
    long long rows = (long long)s.batch * (transposed ? w.height * w.width : w.outHeight * w.outWidth), row0 = (long long)blockIdx.x * SIDE;
    int column0 = blockIdx.y * SIDE, ty = threadIdx.x / 16, tx = threadIdx.x % 16;
    weight += (long long)group * filters * channels * taps;
    float sums[4][4];
    clear_sums(sums);
    for (int k0 = 0; k0 < depth; k0 += DEPTH)
    {
        for (int at = threadIdx.x; at < SIDE * DEPTH; at += blockDim.x)
        {
            int i = at / DEPTH, k = at % DEPTH, tap = (k0 + k) / inputs, c = (k0 + k) % inputs;
            long long source = -1;
            if (row0 + i < rows && k0 + k < depth) source = transposed ? seeing_place(w, row0 + i, tap) : seen_pixel(w, row0 + i, tap);
            aTile[k][i] = source >= 0 ? from[source * fromStride + group * inputs + c] : 0.0f;
            int j = at % SIDE, l = at / SIDE;
            tap = (k0 + l) / inputs;
            c = (k0 + l) % inputs;
            bool there = column0 + j < outputs && k0 + l < depth;
            int filter = transposed ? c : column0 + j, channel = transposed ? column0 + j : c;
            bTile[l][j] = there ? weight[((long long)filter * channels + channel) * taps + tap] : 0.0f;
        }
        __syncthreads();
        add_tiles(sums, aTile, bTile, ty, tx);
        __syncthreads();
    }
    for (int i = 0; i < 4; i++)
    {
        for (int j = 0; j < 4; j++)
        {
            long long row = row0 + ty + 16 * i;
            int column = column0 + tx + 16 * j;
            if (row >= rows || column >= outputs) continue;
            float value = sums[i][j] + (bias ? bias[group * outputs + column] : 0.0f);
            float* at = to + row * toStride + group * outputs + column;
            *at = accumulate ? *at + value : value;
        }
    }
}

extern "C" __global__ void convolution_forward(float* y, const float* __restrict__ x, const float* __restrict__ weight, const float* __restrict__ bias, ConvSizes s)
{
    product(y, x, weight, bias, s, 0, 0);
}

extern "C" __global__ void convolution_data_gradient(
    float* dx, const float* __restrict__ dy, const float* __restrict__ weight, const float* __restrict__ bias, ConvSizes s, int accumulate)
{
    product(dx, dy, weight, bias, s, 1, accumulate);
}

// strips[strip, f, (c, tap)] = sum over the strip's places of dy[place, f] x[seen pixel, c]
extern "C" __global__ void convolution_filter_strips(
    float* strips, const float* __restrict__ dy, const float* __restrict__ x, ConvSizes s, int stripCount, long long stripRows)
{
    __shared__ float aTile[DEPTH][SIDE + 1];
    __shared__ float bTile[DEPTH][SIDE + 1];
    WindowSizes w = s.window;
    int taps = w.kernelHeight * w.kernelWidth, channels = s.channels / s.groups, filters = s.filters / s.groups, columns = channels * taps;
    int group = blockIdx.z / stripCount, strip = blockIdx.z % stripCount, row0 = blockIdx.y * SIDE, column0 = blockIdx.x * SIDE;
    int ty = threadIdx.x / 16, tx = threadIdx.x % 16;
    long long rows = (long long)s.batch * w.outHeight * w.outWidth, begin = strip * stripRows, end = begin + stripRows < rows ? begin + stripRows : rows;
    float sums[4][4];
    clear_sums(sums);
    for (long long k0 = begin; k0 < end; k0 += DEPTH)
    {
        for (int at = threadIdx.x; at < SIDE * DEPTH; at += blockDim.x)
        {
            int i = at % SIDE, k = at / SIDE;
            long long place = k0 + k;
            aTile[k][i] = place < end && row0 + i < filters ? dy[place * s.filters + group * filters + row0 + i] : 0.0f;
            int column = column0 + i;
            long long source = place < end && column < columns ? seen_pixel(w, place, column % taps) : -1;
            bTile[k][i] = source >= 0 ? x[source * s.channels + group * channels + column / taps] : 0.0f;
        }
        __syncthreads();
        add_tiles(sums, aTile, bTile, ty, tx);
        __syncthreads();
    }
    for (int i = 0; i < 4; i++)
    {
        for (int j = 0; j < 4; j++)
        {
            int row = row0 + ty + 16 * i, column = column0 + tx + 16 * j;
            if (row < filters && column < columns) strips[((long long)strip * s.filters + group * filters + row) * columns + column] = sums[i][j];
        }
    }
}
