// Warp operations by rendezvous: a lane leaves pointers to its input and output and parks. The last lane named in the mask
// computes every lane's result, writes it to the waiting lanes, wakes them and goes on itself.
#include "warp.h"

#include <cstdint>
#include <cstring>
#include <string>

#include "block.h"
#include "device_abi.h"
#include "race.h"
#include "status.h"

namespace standin {
namespace {

struct Rendezvous {
    unsigned mask;  // lanes that must come; 0 = unused
    unsigned arrived;
    standin_collective* lane[WarpSize];
};

// Groups of lanes of one warp may be in different operations at the same time, at most one for each lane.
struct Warp {
    unsigned used;  // slots that were used in this block
    Rendezvous open[WarpSize];
};

Warp warps[MaxThreads / WarpSize];

const char* nameOf(int kind) {
    static const char* const names[] = {"__syncwarp",        "__shfl_sync",       "__shfl_up_sync",    "__shfl_down_sync",
                                        "__shfl_xor_sync",   "warp vote",         "__match_any_sync",  "__reduce_add_sync",
                                        "__reduce_min_sync", "__reduce_max_sync", "__reduce_min_sync", "__reduce_max_sync",
                                        "__reduce_and_sync", "__reduce_or_sync",  "__reduce_xor_sync"};
    return names[kind];
}

[[noreturn]] void refuse(const standin_collective& call, const std::string& reason) {
    abandonLaunch(CUDA_ERROR_LAUNCH_FAILED,
                  std::string(nameOf(call.kind)) + " at " + call.file + ":" + std::to_string(call.line) + ": " + reason);
}

void shuffle(Rendezvous& r) {
    for (unsigned i = 0; i < WarpSize; i++) {
        if (!(r.mask >> i & 1)) continue;
        standin_collective& c = *r.lane[i];
        int width = c.width;
        if (width < 1 || width > 32 || (width & (width - 1)) != 0)
            refuse(c, "width " + std::to_string(width) + " is no power of two up to 32");
        int first = static_cast<int>(i) / width * width;
        int position = static_cast<int>(i) - first;
        int source = position;
        switch (c.kind) {
            case STANDIN_SHUFFLE:
                source = c.operand & (width - 1);
                break;
            case STANDIN_SHUFFLE_UP:
                source = position - c.operand;
                break;
            case STANDIN_SHUFFLE_DOWN:
                source = position + c.operand;
                break;
            default:
                source = position ^ c.operand;
                break;
        }
        if (source < 0 || source >= width) source = position;  // outside the segment a lane keeps its own value
        unsigned from = static_cast<unsigned>(first + source);
        if (!(r.mask >> from & 1))
            refuse(c, "lane " + std::to_string(i) + " reads lane " + std::to_string(from) + ", which the mask leaves out");
        memcpy(c.out, r.lane[from]->in, c.size);
    }
}

void ballot(Rendezvous& r) {
    unsigned bits = 0;
    for (unsigned i = 0; i < WarpSize; i++) {
        if ((r.mask >> i & 1) && r.lane[i]->operand) bits |= 1u << i;
    }
    for (unsigned i = 0; i < WarpSize; i++) {
        if (r.mask >> i & 1) memcpy(r.lane[i]->out, &bits, sizeof bits);
    }
}

void matchAny(Rendezvous& r) {
    for (unsigned i = 0; i < WarpSize; i++) {
        if (!(r.mask >> i & 1)) continue;
        unsigned bits = 0;
        for (unsigned j = 0; j < WarpSize; j++) {
            if ((r.mask >> j & 1) && memcmp(r.lane[i]->in, r.lane[j]->in, r.lane[i]->size) == 0) bits |= 1u << j;
        }
        memcpy(r.lane[i]->out, &bits, sizeof bits);
    }
}

unsigned combine(int kind, unsigned a, unsigned b) {
    auto less = [kind](unsigned x, unsigned y) {
        bool isSigned = kind == STANDIN_REDUCE_MIN_SIGNED || kind == STANDIN_REDUCE_MAX_SIGNED;
        return isSigned ? static_cast<int>(x) < static_cast<int>(y) : x < y;
    };
    switch (kind) {
        case STANDIN_REDUCE_ADD:
            return a + b;
        case STANDIN_REDUCE_MIN:
        case STANDIN_REDUCE_MIN_SIGNED:
            return less(b, a) ? b : a;
        case STANDIN_REDUCE_MAX:
        case STANDIN_REDUCE_MAX_SIGNED:
            return less(a, b) ? b : a;
        case STANDIN_REDUCE_AND:
            return a & b;
        case STANDIN_REDUCE_OR:
            return a | b;
        default:
            return a ^ b;
    }
}

void reduce(Rendezvous& r, int kind) {
    unsigned result = 0;
    bool first = true;
    for (unsigned i = 0; i < WarpSize; i++) {
        if (!(r.mask >> i & 1)) continue;
        unsigned value;
        memcpy(&value, r.lane[i]->in, sizeof value);
        result = first ? value : combine(kind, result, value);
        first = false;
    }
    for (unsigned i = 0; i < WarpSize; i++) {
        if (r.mask >> i & 1) memcpy(r.lane[i]->out, &result, sizeof result);
    }
}

void complete(Rendezvous& r, int kind) {
    if (kind == STANDIN_SYNCWARP) return;
    if (kind <= STANDIN_SHUFFLE_XOR)
        shuffle(r);
    else if (kind == STANDIN_BALLOT)
        ballot(r);
    else if (kind == STANDIN_MATCH_ANY)
        matchAny(r);
    else
        reduce(r, kind);
}

}  // namespace

void beginWarps(unsigned threads) {
    for (unsigned w = 0; w <= (threads - 1) / WarpSize; w++) {
        for (unsigned i = 0; i < warps[w].used; i++) warps[w].open[i].mask = 0;
        warps[w].used = 0;
    }
}

}  // namespace standin

