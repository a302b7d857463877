// Planted bugs: each must be caught as stated, and the process must live on.
#include "harness.h"

namespace {

bool mentions(const std::string& text) { return report().find(text) != std::string::npos; }

void expect(int got, int wanted, const std::string& mode, const std::string& what, const std::string& inReport = "") {
    check(got == wanted && mentions(inReport), mode + ": " + what + " gives " + std::to_string(wanted) + " (got " + std::to_string(got) +
                                                   ")" + (inReport.empty() ? "" : " and says '" + inReport + "'"));
    standinResetError();
}

void testMode(const std::string& mode) {
    bool mem = mode.find("mem") != std::string::npos, ub = mode.find("ub") != std::string::npos;
    void* module = load("bugs.cu", mode.c_str());
    if (!module) return;
    auto f = [&](const char* name) { return function(module, name); };
    void* freed = nullptr;
    OK(cuMemAlloc_v2(&freed, 4096));
    OK(cuMemFree_v2(freed));
    void* nothing = nullptr;
    Buffer<float> out(128);
    std::vector<float> hundred(100, 1.0f);
    Buffer<float> in(hundred);

    int code = outcome(f("read_past_end"), {1}, {1}, 0, out.data, in.data, 100);
    if (mem) {
        expect(code, 700, mode, "read one past the end", "bugs.cu:4");
    } else {
        check(code == 0 && std::isnan(out.read()[0]), mode + ": read one past the end is NaN");
    }

    void* damaged = nullptr;
    OK(cuMemAlloc_v2(&damaged, 400));
    code = outcome(f("write_past_end"), {1}, {1}, 0, damaged, 100);
    if (mem) {
        expect(code, 700, mode, "write one past the end", "bugs.cu:6");
        OK(cuMemFree_v2(damaged));
    } else {
        check(code == 0, mode + ": write one past the end passes at the launch");
        expect(cuMemFree_v2(damaged), 700, mode, "its free", "offset 400 of an allocation of 400 bytes");
    }

    expect(outcome(f("write_far"), {1}, {1}, 0, out.data, 300), 700, mode, "write into the guard page",
           "offset 1200 of an allocation of 512 bytes");
    expect(outcome(f("write_far"), {1}, {1}, 0, freed, 0), 700, mode, "use after free", "freed allocation of 4096 bytes");
    expect(outcome(f("write_far"), {1}, {1}, 0, nothing, 0), 700, mode, "null pointer", "null");
    expect(outcome(f("divergent_barrier"), {1}, {32}, 0, out.data), 719, mode, "barrier in a divergent branch",
           "16 (first 0) at __syncthreads bugs.cu:11");
    expect(outcome(f("two_barriers"), {1}, {64}, 0, out.data), 719, mode, "two different barriers", "bugs.cu:19");
    expect(outcome(f("early_return"), {1}, {32}, 0, out.data), 719, mode, "return before a barrier", "1 finished");
    expect(outcome(f("absent_lane"), {1}, {32}, 0, out.data), 719, mode, "shuffle with absent lanes", "__shfl_sync");
    expect(outcome(f("absent_lane"), {1}, {20}, 0, out.data), 719, mode, "shuffle in a part of a warp", "which the block does not have");
    expect(outcome(f("outside_mask"), {1}, {32}, 0, out.data), 719, mode, "lane outside its mask", "own mask");
    expect(outcome(f("dynamic_overrun"), {1}, {1}, 64, out.data, 16), 700, mode, "overrun of dynamic shared memory", "dynamic shared");
    expect(outcome(f("divide"), {1}, {1}, 0, out.data, 0), 719, mode, "division by zero", "division by zero");
    expect(outcome(f("failing_assert"), {1}, {1}, 0, out.data, 3), 710, mode, "assert", "n < 3 at bugs.cu:");
    expect(outcome(f("deep"), {1}, {1}, 0, out.data, 3), 719, mode, "stack overflow", "stack overflow");

    if (mode == "plain") {
        OK(cuMemsetD32_v2(out.data, 0, 1));
        expect(outcome(f("waits_for_a_block"), {2}, {1}, 0, out.data), 719, mode, "waiting for another block", "spins without end");
    }

    code = outcome(f("misaligned"), {1}, {1}, 0, out.data, in.data);
    if (ub) expect(code, 716, mode, "misaligned float4", "bugs.cu:");
    check(ub || code == 0 || code == 716, mode + ": misaligned float4 passes or is caught, by the instruction that was chosen");
    standinResetError();
    code = outcome(f("shift_too_far"), {1}, {1}, 0, out.data, 40);
    if (ub) expect(code, 719, mode, "shift by 40", "shift");
    code = outcome(f("shared_index"), {1}, {8}, 0, out.data, 8);
    if (ub || mem) expect(code, 700, mode, "index past a shared array", mem && !ub ? "tile" : "bounds");
    code = outcome(f("shared_pointer"), {1}, {8}, 0, out.data, 8);
    if (mem) expect(code, 700, mode, "pointer past a shared array", "tile");
    float local = 1;
    void* host = &local;
    code = outcome(f("unpinned_host"), {1}, {1}, 0, out.data, host);
    if (mem) expect(code, 700, mode, "host memory in a kernel", "not pinned");
    standinResetError();

    OK(outcome(f("missing_barrier"), {1}, {64}, 0, out.data));
    check(std::isnan(out.read()[0]), mode + ": read before another thread's write is NaN");
    OK(outcome(f("uninitialised_shared"), {2}, {32}, 0, out.data));
    check(std::isnan(out.read()[7]), mode + ": uninitialised shared memory is NaN");
    OK(cuModuleUnload(module));
}

void testRaces() {
    void* module = load("races.cu", "race");
    if (!module) return;
    Buffer<float> out(std::vector<float>(512, 0.0f));
    auto race = [&](const char* name, unsigned blocks, unsigned threads, const char* inReport) {
        expect(outcome(function(module, name), {blocks}, {threads}, 0, out.data, 3), 719, "race", name, inReport);
    };
    auto clean = [&](const char* name, unsigned blocks, unsigned threads) {
        int code = outcome(function(module, name), {blocks}, {threads}, 0, out.data, 1);
        check(code == 0, std::string("race: ") + name + " has none");
        standinResetError();
    };
    race("missing_barrier", 1, 64, "races.cu:7");
    race("missing_trailing_barrier", 1, 64, "unordered read");
    race("missing_syncwarp", 1, 32, "unordered write");
    race("blocks_write_one", 2, 32, "unordered write by block 0");
    race("block_reads_other", 2, 32, "read at races.cu:40 after an unordered write by block 0");
    race("mixed_with_atomics", 1, 2, "atomic");
    race("written_after_reads", 1, 64, "unordered");
    clean("missing_trailing_barrier", 2, 64);
    clean("with_syncwarp", 3, 32);
    clean("blocks_write_one", 1, 32);
    clean("counted_by_atomics", 2, 64);
    OK(cuModuleUnload(module));
}

void testWatchdog() {
    setenv("WEIGHTMEM_STANDIN_SECONDS", "0.2", 1);
    void* module = load("bugs.cu");
    Buffer<float> out(std::vector<float>(64, 0.0f));
    expect(outcome(function(module, "spins"), {1}, {64}, 0, out.data), 702, "plain", "a loop without an end", "thread (3,0,0) at bugs.cu:");
    expect(outcome(function(module, "spins"), {1}, {64}, 0, out.data), 702, "plain", "a loop without an end", "3 (first 0) at __syncthreads");
    expect(outcome(function(module, "meets_for_ever"), {2}, {64}, 0, out.data), 702, "plain", "a barrier in a loop without an end", "still runs after 0.2 s");
    check(outcome(function(module, "early_return"), {1}, {4}, 0, out.data) == 0, "a launch after it works");
    standinResetError();
    OK(cuModuleUnload(module));
    unsetenv("WEIGHTMEM_STANDIN_SECONDS");
}

void testSticky() {
    void* module = load("bugs.cu");
    Buffer<float> out(4);
    void* nothing = nullptr;
    check(launch(function(module, "write_far"), {1}, {1}, 0, nullptr, nothing, 0) == 0, "the launch itself succeeds");
    float value;
    check(cuMemcpyDtoH_v2(&value, out.data, 4) == 700, "the next call tells");
    void* more = nullptr;
    check(cuMemAlloc_v2(&more, 4) == 700, "and every later one");
    standinResetError();
    OK(cuModuleUnload(module));
}

}  // namespace

void testBugs() {
    for (int round = 0; round < 3; round++) {  // a check must not catch by luck
        for (const char* mode : {"plain", "ub", "mem", "ub,mem"}) testMode(mode);
        testRaces();
    }
    testSticky();
    testWatchdog();
}
