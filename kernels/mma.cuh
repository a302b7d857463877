// Products on tensor cores: 16 x 16 times 16 x 8 by a warp, factors in TF32 or bfloat16, sums in float32. The only header with inline PTX.
// A lane is (g, t) = (lane / 4, lane % 4). Of the left factor it holds the columns 2t, 2t + 1, 2t + 8, 2t + 9 of the rows g and g + 8; of the right factor the same
// four rows of column g; of the sum the columns 2t, 2t + 1 of the rows g and g + 8. So two neighbouring sums are the left factor of a next product as they stand.
// For bfloat16 that is the order of mma.m16n8k16. TF32 takes two mma.m16n8k8, and since the order of terms is free, their depth t means 2t, and t + 4 means 2t + 1.
#pragma once

#if !defined(WEIGHTMEM_STANDIN) && !(defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800)
#error "mma.cuh is for devices of capability 8.0 and later"
#endif

struct Tf32 {
    enum { PER_WORD = 1, LEFT = 8, RIGHT = 4 };
};
struct Bf16 {
    enum { PER_WORD = 2, LEFT = 4, RIGHT = 2 };
};

template <class M>
struct Left {
    u32 word[M::LEFT];
};
template <class M>
struct Right {
    u32 word[M::RIGHT];
};
struct Sums {
    float value[4]; // (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1)
};

// To the nearest number of 10 bits behind the point; the middle goes away from zero. A NaN stays one.
__device__ __forceinline__ u32 tf32_of(float value)
{
#ifdef WEIGHTMEM_STANDIN
    u32 bits = __float_as_uint(value);
    return (bits & 0x7fffffffu) > 0x7f800000u ? bits | 0x00400000u : (bits + 0x1000u) & 0xffffe000u;
#else
    u32 bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
    return bits;
#endif
}

// Two bfloat16, the first in the low half: to the nearest, the middle to even.
__device__ __forceinline__ u32 bf16_pair(float low, float high)
{
#ifdef WEIGHTMEM_STANDIN
    return (u32)float_to_bf16(high).bits << 16 | float_to_bf16(low).bits;
#else
    u32 both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
    return both;
#endif
}

#ifdef WEIGHTMEM_STANDIN
// One instruction: every lane asks the lanes of its rows and of its columns for their words. STEPS terms stand in a word.
template <class M>
__device__ __forceinline__ void mma_step(Sums& sums, const u32* a, const u32* b)
{
    int lane = threadIdx.x & 31, g = lane >> 2, t = lane & 3;
    for (int from = 0; from < 4; from++)
    {
        u64 near = __shfl_sync(FULL_MASK, (u64)a[1] << 32 | a[0], g * 4 + from);
        u64 far = __shfl_sync(FULL_MASK, (u64)a[3] << 32 | a[2], g * 4 + from);
        u64 left = __shfl_sync(FULL_MASK, (u64)b[1] << 32 | b[0], 8 * t + from);
        u64 right = __shfl_sync(FULL_MASK, (u64)b[1] << 32 | b[0], 8 * t + 4 + from);
        for (int half = 0; half < 2; half++)
        {
            for (int i = 0; i < 4; i++)
            {
                u32 x = (u32)((half == 0 ? near : far) >> (i / 2 * 32)), y = (u32)((i % 2 == 0 ? left : right) >> (half * 32));
                if (M::PER_WORD == 1)
                {
                    sums.value[i] += __uint_as_float(x) * __uint_as_float(y);
                }
                else
                {
                    sums.value[i] += __uint_as_float(x << 16) * __uint_as_float(y << 16);
                    sums.value[i] += __uint_as_float(x & 0xffff0000u) * __uint_as_float(y & 0xffff0000u);
                }
            }
        }
    }
}
#endif

