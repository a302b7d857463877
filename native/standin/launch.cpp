#include "launch.h"

#include <cstring>
#include <string>

#include "calls.h"
#include "modules.h"
#include "streams.h"

namespace standin {
namespace {

unsigned argumentBytes(const standin_kernel& kernel) {
    unsigned n = kernel.parameterCount;
    return n == 0 ? 0 : kernel.offsets[n - 1] + kernel.sizes[n - 1];
}

// The legacy form: one packed buffer. Keys: 0 end, 1 pointer, 2 pointer to size.
int copyBuffer(KernelCall* call, unsigned bytes, void** extra) {
    const void* buffer = nullptr;
    size_t size = 0;
    for (int i = 0; extra[i] != nullptr; i += 2) {
        if (extra[i] == reinterpret_cast<void*>(1))
            buffer = extra[i + 1];
        else if (extra[i] == reinterpret_cast<void*>(2))
            size = *static_cast<size_t*>(extra[i + 1]);
        else
            return CUDA_ERROR_INVALID_VALUE;
    }
    if (!buffer || size < bytes) {
        return fail(CUDA_ERROR_INVALID_VALUE, "the argument buffer of %s has %zu bytes, the kernel takes %u", call->function->name.c_str(),
                    size, bytes);
    }
    memcpy(call->arguments.data(), buffer, bytes);
    return CUDA_SUCCESS;
}

}  // namespace

int prepareKernel(KernelCall* call, void* handle, const dim3& grid, const dim3& block, unsigned dynamicShared, void** parameters,
                  void** extra) {
    Function* function = findFunction(handle);
    if (!function) return fail(CUDA_ERROR_INVALID_HANDLE, "launch of no live function");
    const char* name = function->name.c_str();
    unsigned long long threads = 1ull * block.x * block.y * block.z;
    if (threads == 0 || threads > MaxThreads || block.x > 1024 || block.y > 1024 || block.z > 64) {
        return fail(CUDA_ERROR_INVALID_VALUE, "%s: a block of (%u,%u,%u) threads; from 1 to 1024 in all are possible", name, block.x,
                    block.y, block.z);
    }
    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7FFFFFFFu || grid.y > 65535 || grid.z > 65535) {
        return fail(CUDA_ERROR_INVALID_VALUE, "%s: a grid of (%u,%u,%u) blocks", name, grid.x, grid.y, grid.z);
    }
    if (dynamicShared > function->maxDynamicShared || dynamicShared + function->staticShared > SharedPerBlockOptIn ||
        (function->maxDynamicShared <= SharedPerBlock && dynamicShared + function->staticShared > SharedPerBlock)) {
        return fail(CUDA_ERROR_INVALID_VALUE, "%s: %u bytes of dynamic shared memory (and %zu static); its attribute allows %u", name,
                    dynamicShared, function->staticShared, function->maxDynamicShared);
    }
    call->function = function;
    call->grid = grid;
    call->block = block;
    call->dynamicShared = dynamicShared;
    const standin_kernel& kernel = *function->kernel;
    unsigned bytes = argumentBytes(kernel);
    call->arguments.resize(bytes);
    if (kernel.parameterCount == 0) return CUDA_SUCCESS;
    if (!parameters && extra) return copyBuffer(call, bytes, extra);
    if (!parameters) return fail(CUDA_ERROR_INVALID_VALUE, "%s takes %u arguments, none were given", name, kernel.parameterCount);
    for (unsigned i = 0; i < kernel.parameterCount; i++) {
        if (!parameters[i]) return fail(CUDA_ERROR_INVALID_VALUE, "%s: no pointer to argument %u", name, i);
        memcpy(call->arguments.data() + kernel.offsets[i], parameters[i], kernel.sizes[i]);
    }
    return CUDA_SUCCESS;
}

int runKernel(KernelCall& call) {
    const standin_kernel& kernel = *call.function->kernel;
    alignas(64) unsigned char packed[4096];  // aligned as the structs of the parameters may ask
    std::vector<void*> pointers(kernel.parameterCount + 1);
    unsigned char* base = packed;
    std::vector<unsigned char> large;
    if (call.arguments.size() > sizeof packed)
        base = (large = call.arguments).data();
    else if (!call.arguments.empty())
        memcpy(packed, call.arguments.data(), call.arguments.size());
    for (unsigned i = 0; i < kernel.parameterCount; i++) pointers[i] = base + kernel.offsets[i];
    Launch launch;
    launch.kernelName = call.function->name;
    launch.modulePath = call.function->module->path;
    launch.moduleBase = call.function->module->base;
    launch.kernel = &kernel;
    launch.arguments = pointers.data();
    launch.grid = call.grid;
    launch.block = call.block;
    launch.dynamicShared = call.dynamicShared;
    launch.shared = &call.function->shared;
    return runLaunch(launch);
}

}  // namespace standin

using namespace standin;

namespace {

// CUlaunchAttribute and CUlaunchConfig
struct LaunchAttribute {
    int id;
    char pad[4];
    char value[64];
};

struct LaunchConfig {
    unsigned grid[3];
    unsigned block[3];
    unsigned dynamicShared;
    void* stream;
    LaunchAttribute* attributes;
    unsigned attributeCount;
};

static_assert(sizeof(LaunchAttribute) == 72 && sizeof(LaunchConfig) == 56, "as the driver's header has them");

enum { CooperativeAttribute = 2, ClusterDimension = 4 };

int blocksPerMultiprocessor(const Function& function, int threads, size_t dynamicShared) {
    if (threads < 1 || threads > static_cast<int>(MaxThreads)) return 0;
    int byThreads = 2048 / threads;
    size_t shared = function.staticShared + dynamicShared;
    int byShared = shared == 0 ? 32 : static_cast<int>(SharedPerBlockOptIn / shared);
    return std::min({32, byThreads, byShared});
}

}  // namespace

