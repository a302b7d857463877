// Compiled kernels on disk and in memory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "launch.h"

namespace standin {

// A variable of a module, read from the file's symbol table, so that hidden and local names are found.
struct Symbol {
    std::string name;
    size_t offset;  // from the module's base
    size_t size;
    bool zeroed;    // in .bss
    bool constant;  // read-only
};

// Variables defined in a shared object; empty if the file cannot be read.
std::vector<Symbol> readVariables(const std::string& path);

// A __shared__ variable of a function became a static local, which the compiler names _ZZ<function>E<name>.
bool isShared(const Symbol& symbol);
bool belongsTo(const Symbol& symbol, const std::string& kernel);

struct Module {
    std::string path;
    void* handle = nullptr;
    char* base = nullptr;
    std::vector<Symbol> variables;
    std::map<std::string, Function> functions;
};

// The text that stands for PTX or a cubin of a module, and the path in such a text ("" if it is none).
std::string imageText(const std::string& path, const std::vector<std::string>& kernels);
std::string pathOfImage(const char* image);

// Whether the range lies within one variable of a loaded module; and whether the address is in any loaded file at all.
bool isModuleVariable(const void* address, size_t bytes);
bool isModuleData(const void* address);

// The variable at or nearest before an address, for reports; null if the address is in no module.
const Symbol* nearestVariable(const void* address, long* offset);
int listModuleLeaks(std::string* text);

}  // namespace standin