// sums += left right
__device__ __forceinline__ void multiply_add(Sums& sums, const Left<Tf32>& left, const Right<Tf32>& right)
{
#pragma unroll
    for (int half = 0; half < 2; half++)
    {
        const u32 *a = left.word + 4 * half, *b = right.word + 2 * half;
#ifdef WEIGHTMEM_STANDIN
        mma_step<Tf32>(sums, a, b);
#else
        asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
            : "+f"(sums.value[0]), "+f"(sums.value[1]), "+f"(sums.value[2]), "+f"(sums.value[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
    }
}

__device__ __forceinline__ void multiply_add(Sums& sums, const Left<Bf16>& left, const Right<Bf16>& right)
{
    const u32 *a = left.word, *b = right.word;
#ifdef WEIGHTMEM_STANDIN
    mma_step<Bf16>(sums, a, b);
#else
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sums.value[0]), "+f"(sums.value[1]), "+f"(sums.value[2]), "+f"(sums.value[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// Two neighbouring sums, rounded, as the left factor of a next product
__device__ __forceinline__ void left_of(Left<Tf32>& left, const Sums& first, const Sums& second)
{
#pragma unroll
    for (int half = 0; half < 2; half++)
    {
        const float* from = half == 0 ? first.value : second.value;
        left.word[4 * half] = tf32_of(from[0]);
        left.word[4 * half + 1] = tf32_of(from[2]);
        left.word[4 * half + 2] = tf32_of(from[1]);
        left.word[4 * half + 3] = tf32_of(from[3]);
    }
}

__device__ __forceinline__ void left_of(Left<Bf16>& left, const Sums& first, const Sums& second)
{
    left.word[0] = bf16_pair(first.value[0], first.value[1]);
    left.word[1] = bf16_pair(first.value[2], first.value[3]);
    left.word[2] = bf16_pair(second.value[0], second.value[1]);
    left.word[3] = bf16_pair(second.value[2], second.value[3]);
}

// ---- factors in shared memory ---------------------------------------------------------------------------------------------------------------------------------
// A panel holds rows of `columns` values (a multiple of 16) in words, with pitches that let the lanes of a warp hit different banks. Where the sum runs along a row,
// words stand row by row; where it runs down the columns, a word of two values holds those of two rows. Panels start at even words.
template <class M>
__device__ __forceinline__ int row_pitch(int columns) { return (columns + 8) / M::PER_WORD; }

template <class M>
__device__ __forceinline__ int pair_pitch(int columns) { return columns + 4 * M::PER_WORD; }

template <class M>
__device__ __forceinline__ int pair_words(int rows, int columns) { return rows / M::PER_WORD * pair_pitch<M>(columns); }

__device__ __forceinline__ void put_words(u32* to, int between, float first, float second, Tf32)
{
    to[0] = tf32_of(first);
    to[between] = tf32_of(second);
}

__device__ __forceinline__ void put_words(u32* to, int, float first, float second, Bf16) { *to = bf16_pair(first, second); }

// Rows start .. start + count - 1 of `size` values, by the whole block; past the end and beyond `size` there are zeros.
template <class M>
__device__ __forceinline__ void stage_rows(u32* panel, const float* rows, int start, int count, int end, int rowStride, int size, int columns)
{
    int pairs = columns / 2;
    for (int at = threadIdx.x; at < count * pairs; at += blockDim.x)
    {
        int r = at / pairs, c = at % pairs * 2;
        const float* from = rows + (long long)(start + r) * rowStride + c;
        bool there = start + r < end;
        put_words(panel + r * row_pitch<M>(columns) + c / M::PER_WORD, 1, there && c < size ? from[0] : 0.0f, there && c + 1 < size ? from[1] : 0.0f, M());
    }
}

template <class M>
__device__ __forceinline__ void stage_pairs(u32* panel, const float* rows, int start, int count, int end, int rowStride, int size, int columns)
{
    int pitch = pair_pitch<M>(columns);
    for (int at = threadIdx.x; at < count / 2 * columns; at += blockDim.x)
    {
        int r = at / columns * 2, c = at % columns;
        const float* from = rows + (long long)(start + r) * rowStride + c;
        float first = start + r < end && c < size ? from[0] : 0.0f, second = start + r + 1 < end && c < size ? from[rowStride] : 0.0f;
        put_words(panel + r / M::PER_WORD * pitch + c, pitch, first, second, M());
    }
}

// Rows row .. row + 15 of a panel of rows, columns k .. k + 15
__device__ __forceinline__ void load_left(Left<Tf32>& left, const u32* panel, int columns, int row, int k)
{
    int pitch = row_pitch<Tf32>(columns);
    const u32* from = panel + (row + (int)(LANE >> 2)) * pitch + k + 2 * (LANE & 3);
#pragma unroll
    for (int half = 0; half < 2; half++)
    {
        u64 upper = *reinterpret_cast<const u64*>(from + 8 * half), lower = *reinterpret_cast<const u64*>(from + 8 * pitch + 8 * half);
        left.word[4 * half] = (u32)upper;
        left.word[4 * half + 1] = (u32)lower;
        left.word[4 * half + 2] = (u32)(upper >> 32);
        left.word[4 * half + 3] = (u32)(lower >> 32);
    }
}

__device__ __forceinline__ void load_left(Left<Bf16>& left, const u32* panel, int columns, int row, int k)
{
    int pitch = row_pitch<Bf16>(columns);
    const u32* from = panel + (row + (int)(LANE >> 2)) * pitch + k / 2 + (LANE & 3);
    left.word[0] = from[0];
    left.word[1] = from[8 * pitch];
    left.word[2] = from[4];
    left.word[3] = from[8 * pitch + 4];
}

// The right factor of a product with the transpose of a panel of rows: its rows n .. n + 7, columns k .. k + 15
__device__ __forceinline__ void load_right_transposed(Right<Tf32>& right, const u32* panel, int columns, int n, int k)
{
    const u32* from = panel + (n + (int)(LANE >> 2)) * row_pitch<Tf32>(columns) + k + 2 * (LANE & 3);
    u64 first = *reinterpret_cast<const u64*>(from), second = *reinterpret_cast<const u64*>(from + 8);
    right.word[0] = (u32)first;
    right.word[1] = (u32)(first >> 32);
    right.word[2] = (u32)second;
    right.word[3] = (u32)(second >> 32);
}

__device__ __forceinline__ void load_right_transposed(Right<Bf16>& right, const u32* panel, int columns, int n, int k)
{
    const u32* from = panel + (n + (int)(LANE >> 2)) * row_pitch<Bf16>(columns) + k / 2 + (LANE & 3);
    right.word[0] = from[0];
    right.word[1] = from[4];
}

// The right factor from a panel of pairs: its rows k .. k + 15, columns n .. n + 7
__device__ __forceinline__ void load_right(Right<Tf32>& right, const u32* panel, int columns, int k, int n)
{
    int pitch = pair_pitch<Tf32>(columns);
    const u32* from = panel + (k + 2 * (int)(LANE & 3)) * pitch + n + (LANE >> 2);
    right.word[0] = from[0];
    right.word[1] = from[pitch];
    right.word[2] = from[8 * pitch];
    right.word[3] = from[9 * pitch];
}

__device__ __forceinline__ void load_right(Right<Bf16>& right, const u32* panel, int columns, int k, int n)
{
    int pitch = pair_pitch<Bf16>(columns);
    const u32* from = panel + (k / 2 + (int)(LANE & 3)) * pitch + n + (LANE >> 2);
    right.word[0] = from[0];
    right.word[1] = from[4 * pitch];
}
