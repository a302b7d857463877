// What every entry point does first: one lock, failures asked for by a test, and the state the call needs.
#pragma once

#include <mutex>

#include "status.h"

namespace standin {

enum class Needs {
    Nothing,
    Init,       // cuInit was called
    Context,    // and a context is current on this thread
    Healthy,    // and no kernel has failed in it: such errors stay, as on a GPU
    Uncaptured  // and no capture is under way that forbids calls that synchronise or allocate
};

class Call {
public:
    Call(const char* name, Needs needs);
    int error;

private:
    std::unique_lock<std::recursive_mutex> lock_;
};

// The code that standinFailCall or WEIGHTMEM_STANDIN_FAIL asks for this call, or 0.
int injectedFailure(const char* name);

std::recursive_mutex& driverLock();

// The error of a kernel that failed: every later call returns it until standinResetError.
int stickyError();
void setStickyError(int code);

bool isInitialised();
void* currentContext();

}  // namespace standin

#define CUDA_CALL(needs)                                     \
    ::standin::Call call(__func__, ::standin::Needs::needs); \
    if (call.error) return call.error
