// Kernels of the self-test that must give the right result.
#include "prelude.cuh"

extern "C" __global__ void vector_add(float* __restrict__ out, const float* __restrict__ a, const float* __restrict__ b, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = a[i] + b[i];
}

// One sum for each block: static shared memory, a barrier and warp shuffles.
extern "C" __global__ __launch_bounds__(256) void block_sum(float* out, const float* in, int n) {
    __shared__ float partial[32];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float value = warp_sum(i < n ? in[i] : 0.0f);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
    __syncthreads();
    if (threadIdx.x < 32) {
        value = warp_sum(threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0.0f);
        if (threadIdx.x == 0) out[blockIdx.x] = value;
    }
}

// c[m,n] = a[m,k] b[k,n], row-major, tile by tile in dynamic shared memory.
extern "C" __global__ void matmul_tiled(float* c, const float* a, const float* b, int m, int n, int k) {
    DYN_SHARED(float, tiles);
    int tile = blockDim.x;
    float* ta = tiles;
    float* tb = tiles + tile * tile;
    int row = blockIdx.y * tile + threadIdx.y, column = blockIdx.x * tile + threadIdx.x;
    float sum = 0.0f;
    for (int from = 0; from < k; from += tile) {
        int ka = from + threadIdx.x, kb = from + threadIdx.y;
        ta[threadIdx.y * tile + threadIdx.x] = row < m && ka < k ? a[row * k + ka] : 0.0f;
        tb[threadIdx.y * tile + threadIdx.x] = kb < k && column < n ? b[kb * n + column] : 0.0f;
        __syncthreads();
        for (int i = 0; i < tile; i++) sum += ta[threadIdx.y * tile + i] * tb[i * tile + threadIdx.x];
        __syncthreads();
    }
    if (row < m && column < n) c[row * n + column] = sum;
}

// One warp for each row.
extern "C" __global__ void softmax_rows(float* out, const float* in, int columns) {
    const float* row = in + blockIdx.x * columns;
    float top = -infinity();
    for (int i = threadIdx.x; i < columns; i += 32) top = fmaxf(top, row[i]);
    top = warp_max(top);
    float sum = 0.0f;
    for (int i = threadIdx.x; i < columns; i += 32) sum += expf(row[i] - top);
    sum = warp_sum(sum);
    for (int i = threadIdx.x; i < columns; i += 32) out[blockIdx.x * columns + i] = expf(row[i] - top) / sum;
}

extern "C" __global__ void histogram(unsigned* bins, const unsigned char* values, int n) {
    __shared__ unsigned local[256];
    for (int i = threadIdx.x; i < 256; i += blockDim.x) local[i] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) atomicAdd(&local[values[i]], 1u);
    __syncthreads();
    for (int i = threadIdx.x; i < 256; i += blockDim.x) atomicAdd(&bins[i], local[i]);
}

struct Factors {
    float scale;
    double offset;
};

template <typename T, int N>
__global__ void scale(T* data, Factors factors, int n) {
    auto apply = [&](T x) { return static_cast<T>(x * factors.scale + factors.offset); };
    int first = (blockIdx.x * blockDim.x + threadIdx.x) * N;
    for (int i = first; i < first + N && i < n; i++) data[i] = apply(data[i]);
}

extern "C" {
__constant__ float table[4];
}

extern "C" __global__ void look_up(float* out) { out[threadIdx.x] = table[threadIdx.x % 4]; }

// All 65536 patterns of f16 and bf16 there and back; counts what does not come back.
extern "C" __global__ void sixteen_bits(unsigned* wrong) {
    unsigned bits = blockIdx.x * blockDim.x + threadIdx.x;
    float a = f16_to_float(f16{static_cast<u16>(bits)}), b = bf16_to_float(bf16{static_cast<u16>(bits)});
    bool same_a = isnan(a) ? isnan(f16_to_float(float_to_f16(a))) : float_to_f16(a).bits == bits;
    bool same_b = isnan(b) ? isnan(bf16_to_float(float_to_bf16(b))) : float_to_bf16(b).bits == bits;
    if (!same_a || !same_b) atomicAdd(wrong, 1u);
}

// Votes, ballots, matches and a spin inside the block.
extern "C" __global__ void warp_words(unsigned* out) {
    __shared__ unsigned ready[1];
    unsigned lane = threadIdx.x % 32;
    unsigned odd = __ballot_sync(FULL_MASK, lane & 1);
    unsigned half = lane < 16 ? __reduce_add_sync(0x0000ffffu, lane) : __reduce_max_sync(0xffff0000u, lane);
    unsigned peers = __match_any_sync(FULL_MASK, lane / 8);
    int all = __all_sync(FULL_MASK, lane < 32);
    int count = __syncthreads_count(lane < 3);
    if (threadIdx.x == 0) ready[0] = 0;
    __syncthreads();
    if (threadIdx.x == 0) {
        while (atomicAdd(&ready[0], 0u) == 0) __nanosleep(100);
    }
    if (threadIdx.x == 33) atomicExch(&ready[0], 1u);
    if (threadIdx.x == 20) {
        out[0] = odd;
        out[1] = half;
        out[2] = peers;
        out[3] = all;
        out[4] = count;
    }
    if (threadIdx.x == 3) out[5] = half;
}
