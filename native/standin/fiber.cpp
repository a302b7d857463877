#include "fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#if !defined(__x86_64__) || !defined(__linux__)
#error "The CPU stand-in is written for x86-64 Linux: its context switch and fault handler know no other machine."
#endif

// Six registers are all that a call preserves besides the stack pointer. swapcontext would make two system calls on top.
asm(R"(
    .text
    .globl standin_switch
    .hidden standin_switch
    .type standin_switch, @function
standin_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size standin_switch, .-standin_switch
)");

namespace standin {
namespace {

constexpr size_t SlotBytes = 256 * 1024;
constexpr size_t GuardBytes = 4096;
constexpr int MaxFibers = 1024 + 1;  // one for each thread of a block, and the one that starts the next thread

struct Stacks {
    char* arena;
    std::vector<Fiber*> all;
    std::vector<Fiber*> free;

    Stacks() {
        // One reservation, so that "is this address on a stack" is one comparison.
        void* p = mmap(nullptr, SlotBytes * MaxFibers, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        arena = p == MAP_FAILED ? nullptr : static_cast<char*>(p);
    }
};

Stacks& stacks() {
    static Stacks instance;
    return instance;
}

Fiber* makeFiber() {
    Stacks& s = stacks();
    size_t index = s.all.size();
    if (!s.arena || index >= MaxFibers) abort();  // a block has at most 1024 threads, so this is a defect of the scheduler
    char* low = s.arena + index * SlotBytes;
    if (mprotect(low + GuardBytes, SlotBytes - GuardBytes, PROT_READ | PROT_WRITE) != 0) abort();
    // Tops that differ in their low bits, or all hot stack lines would fall into the same few cache sets.
    char* high = low + SlotBytes - (index % 61) * 64;
    auto* fiber = new Fiber{nullptr, low + GuardBytes, high};
    s.all.push_back(fiber);
    return fiber;
}

}  // namespace

Fiber* acquireFiber(void (*body)()) {
    Stacks& s = stacks();
    Fiber* fiber;
    if (s.free.empty()) {
        fiber = makeFiber();
    } else {
        fiber = s.free.back();
        s.free.pop_back();
    }
    // The return address lies at a multiple of 16, so body starts with the alignment it would have after a call.
    auto* top = reinterpret_cast<uintptr_t*>(reinterpret_cast<uintptr_t>(fiber->high) & ~uintptr_t{15}) - 2;
    top[0] = reinterpret_cast<uintptr_t>(body);
    top[1] = 0;
    for (int i = 1; i <= 6; i++) top[-i] = 0;
    fiber->stackPointer = top - 6;
    return fiber;
}

void releaseFiber(Fiber* fiber) { stacks().free.push_back(fiber); }

void releaseAllFibers() {
    Stacks& s = stacks();
    s.free.assign(s.all.rbegin(), s.all.rend());
}

bool isFiberStack(const void* address) {
    auto* p = static_cast<const char*>(address);
    const Stacks& s = stacks();
    return p >= s.arena && p < s.arena + SlotBytes * MaxFibers;
}

bool isFiberGuard(const void* address) {
    if (!isFiberStack(address)) return false;
    size_t offset = static_cast<size_t>(static_cast<const char*>(address) - stacks().arena);
    return offset % SlotBytes < GuardBytes;
}

}  // namespace standin
