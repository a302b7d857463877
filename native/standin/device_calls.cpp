// What kernels may call besides barriers and warp operations.
#include <cstdarg>
#include <cstdio>
#include <string>

#include "block.h"
#include "device_abi.h"
#include "status.h"

int standin_printf(const char* format, ...) {
    va_list values;
    va_start(values, format);
    int written = vprintf(format, values);
    va_end(values);
    return written;
}

void standin_assert_failed(const char* expression, const char* file, int line) {
    standin::abandonLaunch(CUDA_ERROR_ASSERT, std::string("assertion failed: ") + expression + " at " + file + ":" + std::to_string(line));
}

void standin_trapped(const char* file, int line) {
    standin::abandonLaunch(CUDA_ERROR_ASSERT, std::string("__trap at ") + file + ":" + std::to_string(line));
}
