// Initialisation, the one device, its primary context, and what is left over when that goes.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "blas_status.h"
#include "calls.h"
#include "memory.h"
#include "modules.h"
#include "streams.h"

namespace standin {
namespace {

const char DeviceName[] = "CPU stand-in (test double, not a GPU)";
constexpr int DriverVersion = 12040;

bool initialised;
int primaryReferences;
int primaryContext;  // its address is the handle

thread_local std::vector<void*> contextStack;

// 80 for 8.0, or what the variable says, as in 7.5: to see what the host does on an older device.
int capability() {
    const char* text = getenv("WEIGHTMEM_STANDIN_CAPABILITY");
    int major = 0, minor = 0;
    return text && sscanf(text, "%d.%d", &major, &minor) == 2 ? 10 * major + minor : 80;
}

int listLeftOver(std::string* text) {
    return listLeaks(text) + listModuleLeaks(text) + listStreamLeaks(text) + listGraphLeaks(text) + listBlasLeaks(text);
}

}  // namespace

bool isInitialised() { return initialised; }

void* currentContext() {
    void* top = contextStack.empty() ? nullptr : contextStack.back();
    return primaryReferences > 0 ? top : nullptr;  // a context that was released is no context
}

}  // namespace standin

using namespace standin;

// The number of things not released, and one line for each of them. Copies at most size bytes with the final zero.
STANDIN_EXPORT int standinLeakReport(char* text, int size) {
    std::lock_guard<std::recursive_mutex> guard(driverLock());
    std::string list;
    int count = listLeftOver(&list);
    if (text && size > 0) text[list.copy(text, static_cast<size_t>(size) - 1)] = 0;
    return count;
}

STANDIN_EXPORT CUresult cuInit(unsigned flags) {
    CUDA_CALL(Nothing);
    if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
    initialised = true;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuDriverGetVersion(int* version) {
    CUDA_CALL(Nothing);
    *version = DriverVersion;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuDeviceGetCount(int* count) {
    CUDA_CALL(Init);
    *count = 1;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuDeviceGet(int* device, int ordinal) {
    CUDA_CALL(Init);
    if (ordinal != 0) return CUDA_ERROR_INVALID_DEVICE;
    *device = 0;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuDeviceGetName(char* name, int size, int device) {
    CUDA_CALL(Init);
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    if (!name || size < 1) return CUDA_ERROR_INVALID_VALUE;
    snprintf(name, static_cast<size_t>(size), "%s", DeviceName);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuDeviceTotalMem_v2(size_t* bytes, int device) {
    CUDA_CALL(Init);
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    *bytes = DeviceBytes;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuDeviceGetUuid_v2(char* uuid, int device) {
    CUDA_CALL(Init);
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    memcpy(uuid, "CPU stand-in 000", 16);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuDeviceGetPCIBusId(char* text, int size, int device) {
    CUDA_CALL(Init);
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    snprintf(text, static_cast<size_t>(size), "0000:00:00.0");
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuDeviceCanAccessPeer(int* can, int, int) {
    CUDA_CALL(Init);
    *can = 0;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuDeviceGetAttribute(int* value, int attribute, int device) {
    CUDA_CALL(Init);
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    struct Row {
        int attribute, value;
    };
    const Row rows[] = {
        {1, MaxThreads},
        {2, 1024},
        {3, 1024},
        {4, 64},
        {5, 0x7FFFFFFF},
        {6, 65535},
        {7, 65535},
        {8, SharedPerBlock},
        {9, 65536},
        {10, 32},
        {11, 65536},
        {12, 65536},
        {13, 1000000},
        {14, 512},
        {15, 1},
        {16, 2},
        {17, 0},
        {18, 0},
        {19, 1},
        {20, 0},
        {31, 1},
        {32, 0},
        {33, 0},
        {34, 0},
        {36, 1000000},
        {37, 64},
        {38, 1 << 20},
        {39, 2048},
        {40, 1},
        {41, 1},
        {75, capability() / 10},
        {76, capability() % 10},
        {81, SharedPerBlockOptIn},
        {82, 65536},
        {83, 1},
        {84, 0},
        {95, 0},
        {97, SharedPerBlockOptIn},
        {106, 32},
        {111, 0},
        {115, 1},
        {120, 0},
        {127, 0},
    };
    for (const Row& row : rows) {
        if (row.attribute != attribute) continue;
        *value = row.value;
        return CUDA_SUCCESS;
    }
    return fail(CUDA_ERROR_INVALID_VALUE, "device attribute %d is not in the stand-in's table", attribute);
}

STANDIN_EXPORT CUresult cuDevicePrimaryCtxRetain(void** context, int device) {
    CUDA_CALL(Init);
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    primaryReferences++;
    *context = &primaryContext;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(int device) {
    CUDA_CALL(Init);
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    if (primaryReferences == 0) return fail(CUDA_ERROR_INVALID_CONTEXT, "the primary context was released more often than retained");
    if (primaryReferences == 1) {
        flushAll();
        std::string list;
        int count = listLeftOver(&list);
        if (count > 0) setReport(std::to_string(count) + " not released when the context went:\n" + list);
        releaseAllDeviceMemory();
    }
    primaryReferences--;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuDevicePrimaryCtxSetFlags_v2(int device, unsigned) {
    CUDA_CALL(Init);
    return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

STANDIN_EXPORT CUresult cuCtxSetCurrent(void* context) {
    CUDA_CALL(Init);
    if (context && (context != &primaryContext || primaryReferences == 0)) return CUDA_ERROR_INVALID_CONTEXT;
    if (!contextStack.empty()) contextStack.pop_back();
    if (context) contextStack.push_back(context);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuCtxGetCurrent(void** context) {
    CUDA_CALL(Init);
    *context = currentContext();
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuCtxPushCurrent_v2(void* context) {
    CUDA_CALL(Init);
    if (context != &primaryContext || primaryReferences == 0) return CUDA_ERROR_INVALID_CONTEXT;
    contextStack.push_back(context);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuCtxPopCurrent_v2(void** context) {
    CUDA_CALL(Init);
    if (contextStack.empty()) return CUDA_ERROR_INVALID_CONTEXT;
    if (context) *context = contextStack.back();
    contextStack.pop_back();
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
    CUDA_CALL(Context);
    if (least) *least = 0;
    if (greatest) *greatest = 0;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuCtxSetLimit(int, size_t) {
    CUDA_CALL(Context);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuCtxEnablePeerAccess(void*, unsigned) {
    CUDA_CALL(Context);
    return CUDA_ERROR_NOT_SUPPORTED;
}

STANDIN_EXPORT CUresult cuProfilerStart() {
    CUDA_CALL(Context);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuProfilerStop() {
    CUDA_CALL(Context);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuGetProcAddress_v2(const char* name, void** address, int, uint64_t, int* status) {
    CUDA_CALL(Nothing);
    Dl_info self;
    void* library = dladdr(&primaryContext, &self) ? dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD) : nullptr;
    *address = nullptr;
    for (const char* suffix : {"_v2", ""}) {
        if (library && !*address) *address = dlsym(library, (std::string(name) + suffix).c_str());
    }
    if (library) dlclose(library);
    if (status) *status = *address ? 0 : 1;
    return *address ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
