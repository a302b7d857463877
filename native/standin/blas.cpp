// The names of libcublas.
#include <algorithm>
#include <cstdint>
#include <set>

#include "blas_status.h"
#include "calls.h"
#include "gemm.h"
#include "memory.h"
#include "streams.h"

using namespace standin;

namespace {

struct Handle {
    Stream* stream = nullptr;
    void* streamHandle = nullptr;
    int mathMode = 0;
    bool scalarsOnDevice = false;
};

std::set<Handle*> handles;

Handle* find(void* handle) {
    auto* h = static_cast<Handle*>(handle);
    return handles.count(h) ? h : nullptr;
}

// Batches repeat one product at steps of elements, or over arrays of pointers.
struct Batch {
    Gemm gemm;
    int count = 1;
    long long stepA = 0, stepB = 0, stepC = 0;
    const void* const* listA = nullptr;
    const void* const* listB = nullptr;
    void* const* listC = nullptr;
    const float* alpha = nullptr;
    const float* beta = nullptr;
};

const char* at(const void* base, long long step, int index, int type) {
    return static_cast<const char*>(base) + step * index * elementBytes(type);
}

int runBatch(const Batch& batch, bool scalarsOnDevice) {
    for (int i = 0; i < batch.count; i++) {
        Gemm g = batch.gemm;
        if (scalarsOnDevice) {
            g.alpha = *batch.alpha;
            g.beta = *batch.beta;
        }
        g.a = batch.listA ? batch.listA[i] : at(g.a, batch.stepA, i, g.typeA);
        g.b = batch.listB ? batch.listB[i] : at(g.b, batch.stepB, i, g.typeB);
        g.c = batch.listC ? batch.listC[i] : const_cast<char*>(at(g.c, batch.stepC, i, g.typeC));
        int error = checkOperands(g);
        if (error) return error;
        multiply(g);
    }
    return CUDA_SUCCESS;
}

// What a compute type leaves of float32 inputs, as low bits rounded away; the handle's math mode (3: TF32) speaks for plain float32.
int roundedBits(int compute, int mathMode) {
    if (compute == 75) return 16;
    return compute == 77 || (compute == 68 && mathMode == 3) ? 13 : 0;
}

// Checks what the real library checks at the call, and queues the rest.
int queue(void* handle, int ta, int tb, Batch batch, const void* alpha, const void* beta, int compute) {
    Handle* h = find(handle);
    if (!h) return CUBLAS_NOT_INITIALIZED;
    Gemm& g = batch.gemm;
    g.roundedBits = g.typeA == R32F ? roundedBits(compute, h->mathMode) : 0;
    if (ta < 0 || ta > 2 || tb < 0 || tb > 2 || g.m < 0 || g.n < 0 || g.k < 0 || batch.count < 0 || !alpha || !beta)
        return CUBLAS_INVALID_VALUE;
    g.transposeA = ta != 0;
    g.transposeB = tb != 0;
    if (g.lda < std::max(1, g.transposeA ? g.k : g.m) || g.ldb < std::max(1, g.transposeB ? g.n : g.k) || g.ldc < std::max(1, g.m)) {
        fail(CUDA_ERROR_INVALID_VALUE, "cuBLAS: leading dimensions %d, %d, %d do not fit m %d, n %d, k %d", g.lda, g.ldb, g.ldc, g.m, g.n,
             g.k);
        return CUBLAS_INVALID_VALUE;
    }
    if (!isElementType(g.typeA) || g.typeA != g.typeB || !(g.typeC == g.typeA || g.typeC == R32F)) return CUBLAS_NOT_SUPPORTED;
    batch.alpha = static_cast<const float*>(alpha);
    batch.beta = static_cast<const float*>(beta);
    bool onDevice = h->scalarsOnDevice;
    if (!onDevice) {
        g.alpha = *batch.alpha;
        g.beta = *batch.beta;
    }
    if (!findStream(h->streamHandle)) return CUBLAS_EXECUTION_FAILED;
    int error = submit(h->stream, 0, [batch, onDevice] { return runBatch(batch, onDevice); });
    return error ? CUBLAS_EXECUTION_FAILED : CUBLAS_SUCCESS;
}

Batch product(int m, int n, int k, const void* a, int ta, int lda, const void* b, int tb, int ldb, void* c, int tc, int ldc) {
    Batch batch;
    batch.gemm = {false, false, m, n, k, 0, 0, a, b, c, ta, tb, tc, lda, ldb, ldc};
    return batch;
}

}  // namespace

