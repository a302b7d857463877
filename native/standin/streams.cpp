#include "streams.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <set>

#include "calls.h"

namespace standin {
namespace {

Stream legacy;
std::set<Stream*> streams;
std::set<Event*> events;
std::set<Capture*> captures;
uint64_t sequence;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

long threadId() { return syscall(SYS_gettid); }

int runItem(const std::function<int()>& work) {
    if (stickyError()) return stickyError();
    int error = work();
    if (error) setStickyError(error);
    return error;
}

// Runs what the stream holds up to a place in the common order of submission.
void flushUpTo(Stream* stream, uint64_t last) {
    if (stream->running) return;  // the item that runs now is older than what it waits for
    stream->running = true;
    while (!stream->queue.empty() && stream->queue.front().sequence <= last) {
        Item item = std::move(stream->queue.front());
        stream->queue.pop_front();
        // The legacy stream waits for all blocking streams and they for it.
        if (stream == &legacy) {
            for (Stream* other : streams) {
                if (!other->nonBlocking) flushUpTo(other, item.sequence);
            }
        } else if (!stream->nonBlocking) {
            flushUpTo(&legacy, item.sequence);
        }
        runItem(item.work);
    }
    stream->running = false;
}

Event* findEvent(void* handle) {
    auto* event = static_cast<Event*>(handle);
    return events.count(event) ? event : nullptr;
}

void finish(Ticket* ticket) {
    ticket->done = true;
    ticket->seconds = now();
}

void append(Stream* stream, std::unique_ptr<GraphNode> node) {
    Capture& capture = *stream->capture;
    capture.graph->nodes.push_back(std::move(node));
    capture.lastWork[stream] = capture.graph->nodes.size();
}

void enqueue(Stream* stream, std::function<int()> work) {
    stream->queue.push_back({++sequence, std::move(work)});
    if (!isLazy()) flush(stream);
}

// Work on the legacy stream would wait for a blocking stream that is being captured, which cannot be.
int refuseWork(Stream* stream) {
    if (stream->capture) return stream->capture->invalid ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
    if (stream != &legacy) return CUDA_SUCCESS;
    for (Stream* other : streams) {
        if (!other->capture || other->nonBlocking) continue;
        other->capture->invalid = true;
        return fail(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "work on the default stream while a blocking stream is captured");
    }
    return CUDA_SUCCESS;
}

}  // namespace

bool isLazy() {
    static bool lazy = setting("LAZY") == "1";
    return lazy;
}

Stream* findStream(void* handle) {
    if (reinterpret_cast<uintptr_t>(handle) <= 2) return &legacy;
    auto* stream = static_cast<Stream*>(handle);
    return streams.count(stream) ? stream : nullptr;
}

int flush(Stream* stream) {
    flushUpTo(stream, UINT64_MAX);
    return stickyError();
}

int flushAll() {
    flush(&legacy);
    for (Stream* stream : streams) flush(stream);
    return stickyError();
}

int submit(Stream* stream, int nodeType, std::function<int()> work) {
    if (int error = refuseWork(stream)) return error;
    if (!stream->capture) {
        enqueue(stream, std::move(work));
        return CUDA_SUCCESS;
    }
    auto node = std::make_unique<GraphNode>();
    node->type = nodeType;
    node->work = std::move(work);
    append(stream, std::move(node));
    return CUDA_SUCCESS;
}

int submitKernel(Stream* stream, KernelCall call) {
    if (int error = refuseWork(stream)) return error;
    if (!stream->capture) {
        enqueue(stream, [call = std::move(call)]() mutable { return runKernel(call); });
        return CUDA_SUCCESS;
    }
    auto node = std::make_unique<GraphNode>();
    node->type = 0;
    node->kernel = std::move(call);
    append(stream, std::move(node));
    return CUDA_SUCCESS;
}

bool captureForbids() {
    for (Capture* capture : captures) {
        if (capture->mode == 0 || (capture->mode == 1 && capture->thread == threadId())) return true;
    }
    return false;
}

void invalidateCaptures() {
    for (Capture* capture : captures) {
        if (capture->mode == 0 || capture->thread == threadId()) capture->invalid = true;
    }
}

int listStreamLeaks(std::string* text) {
    for (Stream* stream : streams) *text += stream->nonBlocking ? "stream (non-blocking)\n" : "stream\n";
    for (Event* event : events) *text += event->timed ? "event (timed)\n" : "event\n";
    return static_cast<int>(streams.size() + events.size());
}

}  // namespace standin

