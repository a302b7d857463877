// The mathematics that NVRTC has and clang without a toolkit has not. Written once for the device and for the host: native/clang_maths.cpp measures it against
// libm in double. Errors stay within 2 units in the last place; every fused operation that the result needs is written so, and no other is needed.
#pragma once

#ifdef WEIGHTMEM_MATHS_ON_HOST
#define WM_FUNCTION static inline
#else
#define WM_FUNCTION __device__ static inline __attribute__((always_inline))
#endif

WM_FUNCTION float wm_from_bits(unsigned bits) { return __builtin_bit_cast(float, bits); }
WM_FUNCTION unsigned wm_bits(float x) { return __builtin_bit_cast(unsigned, x); }
WM_FUNCTION float wm_fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

// e^x = 2^n e^r with |r| <= log(2)/2; 2^n in two factors, so that results below the normal range are rounded once.
WM_FUNCTION float wm_exp(float x) {
    if (!(x < 88.8f)) return x != x ? x : wm_from_bits(0x7f800000u);
    if (x < -104.0f) return 0.0f;
    float n = __builtin_rintf(x * 1.44269504f);
    float r = wm_fma(n, -0.693145752f, x);
    r = wm_fma(n, -1.42860677e-6f, r);
    float p = 1.0f / 5040.0f;
    p = wm_fma(p, r, 1.0f / 720.0f);
    p = wm_fma(p, r, 1.0f / 120.0f);
    p = wm_fma(p, r, 1.0f / 24.0f);
    p = wm_fma(p, r, 1.0f / 6.0f);
    p = wm_fma(p, r, 0.5f);
    p = wm_fma(p * r, r, r) + 1.0f;
    int whole = (int)n, half = whole / 2;
    return p * wm_from_bits((unsigned)(half + 127) << 23) * wm_from_bits((unsigned)(whole - half + 127) << 23);
}

// log(2^e m) with m in [sqrt(1/2), sqrt(2)); log(1 + f) = f - (f^2/2 - s (f^2/2 + R(s^2))) with s = f / (2 + f) keeps its digits near 1.
WM_FUNCTION float wm_log(float x) {
    if (!(x > 0.0f)) return x == 0.0f ? -wm_from_bits(0x7f800000u) : wm_from_bits(0x7fffffffu);
    unsigned bits = wm_bits(x);
    if (bits >= 0x7f800000u) return x;
    int e = 0;
    if (bits < 0x00800000u) {
        bits = wm_bits(x * 8388608.0f);
        e = -23;
    }
    e += (int)(bits >> 23) - 127;
    float m = wm_from_bits((bits & 0x007fffffu) | 0x3f800000u);
    if (m > 1.41421356f) {
        m *= 0.5f;
        e++;
    }
    float f = m - 1.0f, s = f / (2.0f + f), z = s * s, half = 0.5f * f * f;
    float p = wm_fma(2.0f / 9.0f, z, 2.0f / 7.0f);
    p = wm_fma(p, z, 2.0f / 5.0f);
    p = wm_fma(p, z, 2.0f / 3.0f);
    float rest = s * wm_fma(p, z, half), n = (float)e;
    return wm_fma(n, 0.693145752f, f - (half - wm_fma(n, 1.42860677e-6f, rest)));
}

WM_FUNCTION float wm_tanh(float x) {
    float a = __builtin_fabsf(x), y;
    if (a < 0.55f) {
        float z = x * x;
        float p = wm_fma(0.002526390708f, z, -0.008526333055f);
        p = wm_fma(p, z, 0.02181844913f);
        p = wm_fma(p, z, -0.05396470045f);
        p = wm_fma(p, z, 0.133333242f);
        p = wm_fma(p, z, -0.333333333f);
        return wm_fma(p * z, x, x);
    }
    y = 1.0f - 2.0f / (wm_exp(2.0f * a) + 1.0f);
    return x < 0.0f ? -y : x != x ? x : y;
}