int standin::listBlasLeaks(std::string* text) {
    for (size_t i = 0; i < handles.size(); i++) *text += "cuBLAS handle\n";
    return static_cast<int>(handles.size());
}

STANDIN_EXPORT int cublasCreate_v2(void** out) {
    BLAS_CALL();
    if (!currentContext()) return CUBLAS_NOT_INITIALIZED;
    auto* h = new Handle;
    h->stream = findStream(nullptr);
    handles.insert(h);
    *out = h;
    return CUBLAS_SUCCESS;
}

STANDIN_EXPORT int cublasDestroy_v2(void* handle) {
    Call call(__func__, Needs::Nothing);
    Handle* h = find(handle);
    if (!h) return CUBLAS_NOT_INITIALIZED;
    handles.erase(h);
    delete h;
    return CUBLAS_SUCCESS;
}

STANDIN_EXPORT int cublasSetStream_v2(void* handle, void* stream) {
    BLAS_CALL();
    Handle* h = find(handle);
    if (!h) return CUBLAS_NOT_INITIALIZED;
    Stream* found = findStream(stream);
    if (!found) return CUBLAS_INVALID_VALUE;
    h->stream = found;
    h->streamHandle = stream;
    return CUBLAS_SUCCESS;
}

STANDIN_EXPORT int cublasSetWorkspace_v2(void* handle, void* workspace, size_t bytes) {
    BLAS_CALL();
    if (!find(handle)) return CUBLAS_NOT_INITIALIZED;
    if (reinterpret_cast<uintptr_t>(workspace) % 256 != 0 || (bytes > 0 && checkDeviceRange(workspace, bytes, "workspace")))
        return CUBLAS_INVALID_VALUE;
    return CUBLAS_SUCCESS;
}

STANDIN_EXPORT int cublasSetMathMode(void* handle, int mode) {
    BLAS_CALL();
    Handle* h = find(handle);
    if (!h) return CUBLAS_NOT_INITIALIZED;
    h->mathMode = mode;
    return CUBLAS_SUCCESS;
}

STANDIN_EXPORT int cublasGetMathMode(void* handle, int* mode) {
    BLAS_CALL();
    Handle* h = find(handle);
    if (!h) return CUBLAS_NOT_INITIALIZED;
    *mode = h->mathMode;
    return CUBLAS_SUCCESS;
}

STANDIN_EXPORT int cublasSetPointerMode_v2(void* handle, int mode) {
    BLAS_CALL();
    Handle* h = find(handle);
    if (!h) return CUBLAS_NOT_INITIALIZED;
    h->scalarsOnDevice = mode == 1;
    return CUBLAS_SUCCESS;
}

STANDIN_EXPORT int cublasGetVersion_v2(void*, int* version) {
    BLAS_CALL();
    *version = 120400;
    return CUBLAS_SUCCESS;
}

// libraryPropertyType: 0 major, 1 minor, 2 patch
STANDIN_EXPORT int cublasGetProperty(int type, int* value) {
    if (!value || type < 0 || type > 2) return CUBLAS_INVALID_VALUE;
    *value = type == 0 ? 12 : type == 1 ? 4 : 0;
    return CUBLAS_SUCCESS;
}

