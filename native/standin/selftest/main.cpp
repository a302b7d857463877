// Self-test of the stand-in: selftest KERNEL_FOLDER PRELUDE_FOLDER [lazy]
#include "harness.h"

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

int passed, failed;
std::string kernelFolder, preludeFolder;

void check(bool good, const std::string& what) {
    (good ? passed : failed)++;
    if (!good) printf("FAILED: %s (last report: %s)\n", what.c_str(), report().c_str());
}

void ok(int code, const char* call) {
    if (code != 0) check(false, std::string(call) + " gave " + std::to_string(code));
}

std::string report() {
    char text[4096];
    standinLastReport(text, sizeof text);
    return text;
}

std::string readFile(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

Compiled compileText(const std::string& name, const std::string& text, const std::vector<const char*>& expressions) {
    std::string prelude = readFile(preludeFolder + "/prelude.cuh");
    const char* headers[] = {prelude.c_str()};
    const char* names[] = {"prelude.cuh"};
    const char* options[] = {"--gpu-architecture=compute_80", "--std=c++17"};
    Compiled result;
    void* program = nullptr;
    OK(nvrtcCreateProgram(&program, text.c_str(), name.c_str(), 1, headers, names));
    for (const char* e : expressions) OK(nvrtcAddNameExpression(program, e));
    result.status = nvrtcCompileProgram(program, 2, options);
    size_t n = 0;
    OK(nvrtcGetProgramLogSize(program, &n));
    result.log.resize(n);
    OK(nvrtcGetProgramLog(program, result.log.data()));
    result.log.resize(n - 1);
    if (result.status == 0) {
        OK(nvrtcGetPTXSize(program, &n));
        result.image.resize(n);
        OK(nvrtcGetPTX(program, result.image.data()));
        for (const char* e : expressions) {
            const char* lowered = nullptr;
            OK(nvrtcGetLoweredName(program, e, &lowered));
            result.lowered.push_back(lowered ? lowered : "");
        }
    }
    OK(nvrtcDestroyProgram(&program));
    return result;
}

void* load(const std::string& file, const char* mode) {
    setenv("WEIGHTMEM_STANDIN_CHECK", mode, 1);
    Compiled c = compileText(file, readFile(kernelFolder + "/" + file));
    setenv("WEIGHTMEM_STANDIN_CHECK", "plain", 1);
    void* module = nullptr;
    if (c.status != 0) {
        check(false, file + " compiles: " + c.log);
        return nullptr;
    }
    OK(cuModuleLoadData(&module, c.image.c_str()));
    return module;
}

void* function(void* module, const std::string& name) {
    void* f = nullptr;
    int code = cuModuleGetFunction(&f, module, name.c_str());
    if (code) check(false, "kernel " + name);
    return f;
}

std::vector<float> numbers(size_t n, unsigned seed) {
    std::vector<float> out(n);
    for (float& x : out) {
        seed = seed * 1664525u + 1013904223u;
        x = static_cast<float>(seed >> 8) / 8388608.0f - 1.0f;
    }
    return out;
}

double largestDifference(const std::vector<float>& a, const std::vector<float>& b) {
    double worst = a.size() == b.size() ? 0 : INFINITY;
    for (size_t i = 0; i < a.size() && i < b.size(); i++) {
        double d = std::fabs(double{a[i]} - b[i]);
        if (!(d <= worst)) worst = std::isnan(d) ? INFINITY : d;
    }
    return worst;
}

int main(int count, char** arguments) {
    if (count < 3) return 2;
    kernelFolder = arguments[1];
    preludeFolder = arguments[2];
    bool lazy = count > 3;
    setenv("WEIGHTMEM_STANDIN_QUIET", "1", 0);
    if (lazy) setenv("WEIGHTMEM_STANDIN_LAZY", "1", 1);

    void* context = nullptr;
    OK(cuInit(0));
    OK(cuDevicePrimaryCtxRetain(&context, 0));
    OK(cuCtxSetCurrent(context));
    testResults();
    testLt();
    if (lazy) {
        testLazy();
    } else {
        testHost();
        testBugs();
    }
    char leaks[4096];
    bool clean = standinLeakReport(leaks, sizeof leaks) == 0;
    check(clean, std::string("nothing is left over: ") + leaks);
    OK(cuDevicePrimaryCtxRelease_v2(0));
    printf("%s: %d passed, %d failed\n", lazy ? "lazy streams" : "eager streams", passed, failed);
    fflush(stdout);
    if (lazy) return failed > 0;

    pid_t child = fork();  // the mode of the streams is fixed for a process
    if (child == 0) {
        execl("/proc/self/exe", arguments[0], arguments[1], arguments[2], "lazy", static_cast<char*>(nullptr));
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return failed > 0 || status != 0;
}
