// The names of libnvrtc.
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "calls.h"
#include "compiler.h"
#include "modules.h"
#include "status.h"

using namespace standin;

namespace {

enum : int {
    NVRTC_SUCCESS = 0,
    NVRTC_OUT_OF_MEMORY = 1,
    NVRTC_INVALID_INPUT = 3,
    NVRTC_INVALID_PROGRAM = 4,
    NVRTC_INVALID_OPTION = 5,
    NVRTC_COMPILATION = 6,
    NVRTC_NO_NAME_EXPRESSIONS_AFTER_COMPILATION = 8,
    NVRTC_NO_LOWERED_NAMES_BEFORE_COMPILATION = 9,
    NVRTC_NAME_EXPRESSION_NOT_VALID = 10,
    NVRTC_INTERNAL = 11
};

struct Program {
    CompileRequest request;
    CompileResult result;
    bool compiled = false;
    bool toMachineCode = false;  // sm_XX was asked for, so there is a cubin
    std::string image;
    std::map<std::string, std::string> lowered;
};

std::set<Program*> programs;
const int architectures[] = {75, 80, 86, 89, 90};

Program* find(void* handle) {
    auto* program = static_cast<Program*>(handle);
    return programs.count(program) ? program : nullptr;
}

bool startsWith(const std::string& text, const char* prefix) { return text.compare(0, strlen(prefix), prefix) == 0; }

bool takeArchitecture(Program* program, const std::string& value) {
    bool virtualOne = startsWith(value, "compute_");
    if (!virtualOne && !startsWith(value, "sm_")) return false;
    int number = atoi(value.c_str() + (virtualOne ? 8 : 3));
    for (int known : architectures) {
        if (known != number) continue;
        program->request.architecture = number;
        program->toMachineCode = !virtualOne;
        return true;
    }
    return false;
}

// Options that change speed or rounding on a GPU and nothing here.
bool isIgnored(const std::string& option) {
    for (const char* prefix : {"--std=",
                               "-std=",
                               "--use_fast_math",
                               "-use_fast_math",
                               "--ftz=",
                               "-ftz=",
                               "--prec-div=",
                               "-prec-div=",
                               "--prec-sqrt=",
                               "-prec-sqrt=",
                               "--fmad=",
                               "-fmad=",
                               "--generate-line-info",
                               "-lineinfo",
                               "--lineinfo",
                               "--device-debug",
                               "-G",
                               "--restrict",
                               "-restrict",
                               "--device-as-default-execution-space",
                               "-default-device",
                               "--default-device",
                               "--extra-device-vectorization",
                               "-extra-device-vectorization",
                               "--maxrregcount=",
                               "-maxrregcount=",
                               "--disable-warnings",
                               "-w",
                               "--dopt",
                               "-dopt",
                               "--diag-",
                               "-diag-",
                               "--display-error-number",
                               "--no-display-error-number",
                               "-err-no",
                               "-no-err-no",
                               "--ptxas-options=",
                               "-Xptxas",
                               "--relocatable-device-code=",
                               "-rdc=",
                               "--split-compile=",
                               "--minimal",
                               "-minimal",
                               "--no-source-include"}) {
        if (startsWith(option, prefix)) return true;
    }
    return false;
}

int takeOptions(Program* program, int count, const char* const* options) {
    for (int i = 0; i < count; i++) {
        std::string option = options[i];
        auto valueOf = [&](const char* longName, const char* shortName, std::string* value) {
            if (startsWith(option, longName))
                *value = option.substr(strlen(longName));
            else if (option == shortName && i + 1 < count)
                *value = options[++i];
            else if (startsWith(option, shortName) && option.size() > strlen(shortName))
                *value = option.substr(strlen(shortName));
            else
                return false;
            return true;
        };
        std::string value;
        bool good = true;
        if (valueOf("--gpu-architecture=", "-arch=", &value))
            good = takeArchitecture(program, value);
        else if (valueOf("--define-macro=", "-D", &value))
            program->request.defines.push_back(value);
        else if (valueOf("--include-path=", "-I", &value))
            program->request.includePaths.push_back(value);
        else
            good = isIgnored(option);
        if (good) continue;
        program->result.log = "nvrtc: error: invalid value or option: '" + option + "'\n";
        return NVRTC_INVALID_OPTION;
    }
    return NVRTC_SUCCESS;
}

int copyOut(const std::string& text, char* out) {
    if (!out) return NVRTC_INVALID_INPUT;
    memcpy(out, text.c_str(), text.size() + 1);
    return NVRTC_SUCCESS;
}

}  // namespace

#define NVRTC_CALL()                     \
    Call call(__func__, Needs::Nothing); \
    if (call.error) return call.error

#define NVRTC_PROGRAM(handle)        \
    NVRTC_CALL();                    \
    Program* program = find(handle); \
    if (!program) return NVRTC_INVALID_PROGRAM

STANDIN_EXPORT int nvrtcVersion(int* major, int* minor) {
    NVRTC_CALL();
    *major = 12;
    *minor = 4;
    return NVRTC_SUCCESS;
}

