// Deliberate data races, and pairs of them that are none.
#include "prelude.cuh"

extern "C" __global__ void missing_barrier(float* out) {
    __shared__ float tile[64];
    tile[threadIdx.x] = 1.0f;
    out[threadIdx.x] = tile[(threadIdx.x + 1) % 64];
}

extern "C" __global__ void missing_trailing_barrier(float* out, int rounds) {
    __shared__ float tile[64];
    float sum = 0.0f;
    for (int i = 0; i < rounds; i++) {
        tile[threadIdx.x] = i;
        __syncthreads();
        sum += tile[(threadIdx.x + 1) % 64];
    }
    out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

extern "C" __global__ void missing_syncwarp(float* out) {
    __shared__ float tile[32];
    tile[threadIdx.x] = threadIdx.x;
    float other = __shfl_xor_sync(FULL_MASK, 1.0f, 1);
    out[threadIdx.x] = tile[threadIdx.x ^ 1] + other;
}

extern "C" __global__ void with_syncwarp(float* out) {
    __shared__ float tile[32];
    tile[threadIdx.x] = threadIdx.x;
    __syncwarp();
    out[blockIdx.x * blockDim.x + threadIdx.x] = tile[threadIdx.x ^ 1];
}

extern "C" __global__ void blocks_write_one(float* out) {
    if (threadIdx.x == 0) out[0] = blockIdx.x;
}

extern "C" __global__ void block_reads_other(float* out) {
    if (threadIdx.x == 0) out[blockIdx.x + 1] = out[blockIdx.x] + 1.0f;
}

extern "C" __global__ void counted_by_atomics(float* out) {
    if (threadIdx.x % 2 == 0) atomicAdd(&out[0], 1.0f);
    out[1 + blockIdx.x * blockDim.x + threadIdx.x] = 1.0f;
}

extern "C" __global__ void mixed_with_atomics(float* out) {
    if (threadIdx.x == 0) {
        out[0] = 1.0f;
    } else {
        atomicAdd(&out[0], 1.0f);
    }
}

extern "C" __global__ void written_after_reads(float* out) {
    __shared__ float tile[64];
    tile[threadIdx.x] = 1.0f;
    __syncthreads();
    float sum = tile[0] + tile[63];
    if (threadIdx.x == 63) tile[0] = 2.0f;
    out[threadIdx.x] = sum;
}
