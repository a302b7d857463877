// What the cuBLAS and cuBLASLt names share.
#pragma once

#include "calls.h"

enum : int {
    CUBLAS_SUCCESS = 0,
    CUBLAS_NOT_INITIALIZED = 1,
    CUBLAS_ALLOC_FAILED = 3,
    CUBLAS_INVALID_VALUE = 7,
    CUBLAS_EXECUTION_FAILED = 13,
    CUBLAS_INTERNAL_ERROR = 14,
    CUBLAS_NOT_SUPPORTED = 15
};

namespace standin {

int listBlasLeaks(std::string* text);

// cublasComputeType_t with float32 sums: all are plain float32 here.
inline bool isFloatCompute(int type) { return type == 68 || type == 69 || type == 74 || type == 75 || type == 77; }

}  // namespace standin

#define BLAS_CALL()                                            \
    ::standin::Call call(__func__, ::standin::Needs::Nothing); \
    if (call.error) return call.error;                         \
    if (::standin::stickyError()) return CUBLAS_EXECUTION_FAILED
