// Many small convolutional networks at once: a block takes a network and a few images, keeps the weights and all values in shared memory, and takes one image after
// the other through all layers, forward and back. Every sum belongs to one thread, so its order is fixed.
#include "prelude.cuh"
#include "activations.cuh"

#define MOST_LAYERS 4

struct PlaneSizes
{
    int offset, inputs, height, width, outputs, kernel, pools, toHeight, toWidth;
};

struct DenseSizes
{
    int offset, inputs, outputs;
};

struct NetSizes
{
    int planes, layers, activation, features, parameters, classes, values, widest;
    PlaneSizes plane[MOST_LAYERS];
    DenseSizes layer[MOST_LAYERS];
};

__device__ inline int plane_size(const PlaneSizes& p) { return p.outputs * p.toHeight * p.toWidth; }

// before = max over 2 x 2 of (filters * from + bias), to = activation of it; place, where wanted, is where the first largest stood before pooling
__device__ inline void plane_forward(const PlaneSizes& p, int activation, const float* row, const float* from, float* before, float* to, int* place)
{
    int area = p.toHeight * p.toWidth, filter = p.inputs * p.kernel * p.kernel, step = p.pools ? 2 : 1, outWidth = p.width - p.kernel + 1;
    for (int i = threadIdx.x; i < p.outputs * area; i += blockDim.x)
    {
        int o = i / area, y = i % area / p.toWidth * step, x = i % area % p.toWidth * step;
        const float* w = row + p.offset + o * filter;
        float bias = row[p.offset + p.outputs * filter + o], sums[4] = {bias, bias, bias, bias};
        for (int c = 0; c < p.inputs; c++)
        {
            for (int ky = 0; ky < p.kernel; ky++)
            {
                const float* line = from + (c * p.height + y + ky) * p.width + x;
                for (int kx = 0; kx < p.kernel; kx++, w++)
                {
                    sums[0] += *w * line[kx];
                    if (!p.pools) continue;
                    sums[1] += *w * line[kx + 1];
                    sums[2] += *w * line[kx + p.width];
                    sums[3] += *w * line[kx + p.width + 1];
                }
            }
        }
        int best = 0;
        for (int k = 1; p.pools && k < 4; k++)
        {
            if (sums[k] > sums[best]) best = k;
        }
        before[i] = sums[best];
        to[i] = activation_value(activation, sums[best]);
        if (place) place[i] = (y + best / 2) * outWidth + x + best % 2;
    }
}

__device__ inline void dense_forward(const DenseSizes& l, int activation, const float* row, const float* from, float* before, float* to)
{
    for (int u = threadIdx.x; u < l.outputs; u += blockDim.x)
    {
        float sum = row[l.offset + l.inputs * l.outputs + u];
        for (int k = 0; k < l.inputs; k++) sum += row[l.offset + u * l.inputs + k] * from[k];
        before[u] = sum;
        to[u] = activation_value(activation, sum);
    }
}

// The whole network on one image in shared memory; all threads must call it. Ends with a barrier; the logits are the last values.
__device__ inline void net_forward(const NetSizes& net, const float* row, const float* image, float* before, float* values, int* places)
{
    const float* from = image;
    int at = 0;
    for (int i = 0; i < net.planes + net.layers; i++)
    {
        if (i < net.planes)
            plane_forward(net.plane[i], net.activation, row, from, before + at, values + at, places ? places + at : nullptr);
        else
            dense_forward(net.layer[i - net.planes], i < net.planes + net.layers - 1 ? net.activation : IDENTITY, row, from, before + at, values + at);
        from = values + at;
        at += i < net.planes ? plane_size(net.plane[i]) : net.layer[i - net.planes].outputs;
        __syncthreads();
    }
}

__device__ inline double cross_entropy(const float* logits, int classes, int label)
{
    float top = logits[0], sum = 0.0f;
    for (int c = 1; c < classes; c++) top = fmaxf(top, logits[c]);
    for (int c = 0; c < classes; c++) sum += expf(logits[c] - top);
    return (double)(top + logf(sum) - logits[label]);
}

