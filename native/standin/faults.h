// Hardware faults of a kernel become CUDA error codes.
#pragma once

#include <string>

namespace standin {

// While one lives, faults of this OS thread belong to the launch it runs; all others go to whoever handled them before.
class FaultScope {
public:
    FaultScope();
    ~FaultScope();
    FaultScope(const FaultScope&) = delete;
    FaultScope& operator=(const FaultScope&) = delete;
};

// The text of the fault that the handler recorded, and its error code.
std::string describeSignal(int* code);

// " at file.cu:12" for an address in a module's code, or "".
std::string sourceLine(const void* instruction);

// From the watchdog's signal handler: leaves the launch if its own code is what was interrupted.
void leaveKernelLoop(void* context);

}  // namespace standin
