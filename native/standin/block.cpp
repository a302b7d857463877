// The block scheduler: lazy fibers. A block starts on one stack that runs its threads one after another. Only a thread that
// has to wait keeps its stack, and the rest go on upon another one. A kernel without barriers therefore never switches.
#include "block.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>

#include "faults.h"
#include "fiber.h"
#include "race.h"
#include "status.h"
#include "warp.h"
#include "watchdog.h"

standin_position standin_now;

namespace standin {
namespace {

enum class State : unsigned char { NotStarted, Running, Ready, Waiting, Finished };

struct Wait {
    const char* operation;
    const char* file;
    int line;
};

constexpr unsigned MaxYields = 200000;  // with one yield in 1024 atomics this is a second or two
constexpr size_t DynamicSharedArena = 128 * 1024;

struct Block {
    const Launch* launch = nullptr;
    unsigned count = 0;
    unsigned next = 0;  // first thread that has not started
    unsigned finished = 0;
    unsigned current = 0;
    Fiber* fiber = nullptr;
    void* home = nullptr;  // the host thread's own stack
    bool failed = false;
    int code = 0;
    std::string text;

    State state[MaxThreads];
    uint3 id[MaxThreads];
    Fiber* fiberOf[MaxThreads];
    Wait wait[MaxThreads];

    unsigned ready[MaxThreads];  // ring of threads that may go on, in the order in which they were woken
    unsigned readyHead = 0, readyCount = 0;

    unsigned atBarrier = 0;
    unsigned barrierThreads[MaxThreads];
    int vote = 0;
    int votes = 0;
    int voteResult = 0;

    unsigned yields = 0;  // since a thread last finished or a barrier was passed

