// Packs op(A) and op(B) as float32 panels and multiplies them in tiles that stay in registers.
#include "gemm.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "memory.h"
#include "status.h"

namespace standin {
namespace {

constexpr int TileM = 16;  // two vectors of eight
constexpr int TileN = 4;
constexpr int BlockK = 256;
constexpr int BlockM = 128;

using Vector = float __attribute__((vector_size(32)));

float fromHalf(uint16_t bits) {
    uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16, magnitude = bits & 0x7FFFu, word;
    float value;
    if (magnitude >= 0x7C00u) {
        word = sign | 0x7F800000u | (magnitude & 0x3FFu) << 13;
        memcpy(&value, &word, sizeof value);
        return value;
    }
    word = magnitude << 13;
    memcpy(&value, &word, sizeof value);
    value *= 0x1p112f;
    return sign ? -value : value;
}

uint16_t toHalf(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu, result;
    if (magnitude > 0x7F800000u) {
        result = 0x7E00u;
    } else if (magnitude >= 0x477FF000u) {
        result = 0x7C00u;
    } else if (magnitude < 0x38800000u) {
        float shifted;
        memcpy(&shifted, &magnitude, sizeof shifted);
        shifted += 0.5f;
        memcpy(&result, &shifted, sizeof result);
        result -= 0x3F000000u;
    } else {
        result = (magnitude - 0x38000000u + 0xFFFu + (magnitude >> 13 & 1u)) >> 13;
    }
    return static_cast<uint16_t>(sign | result);
}

uint16_t toBrain(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<uint16_t>(bits >> 16 | 0x40u);
    return static_cast<uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

inline float read(const void* p, int type, size_t i) {
    if (type == R32F) return static_cast<const float*>(p)[i];
    uint16_t bits = static_cast<const uint16_t*>(p)[i];
    if (type == R16F) return fromHalf(bits);
    uint32_t word = static_cast<uint32_t>(bits) << 16;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

inline void write(void* p, int type, size_t i, float value) {
    if (type == R32F)
        static_cast<float*>(p)[i] = value;
    else
        static_cast<uint16_t*>(p)[i] = type == R16F ? toHalf(value) : toBrain(value);
}

// The nearest number whose low bits are zero, ties to even. Infinity and NaN stay what they are.
float rounded(float value, int bits) {
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    if (bits == 0 || (word & 0x7F800000u) == 0x7F800000u) return value;
    word = (word + (1u << (bits - 1)) - 1 + (word >> bits & 1u)) >> bits << bits;
    memcpy(&value, &word, sizeof value);
    return value;
}

size_t bytesOf(int rows, int columns, int ld, int type) {
    if (rows == 0 || columns == 0) return 0;
    return (static_cast<size_t>(columns - 1) * ld + rows) * elementBytes(type);
}

// Element (row, column) of op(X).
float element(const void* x, int type, int ld, bool transpose, int row, int column) {
    size_t i = transpose ? static_cast<size_t>(row) * ld + column : static_cast<size_t>(column) * ld + row;
    return read(x, type, i);
}

// sum[n][m] = panel of A (k x TileM) times panel of B (k x TileN).
inline __attribute__((always_inline)) void tileProduct(const float* a, const float* b, int k, float* sum) {
    Vector s[TileN][2] = {};
    for (int p = 0; p < k; p++) {
        Vector low, high;
        memcpy(&low, a + p * TileM, sizeof low);
        memcpy(&high, a + p * TileM + 8, sizeof high);
#pragma GCC unroll 4
        for (int j = 0; j < TileN; j++) {
            s[j][0] += low * b[p * TileN + j];
            s[j][1] += high * b[p * TileN + j];
        }
    }
    memcpy(sum, s, sizeof s);
}

// Compiled twice, and chosen by what the processor has.
void tileProductPlain(const float* a, const float* b, int k, float* sum) { tileProduct(a, b, k, sum); }
__attribute__((target("avx2,fma"))) void tileProductWide(const float* a, const float* b, int k, float* sum) { tileProduct(a, b, k, sum); }

void packA(const Gemm& g, int row, int rows, int from, int depth, float* out) {
    for (int i = 0; i < rows; i += TileM) {
        for (int p = 0; p < depth; p++) {
            for (int l = 0; l < TileM; l++) *out++ = i + l < rows ? rounded(element(g.a, g.typeA, g.lda, g.transposeA, row + i + l, from + p), g.roundedBits) : 0;
        }
    }
}

void packB(const Gemm& g, int from, int depth, float* out) {
    for (int j = 0; j < g.n; j += TileN) {
        for (int p = 0; p < depth; p++) {
            for (int l = 0; l < TileN; l++) *out++ = j + l < g.n ? rounded(element(g.b, g.typeB, g.ldb, g.transposeB, from + p, j + l), g.roundedBits) : 0;
        }
    }
}

}  // namespace

bool isElementType(int type) { return type == R32F || type == R16F || type == R16BF; }
int elementBytes(int type) { return type == R32F ? 4 : 2; }

float readElement(const void* matrix, int type, size_t index) { return read(matrix, type, index); }
void writeElement(void* matrix, int type, size_t index, float value) { write(matrix, type, index, value); }

std::vector<float> product(const Gemm& g) {
    bool wide = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    auto* tile = wide ? tileProductWide : tileProductPlain;
    int paddedN = (g.n + TileN - 1) / TileN * TileN;
    std::vector<float> sums(static_cast<size_t>(g.m) * g.n);  // float32 whatever the type of C, rounded once
    std::vector<float> panelA(static_cast<size_t>(BlockM) * BlockK), panelB(static_cast<size_t>(paddedN) * BlockK);
    for (int from = 0; from < g.k; from += BlockK) {
        int depth = std::min(BlockK, g.k - from);
        packB(g, from, depth, panelB.data());
        for (int row = 0; row < g.m; row += BlockM) {
            int rows = std::min(BlockM, g.m - row);
            packA(g, row, rows, from, depth, panelA.data());
            for (int j = 0; j < g.n; j += TileN) {
                for (int i = 0; i < rows; i += TileM) {
                    float sum[TileN * TileM];
                    tile(panelA.data() + static_cast<size_t>(i) * depth, panelB.data() + static_cast<size_t>(j) * depth, depth, sum);
                    for (int c = 0; c < std::min(TileN, g.n - j); c++) {
                        float* target = &sums[static_cast<size_t>(j + c) * g.m + row + i];
                        for (int r = 0; r < std::min(TileM, rows - i); r++) target[r] += sum[c * TileM + r];
                    }
                }
            }
        }
    }
    for (int j = 0; j < g.n; j++) {
        for (int i = 0; i < g.m; i++) {
            float& value = sums[static_cast<size_t>(j) * g.m + i];
            value *= g.alpha;
            // With beta 0 the old C is not read: it may be uninitialised.
            if (g.beta != 0) value += g.beta * read(g.c, g.typeC, static_cast<size_t>(j) * g.ldc + i);
        }
    }
    return sums;
}

void multiply(const Gemm& g) {
    std::vector<float> sums = product(g);
    for (int j = 0; j < g.n; j++) {
        for (int i = 0; i < g.m; i++) write(g.c, g.typeC, static_cast<size_t>(j) * g.ldc + i, sums[static_cast<size_t>(j) * g.m + i]);
    }
}

int checkOperands(const Gemm& g) {
    size_t a = g.transposeA ? bytesOf(g.k, g.m, g.lda, g.typeA) : bytesOf(g.m, g.k, g.lda, g.typeA);
    size_t b = g.transposeB ? bytesOf(g.n, g.k, g.ldb, g.typeB) : bytesOf(g.k, g.n, g.ldb, g.typeB);
    size_t c = bytesOf(g.m, g.n, g.ldc, g.typeC);
    int error = a ? checkDeviceRange(g.a, a, "product: read of A") : 0;
    if (!error && b) error = checkDeviceRange(g.b, b, "product: read of B");
    if (!error && c) error = checkDeviceRange(g.c, c, "product: C");
    return error ? CUDA_ERROR_ILLEGAL_ADDRESS : 0;
}

}  // namespace standin
