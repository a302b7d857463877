// The driver's memory functions.
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "calls.h"
#include "memory.h"
#include "modules.h"
#include "streams.h"

using namespace standin;

namespace {

struct Pool {
    uint64_t releaseThreshold = 0;
};

Pool defaultPool;
std::set<Pool*> pools;

Pool* findPool(void* handle) {
    auto* pool = static_cast<Pool*>(handle);
    return pool == &defaultPool || pools.count(pool) ? pool : nullptr;
}

int checkRange(const void* pointer, size_t bytes, const char* what) {
    if (isModuleVariable(pointer, bytes)) return CUDA_SUCCESS;
    return checkDeviceRange(pointer, bytes, what);
}

int allocateDevice(void** out, size_t bytes) {
    if (!out || bytes == 0) return CUDA_ERROR_INVALID_VALUE;
    *out = allocate(Space::Device, bytes);
    if (*out) return CUDA_SUCCESS;
    return fail(CUDA_ERROR_OUT_OF_MEMORY, "allocation of %zu bytes; %zu of %zu are in use", bytes, deviceBytesInUse(), availableBytes());
}

// Checks both sides, then queues the copy. Ranges are looked at again when it runs: memory may be freed by then.
int copy(void* streamHandle, void* destination, const void* source, size_t bytes, bool toDevice, bool fromDevice) {
    Stream* stream = findStream(streamHandle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (bytes == 0) return CUDA_SUCCESS;
    if (!destination || !source) return CUDA_ERROR_INVALID_VALUE;
    int error = toDevice ? checkRange(destination, bytes, "write") : 0;
    if (!error && fromDevice) error = checkRange(source, bytes, "read");
    if (error) return error;

    std::shared_ptr<std::vector<char>> staged;
    bool pageableSource = !fromDevice && !isPinned(source, bytes);
    // A copy from pageable memory is staged before the call returns; from pinned memory it is read when the work runs.
    if (pageableSource && isLazy() && !stream->capture) {
        auto* p = static_cast<const char*>(source);
        staged = std::make_shared<std::vector<char>>(p, p + bytes);
        source = staged->data();
    }
    error = submit(stream, 1, [=] {
        int late = toDevice ? checkRange(destination, bytes, "write") : 0;
        if (!late && fromDevice) late = checkRange(source, bytes, "read");
        if (late) return static_cast<int>(CUDA_ERROR_ILLEGAL_ADDRESS);
        memmove(destination, staged ? staged->data() : source, bytes);
        return static_cast<int>(CUDA_SUCCESS);
    });
    // A copy to pageable memory is complete when the call returns.
    bool pageableDestination = !toDevice && !isPinned(destination, bytes);
    if (!error && pageableDestination && !stream->capture) error = flush(stream);
    return error;
}

int copyNow(void* destination, const void* source, size_t bytes, bool toDevice, bool fromDevice) {
    int error = copy(nullptr, destination, source, bytes, toDevice, fromDevice);
    return error ? error : flush(findStream(nullptr));
}

template <typename T>
int fill(void* streamHandle, void* destination, T value, size_t count, bool wait) {
    Stream* stream = findStream(streamHandle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (count == 0) return CUDA_SUCCESS;
    if (reinterpret_cast<uintptr_t>(destination) % sizeof(T) != 0) return CUDA_ERROR_INVALID_VALUE;
    int error = checkRange(destination, count * sizeof(T), "fill");
    if (error) return error;
    error = submit(stream, 2, [=] {
        if (checkRange(destination, count * sizeof(T), "fill")) return static_cast<int>(CUDA_ERROR_ILLEGAL_ADDRESS);
        auto* p = static_cast<T*>(destination);
        for (size_t i = 0; i < count; i++) p[i] = value;
        return static_cast<int>(CUDA_SUCCESS);
    });
    return error || !wait ? error : flush(stream);
}

int freeOnStream(void* pointer, void* streamHandle) {
    Stream* stream = findStream(streamHandle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (stream->capture) return fail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the stand-in captures no allocations");
    if (!isLazy()) return release(Space::Device, pointer);
    return submit(stream, 5, [pointer] { return release(Space::Device, pointer); });
}

int allocateOnStream(void** out, size_t bytes, void* streamHandle) {
    Stream* stream = findStream(streamHandle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (stream->capture) return fail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the stand-in captures no allocations");
    int error = allocateDevice(out, bytes);
    if (error != CUDA_ERROR_OUT_OF_MEMORY || !isLazy()) return error;
    flushAll();  // queued frees may make room
    return allocateDevice(out, bytes);
}

}  // namespace

STANDIN_EXPORT CUresult cuMemAlloc_v2(void** out, size_t bytes) {
    CUDA_CALL(Uncaptured);
    return allocateDevice(out, bytes);
}

STANDIN_EXPORT CUresult cuMemFree_v2(void* pointer) {
    CUDA_CALL(Context);
    if (!pointer) return stickyError();
    if (captureForbids()) {
        invalidateCaptures();
        return fail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "cuMemFree while a stream is being captured");
    }
    flushAll();
    int error = release(Space::Device, pointer);  // also after a failed kernel, so that leak lists stay meaningful
    return stickyError() ? stickyError() : error;
}

STANDIN_EXPORT CUresult cuMemGetInfo_v2(size_t* free, size_t* total) {
    CUDA_CALL(Healthy);
    *free = availableBytes() - deviceBytesInUse();
    *total = DeviceBytes;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuMemHostAlloc(void** out, size_t bytes, unsigned) {
    CUDA_CALL(Uncaptured);
    if (!out || bytes == 0) return CUDA_ERROR_INVALID_VALUE;
    *out = allocate(Space::Host, bytes);
    return *out ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

STANDIN_EXPORT CUresult cuMemAllocHost_v2(void** out, size_t bytes) {
    CUDA_CALL(Uncaptured);
    return cuMemHostAlloc(out, bytes, 0);
}

STANDIN_EXPORT CUresult cuMemFreeHost(void* pointer) {
    CUDA_CALL(Context);
    flushAll();
    int error = release(Space::Host, pointer);
    return stickyError() ? stickyError() : error;
}

STANDIN_EXPORT CUresult cuMemHostRegister_v2(void* pointer, size_t bytes, unsigned) {
    CUDA_CALL(Healthy);
    return registerHost(pointer, bytes);
}

STANDIN_EXPORT CUresult cuMemHostUnregister(void* pointer) {
    CUDA_CALL(Context);
    flushAll();
    return unregisterHost(pointer);
}

STANDIN_EXPORT CUresult cuMemAllocManaged(void** out, size_t bytes, unsigned) {
    CUDA_CALL(Uncaptured);
    return allocateDevice(out, bytes);  // host and device see one memory here anyway
}

STANDIN_EXPORT CUresult cuMemAllocAsync(void** out, size_t bytes, void* stream) {
    CUDA_CALL(Healthy);
    return allocateOnStream(out, bytes, stream);
}

STANDIN_EXPORT CUresult cuMemAllocFromPoolAsync(void** out, size_t bytes, void* pool, void* stream) {
    CUDA_CALL(Healthy);
    if (!findPool(pool)) return CUDA_ERROR_INVALID_HANDLE;
    return allocateOnStream(out, bytes, stream);
}

STANDIN_EXPORT CUresult cuMemFreeAsync(void* pointer, void* stream) {
    CUDA_CALL(Context);
    int error = freeOnStream(pointer, stream);
    return stickyError() ? stickyError() : error;
}

STANDIN_EXPORT CUresult cuDeviceGetDefaultMemPool(void** pool, int device) {
    CUDA_CALL(Init);
    if (device != 0) return CUDA_ERROR_INVALID_DEVICE;
    *pool = &defaultPool;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuMemPoolCreate(void** out, const void* properties) {
    CUDA_CALL(Healthy);
    if (!out || !properties) return CUDA_ERROR_INVALID_VALUE;
    auto* pool = new Pool;
    pools.insert(pool);
    *out = pool;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuMemPoolDestroy(void* handle) {
    CUDA_CALL(Context);
    auto* pool = static_cast<Pool*>(handle);
    if (!pools.erase(pool)) return fail(CUDA_ERROR_INVALID_HANDLE, "cuMemPoolDestroy of no live pool");
    delete pool;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuMemPoolSetAttribute(void* handle, int attribute, void* value) {
    CUDA_CALL(Healthy);
    Pool* pool = findPool(handle);
    if (!pool || !value) return CUDA_ERROR_INVALID_VALUE;
    if (attribute == 4) memcpy(&pool->releaseThreshold, value, sizeof(uint64_t));
    return attribute >= 1 && attribute <= 8 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

STANDIN_EXPORT CUresult cuMemPoolGetAttribute(void* handle, int attribute, void* value) {
    CUDA_CALL(Healthy);
    Pool* pool = findPool(handle);
    if (!pool || !value) return CUDA_ERROR_INVALID_VALUE;
    uint64_t result;
    switch (attribute) {
        case 1:
        case 2:
        case 3: {
            int on = 1;
            memcpy(value, &on, sizeof on);
            return CUDA_SUCCESS;
        }
        case 4:
            result = pool->releaseThreshold;
            break;
        case 5:
        case 7:
            result = deviceBytesInUse();
            break;  // nothing is kept back here: reserved is what is used
        case 6:
        case 8:
            result = deviceBytesHigh();
            break;
        default:
            return CUDA_ERROR_INVALID_VALUE;
    }
    memcpy(value, &result, sizeof result);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuMemPoolTrimTo(void* pool, size_t) {
    CUDA_CALL(Healthy);
    return findPool(pool) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

STANDIN_EXPORT CUresult cuMemcpyHtoD_v2(void* destination, const void* source, size_t bytes) {
    CUDA_CALL(Uncaptured);
    return copyNow(destination, source, bytes, true, false);
}

STANDIN_EXPORT CUresult cuMemcpyDtoH_v2(void* destination, const void* source, size_t bytes) {
    CUDA_CALL(Uncaptured);
    return copyNow(destination, source, bytes, false, true);
}

STANDIN_EXPORT CUresult cuMemcpyDtoD_v2(void* destination, const void* source, size_t bytes) {
    CUDA_CALL(Uncaptured);
    return copyNow(destination, source, bytes, true, true);
}

STANDIN_EXPORT CUresult cuMemcpyHtoDAsync_v2(void* destination, const void* source, size_t bytes, void* stream) {
    CUDA_CALL(Healthy);
    return copy(stream, destination, source, bytes, true, false);
}

STANDIN_EXPORT CUresult cuMemcpyDtoHAsync_v2(void* destination, const void* source, size_t bytes, void* stream) {
    CUDA_CALL(Healthy);
    return copy(stream, destination, source, bytes, false, true);
}

STANDIN_EXPORT CUresult cuMemcpyDtoDAsync_v2(void* destination, const void* source, size_t bytes, void* stream) {
    CUDA_CALL(Healthy);
    return copy(stream, destination, source, bytes, true, true);
}

STANDIN_EXPORT CUresult cuMemcpyPeerAsync(void* destination, void*, const void* source, void*, size_t bytes, void* stream) {
    CUDA_CALL(Healthy);
    return copy(stream, destination, source, bytes, true, true);
}

#define STANDIN_FILL(BITS, TYPE)                                                                                \
    STANDIN_EXPORT CUresult cuMemsetD##BITS##_v2(void* destination, TYPE value, size_t count) {                 \
        CUDA_CALL(Uncaptured);                                                                                  \
        return fill<TYPE>(nullptr, destination, value, count, true);                                            \
    }                                                                                                           \
    STANDIN_EXPORT CUresult cuMemsetD##BITS##Async(void* destination, TYPE value, size_t count, void* stream) { \
        CUDA_CALL(Healthy);                                                                                     \
        return fill<TYPE>(stream, destination, value, count, false);                                            \
    }

STANDIN_FILL(8, unsigned char)
STANDIN_FILL(16, unsigned short)
STANDIN_FILL(32, unsigned)
