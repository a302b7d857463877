// The signal handler only records and redirects. Text is made later on a normal stack: the alternate stacks of a host
// runtime's threads are small.
#include "faults.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "block.h"
#include "fiber.h"
#include "memory.h"
#include "status.h"
#include "watchdog.h"

namespace standin {
namespace {

std::atomic<long> kernelThread{0};  // the OS thread that runs a kernel; 0 = none

struct Recorded {
    int signal;
    int reason;
    char* address;
    char* instruction;
};
Recorded recorded;

alignas(16) char landingStack[64 * 1024];

const int handled[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
struct sigaction previous[4];

void passOn(int signal, siginfo_t* info, void* context) {
    for (int i = 0; i < 4; i++) {
        if (handled[i] != signal) continue;
        const struct sigaction& old = previous[i];
        if (old.sa_flags & SA_SIGINFO) {
            old.sa_sigaction(signal, info, context);
        } else if (old.sa_handler == SIG_DFL) {
            sigaction(signal, &old, nullptr);  // the instruction faults again, now with the default action
        } else if (old.sa_handler != SIG_IGN) {
            old.sa_handler(signal);
        }
    }
}

// Where the handler returns to, in place of the kernel.
void land(void* context) {
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    registers[REG_RSP] = reinterpret_cast<greg_t>(landingStack + sizeof landingStack - 8);
    registers[REG_RIP] = reinterpret_cast<greg_t>(&abandonLaunchAfterSignal);
}

void onFault(int signal, siginfo_t* info, void* context) {
    if (kernelThread.load(std::memory_order_relaxed) != syscall(SYS_gettid)) {
        passOn(signal, info, context);
        return;
    }
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    recorded = {signal, info->si_code, static_cast<char*>(info->si_addr), reinterpret_cast<char*>(registers[REG_RIP])};
    land(context);
}

void install() {
    for (int i = 0; i < 4; i++) {
        struct sigaction action = {};
        action.sa_sigaction = onFault;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigemptyset(&action.sa_mask);
        sigaction(handled[i], &action, &previous[i]);
    }
}

// A fiber that overflows its stack has no room for the handler's frame.
void giveThisThreadASignalStack() {
    static thread_local bool looked = false;
    if (looked) return;
    looked = true;
    stack_t present;
    if (sigaltstack(nullptr, &present) == 0 && !(present.ss_flags & SS_DISABLE)) return;
    struct Owned {
        void* memory = malloc(64 * 1024);
        ~Owned() {
            stack_t off = {};
            off.ss_flags = SS_DISABLE;
            sigaltstack(&off, nullptr);
            free(memory);
        }
    };
    static thread_local Owned owned;
    stack_t mine = {};
    mine.ss_sp = owned.memory;
    mine.ss_size = 64 * 1024;
    sigaltstack(&mine, nullptr);
}

}  // namespace

FaultScope::FaultScope() {
    static std::once_flag once;
    std::call_once(once, install);
    giveThisThreadASignalStack();
    static thread_local long self = syscall(SYS_gettid);
    kernelThread = self;
}

FaultScope::~FaultScope() { kernelThread = 0; }

void leaveKernelLoop(void* context) {
    if (kernelThread.load(std::memory_order_relaxed) != syscall(SYS_gettid)) return;
    auto* at = reinterpret_cast<char*>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
    if (!isKernelCode(at)) return;
    recorded = {SIGVTALRM, 0, nullptr, at};
    land(context);
}

std::string describeSignal(int* code) {
    std::string where = whereNow() + sourceLine(recorded.instruction) + ": ";
    char address[32];
    snprintf(address, sizeof address, "%p", static_cast<void*>(recorded.address));
    if (recorded.signal == SIGVTALRM) {
        *code = CUDA_ERROR_LAUNCH_TIMEOUT;
        return where + overtimeText() + "; " + waitingThreads();
    }
    if (recorded.signal == SIGFPE) {
        *code = CUDA_ERROR_LAUNCH_FAILED;
        return where + "integer division by zero";
    }
    if (recorded.signal == SIGILL) {
        *code = CUDA_ERROR_LAUNCH_FAILED;
        return where + "code that must not be reached";
    }
    if (isFiberGuard(recorded.address)) {
        *code = CUDA_ERROR_LAUNCH_FAILED;
        return where + "stack overflow";
    }
    // The processor tells no address for an aligned vector access to an unaligned one.
    if (recorded.reason == SI_KERNEL && !recorded.address) {
        *code = CUDA_ERROR_MISALIGNED_ADDRESS;
        return where + "misaligned vector access, or an address outside of the address space";
    }
    *code = CUDA_ERROR_ILLEGAL_ADDRESS;
    if (isDynamicShared(recorded.address)) return where + "access outside of dynamic shared memory (" + address + ")";
    if (recorded.address < reinterpret_cast<char*>(65536)) return where + "null pointer (" + address + ")";
    return where + "illegal address " + address + describeAddress(recorded.address);
}

std::string sourceLine(const void* instruction) {
    const Launch* launch = currentLaunch();
    if (!launch || launch->modulePath.empty()) return "";
    long offset = static_cast<const char*>(instruction) - launch->moduleBase;
    if (offset < 0) return "";
    char command[4096];
    snprintf(command, sizeof command, "addr2line -s -e '%s' 0x%lx 2>/dev/null", launch->modulePath.c_str(), offset);
    FILE* pipe = popen(command, "r");
    if (!pipe) return "";
    char line[512] = "";
    bool found = fgets(line, sizeof line, pipe) != nullptr;
    pclose(pipe);
    std::string text(line);
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    size_t note = text.find(" (discriminator");
    if (note != std::string::npos) text.resize(note);
    if (!found || text.empty() || text[0] == '?') return "";
    return " at " + text;
}

}  // namespace standin
