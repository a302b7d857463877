// Many small perceptrons over the same images, version by version. What ships is population_mlp and population_losses of ../population.cu; CPU reference: PopulationMlp
// of the reference device. Floor: two operations for each weight, image and network; weights and images once from memory.
//   population_1  a thread an image of a network, values in its own memory: every thread reads every weight and its whole image from memory
//   population_2  the same, a layer's weights through shared memory in pieces: the block's 64 images share them
//   ships         pieces of weights and of images in shared memory, and the units of a layer shared out to four threads of each image
// Layers have at most 64 units here. Losses are left per image, [networks, images], for population_mean.
#include "prelude.cuh"

#define IMAGES 64
#define MOST 64
#define PIECE 2048

struct LayerWidths
{
    int count;
    int value[8];
};

// What a network says of an image: its loss, and a bit where it is wrong. All 64 threads of a block come here.
__device__ inline void judge(u32* wrong, float* losses, const float* values, const int* labels, int n, LayerWidths widths)
{
    int image = blockIdx.x * IMAGES + threadIdx.x, best = 0, classes = widths.value[widths.count - 1];
    float sum = 0.0f;
    for (int c = 1; c < classes; c++) best = values[c] > values[best] ? c : best;
    for (int c = 0; c < classes; c++) sum += expf(values[c] - values[best]);
    bool there = image < n;
    if (there) losses[(long long)blockIdx.y * n + image] = values[best] + logf(sum) - values[labels[image]];
    u32 bits = __ballot_sync(FULL_MASK, there && best != labels[image]);
    if (LANE == 0) wrong[2 * ((long long)blockIdx.y * gridDim.x + blockIdx.x) + (threadIdx.x >> 5)] = bits;
}

extern "C" __global__ void population_1(
    unsigned long long* wrong, float* losses, const float* weights, const float* images, const int* labels, int n, long long parameters, LayerWidths widths)
{
    int image = blockIdx.x * IMAGES + threadIdx.x;
    const float *from = images + (long long)(image < n ? image : 0) * widths.value[0], *at = weights + blockIdx.y * parameters;
    float values[2][MOST];
    for (int layer = 1; layer < widths.count; layer++)
    {
        int inputs = widths.value[layer - 1], units = widths.value[layer];
        float* to = values[layer % 2];
        for (int u = 0; u < units; u++)
        {
            float sum = at[inputs * units + u];
            for (int k = 0; k < inputs; k++) sum += at[u * inputs + k] * from[k];
            to[u] = layer < widths.count - 1 && sum < 0.0f ? 0.0f : sum;
        }
        from = to;
        at += (inputs + 1) * units;
    }
    judge(reinterpret_cast<u32*>(wrong), losses, from, labels, n, widths);
}

extern "C" __global__ void population_2(
    unsigned long long* wrong, float* losses, const float* weights, const float* images, const int* labels, int n, long long parameters, LayerWidths widths)
{
    __shared__ float piece[PIECE];
    int image = blockIdx.x * IMAGES + threadIdx.x;
    const float *from = images + (long long)(image < n ? image : 0) * widths.value[0], *at = weights + blockIdx.y * parameters;
    float values[2][MOST];
    for (int layer = 1; layer < widths.count; layer++)
    {
        int inputs = widths.value[layer - 1], units = widths.value[layer], deep = PIECE / units;
        float* to = values[layer % 2];
        for (int u = 0; u < units; u++) to[u] = at[inputs * units + u];
        for (int k0 = 0; k0 < inputs; k0 += deep)
        {
            int some = inputs - k0 < deep ? inputs - k0 : deep;
            __syncthreads();
            for (int i = threadIdx.x; i < some * units; i += IMAGES) piece[i] = at[i / some * inputs + k0 + i % some];
            __syncthreads();
            for (int k = 0; k < some; k++)
            {
                for (int u = 0; u < units; u++) to[u] += piece[u * some + k] * from[k0 + k];
            }
        }
        for (int u = 0; u < units && layer < widths.count - 1; u++) to[u] = to[u] < 0.0f ? 0.0f : to[u];
        from = to;
        at += (inputs + 1) * units;
    }
    judge(reinterpret_cast<u32*>(wrong), losses, from, labels, n, widths);
}

// means[network] = mean of its losses; a thread a network
extern "C" __global__ void population_mean(float* means, const float* losses, int networks, int n)
{
    FOR_EACH(k, networks)
    {
        double sum = 0.0;
        for (int i = 0; i < n; i++) sum += (double)losses[k * n + i];
        means[k] = (float)(sum / n);
    }
}