// wrong[network, tile] and partial[network, tile] for tiles of 64 images
extern "C" __global__ void convnet_evaluate(
    unsigned long long* __restrict__ wrong, double* __restrict__ partial, const float* __restrict__ weights, const float* __restrict__ images,
    const int* __restrict__ labels, int n, NetSizes net)
{
    DYN_SHARED(float, shared);
    float *row = shared, *image = row + net.parameters, *before = image + net.features, *values = before + net.values;
    for (int i = threadIdx.x; i < net.parameters; i += blockDim.x) row[i] = weights[(long long)blockIdx.y * net.parameters + i];
    int first = blockIdx.x * 64, last = first + 64 < n ? first + 64 : n;
    unsigned long long bits = 0;
    double loss = 0.0;
    for (int at = first; at < last; at++)
    {
        for (int i = threadIdx.x; i < net.features; i += blockDim.x) image[i] = images[(long long)at * net.features + i];
        __syncthreads();
        net_forward(net, row, image, before, values, nullptr);
        if (threadIdx.x == 0)
        {
            const float* logits = values + net.values - net.classes;
            int best = 0, label = labels[at];
            for (int c = 1; c < net.classes; c++)
            {
                if (logits[c] > logits[best]) best = c;
            }
            if (best != label) bits |= 1ull << (at - first);
            loss += cross_entropy(logits, net.classes, label);
        }
        __syncthreads();
    }
    if (threadIdx.x != 0) return;
    wrong[(long long)blockIdx.y * gridDim.x + blockIdx.x] = bits;
    partial[(long long)blockIdx.y * gridDim.x + blockIdx.x] = loss;
}

// logits[network, image, class]; a block takes a network and 16 images
extern "C" __global__ void convnet_logits(
    float* __restrict__ logits, const float* __restrict__ weights, const float* __restrict__ images, int n, NetSizes net)
{
    DYN_SHARED(float, shared);
    float *row = shared, *image = row + net.parameters, *before = image + net.features, *values = before + net.values;
    for (int i = threadIdx.x; i < net.parameters; i += blockDim.x) row[i] = weights[(long long)blockIdx.y * net.parameters + i];
    int first = blockIdx.x * 16, last = first + 16 < n ? first + 16 : n;
    for (int at = first; at < last; at++)
    {
        for (int i = threadIdx.x; i < net.features; i += blockDim.x) image[i] = images[(long long)at * net.features + i];
        __syncthreads();
        net_forward(net, row, image, before, values, nullptr);
        for (int c = threadIdx.x; c < net.classes; c += blockDim.x)
            logits[((long long)blockIdx.y * n + at) * net.classes + c] = values[net.values - net.classes + c];
        __syncthreads();
    }
}

// Adds a convolution's gradient: a thread for each filter tap and each bias
__device__ inline void plane_gradient(const PlaneSizes& p, float* gradient, const float* slope, const float* from, const int* place)
{
    int area = p.toHeight * p.toWidth, filter = p.inputs * p.kernel * p.kernel, outWidth = p.width - p.kernel + 1;
    for (int i = threadIdx.x; i < p.outputs * (filter + 1); i += blockDim.x)
    {
        bool bias = i >= p.outputs * filter;
        int o = bias ? i - p.outputs * filter : i / filter, tap = bias ? 0 : i % filter;
        int c = tap / (p.kernel * p.kernel), ky = tap / p.kernel % p.kernel, kx = tap % p.kernel;
        float sum = 0.0f;
        for (int at = o * area; at < (o + 1) * area; at++)
            sum += slope[at] * (bias ? 1.0f : from[(c * p.height + place[at] / outWidth + ky) * p.width + place[at] % outWidth + kx]);
        gradient[p.offset + i] += sum;
    }
}

// The slopes of a convolution's inputs: a thread for each input looks at every output that a filter reaches it from
__device__ inline void plane_passed(const PlaneSizes& p, float* passed, const float* row, const float* slope, const int* place)
{
    int area = p.toHeight * p.toWidth, filter = p.inputs * p.kernel * p.kernel, outWidth = p.width - p.kernel + 1, outHeight = p.height - p.kernel + 1;
    int step = p.pools ? 2 : 1;
    for (int i = threadIdx.x; i < p.inputs * p.height * p.width; i += blockDim.x)
    {
        int c = i / (p.height * p.width), y = i / p.width % p.height, x = i % p.width;
        float sum = 0.0f;
        for (int o = 0; o < p.outputs; o++)
        {
            for (int tap = 0; tap < p.kernel * p.kernel; tap++)
            {
                int outY = y - tap / p.kernel, outX = x - tap % p.kernel;
                if (outY < 0 || outX < 0 || outY >= outHeight || outX >= outWidth || outY / step >= p.toHeight || outX / step >= p.toWidth) continue;
                int at = o * area + outY / step * p.toWidth + outX / step;
                if (place[at] == outY * outWidth + outX) sum += slope[at] * row[p.offset + o * filter + c * p.kernel * p.kernel + tap];
            }
        }
        passed[i] = sum;
    }
}

