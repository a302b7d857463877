// Bodies for the call-backs of -fsanitize=thread. Each 4-byte word remembers its last write, atomic and two reads; two accesses of
// different threads, one of them a plain write or one plain and one atomic write, must be ordered by a barrier or a __syncwarp.
// Blocks are never ordered with each other.
#include <cstdint>
#include <cstring>
#include <string>
#include <unordered_map>

#include "block.h"
#include "faults.h"
#include "fiber.h"
#include "memory.h"
#include "race.h"
#include "status.h"

namespace standin {
namespace {

struct Access {
    uint64_t block = 0;  // number of the block, over all launches; 0 = none
    uint32_t thread = 0;
    uint32_t barriers = 0;  // barriers before it
    uint32_t clock = 0;     // the thread's own clock
    const void* from = nullptr;
};

struct Word {
    uint8_t bytes = 0;  // that the recorded write touched
    Access write, atomic, read[2];
};

bool active;  // some module with these call-backs has been loaded
uint64_t firstBlock = 1, block = 0;
uint32_t barriers;
uint32_t clockOf[MaxThreads];
uint32_t known[MaxThreads][WarpSize];  // what a thread knows of the clocks in its warp
std::unordered_map<uintptr_t, Word> words;

bool isOrdered(const Access& before, bool sharedMemory) {
    if (before.block < firstBlock) return true;      // another launch, or nothing
    if (before.block != block) return sharedMemory;  // every block has shared memory of its own
    unsigned self = currentThread();
    if (before.thread == self || before.barriers < barriers) return true;
    return before.thread / WarpSize == self / WarpSize && known[self][before.thread % WarpSize] > before.clock;
}

[[noreturn, gnu::noinline]] void report(const char* p, const Access& before, const char* earlier, const char* now, const void* from) {
    std::string other =
        before.block == block ? "thread " + std::to_string(before.thread) : "block " + std::to_string(before.block - firstBlock);
    auto place = [](const void* at) { return sourceLine(static_cast<const char*>(at) - 1); };
    abandonLaunch(CUDA_ERROR_LAUNCH_FAILED, std::string("data race: ") + now + place(from) + " after an unordered " + earlier + " by " +
                                                other + place(before.from) +
                                                (classify(p, 1) == standin::Access::Unknown ? ", in shared memory" : describeAddress(p)));
}

enum class Kind { Read, Write, Atomic };

void check(const void* address, size_t size, Kind kind, const void* from) {
    auto* p = static_cast<const char*>(address);
    auto* now = reinterpret_cast<const char*>(&standin_now);
    if (isFiberStack(p) || (p >= now && p < now + sizeof standin_now)) return;
    bool sharedMemory = classify(p, 1) == standin::Access::Unknown;
    auto begin = reinterpret_cast<uintptr_t>(p), end = begin + size;
    for (uintptr_t at = begin & ~uintptr_t{3}; at < end; at += 4) {
        Word& word = words[at];
        uint8_t bytes = 0;
        for (int i = 0; i < 4; i++) bytes |= at + i >= begin && at + i < end ? 1 << i : 0;
        if ((word.bytes & bytes) && !isOrdered(word.write, sharedMemory)) {
            report(p, word.write, "write", kind == Kind::Read ? "read" : kind == Kind::Write ? "write" : "atomic", from);
        }
        if (kind != Kind::Atomic && !isOrdered(word.atomic, sharedMemory))
            report(p, word.atomic, "atomic", kind == Kind::Read ? "read" : "write", from);
        if (kind != Kind::Read && bytes == 15) {
            for (const Access& read : word.read) {
                if (!isOrdered(read, sharedMemory)) report(p, read, "read", kind == Kind::Write ? "write" : "atomic", from);
            }
        }
        Access mine{block, currentThread(), barriers, clockOf[currentThread()], from};
        if (kind == Kind::Write) {
            word.bytes = word.write.block == block && word.write.thread == mine.thread ? word.bytes | bytes : bytes;
            word.write = mine;
        } else if (kind == Kind::Atomic) {
            word.atomic = mine;
        } else if (word.read[0].block != block || word.read[0].thread == mine.thread) {
            word.read[0] = mine;  // first and latest reader: what a write by either of them would meet is the other
        } else {
            word.read[1] = mine;
        }
    }
}

}  // namespace

void raceBeginLaunch() {
    if (!active) return;
    words.clear();
    firstBlock = block + 1;
}

void raceBeginBlock() {
    if (!active) return;
    block++;
    barriers = 0;
    memset(clockOf, 0, sizeof clockOf);
    memset(known, 0, sizeof known);
}

void raceBarrier() { barriers++; }

void raceSyncWarp(unsigned first, unsigned mask) {
    if (!active) return;
    uint32_t joined[WarpSize] = {};
    for (unsigned i = 0; i < WarpSize; i++) {
        if (!(mask >> i & 1)) continue;
        joined[i] = ++clockOf[first + i];
        for (unsigned j = 0; j < WarpSize; j++) joined[j] = joined[j] > known[first + i][j] ? joined[j] : known[first + i][j];
    }
    for (unsigned i = 0; i < WarpSize; i++) {
        if (mask >> i & 1) memcpy(known[first + i], joined, sizeof joined);
    }
}

}  // namespace standin

using namespace standin;

void standin_atomic_access(const void* address, unsigned size) { check(address, size, Kind::Atomic, __builtin_return_address(0)); }

#define SANITIZER_EXPORT extern "C" __attribute__((visibility("default")))
#define STANDIN_ACCESS(BYTES)                                                                                                       \
    SANITIZER_EXPORT void __tsan_read##BYTES(const void* p) { check(p, BYTES, Kind::Read, __builtin_return_address(0)); }           \
    SANITIZER_EXPORT void __tsan_write##BYTES(const void* p) { check(p, BYTES, Kind::Write, __builtin_return_address(0)); }         \
    SANITIZER_EXPORT void __tsan_unaligned_read##BYTES(const void* p) { check(p, BYTES, Kind::Read, __builtin_return_address(0)); } \
    SANITIZER_EXPORT void __tsan_unaligned_write##BYTES(const void* p) { check(p, BYTES, Kind::Write, __builtin_return_address(0)); }

STANDIN_ACCESS(1)
STANDIN_ACCESS(2)
STANDIN_ACCESS(4)
STANDIN_ACCESS(8)
STANDIN_ACCESS(16)
SANITIZER_EXPORT void __tsan_read_range(const void* p, size_t bytes) { check(p, bytes, Kind::Read, __builtin_return_address(0)); }
SANITIZER_EXPORT void __tsan_write_range(const void* p, size_t bytes) { check(p, bytes, Kind::Write, __builtin_return_address(0)); }
SANITIZER_EXPORT void __tsan_init() { active = true; }
SANITIZER_EXPORT void __tsan_func_entry(void*) {}
SANITIZER_EXPORT void __tsan_func_exit() {}
