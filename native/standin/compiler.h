// Turns device source into a shared object with the host's g++.
#pragma once

#include <string>
#include <vector>

namespace standin {

struct SourceFile {
    std::string name, text;
};

struct CompileRequest {
    SourceFile source;
    std::vector<SourceFile> headers;
    std::vector<std::string> defines;  // NAME or NAME=VALUE
    std::vector<std::string> includePaths;
    std::vector<std::string> expressions;  // template kernels by name
    int architecture = 75;
};

struct CompileResult {
    bool ok = false;
    std::string log;
    std::string modulePath;
    std::vector<std::string> kernels;
};

CompileResult compile(const CompileRequest& request);

// The name under which the kernel of an expression is found in the module.
std::string loweredName(const std::string& expression);

// Which detectors are compiled in: WEIGHTMEM_STANDIN_CHECK, a list of plain, ub, mem and race (race not with mem).
bool checks(const char* kind);

}  // namespace standin
