// A timer signals the thread that runs the launch. The scheduler sees the flag at its next step; a loop without any step is left where it is by the handler, as after
// a fault, but only while the kernel's own code runs: the stand-in may hold a lock.
#include "watchdog.h"

#include <link.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "block.h"
#include "faults.h"
#include "status.h"

namespace standin {
namespace {

constexpr int GraceMilliseconds = 20;

std::atomic<bool> over{false};
uintptr_t codeBegin = 0, codeEnd = 0;
double limit = 0;
char text[64];

double seconds() {
    std::string value = setting("SECONDS");
    return value.empty() ? 120 : atof(value.c_str());
}

// The executable part of the module that holds the kernel; looked up once per module.
void findCode(const void* inside) {
    auto address = reinterpret_cast<uintptr_t>(inside);
    if (address >= codeBegin && address < codeEnd) return;
    codeBegin = codeEnd = 0;
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* data) {
            auto wanted = *static_cast<uintptr_t*>(data);
            for (int i = 0; i < info->dlpi_phnum; i++) {
                const auto& part = info->dlpi_phdr[i];
                if (part.p_type != PT_LOAD || !(part.p_flags & PF_X)) continue;
                uintptr_t begin = info->dlpi_addr + part.p_vaddr;
                if (wanted < begin || wanted >= begin + part.p_memsz) continue;
                codeBegin = begin;
                codeEnd = begin + part.p_memsz;
                return 1;
            }
            return 0;
        },
        &address);
}

struct Timer {
    timer_t handle{};
    bool made = false;
    Timer() {
        sigevent event = {};
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = SIGVTALRM;
        event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
        made = timer_create(CLOCK_MONOTONIC, &event, &handle) == 0;
    }
    ~Timer() {
        if (made) timer_delete(handle);
    }
    void set(double first) {
        itimerspec when = {};
        when.it_value.tv_sec = static_cast<time_t>(first);
        when.it_value.tv_nsec = static_cast<long>((first - static_cast<double>(when.it_value.tv_sec)) * 1e9);
        when.it_interval.tv_nsec = first > 0 ? GraceMilliseconds * 1000000L : 0;
        if (made) timer_settime(handle, 0, &when, nullptr);
    }
};

Timer& timer() {
    static thread_local Timer own;
    return own;
}

void onTime(int, siginfo_t*, void* context) {
    // The scheduler gets the first signal; what has not come to it by the next one is a loop of its own.
    if (!over.exchange(true)) return;
    leaveKernelLoop(context);
}

}  // namespace

Watchdog::Watchdog(const Launch& launch) {
    over = false;
    limit = seconds();
    if (limit <= 0) return;
    static bool installed = [] {
        struct sigaction action = {};
        action.sa_sigaction = onTime;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
        return sigaction(SIGVTALRM, &action, nullptr) == 0;
    }();
    if (!installed) return;
    findCode(reinterpret_cast<const void*>(launch.kernel->invoke));
    timer().set(limit);
}

Watchdog::~Watchdog() {
    if (limit > 0) timer().set(0);
}

bool timeIsOver() { return over.load(std::memory_order_relaxed); }

const char* overtimeText() {
    snprintf(text, sizeof text, "still runs after %g s", limit);
    return text;
}

bool isKernelCode(const void* instruction) {
    auto address = reinterpret_cast<uintptr_t>(instruction);
    return address >= codeBegin && address < codeEnd;
}

}  // namespace standin
