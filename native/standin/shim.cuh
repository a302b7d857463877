// Forced in before every .cu file: what makes the host compiler take device code as it stands. It includes no standard header,
// which keeps a compilation under 0.1 s and keeps host names out of kernels.
#pragma once
#pragma GCC system_header
#include "device_abi.h"

#define WEIGHTMEM_STANDIN 1
#define __CUDACC__ 1
#define __CUDACC_RTC__ 1
// NVRTC's search for kernels looks for exactly this attribute in the preprocessed text; nothing else spells it so.
#define __global__ __attribute__((__used__, __noclone__))
#define __device__
#define __host__
#define __constant__
// "used": a variable that nothing writes would be folded to zero, and reading it uninitialised would go unseen.
#define __shared__ static __attribute__((__used__))
#define __forceinline__ inline __attribute__((__always_inline__))
#define __noinline__ __attribute__((__noinline__))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((__aligned__(n)))
#define __grid_constant__
#define DYN_SHARED(T, name) T* name = static_cast<T*>(standin_dynamic_shared())
#define assert(condition) (static_cast<bool>(condition) ? void(0) : standin_assert_failed(#condition, __FILE__, __LINE__))
#define printf standin_printf
#define threadIdx (static_cast<const uint3&>(standin_now.thread))
#define blockIdx (static_cast<const uint3&>(standin_now.block))
#define blockDim (static_cast<const dim3&>(standin_now.blockSize))
#define gridDim (static_cast<const dim3&>(standin_now.gridSize))
#define warpSize 32

using size_t = decltype(sizeof 0);

// ---- registration -------------------------------------------------------------------------------------------------------
template <unsigned... I>
struct standin_indices {};

template <typename F, F function>
struct standin_entry;

template <typename... P, void (*function)(P...)>
struct standin_entry<void (*)(P...), function> {
    static constexpr unsigned Count = sizeof...(P);
    struct Layout {
        unsigned offset[Count + 1];
        unsigned size[Count + 1];
    };
    static constexpr Layout pack() {
        Layout layout{};
        const unsigned sizes[] = {unsigned(sizeof(P))..., 0u};
        const unsigned aligns[] = {unsigned(alignof(P))..., 1u};
        unsigned at = 0;
        for (unsigned i = 0; i < Count; i++) {
            at = (at + aligns[i] - 1) / aligns[i] * aligns[i];
            layout.offset[i] = at;
            layout.size[i] = sizes[i];
            at += sizes[i];
        }
        return layout;
    }
    static constexpr Layout layout = pack();
    template <unsigned... I>
    __attribute__((no_sanitize("kernel-address"))) static void call([[maybe_unused]] void** arguments, standin_indices<I...>) {
        function(*static_cast<P*>(arguments[I])...);
    }
    __attribute__((no_sanitize("kernel-address"))) static void invoke(void** arguments) { call(arguments, standin_indices<__integer_pack(Count)...>()); }
    static constexpr standin_kernel make(const char* name) { return {name, invoke, Count, layout.offset, layout.size}; }
};

// The table that NVRTC appends to the source.
extern "C" __attribute__((visibility("default"))) const standin_kernel standin_kernels[];
extern "C" __attribute__((visibility("default"))) const unsigned standin_kernel_count;

// ---- vector types -------------------------------------------------------------------------------------------------------
#define STANDIN_VECTORS(T, N, A1, A2, A4)                                                       \
    struct __attribute__((aligned(A1))) N##1 { T x; };                                          \
    struct __attribute__((aligned(A2))) N##2 { T x, y; };                                       \
    struct N##3 { T x, y, z; };                                                                 \
    struct __attribute__((aligned(A4))) N##4 { T x, y, z, w; };                                 \
    inline N##1 make_##N##1(T x) { return {x}; }                                                \
    inline N##2 make_##N##2(T x, T y) { return {x, y}; }                                        \
    inline N##3 make_##N##3(T x, T y, T z) { return {x, y, z}; }                                \
    inline N##4 make_##N##4(T x, T y, T z, T w) { return {x, y, z, w}; }
