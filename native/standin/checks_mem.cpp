// Bodies for the call-backs of -fsanitize=kernel-address: every access of a kernel is looked up in the live allocations.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "block.h"
#include "faults.h"
#include "fiber.h"
#include "memory.h"
#include "modules.h"
#include "status.h"

using namespace standin;

namespace {

// As the compiler lays it out; only the first four fields are of use here.
struct InstrumentedGlobal {
    char* begin;
    size_t size, sizeWithRedzone;
    const char* name;
    const char* module;
    uintptr_t dynamicInit;
    void* location;
    uintptr_t odr;
};

std::vector<InstrumentedGlobal> globals;  // sorted by address

const InstrumentedGlobal* globalAt(const char* p) {
    auto after =
        std::upper_bound(globals.begin(), globals.end(), p, [](const char* a, const InstrumentedGlobal& g) { return a < g.begin; });
    if (after == globals.begin()) return nullptr;
    const InstrumentedGlobal& g = *std::prev(after);
    return p < g.begin + g.sizeWithRedzone ? &g : nullptr;
}

[[noreturn, gnu::noinline]] void report(const char* p, size_t bytes, bool write, const void* from, const std::string& what) {
    abandonLaunch(CUDA_ERROR_ILLEGAL_ADDRESS, std::string(write ? "write" : "read") + " of " + std::to_string(bytes) + " bytes" +
                                                  sourceLine(static_cast<const char*>(from) - 1) + what);
    (void)p;
}

// Everything that is neither a stack nor in the device's memory.
[[gnu::noinline]] void checkOther(const char* p, size_t bytes, bool write, const void* from) {
    if (isDynamicShared(p)) {
        if (isInDynamicShared(p, bytes)) return;
        report(p, bytes, write, from,
               ": outside of dynamic shared memory, offset " + std::to_string(p - static_cast<char*>(standin_dynamic_shared())));
    }
    if (const InstrumentedGlobal* g = globalAt(p)) {
        if (p + bytes <= g->begin + g->size) return;
        report(p, bytes, write, from,
               ": offset " + std::to_string(p - g->begin) + " of " + g->name + ", which has " + std::to_string(g->size) + " bytes");
    }
    auto* now = reinterpret_cast<const char*>(&standin_now);
    if (p >= now && p < now + sizeof standin_now) return;
    if (p < reinterpret_cast<const char*>(65536) || isModuleData(p) || isPinned(p, bytes)) return;  // null faults by itself
    report(p, bytes, write, from, ": host memory that is not pinned");
}

inline void check(const void* address, size_t bytes, bool write, const void* from) {
    auto* p = static_cast<const char*>(address);
    if (isFiberStack(p)) return;
    switch (classify(p, bytes)) {
        case Access::Inside:
            return;
        case Access::Outside:
            report(p, bytes, write, from, describeAddress(p));
        case Access::Unknown:
            checkOther(p, bytes, write, from);
    }
}

}  // namespace

#define SANITIZER_EXPORT extern "C" __attribute__((visibility("default")))
#define STANDIN_ACCESS(BYTES)                                                                                                  \
    SANITIZER_EXPORT void __asan_load##BYTES##_noabort(const void* p) { check(p, BYTES, false, __builtin_return_address(0)); } \
    SANITIZER_EXPORT void __asan_store##BYTES##_noabort(const void* p) { check(p, BYTES, true, __builtin_return_address(0)); }

STANDIN_ACCESS(1)
STANDIN_ACCESS(2)
STANDIN_ACCESS(4)
STANDIN_ACCESS(8)
STANDIN_ACCESS(16)
SANITIZER_EXPORT void __asan_loadN_noabort(const void* p, size_t bytes) { check(p, bytes, false, __builtin_return_address(0)); }
SANITIZER_EXPORT void __asan_storeN_noabort(const void* p, size_t bytes) { check(p, bytes, true, __builtin_return_address(0)); }
SANITIZER_EXPORT void __asan_handle_no_return() {}

SANITIZER_EXPORT void __asan_register_globals(InstrumentedGlobal* list, size_t count) {
    globals.insert(globals.end(), list, list + count);
    std::sort(globals.begin(), globals.end(), [](const InstrumentedGlobal& a, const InstrumentedGlobal& b) { return a.begin < b.begin; });
}

SANITIZER_EXPORT void __asan_unregister_globals(InstrumentedGlobal* list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        globals.erase(std::remove_if(globals.begin(), globals.end(), [&](const InstrumentedGlobal& g) { return g.begin == list[i].begin; }),
                      globals.end());
    }
}