STANDIN_EXPORT const char* nvrtcGetErrorString(int code) {
    static const char* const names[] = {"NVRTC_SUCCESS",
                                        "NVRTC_ERROR_OUT_OF_MEMORY",
                                        "NVRTC_ERROR_PROGRAM_CREATION_FAILURE",
                                        "NVRTC_ERROR_INVALID_INPUT",
                                        "NVRTC_ERROR_INVALID_PROGRAM",
                                        "NVRTC_ERROR_INVALID_OPTION",
                                        "NVRTC_ERROR_COMPILATION",
                                        "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE",
                                        "NVRTC_ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION",
                                        "NVRTC_ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION",
                                        "NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID",
                                        "NVRTC_ERROR_INTERNAL_ERROR"};
    return code >= 0 && code <= 11 ? names[code] : "NVRTC_ERROR unknown";
}

STANDIN_EXPORT int nvrtcGetNumSupportedArchs(int* count) {
    NVRTC_CALL();
    *count = static_cast<int>(sizeof architectures / sizeof architectures[0]);
    return NVRTC_SUCCESS;
}

STANDIN_EXPORT int nvrtcGetSupportedArchs(int* list) {
    NVRTC_CALL();
    memcpy(list, architectures, sizeof architectures);
    return NVRTC_SUCCESS;
}

STANDIN_EXPORT int nvrtcCreateProgram(void** out, const char* source, const char* name, int count, const char* const* headers,
                                      const char* const* names) {
    NVRTC_CALL();
    if (!out || !source || count < 0) return NVRTC_INVALID_INPUT;
    auto* program = new Program;
    program->request.source = {name && *name ? name : "default_program", source};
    for (int i = 0; i < count; i++) program->request.headers.push_back({names[i], headers[i]});
    programs.insert(program);
    *out = program;
    return NVRTC_SUCCESS;
}

STANDIN_EXPORT int nvrtcDestroyProgram(void** handle) {
    NVRTC_CALL();
    Program* program = handle ? find(*handle) : nullptr;
    if (!program) return NVRTC_INVALID_PROGRAM;
    programs.erase(program);
    delete program;
    *handle = nullptr;
    return NVRTC_SUCCESS;
}

STANDIN_EXPORT int nvrtcAddNameExpression(void* handle, const char* expression) {
    NVRTC_PROGRAM(handle);
    if (program->compiled) return NVRTC_NO_NAME_EXPRESSIONS_AFTER_COMPILATION;
    program->request.expressions.push_back(expression);
    return NVRTC_SUCCESS;
}

STANDIN_EXPORT int nvrtcCompileProgram(void* handle, int count, const char* const* options) {
    NVRTC_PROGRAM(handle);
    program->compiled = true;
    int bad = takeOptions(program, count, options);
    if (bad) return bad;
    try {
        program->result = compile(program->request);
    } catch (const std::exception& e) {
        program->result.log = std::string("the cache folder cannot be used: ") + e.what() + "\n";
        return NVRTC_INTERNAL;
    }
    if (!program->result.ok) return NVRTC_COMPILATION;
    std::vector<std::string> kernels = program->result.kernels;
    for (const std::string& e : program->request.expressions) kernels.push_back(program->lowered[e] = loweredName(e));
    for (const std::string& kernel : program->result.kernels) program->lowered[kernel] = kernel;
    program->image = imageText(program->result.modulePath, kernels);
    return NVRTC_SUCCESS;
}

STANDIN_EXPORT int nvrtcGetLoweredName(void* handle, const char* expression, const char** name) {
    NVRTC_PROGRAM(handle);
    if (!program->compiled) return NVRTC_NO_LOWERED_NAMES_BEFORE_COMPILATION;
    auto it = program->lowered.find(expression);
    if (it == program->lowered.end()) return NVRTC_NAME_EXPRESSION_NOT_VALID;
    *name = it->second.c_str();
    return NVRTC_SUCCESS;
}

STANDIN_EXPORT int nvrtcGetProgramLogSize(void* handle, size_t* bytes) {
    NVRTC_PROGRAM(handle);
    *bytes = program->result.log.size() + 1;
    return NVRTC_SUCCESS;
}

STANDIN_EXPORT int nvrtcGetProgramLog(void* handle, char* text) {
    NVRTC_PROGRAM(handle);
    return copyOut(program->result.log, text);
}

STANDIN_EXPORT int nvrtcGetPTXSize(void* handle, size_t* bytes) {
    NVRTC_PROGRAM(handle);
    if (program->image.empty()) return NVRTC_INVALID_PROGRAM;
    *bytes = program->image.size() + 1;
    return NVRTC_SUCCESS;
}

STANDIN_EXPORT int nvrtcGetPTX(void* handle, char* text) {
    NVRTC_PROGRAM(handle);
    return program->image.empty() ? NVRTC_INVALID_PROGRAM : copyOut(program->image, text);
}

STANDIN_EXPORT int nvrtcGetCUBINSize(void* handle, size_t* bytes) {
    NVRTC_PROGRAM(handle);
    if (program->image.empty()) return NVRTC_INVALID_PROGRAM;
    *bytes = program->toMachineCode ? program->image.size() + 1 : 0;
    return NVRTC_SUCCESS;
}

STANDIN_EXPORT int nvrtcGetCUBIN(void* handle, char* image) {
    NVRTC_PROGRAM(handle);
    if (program->image.empty() || !program->toMachineCode) return NVRTC_INVALID_PROGRAM;
    return copyOut(program->image, image);
}