struct __attribute__((aligned(4))) uint1 { unsigned x; };
struct __attribute__((aligned(8))) uint2 { unsigned x, y; };
struct __attribute__((aligned(16))) uint4 { unsigned x, y, z, w; };
inline uint1 make_uint1(unsigned x) { return {x}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
STANDIN_VECTORS(signed char, char, 1, 2, 4)
STANDIN_VECTORS(unsigned char, uchar, 1, 2, 4)
STANDIN_VECTORS(short, short, 2, 4, 8)
STANDIN_VECTORS(unsigned short, ushort, 2, 4, 8)
STANDIN_VECTORS(int, int, 4, 8, 16)
STANDIN_VECTORS(float, float, 4, 8, 16)
STANDIN_VECTORS(long long, longlong, 8, 16, 16)
STANDIN_VECTORS(unsigned long long, ulonglong, 8, 16, 16)
STANDIN_VECTORS(double, double, 8, 16, 16)

// ---- barriers and warps ---------------------------------------------------------------------------------------------------
#define STANDIN_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()
inline void __syncthreads(STANDIN_PLACE) { standin_barrier(STANDIN_VOTE_NONE, 0, file, line); }
inline int __syncthreads_count(int p, STANDIN_PLACE) { return standin_barrier(STANDIN_VOTE_COUNT, p, file, line); }
inline int __syncthreads_and(int p, STANDIN_PLACE) { return standin_barrier(STANDIN_VOTE_AND, p, file, line); }
inline int __syncthreads_or(int p, STANDIN_PLACE) { return standin_barrier(STANDIN_VOTE_OR, p, file, line); }

template <typename R, typename T>
inline R standin_call(int kind, unsigned mask, const T& in, int operand, int width, const char* file, int line) {
    R out{};
    standin_collective call{kind, mask, unsigned(sizeof(T)), operand, width, &in, &out, file, line};
    standin_warp(&call);
    return out;
}

inline void __syncwarp(unsigned mask = 0xFFFFFFFFu, STANDIN_PLACE) { standin_call<int>(STANDIN_SYNCWARP, mask, 0, 0, 32, file, line); }
#define STANDIN_SHUFFLES(NAME, KIND, OPERAND)                                                   \
    template <typename T>                                                                       \
    inline T NAME(unsigned mask, T value, OPERAND operand, int width = 32, STANDIN_PLACE) {     \
        static_assert(sizeof(T) == 4 || sizeof(T) == 8, "a shuffle takes 4 or 8 bytes");        \
        return standin_call<T>(KIND, mask, value, int(operand), width, file, line);             \
    }
STANDIN_SHUFFLES(__shfl_sync, STANDIN_SHUFFLE, int)
STANDIN_SHUFFLES(__shfl_up_sync, STANDIN_SHUFFLE_UP, unsigned)
STANDIN_SHUFFLES(__shfl_down_sync, STANDIN_SHUFFLE_DOWN, unsigned)
STANDIN_SHUFFLES(__shfl_xor_sync, STANDIN_SHUFFLE_XOR, int)
inline unsigned __ballot_sync(unsigned mask, int p, STANDIN_PLACE) { return standin_call<unsigned>(STANDIN_BALLOT, mask, 0, p, 32, file, line); }
inline int __any_sync(unsigned mask, int p, STANDIN_PLACE) { return standin_call<unsigned>(STANDIN_BALLOT, mask, 0, p, 32, file, line) != 0; }
inline int __all_sync(unsigned mask, int p, STANDIN_PLACE) { return standin_call<unsigned>(STANDIN_BALLOT, mask, 0, p, 32, file, line) == mask; }
template <typename T>
inline unsigned __match_any_sync(unsigned mask, T value, STANDIN_PLACE) { return standin_call<unsigned>(STANDIN_MATCH_ANY, mask, value, 0, 32, file, line); }
#define STANDIN_REDUCTION(NAME, T, KIND) \
    inline T NAME(unsigned mask, T value, STANDIN_PLACE) { return standin_call<T>(KIND, mask, value, 0, 32, file, line); }
STANDIN_REDUCTION(__reduce_add_sync, unsigned, STANDIN_REDUCE_ADD)
STANDIN_REDUCTION(__reduce_add_sync, int, STANDIN_REDUCE_ADD)
STANDIN_REDUCTION(__reduce_min_sync, unsigned, STANDIN_REDUCE_MIN)
STANDIN_REDUCTION(__reduce_min_sync, int, STANDIN_REDUCE_MIN_SIGNED)
STANDIN_REDUCTION(__reduce_max_sync, unsigned, STANDIN_REDUCE_MAX)
STANDIN_REDUCTION(__reduce_max_sync, int, STANDIN_REDUCE_MAX_SIGNED)
STANDIN_REDUCTION(__reduce_and_sync, unsigned, STANDIN_REDUCE_AND)
STANDIN_REDUCTION(__reduce_or_sync, unsigned, STANDIN_REDUCE_OR)
STANDIN_REDUCTION(__reduce_xor_sync, unsigned, STANDIN_REDUCE_XOR)

// Threads never run in parallel, so order in memory is program order.
inline void __threadfence() {}
inline void __threadfence_block() {}
inline void __threadfence_system() {}
inline void __nanosleep(unsigned) { standin_yield(); }
inline void __trap(STANDIN_PLACE) { standin_trapped(file, line); }
inline long long clock64() { return static_cast<long long>(__builtin_ia32_rdtsc()); }

// ---- atomics: plain, because nothing interrupts them ------------------------------------------------------------------------
inline void standin_atomic() {
    if ((++standin_now.atomics & 0x3FF) == 0) standin_yield();
}
// In race mode the bodies are not seen as plain accesses but announced as atomic ones.
#ifdef STANDIN_RACE
#define STANDIN_ANNOUNCE(address) standin_atomic_access(address, sizeof *address)
#define STANDIN_UNSEEN __attribute__((no_sanitize("thread"), noinline))
#else
#define STANDIN_ANNOUNCE(address) void(0)
#define STANDIN_UNSEEN
#endif
#define STANDIN_ATOMIC(NAME, T, EXPRESSION)          \
    inline STANDIN_UNSEEN T NAME(T* address, T value) { \
        standin_atomic();                            \
        STANDIN_ANNOUNCE(address);                   \
        T old = *address;                            \
        *address = (EXPRESSION);                     \
        return old;                                  \
    }
STANDIN_ATOMIC(atomicAdd, int, int(unsigned(old) + unsigned(value)))
STANDIN_ATOMIC(atomicAdd, unsigned, old + value)
STANDIN_ATOMIC(atomicAdd, unsigned long long, old + value)
STANDIN_ATOMIC(atomicAdd, float, old + value)
STANDIN_ATOMIC(atomicAdd, double, old + value)
STANDIN_ATOMIC(atomicSub, int, int(unsigned(old) - unsigned(value)))
STANDIN_ATOMIC(atomicSub, unsigned, old - value)
STANDIN_ATOMIC(atomicInc, unsigned, old >= value ? 0u : old + 1u)
STANDIN_ATOMIC(atomicDec, unsigned, old == 0u || old > value ? value : old - 1u)
#define STANDIN_ATOMIC_EXCHANGE(T) STANDIN_ATOMIC(atomicExch, T, value)
STANDIN_ATOMIC_EXCHANGE(int) STANDIN_ATOMIC_EXCHANGE(unsigned) STANDIN_ATOMIC_EXCHANGE(unsigned long long) STANDIN_ATOMIC_EXCHANGE(float)
#define STANDIN_ATOMIC_INTEGER(T)                              \
    STANDIN_ATOMIC(atomicMin, T, value < old ? value : old)    \
    STANDIN_ATOMIC(atomicMax, T, value > old ? value : old)    \
    STANDIN_ATOMIC(atomicAnd, T, old & value)                  \
    STANDIN_ATOMIC(atomicOr, T, old | value)                   \
    STANDIN_ATOMIC(atomicXor, T, old ^ value)
STANDIN_ATOMIC_INTEGER(int) STANDIN_ATOMIC_INTEGER(unsigned) STANDIN_ATOMIC_INTEGER(unsigned long long)
#define STANDIN_ATOMIC_COMPARE(T)                       \
    inline STANDIN_UNSEEN T atomicCAS(T* address, T compare, T value) { \
        standin_atomic();                               \
        STANDIN_ANNOUNCE(address);                      \
        T old = *address;                               \
        if (old == compare) *address = value;           \
        return old;                                     \
    }
STANDIN_ATOMIC_COMPARE(int) STANDIN_ATOMIC_COMPARE(unsigned) STANDIN_ATOMIC_COMPARE(unsigned long long) STANDIN_ATOMIC_COMPARE(unsigned short)

// ---- mathematics ----------------------------------------------------------------------------------------------------------
#define STANDIN_LIBM_1(F)                                          \
    extern "C" double F(double) noexcept;                          \
    extern "C" float F##f(float) noexcept;                         \
    inline float F(float x) { return F##f(x); }
STANDIN_LIBM_1(exp) STANDIN_LIBM_1(exp2) STANDIN_LIBM_1(expm1) STANDIN_LIBM_1(log) STANDIN_LIBM_1(log2) STANDIN_LIBM_1(log10)
STANDIN_LIBM_1(log1p) STANDIN_LIBM_1(sqrt) STANDIN_LIBM_1(cbrt) STANDIN_LIBM_1(sin) STANDIN_LIBM_1(cos) STANDIN_LIBM_1(tan)
STANDIN_LIBM_1(asin) STANDIN_LIBM_1(acos) STANDIN_LIBM_1(atan) STANDIN_LIBM_1(sinh) STANDIN_LIBM_1(cosh) STANDIN_LIBM_1(tanh)
STANDIN_LIBM_1(erf) STANDIN_LIBM_1(erfc) STANDIN_LIBM_1(floor) STANDIN_LIBM_1(ceil) STANDIN_LIBM_1(trunc) STANDIN_LIBM_1(round)
STANDIN_LIBM_1(rint) STANDIN_LIBM_1(fabs) STANDIN_LIBM_1(lgamma) STANDIN_LIBM_1(tgamma)
#define STANDIN_LIBM_2(F)                                          \
    extern "C" double F(double, double) noexcept;                  \
    extern "C" float F##f(float, float) noexcept;                  \
    inline float F(float x, float y) { return F##f(x, y); }
STANDIN_LIBM_2(pow) STANDIN_LIBM_2(fmod) STANDIN_LIBM_2(fmin) STANDIN_LIBM_2(fmax) STANDIN_LIBM_2(atan2) STANDIN_LIBM_2(hypot)
STANDIN_LIBM_2(copysign)
extern "C" double fma(double, double, double) noexcept;
extern "C" float fmaf(float, float, float) noexcept;
extern "C" double ldexp(double, int) noexcept;
extern "C" float ldexpf(float, int) noexcept;
extern "C" long long llrint(double) noexcept;
extern "C" long lrintf(float) noexcept;
extern "C" int abs(int) noexcept;
extern "C" void* memcpy(void*, const void*, size_t) noexcept;
extern "C" void* memset(void*, int, size_t) noexcept;
inline float fma(float a, float b, float c) { return fmaf(a, b, c); }
inline float abs(float x) { return __builtin_fabsf(x); }
inline double abs(double x) { return __builtin_fabs(x); }
inline void sincosf(float x, float* s, float* c) { *s = sinf(x); *c = cosf(x); }
inline void sincos(double x, double* s, double* c) { *s = sin(x); *c = cos(x); }
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline bool isnan(float x) { return __builtin_isnan(x); }
inline bool isnan(double x) { return __builtin_isnan(x); }
inline bool isinf(float x) { return __builtin_isinf(x) != 0; }
inline bool isinf(double x) { return __builtin_isinf(x) != 0; }
inline bool isfinite(float x) { return __builtin_isfinite(x); }
inline bool isfinite(double x) { return __builtin_isfinite(x); }
inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
#define STANDIN_MINMAX(T)                                  \
    inline T min(T a, T b) { return b < a ? b : a; }       \
    inline T max(T a, T b) { return a < b ? b : a; }
STANDIN_MINMAX(int) STANDIN_MINMAX(unsigned) STANDIN_MINMAX(long) STANDIN_MINMAX(unsigned long) STANDIN_MINMAX(long long) STANDIN_MINMAX(unsigned long long)
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

// Fast versions are exact here: tolerances must come from theory, not from what the stand-in gives.
inline float __expf(float x) { return expf(x); }
inline float __exp10f(float x) { return powf(10.0f, x); }
inline float __logf(float x) { return logf(x); }
inline float __log2f(float x) { return log2f(x); }
inline float __log10f(float x) { return log10f(x); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline float __tanf(float x) { return tanf(x); }
inline float __powf(float x, float y) { return powf(x, y); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __frsqrt_rn(float x) { return rsqrtf(x); }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __dsqrt_rn(double x) { return sqrt(x); }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
// Conversions saturate and turn NaN to 0, as the device's do.
template <typename I, typename F>
inline I standin_convert(F x, F low, F end, I minimum, I maximum) { return x != x ? I(0) : x < low ? minimum : x >= end ? maximum : I(x); }
inline int standin_to_int(float x) { return standin_convert<int, float>(x, -2147483648.0f, 2147483648.0f, -2147483647 - 1, 2147483647); }
inline int standin_to_int(double x) { return standin_convert<int, double>(x, -2147483648.0, 2147483648.0, -2147483647 - 1, 2147483647); }
inline unsigned standin_to_uint(float x) { return standin_convert<unsigned, float>(x, 0.0f, 4294967296.0f, 0u, 0xFFFFFFFFu); }
inline int __float2int_rn(float x) { return standin_to_int(rintf(x)); }
inline int __float2int_rz(float x) { return standin_to_int(truncf(x)); }
inline int __float2int_rd(float x) { return standin_to_int(floorf(x)); }
inline int __float2int_ru(float x) { return standin_to_int(ceilf(x)); }
inline unsigned __float2uint_rn(float x) { return standin_to_uint(rintf(x)); }
inline unsigned __float2uint_rz(float x) { return standin_to_uint(truncf(x)); }
inline int __double2int_rn(double x) { return standin_to_int(rint(x)); }
inline int __double2int_rz(double x) { return standin_to_int(trunc(x)); }
inline float __int2float_rn(int x) { return float(x); }
inline float __uint2float_rn(unsigned x) { return float(x); }
inline float __double2float_rn(double x) { return float(x); }
inline float __ull2float_rn(unsigned long long x) { return float(x); }
inline double __int2double_rn(int x) { return x; }
template <typename R, typename T>
inline R standin_bits(T value) { static_assert(sizeof(R) == sizeof(T)); R out; __builtin_memcpy(&out, &value, sizeof out); return out; }
inline int __float_as_int(float x) { return standin_bits<int>(x); }
inline unsigned __float_as_uint(float x) { return standin_bits<unsigned>(x); }
inline float __int_as_float(int x) { return standin_bits<float>(x); }
inline float __uint_as_float(unsigned x) { return standin_bits<float>(x); }
inline long long __double_as_longlong(double x) { return standin_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return standin_bits<double>(x); }
inline int __double2hiint(double x) { return int(standin_bits<unsigned long long>(x) >> 32); }
inline int __double2loint(double x) { return int(standin_bits<unsigned long long>(x)); }

// ---- bits -------------------------------------------------------------------------------------------------------------------
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(unsigned(x)); }
inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned __brev(unsigned x) { unsigned r = 0; for (int i = 0; i < 32; i++) r |= (x >> i & 1u) << (31 - i); return r; }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((unsigned long long)a * b >> 32); }
inline int __mulhi(int a, int b) { return int((long long)a * b >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) { return (unsigned long long)((unsigned __int128)a * b >> 64); }
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned s) { return unsigned((((unsigned long long)high << 32 | low) << (s & 31)) >> 32); }
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned s) { return unsigned(((unsigned long long)high << 32 | low) >> (s & 31)); }
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned s) {
    unsigned long long both = (unsigned long long)b << 32 | a;
    unsigned r = 0;
    for (int i = 0; i < 4; i++) {
        unsigned byte = unsigned(both >> (s >> (4 * i) & 7u) * 8) & 255u;
        if (s >> (4 * i) & 8u) byte = byte & 128u ? 255u : 0u;
        r |= byte << (8 * i);
    }
    return r;
}

// ---- loads with cache hints ---------------------------------------------------------------------------------------------
template <typename T> inline T __ldg(const T* p) { return *p; }
template <typename T> inline T __ldcs(const T* p) { return *p; }
template <typename T> inline T __ldcg(const T* p) { return *p; }
template <typename T> inline T __ldca(const T* p) { return *p; }
template <typename T> inline void __stcs(T* p, T value) { *p = value; }
template <typename T> inline void __stcg(T* p, T value) { *p = value; }
