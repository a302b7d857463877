// What NVRTC knows by itself and clang without a CUDA toolkit does not: put in front of a kernel by native/ptx.sh. Kernels never include it.
#pragma once

#define __host__ __attribute__((host))
#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __align__(n) __attribute__((aligned(n)))
#define __forceinline__ __inline__ __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define WM_INTRINSIC __device__ static inline __attribute__((always_inline))

typedef __SIZE_TYPE__ size_t;

#include "maths.cuh"

// ---- indices: reads of the special registers -------------------------------------------------------------------------
#define WM_INDEX(NAME, REGISTER)                                                              \
    struct wm_##NAME {                                                                        \
        __declspec(property(get = get_x)) unsigned x;                                         \
        __declspec(property(get = get_y)) unsigned y;                                         \
        __declspec(property(get = get_z)) unsigned z;                                         \
        WM_INTRINSIC unsigned get_x() { return __nvvm_read_ptx_sreg_##REGISTER##_x(); }       \
        WM_INTRINSIC unsigned get_y() { return __nvvm_read_ptx_sreg_##REGISTER##_y(); }       \
        WM_INTRINSIC unsigned get_z() { return __nvvm_read_ptx_sreg_##REGISTER##_z(); }       \
    };                                                                                        \
    extern const __device__ __attribute__((weak)) wm_##NAME NAME;
WM_INDEX(threadIdx, tid)
WM_INDEX(blockIdx, ctaid)
WM_INDEX(blockDim, ntid)
WM_INDEX(gridDim, nctaid)

// How the host starts a kernel from C++; never called, but clang wants to have seen it.
struct dim3 {
    unsigned x, y, z;
};

struct __align__(8) float2 {
    float x, y;
};
struct __align__(16) float4 {
    float x, y, z, w;
};
struct __align__(16) ulonglong2 {
    unsigned long long x, y;
};
WM_INTRINSIC float2 make_float2(float x, float y) { return float2{x, y}; }
WM_INTRINSIC float4 make_float4(float x, float y, float z, float w) { return float4{x, y, z, w}; }

// ---- warps -----------------------------------------------------------------------------------------------------------
WM_INTRINSIC void __syncwarp(unsigned mask = 0xffffffffu) { __nvvm_bar_warp_sync(mask); }
WM_INTRINSIC void __threadfence() { __nvvm_membar_gl(); }
WM_INTRINSIC void __threadfence_block() { __nvvm_membar_cta(); }
WM_INTRINSIC unsigned __ballot_sync(unsigned mask, int p) { return __nvvm_vote_ballot_sync(mask, p != 0); }
WM_INTRINSIC int __any_sync(unsigned mask, int p) { return __nvvm_vote_any_sync(mask, p != 0); }
WM_INTRINSIC int __all_sync(unsigned mask, int p) { return __nvvm_vote_all_sync(mask, p != 0); }

// Values of eight bytes go in two halves. `clamp` is the instruction's segment and its last lane.
#define WM_SHUFFLE(NAME, INSTRUCTION, LAST)                                                                                  \
    WM_INTRINSIC int NAME##_word(unsigned mask, int value, int operand, int width) {                                         \
        return INSTRUCTION(mask, value, operand, (32 - width) << 8 | (LAST));                                                \
    }                                                                                                                        \
    template <typename T>                                                                                                    \
    WM_INTRINSIC T NAME(unsigned mask, T value, int operand, int width = 32) {                                               \
        static_assert(sizeof(T) == 4 || sizeof(T) == 8, "a shuffle takes 4 or 8 bytes");                                     \
        if constexpr (sizeof(T) == 4) {                                                                                      \
            return __builtin_bit_cast(T, NAME##_word(mask, __builtin_bit_cast(int, value), operand, width));                 \
        } else {                                                                                                             \
            unsigned long long both = __builtin_bit_cast(unsigned long long, value);                                         \
            unsigned low = (unsigned)NAME##_word(mask, (int)(unsigned)both, operand, width);                                 \
            unsigned high = (unsigned)NAME##_word(mask, (int)(unsigned)(both >> 32), operand, width);                        \
            return __builtin_bit_cast(T, (unsigned long long)high << 32 | low);                                              \
        }                                                                                                                    \
    }
WM_SHUFFLE(__shfl_sync, __nvvm_shfl_sync_idx_i32, 31)
WM_SHUFFLE(__shfl_up_sync, __nvvm_shfl_sync_up_i32, 0)
WM_SHUFFLE(__shfl_down_sync, __nvvm_shfl_sync_down_i32, 31)
WM_SHUFFLE(__shfl_xor_sync, __nvvm_shfl_sync_bfly_i32, 31)

// ---- atomics ---------------------------------------------------------------------------------------------------------
#define WM_ATOMIC(NAME, T, BUILTIN) \
    WM_INTRINSIC T NAME(T* address, T value) { return (T)BUILTIN; }
WM_ATOMIC(atomicAdd, int, __nvvm_atom_add_gen_i(address, value))
WM_ATOMIC(atomicAdd, unsigned, __nvvm_atom_add_gen_i((int*)address, (int)value))
WM_ATOMIC(atomicAdd, unsigned long long, __nvvm_atom_add_gen_ll((long long*)address, (long long)value))
WM_ATOMIC(atomicAdd, float, __nvvm_atom_add_gen_f(address, value))
WM_ATOMIC(atomicAdd, double, __nvvm_atom_add_gen_d(address, value))
WM_ATOMIC(atomicMin, int, __nvvm_atom_min_gen_i(address, value))
WM_ATOMIC(atomicMin, unsigned, __nvvm_atom_min_gen_ui(address, value))
WM_ATOMIC(atomicMin, unsigned long long, __nvvm_atom_min_gen_ull(address, value))
WM_ATOMIC(atomicMax, int, __nvvm_atom_max_gen_i(address, value))
WM_ATOMIC(atomicMax, unsigned, __nvvm_atom_max_gen_ui(address, value))
WM_ATOMIC(atomicMax, unsigned long long, __nvvm_atom_max_gen_ull(address, value))
WM_ATOMIC(atomicOr, int, __nvvm_atom_or_gen_i(address, value))
WM_ATOMIC(atomicOr, unsigned, __nvvm_atom_or_gen_i((int*)address, (int)value))
WM_ATOMIC(atomicAnd, unsigned, __nvvm_atom_and_gen_i((int*)address, (int)value))
WM_ATOMIC(atomicExch, int, __nvvm_atom_xchg_gen_i(address, value))
WM_ATOMIC(atomicExch, unsigned, __nvvm_atom_xchg_gen_i((int*)address, (int)value))
#define WM_COMPARE_AND_SWAP(T, BUILTIN, WORD) \
    WM_INTRINSIC T atomicCAS(T* address, T compare, T value) { return (T)BUILTIN((WORD*)address, (WORD)compare, (WORD)value); }
WM_COMPARE_AND_SWAP(int, __nvvm_atom_cas_gen_i, int)
WM_COMPARE_AND_SWAP(unsigned, __nvvm_atom_cas_gen_i, int)
WM_COMPARE_AND_SWAP(unsigned long long, __nvvm_atom_cas_gen_ll, long long)

// ---- arithmetic with a rounding that is written: never fused --------------------------------------------------------
WM_INTRINSIC float __fadd_rn(float a, float b) { return __nvvm_add_rn_f(a, b); }
WM_INTRINSIC float __fsub_rn(float a, float b) { return __nvvm_add_rn_f(a, -b); }
WM_INTRINSIC float __fmul_rn(float a, float b) { return __nvvm_mul_rn_f(a, b); }
WM_INTRINSIC float __fmaf_rn(float a, float b, float c) { return __nvvm_fma_rn_f(a, b, c); }
WM_INTRINSIC float __fdiv_rn(float a, float b) { return __nvvm_div_rn_f(a, b); }
WM_INTRINSIC float __fsqrt_rn(float x) { return __nvvm_sqrt_rn_f(x); }
WM_INTRINSIC double __dadd_rn(double a, double b) { return __nvvm_add_rn_d(a, b); }
WM_INTRINSIC double __dsub_rn(double a, double b) { return __nvvm_add_rn_d(a, -b); }
WM_INTRINSIC double __dmul_rn(double a, double b) { return __nvvm_mul_rn_d(a, b); }
WM_INTRINSIC double __fma_rn(double a, double b, double c) { return __nvvm_fma_rn_d(a, b, c); }

// ---- mathematics -----------------------------------------------------------------------------------------------------
WM_INTRINSIC float expf(float x) { return wm_exp(x); }
WM_INTRINSIC float logf(float x) { return wm_log(x); }
WM_INTRINSIC float tanhf(float x) { return wm_tanh(x); }
WM_INTRINSIC float erff(float x) { return wm_erf(x); }
WM_INTRINSIC float sinf(float x) { return wm_sin(x); }
WM_INTRINSIC float cosf(float x) { return wm_cos(x); }
WM_INTRINSIC float sqrtf(float x) { return __nvvm_sqrt_rn_f(x); }
WM_INTRINSIC double sqrt(double x) { return __nvvm_sqrt_rn_d(x); }
WM_INTRINSIC float rintf(float x) { return __builtin_rintf(x); }
WM_INTRINSIC float floorf(float x) { return __builtin_floorf(x); }
WM_INTRINSIC float ceilf(float x) { return __builtin_ceilf(x); }
WM_INTRINSIC float fabsf(float x) { return __builtin_fabsf(x); }
WM_INTRINSIC double fabs(double x) { return __builtin_fabs(x); }
WM_INTRINSIC float fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }
WM_INTRINSIC float fminf(float a, float b) { return __builtin_fminf(a, b); }
WM_INTRINSIC double fmax(double a, double b) { return __builtin_fmax(a, b); }
WM_INTRINSIC double fmin(double a, double b) { return __builtin_fmin(a, b); }
WM_INTRINSIC float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
WM_INTRINSIC double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
#define WM_LESSER_AND_GREATER(T)                            \
    WM_INTRINSIC T min(T a, T b) { return b < a ? b : a; }  \
    WM_INTRINSIC T max(T a, T b) { return a < b ? b : a; }
WM_LESSER_AND_GREATER(int)
WM_LESSER_AND_GREATER(unsigned)
WM_LESSER_AND_GREATER(long long)
WM_LESSER_AND_GREATER(unsigned long long)

// The fast versions are the device's own approximations, as with NVRTC.
WM_INTRINSIC float __expf(float x) { return __nvvm_ex2_approx_f(x * 1.44269504f); }
WM_INTRINSIC float __logf(float x) { return __nvvm_lg2_approx_f(x) * 0.693147181f; }
WM_INTRINSIC float __fdividef(float a, float b) { return __nvvm_div_approx_f(a, b); }

// ---- bits ------------------------------------------------------------------------------------------------------------
WM_INTRINSIC int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
WM_INTRINSIC unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
WM_INTRINSIC float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
WM_INTRINSIC float __uint_as_float(unsigned x) { return __builtin_bit_cast(float, x); }
WM_INTRINSIC int __popc(unsigned x) { return __builtin_popcount(x); }
WM_INTRINSIC int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
WM_INTRINSIC int __clz(int x) { return x == 0 ? 32 : __builtin_clz((unsigned)x); }
WM_INTRINSIC int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)x); }
WM_INTRINSIC int __ffs(int x) { return x == 0 ? 0 : __builtin_ctz((unsigned)x) + 1; }
WM_INTRINSIC int __ffsll(long long x) { return x == 0 ? 0 : __builtin_ctzll((unsigned long long)x) + 1; }

template <typename T>
WM_INTRINSIC T __ldg(const T* p) { return *p; }
