// Matrix products behind the cuBLAS names.
#pragma once

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
};

int elementBytes(int type);
void multiply(const Gemm& g);

}  // namespace standin
