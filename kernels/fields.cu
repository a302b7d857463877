// Occupancy fields: a block takes one network and a tile of points and runs all layers without leaving the chip. Points lie along the lanes; a warp's lanes read the
// same weight at a time.
#include "prelude.cuh"
#include "reduce.cuh"

#define FEATURES 27
#define TILE 64 // points of a block of the forward pass: its threads are TILE x GROUPS, and group g takes units 4g, 4g + 4 GROUPS, ...
#define GROUPS 4
#define BATCH_TILE 32 // points of a tile of the backward pass: a warp, and BATCH_GROUPS warps of units
#define BATCH_GROUPS 8

struct FieldSizes
{
    int hidden, width, parameters;
};

__device__ inline int field_inputs(const FieldSizes& net, int layer) { return layer == 0 ? FEATURES : net.width; }
__device__ inline int field_outputs(const FieldSizes& net, int layer) { return layer == net.hidden ? 1 : net.width; }
__device__ inline int field_offset(const FieldSizes& net, int layer)
{
    return layer == 0 ? 0 : (FEATURES + 1) * net.width + (layer - 1) * (net.width + 1) * net.width;
}

// A coordinate from -1 to 1, and sine and cosine of 1, 2, 4 and 8 times it by Taylor's polynomials and doubled angles, three features apart.
__device__ inline void field_encode(float* to, float x, int pitch)
{
    float g = x * x;
    float s = x + x * g * (-1.6666667e-1f + g * (8.3333333e-3f + g * (-1.9841270e-4f + g * 2.7557319e-6f)));
    float c = 1.0f + g * (-0.5f + g * (4.1666667e-2f + g * (-1.3888889e-3f + g * (2.4801587e-5f + g * (-2.7557319e-7f + g * 2.0876757e-9f)))));
    to[0] = x;
    for (int k = 0; k < 4; k++)
    {
        to[(3 + 6 * k) * pitch] = s;
        to[(6 + 6 * k) * pitch] = c;
        float both = s * c, square = s * s;
        s = 2.0f * both;
        c = 1.0f - 2.0f * square;
    }
}

// next[u, point] = the layer's unit u, four units at a time
__device__ inline void field_layer(float* next, const float* current, const float* weight, int inputs, int outputs, int point, int group, int groups, int pitch, bool relu)
{
    const float* bias = weight + outputs * inputs;
    for (int u = 4 * group; u < outputs; u += 4 * groups)
    {
        int units = outputs - u < 4 ? outputs - u : 4;
        float sum[4];
        const float* row[4];
        for (int j = 0; j < 4; j++)
        {
            int unit = u + (j < units ? j : units - 1);
            sum[j] = bias[unit];
            row[j] = weight + unit * inputs;
        }
        for (int i = 0; i < inputs; i++)
        {
            float x = current[i * pitch + point];
            for (int j = 0; j < 4; j++) sum[j] += row[j][i] * x;
        }
        for (int j = 0; j < units; j++) next[(u + j) * pitch + point] = relu && !(sum[j] > 0.0f) && sum[j] == sum[j] ? 0.0f : sum[j];
    }
}

// logits[network, point]; points [networks or 1, n, 3] if ny is 0, else node n of the grid of x, y (ny nodes), z (nz nodes)
extern "C" __global__ void field_logits(
    float* __restrict__ logits, const float* __restrict__ weights, const float* __restrict__ points, long long pointStride, const float* __restrict__ gridY,
    const float* __restrict__ gridZ, long long n, int ny, int nz, FieldSizes net)
{
    DYN_SHARED(float, shared);
    const int pitch = TILE + 1;
    int widest = net.width > FEATURES ? net.width : FEATURES, point = threadIdx.x % TILE, group = threadIdx.x / TILE;
    float *current = shared, *next = shared + widest * pitch;
    long long at = (long long)blockIdx.x * TILE + point, index = at < n ? at : n - 1;
    const float* row = weights + (long long)blockIdx.y * net.parameters;
    if (group < 3)
    {
        float x;
        if (ny == 0) x = points[blockIdx.y * pointStride + 3 * index + group];
        else x = group == 0 ? points[index / nz / ny] : group == 1 ? gridY[index / nz % ny] : gridZ[index % nz];
        field_encode(current + group * pitch + point, x, pitch);
    }
    __syncthreads();
    for (int layer = 0; layer <= net.hidden; layer++)
    {
        field_layer(next, current, row + field_offset(net, layer), field_inputs(net, layer), field_outputs(net, layer), point, group, GROUPS, pitch, layer < net.hidden);
        __syncthreads();
        float* swap = current;
        current = next;
        next = swap;
    }
    if (group == 0 && at < n) logits[blockIdx.y * n + at] = current[point];
}