using namespace standin;

STANDIN_EXPORT CUresult cuStreamCreateWithPriority(void** out, unsigned flags, int priority) {
    CUDA_CALL(Healthy);
    if (!out || flags > 1) return CUDA_ERROR_INVALID_VALUE;
    auto* stream = new Stream;
    stream->nonBlocking = flags & 1;
    stream->priority = priority;
    streams.insert(stream);
    *out = stream;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuStreamCreate(void** out, unsigned flags) {
    CUDA_CALL(Healthy);
    return cuStreamCreateWithPriority(out, flags, 0);
}

STANDIN_EXPORT CUresult cuStreamDestroy_v2(void* handle) {
    CUDA_CALL(Context);
    Stream* stream = findStream(handle);
    if (!stream || stream == &legacy) return fail(CUDA_ERROR_INVALID_HANDLE, "cuStreamDestroy of no live stream");
    flush(stream);
    if (stream->capture) stream->capture->invalid = true;
    streams.erase(stream);
    delete stream;
    return stickyError();
}

STANDIN_EXPORT CUresult cuStreamSynchronize(void* handle) {
    CUDA_CALL(Healthy);
    Stream* stream = findStream(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (stream->capture) {
        stream->capture->invalid = true;
        return fail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "cuStreamSynchronize of a stream that is being captured");
    }
    if (stream == &legacy) return flushAll();
    return flush(stream);
}

STANDIN_EXPORT CUresult cuStreamQuery(void* handle) {
    CUDA_CALL(Healthy);
    Stream* stream = findStream(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (stream->capture) {
        stream->capture->invalid = true;
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    bool pending = !stream->queue.empty();
    int error = flush(stream);  // so that a loop of queries ends
    return error ? error : pending ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuCtxSynchronize() {
    CUDA_CALL(Uncaptured);
    return flushAll();
}

STANDIN_EXPORT CUresult cuEventCreate(void** out, unsigned flags) {
    CUDA_CALL(Healthy);
    if (!out || flags > 7) return CUDA_ERROR_INVALID_VALUE;
    auto* event = new Event;
    event->timed = !(flags & 2);
    events.insert(event);
    *out = event;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuEventDestroy_v2(void* handle) {
    CUDA_CALL(Context);
    Event* event = findEvent(handle);
    if (!event) return fail(CUDA_ERROR_INVALID_HANDLE, "cuEventDestroy of no live event");
    events.erase(event);
    delete event;
    return stickyError();
}

STANDIN_EXPORT CUresult cuEventRecord(void* handle, void* streamHandle) {
    CUDA_CALL(Healthy);
    Event* event = findEvent(handle);
    Stream* stream = findStream(streamHandle);
    if (!event || !stream) return CUDA_ERROR_INVALID_HANDLE;
    auto ticket = std::make_shared<Ticket>();
    ticket->stream = stream;
    ticket->done = false;
    event->ticket = ticket;
    if (stream->capture) {
        ticket->capture = stream->capture;
        ticket->captureNodes = stream->capture->graph->nodes.size();
        return stream->capture->invalid ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
    }
    ticket->sequence = sequence + 1;
    enqueue(stream, [ticket] {
        finish(ticket.get());
        return CUDA_SUCCESS;
    });
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuStreamWaitEvent(void* streamHandle, void* handle, unsigned) {
    CUDA_CALL(Healthy);
    Event* event = findEvent(handle);
    Stream* stream = findStream(streamHandle);
    if (!event || !stream) return CUDA_ERROR_INVALID_HANDLE;
    std::shared_ptr<Ticket> ticket = event->ticket;
    if (!ticket) return CUDA_SUCCESS;  // never recorded: nothing to wait for
    if (ticket->capture) {
        std::shared_ptr<Capture> capture = ticket->capture;
        if (!captures.count(capture.get())) return fail(CUDA_ERROR_INVALID_VALUE, "the event was recorded in a capture that has ended");
        if (stream->capture && stream->capture != capture) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
        stream->capture = capture;  // the waiting stream joins the capture
        if (ticket->stream != stream) {
            size_t& joined = capture->joinedUpTo[ticket->stream];
            if (joined < ticket->captureNodes) joined = ticket->captureNodes;
        }
        return CUDA_SUCCESS;
    }
    if (stream->capture) {
        stream->capture->invalid = true;
        return fail(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "a captured stream waits for an event recorded outside of the capture");
    }
    enqueue(stream, [ticket] {
        if (!ticket->done && streams.count(ticket->stream)) flushUpTo(ticket->stream, ticket->sequence);
        if (!ticket->done && ticket->stream == &legacy) flushUpTo(&legacy, ticket->sequence);
        return CUDA_SUCCESS;
    });
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuEventSynchronize(void* handle) {
    CUDA_CALL(Healthy);
    Event* event = findEvent(handle);
    if (!event) return CUDA_ERROR_INVALID_HANDLE;
    Ticket* ticket = event->ticket.get();
    if (ticket && ticket->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (ticket && !ticket->done) flushUpTo(ticket->stream, ticket->sequence);
    return stickyError();
}

STANDIN_EXPORT CUresult cuEventQuery(void* handle) {
    CUDA_CALL(Healthy);
    Event* event = findEvent(handle);
    if (!event) return CUDA_ERROR_INVALID_HANDLE;
    Ticket* ticket = event->ticket.get();
    if (ticket && ticket->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    bool pending = ticket && !ticket->done;
    if (pending) flushUpTo(ticket->stream, ticket->sequence);
    return stickyError() ? stickyError() : pending ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuEventElapsedTime(float* milliseconds, void* first, void* second) {
    CUDA_CALL(Healthy);
    Event* a = findEvent(first);
    Event* b = findEvent(second);
    if (!a || !b || !a->timed || !b->timed || !a->ticket || !b->ticket) return CUDA_ERROR_INVALID_HANDLE;
    if (!a->ticket->done || !b->ticket->done) return CUDA_ERROR_NOT_READY;
    *milliseconds = static_cast<float>((b->ticket->seconds - a->ticket->seconds) * 1000);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuEventElapsedTime_v2(float* milliseconds, void* first, void* second) {
    return cuEventElapsedTime(milliseconds, first, second);
}

STANDIN_EXPORT CUresult cuLaunchHostFunc(void* handle, void (*function)(void*), void* data) {
    CUDA_CALL(Healthy);
    Stream* stream = findStream(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    return submit(stream, 3, [function, data] {
        function(data);
        return CUDA_SUCCESS;
    });
}

STANDIN_EXPORT CUresult cuStreamBeginCapture_v2(void* handle, int mode) {
    CUDA_CALL(Healthy);
    Stream* stream = findStream(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    if (stream == &legacy) return fail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the default stream cannot be captured");
    if (stream->capture || mode < 0 || mode > 2) return CUDA_ERROR_INVALID_VALUE;
    stream->capture = std::make_shared<Capture>();
    stream->capture->origin = stream;
    stream->capture->mode = mode;
    stream->capture->thread = threadId();
    captures.insert(stream->capture.get());
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuStreamEndCapture(void* handle, void** out) {
    CUDA_CALL(Healthy);
    *out = nullptr;
    Stream* stream = findStream(handle);
    if (!stream) return CUDA_ERROR_INVALID_HANDLE;
    std::shared_ptr<Capture> capture = stream->capture;
    if (!capture) return CUDA_ERROR_INVALID_VALUE;
    if (capture->origin != stream) return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
    bool joined = true;
    for (Stream* other : streams) {
        if (other->capture != capture) continue;
        if (other != stream && capture->joinedUpTo[other] < capture->lastWork[other]) joined = false;
        other->capture = nullptr;
    }
    captures.erase(capture.get());
    if (capture->invalid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (!joined) return fail(CUDA_ERROR_STREAM_CAPTURE_UNJOINED, "a forked stream has work that no event brings back");
    Graph* graph = capture->graph.release();
    takeGraph(graph);
    *out = graph;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuStreamIsCapturing(void* handle, int* status) {
    CUDA_CALL(Healthy);
    Stream* stream = findStream(handle);
    if (!stream || !status) return CUDA_ERROR_INVALID_HANDLE;
    *status = !stream->capture ? 0 : stream->capture->invalid ? 2 : 1;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuThreadExchangeStreamCaptureMode(int* mode) {
    CUDA_CALL(Init);
    static thread_local int present = 0;
    std::swap(present, *mode);
    return CUDA_SUCCESS;
}
