// Stacks that take turns on one OS thread.
#pragma once

#include <cstddef>

namespace standin {

struct Fiber {
    void* stackPointer;  // valid while the fiber is parked
    char* low;
    char* high;
};

// Parks the running code in *save and goes on where target was parked.
extern "C" void standin_switch(void** save, void* target);

// A fiber that will begin in body, on an empty stack. body must not return.
Fiber* acquireFiber(void (*body)());
void releaseFiber(Fiber* fiber);

// After an abandoned launch: every stack is free again, whatever was on it.
void releaseAllFibers();

bool isFiberStack(const void* address);
bool isFiberGuard(const void* address);

}  // namespace standin