    char* dynamicArena = nullptr;
    char* dynamicShared = nullptr;
};

Block run;

void setPosition(unsigned thread) { standin_now.thread = run.id[thread]; }

// Warp first: the lanes of one warp follow each other, which keeps the working set at 32 stacks.
int choose() {
    if (run.next < run.count && run.next / WarpSize == run.current / WarpSize) return static_cast<int>(run.next++);
    if (run.readyCount > 0) {
        unsigned thread = run.ready[run.readyHead];
        run.readyHead = (run.readyHead + 1) % MaxThreads;
        run.readyCount--;
        return static_cast<int>(thread);
    }
    if (run.next < run.count) return static_cast<int>(run.next++);
    return -1;
}

[[noreturn]] void goHome() {
    void* discarded;
    standin_switch(&discarded, run.home);
    __builtin_unreachable();
}

// Nobody can run and not everybody is done: tell who waits where.
[[noreturn]] void reportStuck() { abandonLaunch(CUDA_ERROR_LAUNCH_FAILED, "threads wait for each other in different places: " + waitingThreads()); }

// A step of the scheduler: the place where a launch that takes too long is left.
void checkTime() {
    if (timeIsOver()) abandonLaunch(CUDA_ERROR_LAUNCH_TIMEOUT, overtimeText() + std::string("; ") + waitingThreads());
}

[[noreturn]] void fiberBody();

void switchTo(unsigned thread, Fiber* from) {
    bool fresh = run.state[thread] == State::NotStarted;
    Fiber* to = fresh ? acquireFiber(fiberBody) : run.fiberOf[thread];
    run.current = thread;
    run.fiber = to;
    run.state[thread] = State::Running;
    setPosition(thread);
    standin_switch(&from->stackPointer, to->stackPointer);
}

[[noreturn]] void fiberBody() {
    const standin_kernel* kernel = run.launch->kernel;
    void** arguments = run.launch->arguments;
    for (;;) {
        run.state[run.current] = State::Running;
        setPosition(run.current);
        kernel->invoke(arguments);
        run.state[run.current] = State::Finished;
        run.finished++;
        run.yields = 0;

        int next = choose();
        if (next < 0) {
            if (run.finished < run.count) reportStuck();
            releaseFiber(run.fiber);
            goHome();
        }
        if (run.state[next] == State::NotStarted) {
            run.current = static_cast<unsigned>(next);  // the stack is empty again: reuse it
            continue;
        }
        Fiber* mine = run.fiber;
        releaseFiber(mine);
        switchTo(static_cast<unsigned>(next), mine);
    }
}

void prepareDynamicShared() {
    if (!run.dynamicArena) {
        void* p = mmap(nullptr, DynamicSharedArena + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        run.dynamicArena = static_cast<char*>(p) + 4096;
        mprotect(run.dynamicArena, DynamicSharedArena, PROT_READ | PROT_WRITE);
    }
    // It ends at a guard page, so that an overrun faults.
    size_t rounded = (run.launch->dynamicShared + 15) / 16 * 16;
    run.dynamicShared = run.dynamicArena + DynamicSharedArena - rounded;
}

void beginBlock() {
    memset(run.state, 0, run.count);
    run.next = 1;
    run.current = 0;
    run.finished = 0;
    run.readyHead = run.readyCount = 0;
    run.atBarrier = 0;
    run.yields = 0;
    beginWarps(run.count);
    raceBeginBlock();
    for (const SharedVariable& v : *run.launch->shared) memset(v.address, 0xFF, v.size);
    if (run.launch->dynamicShared > 0) memset(run.dynamicShared, 0xFF, (run.launch->dynamicShared + 15) / 16 * 16);
}

// Leaves standin_now at the block that failed.
void runBlocks(const dim3& grid) {
    uint3& b = standin_now.block;
    for (b.z = 0; b.z < grid.z; b.z++) {
        for (b.y = 0; b.y < grid.y; b.y++) {
            for (b.x = 0; b.x < grid.x; b.x++) {
                beginBlock();
                run.fiber = acquireFiber(fiberBody);
                standin_switch(&run.home, run.fiber->stackPointer);
                if (run.failed) return;
            }
        }
    }
}

}  // namespace

int runLaunch(const Launch& launch) {
    run.launch = &launch;
    run.count = launch.block.x * launch.block.y * launch.block.z;
    run.failed = false;
    run.text.clear();
    for (unsigned t = 0; t < run.count; t++) {
        run.id[t] = {t % launch.block.x, t / launch.block.x % launch.block.y, t / (launch.block.x * launch.block.y)};
    }
    prepareDynamicShared();
    raceBeginLaunch();
    standin_now.blockSize = launch.block;
    standin_now.gridSize = launch.grid;

    {
        FaultScope faults;
        Watchdog watchdog(launch);
        runBlocks(launch.grid);
    }
    if (run.failed) {
        releaseAllFibers();
        std::string text = run.text.empty() ? describeSignal(&run.code) : run.text;
        setReport(text);
        run.launch = nullptr;
        return run.code;
    }
    run.launch = nullptr;
    return CUDA_SUCCESS;
}

std::string waitingThreads() {
    struct Group {
        Wait wait;
        unsigned count, first;
    };
    std::vector<Group> groups;
    unsigned finished = 0;
    for (unsigned t = 0; t < run.count; t++) {
        if (run.state[t] == State::Finished) finished++;
        if (run.state[t] != State::Waiting) continue;
        bool known = false;
        for (Group& g : groups) {
            if (g.wait.line != run.wait[t].line || strcmp(g.wait.operation, run.wait[t].operation) != 0) continue;
            g.count++;
            known = true;
        }
        if (!known) groups.push_back({run.wait[t], 1, t});
    }
    std::string text;
    for (const Group& g : groups) {
        text += std::to_string(g.count) + " (first " + std::to_string(g.first) + ") at " + g.wait.operation + " " + g.wait.file + ":" +
                std::to_string(g.wait.line) + "; ";
    }
    return text + std::to_string(finished) + " finished";
}

const Launch* currentLaunch() { return run.launch; }

void abandonLaunch(int code, const std::string& text) {
    run.failed = true;
    run.code = code;
    run.text = whereNow() + ": " + text;
    goHome();
}

void abandonLaunchAfterSignal() {
    run.failed = true;
    run.code = CUDA_ERROR_ILLEGAL_ADDRESS;
    goHome();  // the text is made on the host's stack: this one may be the overflown one
}

std::string whereNow() {
    auto triple = [](const uint3& v) { return "(" + std::to_string(v.x) + "," + std::to_string(v.y) + "," + std::to_string(v.z) + ")"; };
    std::string name = run.launch ? run.launch->kernelName : "?";
    return "kernel " + name + ", block " + triple(standin_now.block) + ", thread " + triple(standin_now.thread);
}

unsigned currentThread() { return run.current; }
unsigned threadsInBlock() { return run.count; }
bool isFinished(unsigned thread) { return run.state[thread] == State::Finished; }

void parkCurrent(const char* operation, const char* file, int line) {
    checkTime();
    unsigned self = run.current;
    run.state[self] = State::Waiting;
    run.wait[self] = {operation, file, line};
    run.fiberOf[self] = run.fiber;
    int next = choose();
    if (next < 0) reportStuck();
    if (static_cast<unsigned>(next) == self) {
        run.state[self] = State::Running;
        return;
    }
    switchTo(static_cast<unsigned>(next), run.fiber);
}

void wake(unsigned thread) {
    run.state[thread] = State::Ready;
    run.ready[(run.readyHead + run.readyCount++) % MaxThreads] = thread;
}

bool isDynamicShared(const void* address) {
    auto* p = static_cast<const char*>(address);
    return p >= run.dynamicArena - 4096 && p < run.dynamicArena + DynamicSharedArena + 4096;
}

bool isInDynamicShared(const void* address, size_t size) {
    auto* p = static_cast<const char*>(address);
    return p >= run.dynamicShared && p + size <= run.dynamicShared + run.launch->dynamicShared;
}

}  // namespace standin

using namespace standin;

// All threads of the block must come to the same barrier; its source line is its identity.
int standin_barrier(int vote, int predicate, const char* file, int line) {
    checkTime();
    if (run.atBarrier > 0) {
        const Wait& first = run.wait[run.barrierThreads[0]];
        if (first.line != line || run.vote != vote) {
            abandonLaunch(CUDA_ERROR_LAUNCH_FAILED, "barrier at " + std::string(file) + ":" + std::to_string(line) + " while " +
                                                        std::to_string(run.atBarrier) + " threads wait at the barrier at " + first.file +
                                                        ":" + std::to_string(first.line));
        }
    } else {
        run.vote = vote;
        run.votes = 0;
    }
    run.votes += predicate != 0;
    if (run.atBarrier + 1 < run.count) {
        run.barrierThreads[run.atBarrier++] = run.current;
        parkCurrent("__syncthreads", file, line);
        return run.voteResult;
    }
    int all = static_cast<int>(run.count);
    run.voteResult = vote == STANDIN_VOTE_COUNT ? run.votes : vote == STANDIN_VOTE_AND ? run.votes == all : run.votes > 0;
    for (unsigned i = 0; i < run.atBarrier; i++) wake(run.barrierThreads[i]);
    run.atBarrier = 0;
    run.yields = 0;
    raceBarrier();
    return run.voteResult;
}

// Lets the others run: for loops that wait inside a block for an atomic of another thread.
void standin_yield() {
    checkTime();
    if (++run.yields > MaxYields) {
        abandonLaunch(CUDA_ERROR_LAUNCH_FAILED, "spins without end: blocks run one after another, so a block cannot wait for another one");
    }
    wake(run.current);
    unsigned self = run.current;
    run.fiberOf[self] = run.fiber;
    // Threads that have not started come first here, or a lane could spin on one that never begins.
    int next = run.next < run.count ? static_cast<int>(run.next++) : choose();
    if (static_cast<unsigned>(next) == self) {
        run.state[self] = State::Running;
        return;
    }
    switchTo(static_cast<unsigned>(next), run.fiber);
}

void* standin_dynamic_shared() {
    if (run.launch->dynamicShared == 0) abandonLaunch(CUDA_ERROR_ILLEGAL_ADDRESS, "dynamic shared memory in a launch that has none");
    return run.dynamicShared;
}
