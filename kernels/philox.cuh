// Philox 4x32-10 and the normal numbers made of it, to the bit as on the CPU: the same words, and its own polynomials with the same fused operations.
#pragma once

struct Words
{
    unsigned x0, x1, x2, x3;
};

__device__ inline Words philox(unsigned long long index, unsigned long long key, unsigned long long step)
{
    unsigned c0 = (unsigned)index, c1 = (unsigned)(index >> 32), c2 = (unsigned)step, c3 = (unsigned)(step >> 32);
    unsigned k0 = (unsigned)key, k1 = (unsigned)(key >> 32);
    for (int round = 0; round < 10; round++)
    {
        unsigned long long p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
        unsigned n0 = (unsigned)(p1 >> 32) ^ c1 ^ k0, n2 = (unsigned)(p0 >> 32) ^ c3 ^ k1;
        c1 = (unsigned)p1;
        c3 = (unsigned)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    Words words = {c0, c1, c2, c3};
    return words;
}

__device__ inline unsigned word(unsigned long long i, unsigned long long key, unsigned long long step)
{
    Words w = philox(i >> 2, key, step);
    switch (i & 3)
    {
        case 0: return w.x0;
        case 1: return w.x1;
        case 2: return w.x2;
        default: return w.x3;
    }
}

// The logarithm of a positive normal number; no operation may be fused that is not written so, hence the explicit roundings.
__device__ inline float log_as_cpu(float x)
{
    int bits = __float_as_int(x);
    float e = (float)((bits >> 23) - 127);
    float m = __int_as_float((bits & 0x007FFFFF) | 0x3F800000);
    if (1.41421356f < m)
    {
        e = __fadd_rn(e, 1.0f);
        m = __fmul_rn(m, 0.5f);
    }
    float s = __fdiv_rn(__fsub_rn(m, 1.0f), __fadd_rn(m, 1.0f));
    float t = __fmul_rn(s, s);
    float p = __fmaf_rn(2.0f / 9.0f, t, 2.0f / 7.0f);
    p = __fmaf_rn(p, t, 2.0f / 5.0f);
    p = __fmaf_rn(p, t, 2.0f / 3.0f);
    float small = __fmaf_rn(__fmul_rn(p, t), s, __fadd_rn(s, s));
    return __fmaf_rn(e, 0.693145752f, __fmaf_rn(e, 1.42860677e-6f, small));
}

__device__ inline void sincos_turns_as_cpu(float t, float* sine, float* cosine)
{
    float q = rintf(__fmul_rn(t, 4.0f));
    float f = __fmaf_rn(q, -0.25f, t);
    float g = __fmul_rn(f, f);
    float s = __fmaf_rn(41.472896575927734f, g, -76.69786834716797f);
    s = __fmaf_rn(s, g, 81.6052017211914f);
    s = __fmaf_rn(s, g, -41.34170150756836f);
    s = __fmaf_rn(s, g, 6.2831854820251465f);
    s = __fmul_rn(s, f);
    float c = __fmaf_rn(59.22028732299805f, g, -85.4428482055664f);
    c = __fmaf_rn(c, g, 64.93931579589844f);
    c = __fmaf_rn(c, g, -19.739208221435547f);
    c = __fmaf_rn(c, g, 1.0f);
    bool odd = q == 1.0f || q == 3.0f;
    float swappedSine = odd ? c : s, swappedCosine = odd ? s : c;
    *cosine = q == 1.0f || q == 2.0f ? __fsub_rn(0.0f, swappedCosine) : swappedCosine;
    *sine = q == 2.0f || q == 3.0f ? __fsub_rn(0.0f, swappedSine) : swappedSine;
}

// The four numbers of a block: Box-Muller over words (0, 1) and (2, 3).
__device__ inline void four_normals(float* z, long long block, unsigned long long key, unsigned long long step)
{
    Words w = philox((unsigned long long)block, key, step);
    for (int pair = 0; pair < 2; pair++)
    {
        unsigned first = pair == 0 ? w.x0 : w.x2, second = pair == 0 ? w.x1 : w.x3;
        float u = __fmul_rn((float)((first >> 8) + 1u), 1.0f / 16777216.0f), t = __fmul_rn((float)(second >> 8), 1.0f / 16777216.0f);
        float radius = __fsqrt_rn(__fmul_rn(-2.0f, log_as_cpu(u))), sine, cosine;
        sincos_turns_as_cpu(t, &sine, &cosine);
        z[2 * pair] = __fmul_rn(radius, cosine);
        z[2 * pair + 1] = __fmul_rn(radius, sine);
    }
}
