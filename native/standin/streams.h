// Streams, events and captures. Work runs at once, or in lazy mode when something synchronises.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "launch.h"

namespace standin {

struct Stream;
struct Event;

struct GraphNode {
    int type;           // CUgraphNodeType: 0 kernel, 1 memcpy, 2 memset, 3 host, 5 empty
    KernelCall kernel;  // its function is null where work is set: a library's kernel has no launch of its own here
    std::function<int()> work;

    int run() { return work ? work() : runKernel(kernel); }
};

struct Graph {
    std::vector<std::unique_ptr<GraphNode>> nodes;  // in the order of capture, which is one valid order
};

struct GraphExec {
    std::map<GraphNode*, size_t> index;  // by the node of the graph it was made from
    std::vector<std::unique_ptr<GraphNode>> nodes;
};

struct Capture {
    Stream* origin;
    int mode;
    long thread;
    bool invalid = false;
    std::unique_ptr<Graph> graph = std::make_unique<Graph>();
    std::map<Stream*, size_t> lastWork;  // nodes at the stream's last own work, in forked streams
    std::map<Stream*, size_t> joinedUpTo;
};

// One recording of an event.
struct Ticket {
    Stream* stream = nullptr;
    uint64_t sequence = 0;
    bool done = true;
    double seconds = 0;
    std::shared_ptr<Capture> capture;
    size_t captureNodes = 0;
};

struct Item {
    uint64_t sequence;
    std::function<int()> work;
};

struct Stream {
    bool nonBlocking = false;
    int priority = 0;
    std::deque<Item> queue;
    bool running = false;
    std::shared_ptr<Capture> capture;
};

struct Event {
    bool timed = true;
    std::shared_ptr<Ticket> ticket;
};

// The stream behind a handle (null, 1 and 2 are the legacy default stream), or null if there is none such.
Stream* findStream(void* handle);

// Hands work to a stream: into its graph when it is captured, else to its queue. Faults of the work become the sticky error.
int submit(Stream* stream, int nodeType, std::function<int()> work);
int submitKernel(Stream* stream, KernelCall call);

int flush(Stream* stream);
int flushAll();
bool isLazy();

// Whether a capture under way forbids this thread a call that might synchronise.
bool captureForbids();
void invalidateCaptures();

std::unique_ptr<GraphNode> copyNode(const GraphNode& node);
int listStreamLeaks(std::string* text);
int listGraphLeaks(std::string* text);
void takeGraph(Graph* graph);

}  // namespace standin
