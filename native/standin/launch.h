// Kernels and the check of their launches.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "block.h"

namespace standin {

struct Module;

struct Function {
    Module* module;
    std::string name;
    const standin_kernel* kernel;
    std::vector<SharedVariable> shared;  // cleared to NaN before every block
    size_t staticShared = 0;
    unsigned maxDynamicShared = 48 * 1024;
};

constexpr unsigned SharedPerBlock = 48 * 1024;
constexpr unsigned SharedPerBlockOptIn = 96 * 1024;

// A launch with its arguments copied, as a stream keeps it.
struct KernelCall {
    Function* function = nullptr;
    dim3 grid, block;
    unsigned dynamicShared = 0;
    std::vector<unsigned char> arguments;
};

// Checks sizes and copies the arguments.
int prepareKernel(KernelCall* call, void* function, const dim3& grid, const dim3& block, unsigned dynamicShared, void** parameters,
                  void** extra);
int runKernel(KernelCall& call);

Function* findFunction(void* handle);

}  // namespace standin
