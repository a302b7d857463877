// Bodies for the call-backs of -fsanitize=alignment,bounds,shift,...: they turn into CUDA errors of the running launch.
#include <cstdint>
#include <string>

#include "block.h"
#include "status.h"

namespace {

// Layouts that the compiler emits.
struct Location {
    const char* file;
    uint32_t line, column;
};

struct AlignmentData {
    Location location;
    const void* type;
    unsigned char logAlignment, kind;
};

[[noreturn]] void report(int code, const Location& location, const std::string& text) {
    standin::abandonLaunch(code, text + " at " + location.file + ":" + std::to_string(location.line));
}

}  // namespace

#define SANITIZER_EXPORT extern "C" __attribute__((visibility("default")))

SANITIZER_EXPORT void __ubsan_handle_type_mismatch_v1(const AlignmentData* data, uintptr_t pointer) {
    size_t alignment = size_t{1} << data->logAlignment;
    if (pointer == 0 || pointer % alignment == 0) return;  // null faults by itself, with its address
    report(CUDA_ERROR_MISALIGNED_ADDRESS, data->location, "address not aligned to " + std::to_string(alignment) + " bytes");
}

SANITIZER_EXPORT void __ubsan_handle_out_of_bounds(const Location* at, uintptr_t index) {
    report(CUDA_ERROR_ILLEGAL_ADDRESS, *at, "index " + std::to_string(static_cast<intptr_t>(index)) + " out of the array's bounds");
}

#define STANDIN_UB(NAME, TEXT) \
    SANITIZER_EXPORT void __ubsan_handle_##NAME(const Location* at, uintptr_t, uintptr_t) { report(CUDA_ERROR_LAUNCH_FAILED, *at, TEXT); }

STANDIN_UB(shift_out_of_bounds, "shift by a negative or too large count, or of a negative value")
STANDIN_UB(divrem_overflow, "integer division by zero or overflow")
STANDIN_UB(add_overflow, "signed integer overflow in an addition")
STANDIN_UB(sub_overflow, "signed integer overflow in a subtraction")
STANDIN_UB(mul_overflow, "signed integer overflow in a multiplication")
STANDIN_UB(negate_overflow, "signed integer overflow in a negation")
STANDIN_UB(builtin_unreachable, "code that must not be reached")
STANDIN_UB(missing_return, "a function that returns a value ended without one")
