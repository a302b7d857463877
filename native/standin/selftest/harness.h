// The names under test, and little else.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

extern "C" {
int cuInit(unsigned);
int cuDeviceGetName(char*, int, int);
int cuDeviceGetAttribute(int*, int, int);
int cuDevicePrimaryCtxRetain(void**, int);
int cuDevicePrimaryCtxRelease_v2(int);
int cuCtxSetCurrent(void*);
int cuCtxSynchronize();
int cuMemAlloc_v2(void**, size_t);
int cuMemFree_v2(void*);
int cuMemGetInfo_v2(size_t*, size_t*);
int cuMemAllocHost_v2(void**, size_t);
int cuMemFreeHost(void*);
int cuMemAllocAsync(void**, size_t, void*);
int cuMemFreeAsync(void*, void*);
int cuDeviceGetDefaultMemPool(void**, int);
int cuMemPoolSetAttribute(void*, int, void*);
int cuMemPoolGetAttribute(void*, int, void*);
int cuMemcpyHtoD_v2(void*, const void*, size_t);
int cuMemcpyDtoH_v2(void*, const void*, size_t);
int cuMemcpyHtoDAsync_v2(void*, const void*, size_t, void*);
int cuMemcpyDtoHAsync_v2(void*, const void*, size_t, void*);
int cuMemsetD32_v2(void*, unsigned, size_t);
int cuMemsetD32Async(void*, unsigned, size_t, void*);
int cuModuleLoadData(void**, const void*);
int cuModuleUnload(void*);
int cuModuleGetFunction(void**, void*, const char*);
int cuModuleGetGlobal_v2(void**, size_t*, void*, const char*);
int cuFuncSetAttribute(void*, int, int);
int cuFuncGetAttribute(int*, int, void*);
int cuFuncGetParamInfo(void*, size_t, size_t*, size_t*);
int cuLaunchKernel(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);
int cuStreamCreate(void**, unsigned);
int cuStreamDestroy_v2(void*);
int cuStreamSynchronize(void*);
int cuStreamQuery(void*);
int cuStreamWaitEvent(void*, void*, unsigned);
int cuStreamBeginCapture_v2(void*, int);
int cuStreamEndCapture(void*, void**);
int cuEventCreate(void**, unsigned);
int cuEventRecord(void*, void*);
int cuEventSynchronize(void*);
int cuEventQuery(void*);
int cuEventDestroy_v2(void*);
int cuEventElapsedTime(float*, void*, void*);
int cuGraphInstantiateWithFlags(void**, void*, unsigned long long);
int cuGraphLaunch(void*, void*);
int cuGraphExecDestroy(void*);
int cuGraphDestroy(void*);
int cuGraphGetNodes(void*, void**, size_t*);
int nvrtcCreateProgram(void**, const char*, const char*, int, const char* const*, const char* const*);
int nvrtcCompileProgram(void*, int, const char* const*);
int nvrtcAddNameExpression(void*, const char*);
int nvrtcGetLoweredName(void*, const char*, const char**);
int nvrtcGetProgramLogSize(void*, size_t*);
int nvrtcGetProgramLog(void*, char*);
int nvrtcGetPTXSize(void*, size_t*);
int nvrtcGetPTX(void*, char*);
int nvrtcGetCUBINSize(void*, size_t*);
int nvrtcDestroyProgram(void**);
int cublasCreate_v2(void**);
int cublasDestroy_v2(void*);
int cublasSetStream_v2(void*, void*);
int cublasSgemm_v2(void*, int, int, int, int, int, const float*, const float*, int, const float*, int, const float*, float*, int);
int cublasGemmEx(void*, int, int, int, int, int, const void*, const void*, int, int, const void*, int, int, const void*, void*, int, int,
                 int, int);
int cublasSgemmStridedBatched(void*, int, int, int, int, int, const float*, const float*, int, long long, const float*, int, long long,
                              const float*, float*, int, long long, int);
void standinResetError();
int standinLeakReport(char*, int);
int standinLastReport(char*, int);
int standinFailCall(const char*, int, int);
}

extern int passed, failed;
extern std::string kernelFolder, preludeFolder;

void check(bool good, const std::string& what);
void ok(int code, const char* call);
#define OK(call) ok(call, #call)

std::string report();
std::string readFile(const std::string& path);

struct Compiled {
    int status = 0;
    std::string log, image;
    std::vector<std::string> lowered;
};
Compiled compileText(const std::string& name, const std::string& text, const std::vector<const char*>& expressions = {});
void* load(const std::string& file, const char* mode = "plain");
void* function(void* module, const std::string& name);

// Device memory that holds a copy of some elements.
template <typename T>
struct Buffer {
    void* data = nullptr;
    size_t count;
    explicit Buffer(size_t n) : count(n) { OK(cuMemAlloc_v2(&data, n * sizeof(T))); }
    explicit Buffer(const std::vector<T>& values) : Buffer(values.size()) { OK(cuMemcpyHtoD_v2(data, values.data(), count * sizeof(T))); }
    ~Buffer() { cuMemFree_v2(data); }
    Buffer(const Buffer&) = delete;
    std::vector<T> read() {
        std::vector<T> out(count);
        OK(cuMemcpyDtoH_v2(out.data(), data, count * sizeof(T)));
        return out;
    }
};

struct Size {
    unsigned x, y = 1, z = 1;
};

template <typename... A>
int launch(void* f, Size grid, Size block, unsigned shared, void* stream, A... arguments) {
    void* pointers[] = {static_cast<void*>(&arguments)..., nullptr};
    return cuLaunchKernel(f, grid.x, grid.y, grid.z, block.x, block.y, block.z, shared, stream, pointers, nullptr);
}

// Launches and waits: the error that a kernel leaves.
template <typename... A>
int outcome(void* f, Size grid, Size block, unsigned shared, A... arguments) {
    int error = launch(f, grid, block, shared, nullptr, arguments...);
    return error ? error : cuCtxSynchronize();
}

std::vector<float> numbers(size_t n, unsigned seed);
double largestDifference(const std::vector<float>& a, const std::vector<float>& b);

void testResults();
void testHost();
void testBugs();
void testLazy();
void testLt();