__device__ inline void dense_gradient(const DenseSizes& l, float* gradient, const float* slope, const float* from)
{
    for (int i = threadIdx.x; i < l.outputs * (l.inputs + 1); i += blockDim.x)
    {
        bool bias = i >= l.outputs * l.inputs;
        gradient[l.offset + i] += bias ? slope[i - l.outputs * l.inputs] : slope[i / l.inputs] * from[i % l.inputs];
    }
}

__device__ inline void dense_passed(const DenseSizes& l, float* passed, const float* row, const float* slope)
{
    for (int k = threadIdx.x; k < l.inputs; k += blockDim.x)
    {
        float sum = 0.0f;
        for (int u = 0; u < l.outputs; u++) sum += slope[u] * row[l.offset + u * l.inputs + k];
        passed[k] = sum;
    }
}

// partial gradients [network, group, parameters] and losses [network, group] of groups of `each` images of a minibatch; logits [network, batch, classes]
extern "C" __global__ void convnet_gradient(
    float* __restrict__ partial, double* __restrict__ losses, float* __restrict__ logits, const float* __restrict__ weights, const float* __restrict__ images,
    const int* __restrict__ index, const int* __restrict__ labels, int batch, int each, int indexStride, NetSizes net)
{
    DYN_SHARED(float, shared);
    float *row = shared, *gradient = row + net.parameters, *image = gradient + net.parameters, *before = image + net.features, *values = before + net.values;
    float *slope = values + net.values, *passed = slope + net.widest;
    int* places = (int*)(passed + net.widest);
    for (int i = threadIdx.x; i < net.parameters; i += blockDim.x)
    {
        row[i] = weights[(long long)blockIdx.y * net.parameters + i];
        gradient[i] = 0.0f;
    }
    int first = blockIdx.x * each, last = first + each < batch ? first + each : batch, depth = net.planes + net.layers;
    double loss = 0.0;
    for (int b = first; b < last; b++)
    {
        long long from = (long long)index[blockIdx.y * indexStride + b] * net.features;
        for (int i = threadIdx.x; i < net.features; i += blockDim.x) image[i] = images[from + i];
        __syncthreads();
        net_forward(net, row, image, before, values, places);
        const float* found = values + net.values - net.classes;
        int label = labels[blockIdx.y * batch + b];
        float top = found[0], sum = 0.0f;
        for (int c = 1; c < net.classes; c++) top = fmaxf(top, found[c]);
        for (int c = 0; c < net.classes; c++) sum += expf(found[c] - top);
        for (int c = threadIdx.x; c < net.classes; c += blockDim.x)
        {
            slope[c] = (expf(found[c] - top) / sum - (c == label ? 1.0f : 0.0f)) / batch;
            logits[((long long)blockIdx.y * batch + b) * net.classes + c] = found[c];
        }
        if (threadIdx.x == 0) loss += cross_entropy(found, net.classes, label);
        __syncthreads();
        int at = net.values - net.classes;
        for (int i = depth - 1; i >= 0; i--)
        {
            int size = i == 0 ? net.features : i - 1 < net.planes ? plane_size(net.plane[i - 1]) : net.layer[i - 1 - net.planes].outputs;
            const float* inputs = i == 0 ? image : values + at - size;
            if (i < net.planes)
            {
                plane_gradient(net.plane[i], gradient, slope, inputs, places + at);
                if (i > 0) plane_passed(net.plane[i], passed, row, slope, places + at);
            }
            else
            {
                dense_gradient(net.layer[i - net.planes], gradient, slope, inputs);
                dense_passed(net.layer[i - net.planes], passed, row, slope);
            }
            __syncthreads();
            if (i == 0) break;
            at -= size;
            for (int k = threadIdx.x; k < size; k += blockDim.x) slope[k] = passed[k] * activation_slope(net.activation, before[at + k]);
            __syncthreads();
        }
    }
    __syncthreads();
    long long place = (long long)blockIdx.y * gridDim.x + blockIdx.x;
    for (int i = threadIdx.x; i < net.parameters; i += blockDim.x) partial[place * net.parameters + i] = gradient[i];
    if (threadIdx.x == 0) losses[place] = loss;
}

// gradient[network, :] = sum over groups of partial[network, group, :], in order
extern "C" __global__ void convnet_sum(float* gradient, const float* partial, long long n, int groups, int parameters)
{
    FOR_EACH(i, n)
    {
        const float* at = partial + i / parameters * groups * parameters + i % parameters;
        float sum = 0.0f;
        for (int g = 0; g < groups; g++) sum += at[(long long)g * parameters];
        gradient[i] = sum;
    }
}
