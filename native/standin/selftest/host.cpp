// Mistakes of the host, limits, and failures on order.
#include "harness.h"

namespace {

void testMemory() {
    Buffer<float> a(100);
    std::vector<float> host(200);
    check(cuMemcpyHtoD_v2(a.data, host.data(), 404) == 1, "copy past the end of the target");
    check(cuMemcpyDtoH_v2(host.data(), static_cast<char*>(a.data) - 4, 8) == 1, "copy from before the source");
    check(cuMemcpyHtoD_v2(host.data(), host.data(), 4) == 1, "host memory is no device memory");
    check(cuMemsetD32_v2(a.data, 0, 101) == 1, "fill past the end");
    void* memory = nullptr;
    OK(cuMemAlloc_v2(&memory, 10));
    OK(cuMemFree_v2(memory));
    check(cuMemFree_v2(memory) == 1 && report().find("double free") != std::string::npos, "double free");
    check(cuMemFree_v2(static_cast<char*>(a.data) + 4) == 1, "free of the middle");
    check(cuMemcpyHtoD_v2(memory, host.data(), 4) == 1, "copy to freed memory");

    size_t free = 0, total = 0;
    OK(cuMemGetInfo_v2(&free, &total));
    check(cuMemAlloc_v2(&memory, free + 1) == 2, "out of memory");
    check(total == size_t{4} << 30, "4 GiB in all");
    OK(cuMemAlloc_v2(&memory, free - 4096));
    void* more = nullptr;
    check(cuMemAlloc_v2(&more, 1 << 20) == 2, "out of memory by the sum");
    OK(cuMemFree_v2(memory));

    OK(cuMemAlloc_v2(&memory, 123));
    char list[1000];
    check(standinLeakReport(list, sizeof list) == 2 && strstr(list, "123 bytes"), "list of what is not released");
    OK(cuMemFree_v2(memory));
    void *handle = nullptr, *stream = nullptr;
    OK(cublasCreate_v2(&handle));
    OK(cuStreamCreate(&stream, 1));
    check(standinLeakReport(list, sizeof list) == 3 && strstr(list, "cuBLAS handle") && strstr(list, "stream"), "handles are in the list");
    OK(cublasDestroy_v2(handle));
    OK(cuStreamDestroy_v2(stream));
    check(cuStreamDestroy_v2(stream) == 400, "a stream is destroyed once");
}

void testLaunches() {
    void* module = load("kernels.cu");
    void* f = function(module, "matmul_tiled");
    Buffer<float> a(64 * 64), b(64 * 64), c(64 * 64);
    int n = 32;
    auto product = [&](Size block, unsigned shared) { return launch(f, {1, 1}, block, shared, nullptr, c.data, a.data, b.data, n, n, n); };
    check(product({64, 32}, 0) == 1, "2048 threads in a block");
    check(product({0}, 0) == 1, "no threads");
    check(product({32, 32}, 50000) == 1, "50000 bytes of dynamic shared memory without the attribute");
    OK(cuFuncSetAttribute(f, 8, 60000));
    check(product({32, 32}, 50000) == 0, "and with it");
    check(cuFuncSetAttribute(f, 8, 100000) == 1, "more than the device has");
    check(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr) == 1, "no arguments");
    check(cuLaunchKernel(nullptr, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr) == 400, "no function");
    void* missing = nullptr;
    check(cuModuleGetFunction(&missing, module, "none") == 500, "no such kernel");
    int shared = 0;
    OK(cuFuncGetAttribute(&shared, 1, function(module, "histogram")));
    check(shared == 1024, "static shared memory of a kernel");
    OK(cuModuleUnload(module));
    check(cuModuleUnload(module) == 400, "a module is unloaded once");
    check(cuModuleLoadData(&missing, ".version 8.0\n") == 218, "real PTX is no image of the stand-in");
}

void testCompiler() {
    struct Case {
        const char *text, *log;
    };
    const Case cases[] = {
        {"extern \"C\" __global__ void k(int* p) { *p = q; }", "'q' was not declared"},
        {"#include <stdint.h>\n", "x.cu:1: error: no toolkit"},
        {"__device__ inline float f(float x) { return std::sqrt(x); }", "'std::'"},
        {"extern \"C\" __global__ void k() { __shared__ int x[2] = {1, 2}; }", "initialiser"},
        {"extern \"C\" __global__ void k() { extern __shared__ float x[]; }", "conflicting specifiers"},
        {"extern \"C\" __global__ void k() { __syncthreads(); __syncthreads(); }", "two barriers"},
        {"extern \"C\" __global__ void k(int n) { int a[n]; a[0] = n; }", "variable"},
        {"extern \"C\" __global__ void k(float* p) { __shared__ float a[16384]; a[threadIdx.x] = p[0]; p[1] = a[3]; }",
         "65536 bytes of static shared"},
        {"__device__ int f(int x) { if (x) return 1; }", "return"},
        {"extern \"C\" __global__ void k(int* p) { *p = ({ int a = 1; a; }); }", "brace"},
        {"extern \"C\" __global__ void k(int* p) { int a[] = {1.5}; *p = a[0]; }", "narrowing"},
        {"extern \"C\" __global__ void k(int* p); __device__ void g() { undefined_helper(); }", "undefined_helper"},
    };
    for (const Case& c : cases) {
        Compiled result = compileText("x.cu", c.text);
        check(result.status == 6 && result.log.find(c.log) != std::string::npos, std::string("refused: ") + c.text + "\n" + result.log);
    }
    Compiled quiet = compileText("x.cu", "// std:: in a comment\nextern \"C\" __global__ void k(const char** p) { *p = \"__int128\"; }");
    check(quiet.status == 0, "words in comments and literals are left alone: " + quiet.log);
    Compiled made = compileText("x.cu", "#define KERNEL(n) extern \"C\" __global__ void n(int* p) { *p = 3; }\nKERNEL(one)\nKERNEL(two)\n");
    check(made.image.find("// kernel one\n// kernel two\n") != std::string::npos, "kernels made by a macro are found: " + made.log);
}

void testFailures() {
    void* memory = nullptr;
    OK(standinFailCall("cuMemAlloc_v2", 2, 2));
    OK(cuMemAlloc_v2(&memory, 16));
    OK(cuMemFree_v2(memory));
    check(cuMemAlloc_v2(&memory, 16) == 2, "the second allocation fails on order");
    OK(cuMemAlloc_v2(&memory, 16));
    OK(cuMemFree_v2(memory));
    OK(standinFailCall("nvrtcCompileProgram", 1, 11));
    check(compileText("x.cu", "").status == 11, "a compilation fails on order");
    OK(standinFailCall("cublasCreate_v2", 1, 3));
    void* handle = nullptr;
    check(cublasCreate_v2(&handle) == 3, "cuBLAS fails on order");
}

}  // namespace

void testHost() {
    char name[100];
    OK(cuDeviceGetName(name, sizeof name, 0));
    check(std::string(name) == "CPU stand-in (test double, not a GPU)", "the name says what it is");
    int value = 0;
    OK(cuDeviceGetAttribute(&value, 75, 0));
    check(value == 8, "capability 8");
    testMemory();
    testLaunches();
    testCompiler();
    testFailures();
    OK(cuCtxSetCurrent(nullptr));
    void *memory = nullptr, *context = nullptr;
    check(cuMemAlloc_v2(&memory, 16) == 201, "no current context");
    OK(cuDevicePrimaryCtxRetain(&context, 0));
    OK(cuCtxSetCurrent(context));
    OK(cuDevicePrimaryCtxRelease_v2(0));
}
