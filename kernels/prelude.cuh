// The kernels' own standard header. NVRTC, the CPU stand-in and clang all take it; it includes nothing.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

// bf16 and f16 are 16-bit patterns: the toolkit's own types live in headers that NVRTC does not find by itself.
struct bf16 {
    u16 bits;
};
struct f16 {
    u16 bits;
};

#define WARP_SIZE 32
#define FULL_MASK 0xffffffffu

// Dynamic shared memory of the launch, at most once in a kernel. The stand-in brings its own.
#ifndef DYN_SHARED
extern __shared__ __align__(16) unsigned char dynamic_shared_bytes[];
#define DYN_SHARED(T, name) T* name = reinterpret_cast<T*>(dynamic_shared_bytes)
#endif

__device__ inline float infinity() { return __int_as_float(0x7f800000); }
__device__ inline float not_a_number() { return __int_as_float(0x7fffffff); }

__device__ inline u32 ceil_div(u32 a, u32 b) { return (a + b - 1) / b; }

// Index of this thread in a one-dimensional grid, and the number of its threads.
__device__ inline u64 grid_thread() { return static_cast<u64>(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ inline u64 grid_threads() { return static_cast<u64>(gridDim.x) * blockDim.x; }

// Strides over the grid, so that any number of blocks is right; neighbouring threads take neighbouring elements.
#define FOR_EACH(i, n) \
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x, stride_ = (long long)gridDim.x * blockDim.x; i < (n); i += stride_)

// Where a warp takes a row: the row of this thread's warp, and the thread's place in it.
#define ROW_OF_WARP ((long long)blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5))
#define LANE (threadIdx.x & 31)

// A step or row of a launch. A recorded launch is played again for other steps: then `advance` tells how far from the recorded one; else it is null.
__device__ inline long long moved(long long step, const int* advance) { return advance ? step + *advance : step; }

// ---- 16-bit floats --------------------------------------------------------------------------------------------------
__device__ inline float bf16_to_float(bf16 value) { return __uint_as_float(static_cast<u32>(value.bits) << 16); }

// Rounds to nearest, ties to even. A NaN stays one: rounding could carry it into infinity.
__device__ inline bf16 float_to_bf16(float value) {
    u32 bits = __float_as_uint(value);
    bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    u32 rounded = nan ? (bits | 0x00400000u) : bits + 0x7fffu + (bits >> 16 & 1u);
    return bf16{static_cast<u16>(rounded >> 16)};
}

// Bit operations and not the device's conversion instruction, so that every compiler takes them; exact for all 65536 patterns.
__device__ inline float f16_to_float(f16 value) {
    u32 sign = static_cast<u32>(value.bits & 0x8000u) << 16;
    u32 magnitude = value.bits & 0x7fffu;
    if (magnitude >= 0x7c00u) return __uint_as_float(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
    // The exponent's bias differs by 112; the multiplication also brings subnormal numbers to their place (so not under --ftz=true).
    float scaled = __uint_as_float(magnitude << 13) * __uint_as_float(0x77800000u);
    return __uint_as_float(__float_as_uint(scaled) | sign);
}

__device__ inline f16 float_to_f16(float value) {
    u32 bits = __float_as_uint(value);
    u32 sign = bits >> 16 & 0x8000u;
    u32 magnitude = bits & 0x7fffffffu;
    u32 result;
    if (magnitude > 0x7f800000u) {
        result = 0x7e00u;
    } else if (magnitude >= 0x477ff000u) {
        result = 0x7c00u;  // rounds to infinity
    } else if (magnitude < 0x38800000u) {
        // Subnormal: adding one half puts the wanted bits at the bottom, rounded by the addition itself.
        result = __float_as_uint(__uint_as_float(magnitude) + 0.5f) - 0x3f000000u;
    } else {
        result = (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
    }
    return f16{static_cast<u16>(sign | result)};
}

// ---- warps ------------------------------------------------------------------------------------------------------------
// All 32 lanes must call these; every lane gets the result, which does not depend on the lane.
template <typename T>
__device__ inline T warp_sum(T value) {
    for (int distance = WARP_SIZE / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(FULL_MASK, value, distance);
    return value;
}

template <typename T>
__device__ inline T warp_max(T value) {
    for (int distance = WARP_SIZE / 2; distance > 0; distance /= 2) {
        T other = __shfl_xor_sync(FULL_MASK, value, distance);
        value = other > value ? other : value;
    }
    return value;
}

template <typename T>
__device__ inline T warp_min(T value) {
    for (int distance = WARP_SIZE / 2; distance > 0; distance /= 2) {
        T other = __shfl_xor_sync(FULL_MASK, value, distance);
        value = other < value ? other : value;
    }
    return value;
}

// ---- fast mathematics, by name so that their error bounds can be stated at one place ------------------------------------
__device__ inline float fast_exp(float x) { return __expf(x); }
__device__ inline float fast_log(float x) { return __logf(x); }
__device__ inline float fast_divide(float a, float b) { return __fdividef(a, b); }
