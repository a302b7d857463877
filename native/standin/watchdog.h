// Ends a kernel that never ends: after WEIGHTMEM_STANDIN_SECONDS (120; 0 for never) the launch fails with 702.
#pragma once

namespace standin {

struct Launch;

// Guards one launch on the thread that runs it.
class Watchdog {
public:
    explicit Watchdog(const Launch& launch);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;
};

// For the scheduler: whether the time is over.
bool timeIsOver();

// "still runs after 120 s"
const char* overtimeText();

// For the signal handler: whether this instruction belongs to the kernel's module. The stand-in's own code must not be left in the middle.
bool isKernelCode(const void* instruction);

}  // namespace standin