// partial[network, block, parameter] and losses[network, block]: gradient and loss of `per` tiles of the minibatch
extern "C" __global__ void field_gradient(
    float* __restrict__ partial, double* __restrict__ losses, const float* __restrict__ weights, const float* __restrict__ points, const float* __restrict__ inside,
    const int* __restrict__ index, int samples, int batch, int per, FieldSizes net)
{
    DYN_SHARED(float, shared);
    const int pitch = BATCH_TILE + 1;
    int widest = net.width > FEATURES ? net.width : FEATURES, point = threadIdx.x % BATCH_TILE, group = threadIdx.x / BATCH_TILE;
    float *features = shared, *units = features + FEATURES * pitch, *slope = units + net.hidden * net.width * pitch, *other = slope + widest * pitch;
    const float* row = weights + (long long)blockIdx.y * net.parameters;
    float* into = partial + ((long long)blockIdx.y * gridDim.x + blockIdx.x) * net.parameters;
    double loss = 0.0;
    for (int t = 0; t < per; t++)
    {
        int at = (blockIdx.x * per + t) * BATCH_TILE + point;
        bool there = at < batch;
        long long sample = (long long)blockIdx.y * samples + index[(long long)blockIdx.y * batch + (there ? at : 0)];
        if (group < 3) field_encode(features + group * pitch + point, points[3 * sample + group], pitch);
        __syncthreads();
        for (int layer = 0; layer <= net.hidden; layer++)
        {
            field_layer(
                layer == net.hidden ? slope : units + layer * net.width * pitch, layer == 0 ? features : units + (layer - 1) * net.width * pitch,
                row + field_offset(net, layer), field_inputs(net, layer), field_outputs(net, layer), point, group, BATCH_GROUPS, pitch, layer < net.hidden);
            __syncthreads();
        }
        if (group == 0)
        {
            float x = slope[point], label = inside[sample], small = expf(-fabsf(x));
            if (there) loss += (double)(fmaxf(x, 0.0f) - x * label + logf(1.0f + small));
            slope[point] = there ? 1.0f / (1.0f + expf(-x)) - label : 0.0f;
        }
        __syncthreads();
        for (int layer = net.hidden; layer >= 0; layer--)
        {
            int inputs = field_inputs(net, layer), outputs = field_outputs(net, layer), offset = field_offset(net, layer);
            const float *x = layer == 0 ? features : units + (layer - 1) * net.width * pitch, *weight = row + offset;
            for (int i = threadIdx.x; i < outputs * (inputs + 1); i += blockDim.x)
            {
                // First the weights, then the biases, whose input is 1.
                const float *s = slope + (i < outputs * inputs ? i / inputs : i - outputs * inputs) * pitch, *input = x + i % inputs * pitch;
                float sum = 0.0f;
                if (i < outputs * inputs)
                {
                    for (int p = 0; p < BATCH_TILE; p++) sum += s[p] * input[p];
                }
                else
                {
                    for (int p = 0; p < BATCH_TILE; p++) sum += s[p];
                }
                into[offset + i] = t == 0 ? sum : into[offset + i] + sum;
            }
            if (layer > 0)
            {
                for (int i = group; i < inputs; i += BATCH_GROUPS)
                {
                    float sum = 0.0f;
                    for (int o = 0; o < outputs; o++) sum += weight[o * inputs + i] * slope[o * pitch + point];
                    other[i * pitch + point] = x[i * pitch + point] > 0.0f ? sum : 0.0f;
                }
            }
            __syncthreads();
            float* swap = slope;
            slope = other;
            other = swap;
        }
        __syncthreads();
    }
    if (group != 0) return;
    loss = warp_sum(loss);
    if (point == 0) losses[(long long)blockIdx.y * gridDim.x + blockIdx.x] = loss;
}