STANDIN_EXPORT CUresult cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                                       unsigned dynamicShared, void* streamHandle, void** parameters, void** extra) {
    CUDA_CALL(Healthy);
    Stream* stream = findStream(streamHandle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    KernelCall kernel;
    int error = prepareKernel(&kernel, function, dim3(gx, gy, gz), dim3(bx, by, bz), dynamicShared, parameters, extra);
    return error ? error : submitKernel(stream, std::move(kernel));
}

STANDIN_EXPORT CUresult cuLaunchKernelEx(const LaunchConfig* config, void* function, void** parameters, void** extra) {
    CUDA_CALL(Healthy);
    if (!config) return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < config->attributeCount; i++) {
        const LaunchAttribute& a = config->attributes[i];
        int first;
        memcpy(&first, a.value, sizeof first);
        // Blocks run one after another: they can neither wait for each other nor share memory.
        if ((a.id == CooperativeAttribute && first) || a.id == ClusterDimension) return CUDA_ERROR_NOT_SUPPORTED;
    }
    return cuLaunchKernel(function, config->grid[0], config->grid[1], config->grid[2], config->block[0], config->block[1], config->block[2],
                          config->dynamicShared, config->stream, parameters, extra);
}

STANDIN_EXPORT CUresult cuLaunchCooperativeKernel(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*,
                                                  void**) {
    CUDA_CALL(Healthy);
    return fail(CUDA_ERROR_NOT_SUPPORTED, "the stand-in runs blocks one after another, so a grid cannot synchronise");
}

STANDIN_EXPORT CUresult cuFuncGetAttribute(int* value, int attribute, void* handle) {
    CUDA_CALL(Healthy);
    Function* function = findFunction(handle);
    if (!function || !value) return CUDA_ERROR_INVALID_HANDLE;
    switch (attribute) {
        case 0:
            *value = MaxThreads;
            return CUDA_SUCCESS;
        case 1:
            *value = static_cast<int>(function->staticShared);
            return CUDA_SUCCESS;
        case 2:
        case 3:
            *value = 0;
            return CUDA_SUCCESS;
        case 4:
            *value = 32;
            return CUDA_SUCCESS;  // no registers here; a plausible number
        case 5:
        case 6:
            *value = 80;
            return CUDA_SUCCESS;
        case 8:
            *value = static_cast<int>(function->maxDynamicShared);
            return CUDA_SUCCESS;
        case 9:
            *value = -1;
            return CUDA_SUCCESS;
        default:
            return CUDA_ERROR_INVALID_VALUE;
    }
}

STANDIN_EXPORT CUresult cuFuncSetAttribute(void* handle, int attribute, int value) {
    CUDA_CALL(Healthy);
    Function* function = findFunction(handle);
    if (!function) return CUDA_ERROR_INVALID_HANDLE;
    if (attribute == 9) return CUDA_SUCCESS;  // the carve-out is a hint
    if (attribute != 8) return CUDA_ERROR_INVALID_VALUE;
    if (value < 0 || static_cast<size_t>(value) + function->staticShared > SharedPerBlockOptIn) {
        return fail(CUDA_ERROR_INVALID_VALUE, "%s: %d bytes of dynamic shared memory; the device has %u", function->name.c_str(), value,
                    SharedPerBlockOptIn);
    }
    function->maxDynamicShared = static_cast<unsigned>(value);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuFuncSetCacheConfig(void* handle, int) {
    CUDA_CALL(Healthy);
    return findFunction(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

STANDIN_EXPORT CUresult cuFuncGetParamInfo(void* handle, size_t index, size_t* offset, size_t* size) {
    CUDA_CALL(Healthy);
    Function* function = findFunction(handle);
    if (!function) return CUDA_ERROR_INVALID_HANDLE;
    if (index >= function->kernel->parameterCount) return CUDA_ERROR_INVALID_VALUE;
    *offset = function->kernel->offsets[index];
    if (size) *size = function->kernel->sizes[index];
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* handle, int threads, size_t dynamicShared) {
    CUDA_CALL(Healthy);
    Function* function = findFunction(handle);
    if (!function || !blocks) return CUDA_ERROR_INVALID_HANDLE;
    *blocks = blocksPerMultiprocessor(*function, threads, dynamicShared);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuOccupancyMaxPotentialBlockSize(int* grid, int* block, void* handle, size_t (*sharedOf)(int), size_t dynamicShared,
                                                         int limit) {
    CUDA_CALL(Healthy);
    Function* function = findFunction(handle);
    if (!function || !grid || !block) return CUDA_ERROR_INVALID_HANDLE;
    int best = limit > 0 ? std::min(limit, 256) : 256;
    *block = best;
    *grid = 2 * blocksPerMultiprocessor(*function, best, sharedOf ? sharedOf(best) : dynamicShared);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t* bytes, void* handle, int blocks, int) {
    CUDA_CALL(Healthy);
    Function* function = findFunction(handle);
    if (!function || !bytes || blocks < 1) return CUDA_ERROR_INVALID_VALUE;
    size_t share = SharedPerBlockOptIn / static_cast<size_t>(blocks);
    *bytes = share > function->staticShared ? share - function->staticShared : 0;
    return CUDA_SUCCESS;
}