// A polynomial in x^2 up to 1; beyond it 1 - exp of a polynomial that follows log(erfc).
WM_FUNCTION float wm_erf(float x) {
    float a = __builtin_fabsf(x);
    if (a < 1.0f) {
        float z = x * x;
        float p = wm_fma(1.11310139e-6f, z, -1.411945013e-5f);
        p = wm_fma(p, z, 0.0001198947493f);
        p = wm_fma(p, z, -0.0008545300982f);
        p = wm_fma(p, z, 0.005223901522f);
        p = wm_fma(p, z, -0.0268661612f);
        p = wm_fma(p, z, 0.1128379163f);
        p = wm_fma(p, z, -0.376126389f);
        p = wm_fma(p, z, 0.128379167f); // 2/sqrt(pi) - 1: the one is added exactly
        return wm_fma(p, x, x);
    }
    if (x != x) return x;
    float y = 1.0f;
    if (a < 4.0f) {
        float p = wm_fma(-7.58268197e-8f, a, 3.321684591e-6f);
        p = wm_fma(p, a, -6.229835325e-5f);
        p = wm_fma(p, a, 0.000685836683f);
        p = wm_fma(p, a, -0.00506494692f);
        p = wm_fma(p, a, 0.02709952329f);
        p = wm_fma(p, a, -0.1110550174f);
        p = wm_fma(p, a, -0.6309530298f);
        p = wm_fma(p, a, -1.130675144f);
        p = wm_fma(p, a, 0.0004163292177f);
        y = 1.0f - wm_exp(p);
    }
    return x < 0.0f ? -y : y;
}

// For |x| >= 2^25: 96 bits of 2/pi from the first bit on whose product with x = m 2^e is no multiple of four quadrants. What stands before it only adds full
// turns; what is cut off behind it is below 2^-70 of a quadrant.
WM_FUNCTION double wm_reduce_large(float x, int* quadrant) {
    const unsigned words[7] = {0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu};
    unsigned bits = wm_bits(x), w[4];
    unsigned long long m = (bits & 0x007fffffu) | 0x00800000u;
    int skip = (int)(bits >> 23 & 255u) - 150 - 2, word = skip >> 5, shift = skip & 31;
    for (int i = 0; i < 4; i++) {
        w[i] = 0u;
        for (int k = 0; k < 7; k++) w[i] = k == word + i ? words[k] : w[i];
    }
    unsigned a = shift ? w[0] << shift | w[1] >> (32 - shift) : w[0];
    unsigned b = shift ? w[1] << shift | w[2] >> (32 - shift) : w[1];
    unsigned c = shift ? w[2] << shift | w[3] >> (32 - shift) : w[2];
    unsigned long long low = m * c, middle = m * b + (low >> 32), high = m * a + (middle >> 32);
    // m (a b c) 2^-94 quadrants: bits 95 and 94 are the quadrant, those below them its fraction, which counts as a signed number from the nearest quadrant.
    unsigned long long turned = high << 32 | (middle & 0xffffffffu);
    int q = (int)(turned >> 62);
    turned <<= 2;
    if ((long long)turned < 0) q++;
    double r = (double)(long long)turned * (0x1.921fb54442d18p+0 / 18446744073709551616.0);
    *quadrant = bits >> 31 ? -q : q;
    return bits >> 31 ? -r : r;
}

// x = quadrant pi/2 + r with |r| <= pi/4 and r right to a float's last place, also where r is close to zero.
WM_FUNCTION float wm_reduce(float x, int* quadrant) {
    if (__builtin_fabsf(x) >= 33554432.0f) return (float)wm_reduce_large(x, quadrant);
    double n = __builtin_rint((double)x * 0x1.45f306dc9c883p-1);
    double r = __builtin_fma(n, -0x1.921fb54442d18p+0, (double)x);
    r = __builtin_fma(n, -0x1.1a62633145c07p-54, r);
    *quadrant = (int)n;
    return (float)r;
}

WM_FUNCTION float wm_sine_part(float r) {
    float z = r * r;
    float p = wm_fma(1.0f / 362880.0f, z, -1.0f / 5040.0f);
    p = wm_fma(p, z, 1.0f / 120.0f);
    p = wm_fma(p, z, -1.0f / 6.0f);
    return wm_fma(p * z, r, r);
}

WM_FUNCTION float wm_cosine_part(float r) {
    float z = r * r;
    float p = wm_fma(-1.0f / 3628800.0f, z, 1.0f / 40320.0f);
    p = wm_fma(p, z, -1.0f / 720.0f);
    p = wm_fma(p, z, 1.0f / 24.0f);
    p = wm_fma(p, z, -0.5f);
    return wm_fma(p, z, 1.0f);
}

WM_FUNCTION float wm_sin(float x) {
    if (!(__builtin_fabsf(x) < wm_from_bits(0x7f800000u))) return wm_from_bits(0x7fffffffu);
    if (x == 0.0f) return x; // keeps the sign
    int q;
    float r = wm_reduce(x, &q), y = q & 1 ? wm_cosine_part(r) : wm_sine_part(r);
    return q & 2 ? -y : y;
}

WM_FUNCTION float wm_cos(float x) {
    if (!(__builtin_fabsf(x) < wm_from_bits(0x7f800000u))) return wm_from_bits(0x7fffffffu);
    int q;
    float r = wm_reduce(x, &q), y = q & 1 ? wm_sine_part(r) : wm_cosine_part(r);
    return (q + 1) & 2 ? -y : y;
}
