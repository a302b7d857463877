// Deliberate mistakes. The self-test states which mode catches which.
#include "prelude.cuh"

extern "C" __global__ void read_past_end(float* out, const float* in, int n) { out[threadIdx.x] = in[n]; }

extern "C" __global__ void write_past_end(float* data, int n) { data[n] = 1.0f; }

extern "C" __global__ void write_far(float* data, int distance) { data[distance] = 1.0f; }

extern "C" __global__ void divergent_barrier(float* out) {
    if (threadIdx.x < 16) __syncthreads();
    out[threadIdx.x] = 1.0f;
}

extern "C" __global__ void two_barriers(float* out) {
    if (threadIdx.x < 32) {
        __syncthreads();
    } else {
        __syncthreads();
    }
    out[threadIdx.x] = 1.0f;
}

extern "C" __global__ void absent_lane(float* out) {
    if (threadIdx.x < 20) out[threadIdx.x] = __shfl_sync(FULL_MASK, out[threadIdx.x], 0);
}

extern "C" __global__ void outside_mask(float* out) { out[threadIdx.x] = __shfl_sync(0x0000ffffu, 1.0f, 0); }

extern "C" __global__ void misaligned(float4* out, const float* in) { out[0] = *reinterpret_cast<const float4*>(in + 1); }

extern "C" __global__ void shared_index(float* out, int i) {
    __shared__ float tile[8];
    tile[threadIdx.x] = 1.0f;
    __syncthreads();
    tile[i] = 2.0f;
    out[threadIdx.x] = tile[0];
}

extern "C" __global__ void shared_pointer(float* out, int i) {
    __shared__ float tile[8];
    float* p = tile;
    p[threadIdx.x] = 1.0f;
    __syncthreads();
    p += i;
    *p = 2.0f;
    out[threadIdx.x] = tile[0];
}

extern "C" __global__ void dynamic_overrun(float* out, int n) {
    DYN_SHARED(float, tile);
    tile[n] = 1.0f;
    out[0] = tile[0];
}

extern "C" __global__ void missing_barrier(float* out) {
    __shared__ float tile[64];
    tile[threadIdx.x] = 1.0f;
    out[threadIdx.x] = tile[(threadIdx.x + 1) % 64];
}

extern "C" __global__ void uninitialised_shared(float* out) {
    __shared__ float tile[32];
    out[threadIdx.x] = tile[threadIdx.x];
}

extern "C" __global__ void divide(int* out, int by) { out[0] = 7 / by; }

extern "C" __global__ void failing_assert(float* out, int n) {
    assert(n < 3);
    out[0] = 1.0f;
}

extern "C" __global__ void deep(float* out, int n) {
    volatile float local[1 << 18];
    for (int i = 0; i < (1 << 18); i += 64) local[i] = n;
    out[0] = local[n];
}

extern "C" __global__ void early_return(float* out) {
    if (threadIdx.x == 5) return;
    __syncthreads();
    out[threadIdx.x] = 1.0f;
}

extern "C" __global__ void shift_too_far(int* out, int by) { out[0] = 1 << by; }

extern "C" __global__ void unpinned_host(float* out, const float* in) { out[0] = in[0]; }

// Blocks run in no promised order: waiting for another block may never end.
extern "C" __global__ void waits_for_a_block(unsigned* flag) {
    if (blockIdx.x == 0) {
        while (atomicAdd(flag, 0u) == 0) {
        }
    } else {
        atomicExch(flag, 1u);
    }
}

// Never ends: one thread in a loop of its own, the others at a barrier.
extern "C" __global__ void spins(volatile float* out) {
    if (threadIdx.x == 3) {
        while (out[0] == out[0] || out[1] != 5.0f) out[2] = out[2] + 1.0f;
    }
    __syncthreads();
    out[threadIdx.x] = 1.0f;
}

// Never ends: the barrier is passed again and again.
extern "C" __global__ void meets_for_ever(volatile float* out) {
    while (out[1] != 5.0f) __syncthreads();
}
