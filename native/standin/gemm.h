// Matrix products behind the cuBLAS names.
#pragma once

#include <cstddef>
#include <vector>

namespace standin {

enum ElementType { R32F = 0, R16F = 2, R16BF = 14 };

bool isElementType(int type);

// One product in column-major order: C = alpha op(A) op(B) + beta C, sums in float32.
struct Gemm {
    bool transposeA, transposeB;
    int m, n, k;
    float alpha, beta;
    const void* a;
    const void* b;
    void* c;
    int typeA, typeB, typeC;
    int lda, ldb, ldc;
    int roundedBits = 0;  // low bits of float32 inputs that are rounded away: 13 for TF32, 16 for bfloat16
};

int elementBytes(int type);
float readElement(const void* matrix, int type, size_t index);
void writeElement(void* matrix, int type, size_t index, float value);

// alpha op(A) op(B) + beta C as m x n float32, column-major without gaps. C is read only when beta is not 0.
std::vector<float> product(const Gemm& g);

// The product, written to C.
void multiply(const Gemm& g);

// 0, or ILLEGAL_ADDRESS if an operand is not within device memory.
int checkOperands(const Gemm& g);

}  // namespace standin
