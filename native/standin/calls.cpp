#include "calls.h"

#include <cstdlib>
#include <map>
#include <string>

#include "streams.h"

namespace standin {
namespace {

struct Planned {
    int remaining;
    int code;
};

// From WEIGHTMEM_STANDIN_FAIL: "cuMemAlloc_v2:3:2,cuLaunchKernel:1:719" = name, which call of it, code.
std::map<std::string, Planned> readPlan() {
    std::map<std::string, Planned> plan;
    std::string text = setting("FAIL");
    for (size_t at = 0; at < text.size();) {
        size_t end = text.find(',', at);
        if (end == std::string::npos) end = text.size();
        std::string item = text.substr(at, end - at);
        size_t first = item.find(':'), second = item.rfind(':');
        if (first != std::string::npos && second > first)
            plan[item.substr(0, first)] = {atoi(item.c_str() + first + 1), atoi(item.c_str() + second + 1)};
        at = end + 1;
    }
    return plan;
}

std::map<std::string, Planned>& plan() {
    static std::map<std::string, Planned> instance = readPlan();
    return instance;
}

int sticky;

}  // namespace

std::recursive_mutex& driverLock() {
    static std::recursive_mutex instance;
    return instance;
}

int stickyError() { return sticky; }

void setStickyError(int code) {
    if (!sticky) sticky = code;
}

int injectedFailure(const char* name) {
    if (plan().empty()) return 0;
    auto it = plan().find(name);
    if (it == plan().end() || --it->second.remaining > 0) return 0;
    int code = it->second.code;
    plan().erase(it);
    return code;
}

Call::Call(const char* name, Needs needs) : error(0), lock_(driverLock()) {
    error = injectedFailure(name);
    if (error) return;
    if (needs >= Needs::Init && !isInitialised())
        error = fail(CUDA_ERROR_NOT_INITIALIZED, "%s before cuInit", name);
    else if (needs >= Needs::Context && !currentContext())
        error = fail(CUDA_ERROR_INVALID_CONTEXT, "%s: no context is current on this thread", name);
    else if (needs >= Needs::Healthy && sticky)
        error = sticky;
    else if (needs >= Needs::Uncaptured && captureForbids()) {
        invalidateCaptures();
        error = fail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "%s while a stream is being captured", name);
    }
}

}  // namespace standin

using namespace standin;

STANDIN_EXPORT int standinIsStandin() { return 1; }

// Clears the error that a failed kernel left, and whatever failures were still planned.
STANDIN_EXPORT void standinResetError() {
    std::lock_guard<std::recursive_mutex> guard(driverLock());
    sticky = 0;
    plan().clear();
}

// The nth call of the named function from now on (1 = the next) fails with code and does nothing else.
STANDIN_EXPORT int standinFailCall(const char* name, int nth, int code) {
    std::lock_guard<std::recursive_mutex> guard(driverLock());
    if (!name || nth < 1) return CUDA_ERROR_INVALID_VALUE;
    plan()[name] = {nth, code};
    return CUDA_SUCCESS;
}

// The text that explains the last failure. Copies at most size bytes with the final zero; returns the whole length.
STANDIN_EXPORT int standinLastReport(char* text, int size) {
    std::lock_guard<std::recursive_mutex> guard(driverLock());
    const std::string& report = lastReport();
    if (text && size > 0) {
        size_t n = report.copy(text, static_cast<size_t>(size) - 1);
        text[n] = 0;
    }
    return static_cast<int>(report.size());
}