using namespace standin;

void standin_warp(standin_collective* call) {
    unsigned thread = currentThread();
    unsigned lane = thread % WarpSize;
    unsigned firstThread = thread - lane;
    Warp& warp = warps[thread / WarpSize];
    if (!(call->mask >> lane & 1)) refuse(*call, "lane " + std::to_string(lane) + " is not in its own mask");

    Rendezvous* place = nullptr;
    for (unsigned i = 0; i < warp.used; i++) {
        Rendezvous& r = warp.open[i];
        if (r.mask == 0) {
            if (!place) place = &r;
            continue;
        }
        const standin_collective& other = *r.lane[__builtin_ctz(r.arrived)];
        bool same = r.mask == call->mask && other.kind == call->kind && other.line == call->line && !(r.arrived >> lane & 1);
        if (same) {
            place = &r;
            break;
        }
    }
    if (!place) place = &warp.open[warp.used++];
    Rendezvous& r = *place;
    if (r.mask == 0) {
        // A lane that does not exist or has returned can never come; say so at once.
        for (unsigned i = 0; i < WarpSize; i++) {
            if (!(call->mask >> i & 1)) continue;
            if (firstThread + i >= threadsInBlock())
                refuse(*call, "the mask names lane " + std::to_string(i) + ", which the block does not have");
            if (isFinished(firstThread + i)) refuse(*call, "the mask names lane " + std::to_string(i) + ", which has returned");
        }
        r.mask = call->mask;
        r.arrived = 0;
    }
    r.arrived |= 1u << lane;
    r.lane[lane] = call;
    if (r.arrived != r.mask) {
        parkCurrent(nameOf(call->kind), call->file, call->line);
        return;
    }
    complete(r, call->kind);
    // Only this one orders memory; a shuffle exchanges values and nothing more.
    if (call->kind == STANDIN_SYNCWARP) raceSyncWarp(firstThread, r.mask);
    for (unsigned i = 0; i < WarpSize; i++) {
        if (i != lane && (r.mask >> i & 1)) wake(firstThread + i);
    }
    r.mask = 0;
}
