// What a compiled .cu module and the run time know of each other. Included by both sides, so it uses no standard header.
#ifndef WEIGHTMEM_STANDIN_DEVICE_ABI_H
#define WEIGHTMEM_STANDIN_DEVICE_ABI_H

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned vx = 1, unsigned vy = 1, unsigned vz = 1) : x(vx), y(vy), z(vz) {}
};

// The thread that runs now. One launch runs at a time and threads never run in parallel, so one object serves all modules.
struct standin_position {
    uint3 thread;
    uint3 block;
    dim3 blockSize;
    dim3 gridSize;
    unsigned atomics;  // counts atomics, so that a loop that spins on one gives way now and then
};

// One row per kernel of a module, made by the compiler from the kernel's own type.
struct standin_kernel {
    const char* name;
    void (*invoke)(void** arguments);
    unsigned parameterCount;
    const unsigned* offsets;  // as the driver packs them, for cuFuncGetParamInfo and buffer launches
    const unsigned* sizes;
};

enum standin_vote { STANDIN_VOTE_NONE, STANDIN_VOTE_COUNT, STANDIN_VOTE_AND, STANDIN_VOTE_OR };

enum standin_collective_kind {
    STANDIN_SYNCWARP,
    STANDIN_SHUFFLE,
    STANDIN_SHUFFLE_UP,
    STANDIN_SHUFFLE_DOWN,
    STANDIN_SHUFFLE_XOR,
    STANDIN_BALLOT,
    STANDIN_MATCH_ANY,
    STANDIN_REDUCE_ADD,
    STANDIN_REDUCE_MIN_SIGNED,
    STANDIN_REDUCE_MAX_SIGNED,
    STANDIN_REDUCE_MIN,
    STANDIN_REDUCE_MAX,
    STANDIN_REDUCE_AND,
    STANDIN_REDUCE_OR,
    STANDIN_REDUCE_XOR
};

// One lane's part in a warp operation; it lives on the waiting lane's stack until the last lane has come.
struct standin_collective {
    int kind;
    unsigned mask;
    unsigned size;  // bytes of the value
    int operand;    // source lane, distance or lane mask of a shuffle; predicate of a vote
    int width;      // shuffle segment
    const void* in;
    void* out;
    const char* file;
    int line;
};

#pragma GCC visibility push(default)
extern "C" {
extern standin_position standin_now;
int standin_barrier(int vote, int predicate, const char* file, int line);
void standin_warp(standin_collective* call);
void standin_yield();
void standin_atomic_access(const void* address, unsigned size);  // race mode only
void* standin_dynamic_shared();
int standin_printf(const char* format, ...);
[[noreturn]] void standin_assert_failed(const char* expression, const char* file, int line);
[[noreturn]] void standin_trapped(const char* file, int line);
}
#pragma GCC visibility pop

#endif
