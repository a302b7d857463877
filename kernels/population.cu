// Many small networks over the same images in one launch: a block per (network, tile of 64 images) runs the whole network without leaving the chip, and
// leaves one word of error bits and one partial loss.
#include "prelude.cuh"
#include "reduce.cuh"

#define IMAGES 64
#define PITCH (IMAGES + 1)
#define CHUNK 32
#define GROUPS 4 // threads of a block: IMAGES x GROUPS; group g takes units g, g + 4, ...

struct Widths
{
    int count;
    int value[8];
};

// wrong[network, tile] and partial[network, tile]; weights [networks, parameters] laid out weight, bias, weight, bias ...
extern "C" __global__ void population_mlp(
    unsigned long long* __restrict__ wrong, double* __restrict__ partial, const float* __restrict__ weights, const float* __restrict__ images,
    const int* __restrict__ labels, int n, long long parameters, Widths widths, int widest)
{
    DYN_SHARED(float, shared);
    __shared__ double warps[33];
    __shared__ unsigned bits[2];
    float *inputs = shared, *chunk = inputs + CHUNK * PITCH, *current = chunk + widest * (CHUNK + 1), *next = current + widest * PITCH;
    int image = threadIdx.x % IMAGES, group = threadIdx.x / IMAGES, first = blockIdx.x * IMAGES;
    const float* at = weights + blockIdx.y * parameters;
    for (int layer = 1; layer < widths.count; layer++)
    {
        int from = widths.value[layer - 1], to = widths.value[layer];
        const float* bias = at + (long long)from * to;
        for (int u = group; u < to; u += GROUPS) next[u * PITCH + image] = bias[u];
        for (int k0 = 0; k0 < from; k0 += CHUNK)
        {
            int deep = from - k0 < CHUNK ? from - k0 : CHUNK;
            for (int i = threadIdx.x; i < to * deep; i += blockDim.x) chunk[i / deep * (CHUNK + 1) + i % deep] = at[(long long)(i / deep) * from + k0 + i % deep];
            if (layer == 1)
            {
                for (int i = threadIdx.x; i < IMAGES * deep; i += blockDim.x)
                {
                    int row = first + i / deep;
                    inputs[i % deep * PITCH + i / deep] = row < n ? images[(long long)row * from + k0 + i % deep] : 0.0f;
                }
            }
            __syncthreads();
            const float* source = layer == 1 ? inputs : current + k0 * PITCH;
            for (int u = group; u < to; u += GROUPS)
            {
                float sum = 0.0f;
                for (int k = 0; k < deep; k++) sum += chunk[u * (CHUNK + 1) + k] * source[k * PITCH + image];
                next[u * PITCH + image] += sum;
            }
            __syncthreads();
        }
        if (layer < widths.count - 1)
        {
            for (int u = group; u < to; u += GROUPS)
            {
                float value = next[u * PITCH + image];
                next[u * PITCH + image] = value > 0.0f || value != value ? value : 0.0f;
            }
        }
        __syncthreads();
        float* swap = current;
        current = next;
        next = swap;
        at = bias + to;
    }
    int classes = widths.value[widths.count - 1];
    double loss = 0.0;
    if (threadIdx.x < IMAGES) // two whole warps
    {
        bool there = first + image < n;
        int best = 0;
        for (int c = 1; c < classes; c++)
        {
            if (current[c * PITCH + image] > current[best * PITCH + image]) best = c;
        }
        float top = current[best * PITCH + image], sum = 0.0f;
        for (int c = 0; c < classes; c++) sum += expf(current[c * PITCH + image] - top);
        int label = there ? labels[first + image] : best;
        if (there) loss = (double)(top + logf(sum) - current[label * PITCH + image]);
        unsigned votes = __ballot_sync(0xffffffffu, best != label);
        if ((threadIdx.x & 31) == 0) bits[threadIdx.x >> 5] = votes;
    }
    __syncthreads();
    loss = block_sum(loss, warps);
    if (threadIdx.x != 0) return;
    long long place = (long long)blockIdx.y * gridDim.x + blockIdx.x;
    wrong[place] = (unsigned long long)bits[1] << 32 | bits[0];
    partial[place] = loss;
}

// For layers that do not fit on the chip, whose products are made by matrix products: values[network, image, unit] += the network's bias, and the negative
// ones become zero unless the layer is the last. bias points to the first network's.
extern "C" __global__ void population_bias(float* values, const float* bias, long long n, int images, int units, long long parameters, int last)
{
    FOR_EACH(i, n)
    {
        float value = values[i] + bias[i / units / images * parameters + i % units];
        values[i] = last || value > 0.0f || value != value ? value : 0.0f;
    }
}

// As the end of population_mlp from logits [network, image, class]: a block per (tile of 64 images, network), `tile` the first tile of all `tiles` of them
extern "C" __global__ void population_outcome(
    unsigned long long* __restrict__ wrong, double* __restrict__ partial, const float* __restrict__ logits, const int* __restrict__ labels, int images, int classes,
    int tile, int tiles)
{
    __shared__ double warps[33];
    __shared__ unsigned bits[2];
    int image = blockIdx.x * IMAGES + threadIdx.x, best = 0;
    bool there = image < images;
    double loss = 0.0;
    bool isWrong = false;
    if (there)
    {
        const float* of = logits + ((long long)blockIdx.y * images + image) * classes;
        for (int c = 1; c < classes; c++)
        {
            if (of[c] > of[best]) best = c;
        }
        float sum = 0.0f;
        for (int c = 0; c < classes; c++) sum += expf(of[c] - of[best]);
        isWrong = best != labels[image];
        loss = (double)(of[best] + logf(sum) - of[labels[image]]);
    }
    unsigned votes = __ballot_sync(FULL_MASK, isWrong);
    if (LANE == 0) bits[threadIdx.x >> 5] = votes;
    __syncthreads();
    loss = block_sum(loss, warps);
    if (threadIdx.x != 0) return;
    long long place = (long long)blockIdx.y * tiles + tile + blockIdx.x;
    wrong[place] = (unsigned long long)bits[1] << 32 | bits[0];
    partial[place] = loss;
}

// losses[network] = mean over the images from the partial sums of its tiles, in order
extern "C" __global__ void population_losses(float* losses, const double* partial, int networks, int tiles, int n)
{
    int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= networks) return;
    double sum = 0.0;
    for (int t = 0; t < tiles; t++) sum += partial[(long long)k * tiles + t];
    losses[k] = (float)(sum / n);
}
