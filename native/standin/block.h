// Runs the threads of a launch, one block after another.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "device_abi.h"

namespace standin {

constexpr unsigned WarpSize = 32;
constexpr unsigned MaxThreads = 1024;

struct SharedVariable {
    char* address;
    size_t size;
};

struct Launch {
    std::string kernelName;
    std::string modulePath;  // for source lines of a fault
    const char* moduleBase = nullptr;
    const standin_kernel* kernel = nullptr;
    void** arguments = nullptr;
    dim3 grid, block;
    unsigned dynamicShared = 0;
    const std::vector<SharedVariable>* shared = nullptr;  // filled with NaN before every block
};

// Runs to the end or to the first fault. Returns a CUDA error code; the text of a fault is in lastReport().
int runLaunch(const Launch& launch);

// The launch that runs now on this OS thread, or null.
const Launch* currentLaunch();

// Ends the running launch from within one of its threads.
[[noreturn]] void abandonLaunch(int code, const std::string& text);
[[noreturn]] void abandonLaunchAfterSignal();

// "kernel k, block (0,0,0), thread (5,0,0)"
std::string whereNow();

// For warp operations: the running thread, parking it, and waking others.
unsigned currentThread();
unsigned threadsInBlock();
void parkCurrent(const char* operation, const char* file, int line);
void wake(unsigned thread);
bool isFinished(unsigned thread);

// "3 (first 0) at __syncthreads k.cu:7; 61 finished"
std::string waitingThreads();

bool isDynamicShared(const void* address);
bool isInDynamicShared(const void* address, size_t size);

}  // namespace standin
