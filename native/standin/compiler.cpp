#include "compiler.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "kernel_text.h"
#include "modules.h"
#include "status.h"

extern char** environ;

// The two headers that every kernel is compiled with travel inside of this library.
asm(R"(
    .section .rodata
    .globl standin_shim_text
    .hidden standin_shim_text
standin_shim_text:
    .incbin ")" STANDIN_SOURCE_FOLDER R"(/shim.cuh"
    .byte 0
    .globl standin_abi_text
    .hidden standin_abi_text
standin_abi_text:
    .incbin ")" STANDIN_SOURCE_FOLDER R"(/device_abi.h"
    .byte 0
    .text
)");
extern "C" const char standin_shim_text[];
extern "C" const char standin_abi_text[];

namespace fs = std::filesystem;

namespace standin {
namespace {

using Arguments = std::vector<std::string>;

std::string compilerPath() {
    std::string chosen = setting("CXX");
    if (!chosen.empty()) return chosen;
    const char* path = getenv("PATH");
    std::stringstream folders(path ? path : "");
    for (std::string folder; std::getline(folders, folder, ':');) {
        std::string candidate = folder + "/g++";
        if (access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return "";
}

fs::path cacheFolder() {
    std::string chosen = setting("CACHE");
    if (!chosen.empty()) return chosen;
    if (const char* xdg = getenv("XDG_CACHE_HOME"); xdg && *xdg) return fs::path(xdg) / "weightmem-standin";
    if (const char* home = getenv("HOME"); home && *home) return fs::path(home) / ".cache" / "weightmem-standin";
    return fs::temp_directory_path() / "weightmem-standin";
}

std::string ownPath() {
    Dl_info info;
    return dladdr(reinterpret_cast<void*>(&compile), &info) ? info.dli_fname : "";
}

void mix(uint64_t* hash, const std::string& text) {
    for (unsigned char c : text) *hash = (*hash ^ c) * 0x100000001B3ull;
    *hash = (*hash ^ 0xFF) * 0x100000001B3ull;  // so that "a","b" differs from "ab",""
}

std::string keyOf(const CompileRequest& request, const std::string& compiler, const Arguments& flags) {
    struct stat s = {};
    stat(compiler.c_str(), &s);
    std::vector<std::string> parts = {standin_shim_text,
                                      standin_abi_text,
                                      compiler,
                                      std::to_string(s.st_size),
                                      std::to_string(s.st_mtime),
                                      request.source.name,
                                      request.source.text,
                                      std::to_string(request.architecture)};
    for (const SourceFile& h : request.headers) parts.insert(parts.end(), {h.name, h.text});
    for (const auto* list : {&request.defines, &request.includePaths, &request.expressions, &flags}) {
        parts.push_back(std::to_string(list->size()));
        parts.insert(parts.end(), list->begin(), list->end());
    }
    uint64_t a = 0xCBF29CE484222325ull, b = 0x84222325CBF29CE4ull;
    for (const std::string& part : parts) {
        mix(&a, part);
        mix(&b, part);
        b ^= b >> 29;
    }
    char text[40];
    snprintf(text, sizeof text, "%016lx%016lx", a, b);
    return text;
}

std::string readText(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

void writeText(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

// Runs a program in a folder, both outputs going to log.txt there. Returns its exit status.
int execute(const Arguments& arguments, const fs::path& folder) {
    std::vector<char*> argv;
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "log.txt", O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    // The host runtime's blocked signals are not the compiler's.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    // English messages in plain ASCII, so that logs are the same everywhere.
    std::vector<char*> environment;
    for (char** e = environ; *e; e++) environment.push_back(*e);
    char locale[] = "LC_ALL=C";
    environment.insert(environment.begin(), locale);
    environment.push_back(nullptr);
    pid_t child;
    int failed = posix_spawn(&child, argv[0], &actions, &attributes, argv.data(), environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed) return 127;
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return 126;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}

Arguments languageFlags() {
    Arguments flags = {"-std=c++17",
                       "-O2",
                       "-g1",
                       "-fPIC",
                       "-fvisibility=hidden",
                       "-fno-gnu-unique",
                       "-fno-exceptions",
                       "-fno-rtti",
                       "-fno-strict-aliasing",
                       "-ffp-contract=off",
                       "-fno-math-errno",
                       "-fno-ident",
                       "-fstack-clash-protection",
                       "-fno-ipa-icf",
                       "-pedantic-errors",
                       "-Wvla",
                       "-Werror=vla",
                       "-Werror=return-type",
                       "-Werror=narrowing",
                       "-Wno-long-long",
                       "-Wno-unused"};
    // fmaf is a library call of a hundred instructions without it.
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) flags.insert(flags.end(), {"-mavx2", "-mfma"});
    if (checks("ub"))
        flags.push_back("-fsanitize=alignment,bounds,shift,integer-divide-by-zero,signed-integer-overflow,unreachable,return");
    if (checks("mem"))
        flags.insert(flags.end(), {"-fsanitize=kernel-address", "--param=asan-globals=1", "--param=asan-stack=0",
                                   "--param=asan-instrumentation-with-call-threshold=0"});
    if (checks("race")) flags.insert(flags.end(), {"-fsanitize=thread", "--param=tsan-instrument-func-entry-exit=0"});
    return flags;
}

// Lines that follow the source: one table row for each kernel, of the kernel's own type.
std::string registration(const CompileResult& result, const CompileRequest& request) {
    std::string text = "\n# 1 \"kernel-table\"\nconst standin_kernel standin_kernels[] = {\n";
    for (const std::string& kernel : result.kernels)
        text += "    standin_entry<decltype(&::" + kernel + "), &::" + kernel + ">::make(\"" + kernel + "\"),\n";
    for (const std::string& e : request.expressions)
        text += "    standin_entry<decltype(&" + e + "), &" + e + ">::make(\"" + loweredName(e) + "\"),\n";
    size_t count = result.kernels.size() + request.expressions.size();
    if (count == 0) text += "    {nullptr, nullptr, 0, nullptr, nullptr},\n";
    return text + "};\nconst unsigned standin_kernel_count = " + std::to_string(count) + ";\n";
}

std::string sharedMemoryErrors(const std::string& module, const std::vector<std::string>& kernels) {
    std::string log;
    std::vector<Symbol> variables = readVariables(module);
    for (const std::string& kernel : kernels) {
        size_t bytes = 0;
        for (const Symbol& s : variables) bytes += isShared(s) && belongsTo(s, kernel) ? s.size : 0;
        if (bytes > SharedPerBlock) {
            log += "error: kernel " + kernel + " uses " + std::to_string(bytes) + " bytes of static shared memory; the limit is " +
                   std::to_string(SharedPerBlock) + "\n";
        }
    }
    return log;
}

// Preprocesses, finds the kernels, appends their table and compiles, all within folder.
void build(const CompileRequest& request, const std::string& compiler, const Arguments& flags, const fs::path& folder,
           CompileResult* result) {
    writeText(folder / "shim.cuh", standin_shim_text);
    writeText(folder / "device_abi.h", standin_abi_text);
    for (const SourceFile& header : request.headers) {
        result->log += lint(header.name, header.text);
        writeText(folder / header.name, header.text);
    }
    result->log += lint(request.source.name, request.source.text);
    if (!result->log.empty()) return;
    writeText(folder / request.source.name, request.source.text);

    Arguments preprocess = {
        compiler, "-E", "-x", "c++", "-std=c++17", "-nostdinc", "-D__CUDA_ARCH__=" + std::to_string(request.architecture * 10)};
    preprocess.insert(preprocess.end(), {"-include", "shim.cuh", "-I", "."});
    for (const std::string& d : request.defines) preprocess.push_back("-D" + d);
    for (const std::string& i : request.includePaths) preprocess.push_back("-I" + i);
    if (checks("race")) preprocess.push_back("-DSTANDIN_RACE");
    preprocess.insert(preprocess.end(), {request.source.name, "-o", "kernels.ii"});
    int status = execute(preprocess, folder);
    if (status == 0) {
        std::string text = readText(folder / "kernels.ii");
        result->kernels = findKernels(text);
        writeText(folder / "kernels.ii", text + registration(*result, request));
        // Two steps: at the link the sanitizer flags would bring in the stock run times.
        Arguments compileOnly = {compiler};
        compileOnly.insert(compileOnly.end(), flags.begin(), flags.end());
        compileOnly.insert(compileOnly.end(), {"-c", "-fpreprocessed", "kernels.ii", "-o", "kernels.o"});
        status = execute(compileOnly, folder);
    }
    if (status == 0) status = execute({compiler, "-shared", "-Wl,-z,defs", "kernels.o", ownPath(), "-o", "kernels.so"}, folder);
    result->log += readText(folder / "log.txt");
    result->ok = status == 0;
    if (!result->ok && result->log.empty()) result->log = "cannot run " + compiler + "\n";
    if (!result->ok) return;
    std::string limits = sharedMemoryErrors(folder / "kernels.so", result->kernels);
    result->log += limits;
    result->ok = limits.empty();
}

// A module in the cache has its log beside it: first line the kernels' names.
bool fromCache(const fs::path& module, const fs::path& note, CompileResult* result) {
    if (!fs::exists(module) || !fs::exists(note)) return false;
    std::stringstream text(readText(note));
    std::string names;
    std::getline(text, names);
    std::stringstream list(names);
    for (std::string name; list >> name;) result->kernels.push_back(name);
    std::stringstream rest;
    rest << text.rdbuf();
    result->log = rest.str();
    result->modulePath = module;
    result->ok = true;
    return true;
}

}  // namespace

bool checks(const char* kind) {
    std::stringstream list(setting("CHECK"));
    for (std::string item; std::getline(list, item, ',');) {
        if (item == kind) return true;
    }
    return false;
}

std::string loweredName(const std::string& expression) {
    std::string name = "_Zexpression_";
    for (char c : expression) {
        if (isalnum(static_cast<unsigned char>(c)) || c == '_')
            name += c;
        else if (c != ' ')
            name += "_" + std::to_string(static_cast<int>(c)) + "_";
    }
    return name;
}

CompileResult compile(const CompileRequest& request) {
    CompileResult result;
    std::string compiler = compilerPath();
    if (compiler.empty()) {
        result.log = "the CPU stand-in needs g++ to compile kernels, and none is on the PATH\n";
        return result;
    }
    if (request.source.name.find("..") != std::string::npos || request.source.name[0] == '/') {
        result.log = "the program's name must be a relative path: " + request.source.name + "\n";
        return result;
    }
    Arguments flags = languageFlags();
    std::string key = keyOf(request, compiler, flags);
    fs::path cache = fs::absolute(cacheFolder());
    fs::path module = cache / (key + ".so"), note = cache / (key + ".txt");
    if (fromCache(module, note, &result)) return result;

    fs::create_directories(cache);
    std::string pattern = cache / "building-XXXXXX";
    if (!mkdtemp(pattern.data())) {
        result.log = "cannot make a folder in " + cache.string() + "\n";
        return result;
    }
    fs::path folder = pattern;
    build(request, compiler, flags, folder, &result);
    if (result.ok) {
        std::string names;
        for (const std::string& kernel : result.kernels) names += kernel + " ";
        writeText(folder / "note.txt", names + "\n" + result.log);
        // Renamed into place, the module last: another process sees both or none.
        fs::rename(folder / "note.txt", note);
        fs::rename(folder / "kernels.so", module);
        result.modulePath = module;
    }
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    return result;
}

}  // namespace standin
