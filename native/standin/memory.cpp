// Every allocation has its own pages between guard pages, ends as close to the upper guard as 256-byte alignment allows, and is
// surrounded by 0xFF. Address space is never used twice, so a pointer to freed memory always faults.
#include "memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "status.h"

namespace standin {
namespace {

constexpr size_t Page = 4096;
constexpr size_t Alignment = 256;
constexpr size_t ArenaBytes = size_t{1} << 40;
constexpr size_t FullPoisonBytes = size_t{64} << 20;  // above, only the ends are poisoned: touching gigabytes is slow

struct Allocation {
    char* pages;
    size_t pageBytes;
    char* data;
    size_t bytes;
    uint64_t number;
};

struct Arena {
    char* low = nullptr;
    char* next = nullptr;
    uint32_t* owner = nullptr;  // page -> index into rows, 0 = none; lazily backed, 1 GiB of address space
    std::vector<Allocation> rows{Allocation{}};
    std::map<char*, uint32_t> live;  // by data address
    std::map<char*, size_t> freed;   // for the text of a use after free
    size_t inUse = 0, high = 0;

    Arena() {
        void* p = mmap(nullptr, ArenaBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        void* q =
            mmap(nullptr, ArenaBytes / Page * sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED || q == MAP_FAILED) return;
        low = next = static_cast<char*>(p);
        owner = static_cast<uint32_t*>(q);
    }

    bool contains(const void* p) const { return low && p >= low && p < low + ArenaBytes; }
};

Arena& arena(Space space) {
    static Arena device, host;
    return space == Space::Device ? device : host;
}

std::map<char*, size_t> registered;
uint64_t allocationCount;

size_t roundUp(size_t value, size_t step) { return (value + step - 1) / step * step; }

void poison(const Allocation& a) {
    if (a.pageBytes <= FullPoisonBytes) {
        memset(a.pages, 0xFF, a.pageBytes);
        return;
    }
    memset(a.pages, 0xFF, 1 << 20);
    memset(a.pages + a.pageBytes - (1 << 20), 0xFF, 1 << 20);
}

// The offset of the first damaged byte around the data, or 0 if all is well.
bool findDamage(const Allocation& a, long* offset) {
    for (char* p = a.data + a.bytes; p < a.pages + a.pageBytes; p++) {
        if (*p != '\xFF') return *offset = p - a.data, true;
    }
    for (char* p = a.data - 1; p >= a.pages; p--) {
        if (*p != '\xFF') return *offset = p - a.data, true;
    }
    return false;
}

const Allocation* find(Arena& a, const void* pointer) {
    if (!a.contains(pointer)) return nullptr;
    uint32_t row = a.owner[static_cast<size_t>(static_cast<const char*>(pointer) - a.low) / Page];
    return row ? &a.rows[row] : nullptr;
}

void drop(Arena& a, uint32_t row) {
    Allocation& entry = a.rows[row];
    size_t first = static_cast<size_t>(entry.pages - a.low) / Page;
    memset(a.owner + first, 0, entry.pageBytes / Page * sizeof(uint32_t));
    mmap(entry.pages, entry.pageBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    a.inUse -= roundUp(entry.bytes, Alignment);
    a.freed[entry.data] = entry.bytes;
    if (a.freed.size() > 10000) a.freed.erase(a.freed.begin());
    a.live.erase(entry.data);
}

}  // namespace

void* allocate(Space space, size_t bytes) {
    Arena& a = arena(space);
    size_t charged = roundUp(bytes, Alignment);
    if (charged < bytes || (space == Space::Device && (charged > availableBytes() || a.inUse + charged > availableBytes()))) return nullptr;
    size_t pageBytes = roundUp(charged, Page);
    if (!a.low || a.next + pageBytes + 2 * Page > a.low + ArenaBytes) return nullptr;
    Allocation entry;
    entry.pages = a.next + Page;
    entry.pageBytes = pageBytes;
    entry.data = entry.pages + pageBytes - charged;
    entry.bytes = bytes;
    entry.number = ++allocationCount;
    if (mprotect(entry.pages, pageBytes, PROT_READ | PROT_WRITE) != 0) return nullptr;
    poison(entry);
    auto row = static_cast<uint32_t>(a.rows.size());
    a.rows.push_back(entry);
    size_t first = static_cast<size_t>(entry.pages - a.low) / Page;
    std::fill_n(a.owner + first, pageBytes / Page, row);
    a.live[entry.data] = row;
    a.next = entry.pages + pageBytes;  // the next allocation's lower guard is this one's upper guard
    a.inUse += charged;
    a.high = std::max(a.high, a.inUse);
    return entry.data;
}

int release(Space space, void* pointer) {
    Arena& a = arena(space);
    auto it = a.live.find(static_cast<char*>(pointer));
    if (it == a.live.end()) {
        bool before = a.freed.count(static_cast<char*>(pointer)) != 0;
        return fail(CUDA_ERROR_INVALID_VALUE, before ? "double free of %p" : "free of %p, which is no allocation's start", pointer);
    }
    uint32_t row = it->second;
    Allocation entry = a.rows[row];
    long offset = 0;
    bool damaged = findDamage(entry, &offset);
    drop(a, row);
    if (!damaged) return CUDA_SUCCESS;
    return fail(CUDA_ERROR_ILLEGAL_ADDRESS, "found at free: something wrote at offset %ld of an allocation of %zu bytes (number %lu)",
                offset, entry.bytes, entry.number);
}

size_t availableBytes() {
    static const std::string said = setting("FREE");
    static const size_t bytes = said.empty() ? DeviceBytes : std::min<size_t>(DeviceBytes, strtoull(said.c_str(), nullptr, 10));
    return bytes;
}

size_t deviceBytesInUse() { return arena(Space::Device).inUse; }
size_t deviceBytesHigh() { return arena(Space::Device).high; }

int checkDeviceRange(const void* pointer, size_t bytes, const char* what) {
    auto* p = static_cast<const char*>(pointer);
    for (Space space : {Space::Device, Space::Host}) {
        const Allocation* a = find(arena(space), pointer);
        if (a && p >= a->data && p + bytes <= a->data + a->bytes) return CUDA_SUCCESS;
    }
    return fail(CUDA_ERROR_INVALID_VALUE, "%s of %zu bytes at %p%s", what, bytes, pointer, describeAddress(pointer).c_str());
}

bool isPinned(const void* pointer, size_t bytes) {
    auto* p = static_cast<char*>(const_cast<void*>(pointer));
    if (arena(Space::Host).contains(pointer)) return true;
    auto it = registered.upper_bound(p);
    if (it == registered.begin()) return false;
    --it;
    return p + bytes <= it->first + it->second;
}

int registerHost(void* pointer, size_t bytes) {
    if (!pointer || bytes == 0) return CUDA_ERROR_INVALID_VALUE;
    if (isPinned(pointer, bytes)) return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    registered[static_cast<char*>(pointer)] = bytes;
    return CUDA_SUCCESS;
}

int unregisterHost(void* pointer) {
    return registered.erase(static_cast<char*>(pointer)) ? CUDA_SUCCESS : CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
}

Access classify(const void* pointer, size_t bytes) {
    auto* p = static_cast<const char*>(pointer);
    for (Space space : {Space::Device, Space::Host}) {
        Arena& a = arena(space);
        if (!a.contains(pointer)) continue;
        uint32_t row = a.owner[static_cast<size_t>(p - a.low) / Page];
        const Allocation& entry = a.rows[row];
        return row && p >= entry.data && p + bytes <= entry.data + entry.bytes ? Access::Inside : Access::Outside;
    }
    return Access::Unknown;
}

std::string describeAddress(const void* pointer) {
    auto* p = static_cast<char*>(const_cast<void*>(pointer));
    for (Space space : {Space::Device, Space::Host}) {
        Arena& a = arena(space);
        if (!a.contains(pointer)) continue;
        for (auto it = a.freed.upper_bound(p); it != a.freed.begin();) {
            --it;
            if (p >= it->first + it->second) break;
            return " = offset " + std::to_string(p - it->first) + " of a freed allocation of " + std::to_string(it->second) + " bytes";
        }
        auto it = a.live.upper_bound(p);
        const Allocation* below = it == a.live.begin() ? nullptr : &a.rows[std::prev(it)->second];
        const Allocation* above = it == a.live.end() ? nullptr : &a.rows[it->second];
        bool nearAbove = above && (!below || above->data - p < p - (below->data + below->bytes));
        const Allocation* near = nearAbove ? above : below;
        if (!near) return " in device memory, near no allocation";
        return " = offset " + std::to_string(p - near->data) + " of an allocation of " + std::to_string(near->bytes) + " bytes (number " +
               std::to_string(near->number) + ")";
    }
    return " (not device memory)";
}

int listLeaks(std::string* text) {
    int count = 0;
    for (Space space : {Space::Device, Space::Host}) {
        Arena& a = arena(space);
        for (const auto& [data, row] : a.live) {
            const Allocation& entry = a.rows[row];
            char line[160];
            snprintf(line, sizeof line, "%s memory %p, %zu bytes, allocation number %lu\n",
                     space == Space::Device ? "device" : "pinned host", static_cast<void*>(data), entry.bytes, entry.number);
            *text += line;
            count++;
        }
    }
    for (const auto& [data, bytes] : registered) {
        *text += "registered host memory, " + std::to_string(bytes) + " bytes\n";
        count++;
    }
    return count;
}

void releaseAllDeviceMemory() {
    Arena& a = arena(Space::Device);
    while (!a.live.empty()) drop(a, a.live.begin()->second);
}

}  // namespace standin