STANDIN_EXPORT const char* cublasGetStatusString(int status) {
    switch (status) {
        case 0:
            return "success";
        case 1:
            return "the library was not initialized";
        case 3:
            return "the resource allocation failed";
        case 7:
            return "an unsupported value or parameter was passed to the function";
        case 8:
            return "the function requires an architectural feature absent from the device architecture";
        case 13:
            return "the function failed to launch on the GPU";
        case 14:
            return "an internal operation failed";
        case 15:
            return "the functionality requested is not supported";
        default:
            return "unknown status";
    }
}

STANDIN_EXPORT int cublasSgemm_v2(void* h, int ta, int tb, int m, int n, int k, const float* alpha, const float* a, int lda, const float* b,
                                  int ldb, const float* beta, float* c, int ldc) {
    BLAS_CALL();
    return queue(h, ta, tb, product(m, n, k, a, R32F, lda, b, R32F, ldb, c, R32F, ldc), alpha, beta, 68);
}

STANDIN_EXPORT int cublasSgemmStridedBatched(void* h, int ta, int tb, int m, int n, int k, const float* alpha, const float* a, int lda,
                                             long long sa, const float* b, int ldb, long long sb, const float* beta, float* c, int ldc,
                                             long long sc, int count) {
    BLAS_CALL();
    Batch batch = product(m, n, k, a, R32F, lda, b, R32F, ldb, c, R32F, ldc);
    batch.count = count;
    batch.stepA = sa, batch.stepB = sb, batch.stepC = sc;
    return queue(h, ta, tb, batch, alpha, beta, 68);
}

STANDIN_EXPORT int cublasGemmStridedBatchedEx(void* h, int ta, int tb, int m, int n, int k, const void* alpha, const void* a, int typeA,
                                              int lda, long long sa, const void* b, int typeB, int ldb, long long sb, const void* beta,
                                              void* c, int typeC, int ldc, long long sc, int count, int compute, int) {
    BLAS_CALL();
    if (!isFloatCompute(compute)) return CUBLAS_NOT_SUPPORTED;
    Batch batch = product(m, n, k, a, typeA, lda, b, typeB, ldb, c, typeC, ldc);
    batch.count = count;
    batch.stepA = sa, batch.stepB = sb, batch.stepC = sc;
    return queue(h, ta, tb, batch, alpha, beta, compute);
}

STANDIN_EXPORT int cublasGemmEx(void* h, int ta, int tb, int m, int n, int k, const void* alpha, const void* a, int typeA, int lda,
                                const void* b, int typeB, int ldb, const void* beta, void* c, int typeC, int ldc, int compute, int) {
    BLAS_CALL();
    if (!isFloatCompute(compute)) return CUBLAS_NOT_SUPPORTED;
    return queue(h, ta, tb, product(m, n, k, a, typeA, lda, b, typeB, ldb, c, typeC, ldc), alpha, beta, compute);
}

STANDIN_EXPORT int cublasGemmBatchedEx(void* h, int ta, int tb, int m, int n, int k, const void* alpha, const void* const* a, int typeA,
                                       int lda, const void* const* b, int typeB, int ldb, const void* beta, void* const* c, int typeC,
                                       int ldc, int count, int compute, int) {
    BLAS_CALL();
    if (!isFloatCompute(compute)) return CUBLAS_NOT_SUPPORTED;
    Batch batch = product(m, n, k, nullptr, typeA, lda, nullptr, typeB, ldb, nullptr, typeC, ldc);
    batch.count = count;
    batch.listA = a, batch.listB = b, batch.listC = c;
    if (count > 0 && (checkDeviceRange(a, sizeof(void*) * count, "list of A") || checkDeviceRange(b, sizeof(void*) * count, "list of B") ||
                      checkDeviceRange(c, sizeof(void*) * count, "list of C"))) {
        return CUBLAS_INVALID_VALUE;
    }
    return queue(h, ta, tb, batch, alpha, beta, compute);
}
