// Captured graphs: replayed in the order in which they were captured.
#include <algorithm>
#include <cstdio>
#include <set>

#include "calls.h"
#include "streams.h"

namespace standin {
namespace {

std::set<Graph*> graphs;
std::set<GraphExec*> executables;

std::unique_ptr<GraphExec> instantiate(const Graph& graph) {
    auto exec = std::make_unique<GraphExec>();
    for (const auto& node : graph.nodes) {
        exec->index[node.get()] = exec->nodes.size();
        exec->nodes.push_back(copyNode(*node));
    }
    return exec;
}

}  // namespace

std::unique_ptr<GraphNode> copyNode(const GraphNode& node) { return std::make_unique<GraphNode>(node); }

void takeGraph(Graph* graph) { graphs.insert(graph); }

int listGraphLeaks(std::string* text) {
    for (Graph* graph : graphs) *text += "graph of " + std::to_string(graph->nodes.size()) + " nodes\n";
    for (GraphExec* exec : executables) *text += "executable graph of " + std::to_string(exec->nodes.size()) + " nodes\n";
    return static_cast<int>(graphs.size() + executables.size());
}

}  // namespace standin

using namespace standin;

namespace {

// CUDA_KERNEL_NODE_PARAMS_v2
struct KernelNodeParameters {
    void* function;
    unsigned grid[3];
    unsigned block[3];
    unsigned dynamicShared;
    void** parameters;
    void** extra;
    void* kernel;
    void* context;
};

// CUgraphExecUpdateResultInfo
struct UpdateResult {
    int result;
    void* node;
    void* fromNode;
};

}  // namespace

STANDIN_EXPORT CUresult cuGraphInstantiateWithFlags(void** out, void* handle, unsigned long long) {
    CUDA_CALL(Healthy);
    auto* graph = static_cast<Graph*>(handle);
    if (!graphs.count(graph)) return CUDA_ERROR_INVALID_HANDLE;
    GraphExec* exec = instantiate(*graph).release();
    executables.insert(exec);
    *out = exec;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuGraphLaunch(void* handle, void* streamHandle) {
    CUDA_CALL(Healthy);
    auto* exec = static_cast<GraphExec*>(handle);
    Stream* stream = findStream(streamHandle);
    if (!executables.count(exec) || !stream) return CUDA_ERROR_INVALID_HANDLE;
    for (const auto& node : exec->nodes) {
        // A copy, because the graph may be changed or destroyed before a lazy stream comes to it.
        std::shared_ptr<GraphNode> mine = copyNode(*node);
        int error = !mine->work ? submitKernel(stream, mine->kernel) : submit(stream, mine->type, [mine] { return mine->run(); });
        if (error) return error;
    }
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuGraphUpload(void* handle, void* streamHandle) {
    CUDA_CALL(Healthy);
    return executables.count(static_cast<GraphExec*>(handle)) && findStream(streamHandle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

STANDIN_EXPORT CUresult cuGraphExecUpdate_v2(void* handle, void* graphHandle, UpdateResult* result) {
    CUDA_CALL(Healthy);
    auto* exec = static_cast<GraphExec*>(handle);
    auto* graph = static_cast<Graph*>(graphHandle);
    if (!executables.count(exec) || !graphs.count(graph)) return CUDA_ERROR_INVALID_HANDLE;
    bool same = exec->nodes.size() == graph->nodes.size();
    for (size_t i = 0; same && i < exec->nodes.size(); i++) same = exec->nodes[i]->type == graph->nodes[i]->type;
    if (result) *result = {same ? 0 : 2, nullptr, nullptr};
    if (!same) return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
    *exec = std::move(*instantiate(*graph));
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuGraphExecKernelNodeSetParams_v2(void* handle, void* node, const KernelNodeParameters* p) {
    CUDA_CALL(Healthy);
    auto* exec = static_cast<GraphExec*>(handle);
    if (!executables.count(exec)) return CUDA_ERROR_INVALID_HANDLE;
    auto it = exec->index.find(static_cast<GraphNode*>(node));
    if (it == exec->index.end() || exec->nodes[it->second]->work) return CUDA_ERROR_INVALID_VALUE;
    KernelCall changed;
    int error = prepareKernel(&changed, p->function, dim3(p->grid[0], p->grid[1], p->grid[2]), dim3(p->block[0], p->block[1], p->block[2]),
                              p->dynamicShared, p->parameters, p->extra);
    if (error) return error;
    exec->nodes[it->second]->kernel = std::move(changed);
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuGraphExecDestroy(void* handle) {
    CUDA_CALL(Context);
    auto* exec = static_cast<GraphExec*>(handle);
    if (!executables.erase(exec)) return fail(CUDA_ERROR_INVALID_HANDLE, "cuGraphExecDestroy of no live graph");
    delete exec;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuGraphDestroy(void* handle) {
    CUDA_CALL(Context);
    auto* graph = static_cast<Graph*>(handle);
    if (!graphs.erase(graph)) return fail(CUDA_ERROR_INVALID_HANDLE, "cuGraphDestroy of no live graph");
    delete graph;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuGraphGetNodes(void* handle, void** nodes, size_t* count) {
    CUDA_CALL(Context);
    auto* graph = static_cast<Graph*>(handle);
    if (!graphs.count(graph) || !count) return CUDA_ERROR_INVALID_HANDLE;
    if (nodes) {
        size_t n = std::min(*count, graph->nodes.size());
        for (size_t i = 0; i < n; i++) nodes[i] = graph->nodes[i].get();
    }
    *count = graph->nodes.size();
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuGraphNodeGetType(void* node, int* type) {
    CUDA_CALL(Context);
    if (!node || !type) return CUDA_ERROR_INVALID_VALUE;
    *type = static_cast<GraphNode*>(node)->type;
    return CUDA_SUCCESS;
}

STANDIN_EXPORT CUresult cuGraphDebugDotPrint(void* handle, const char* path, unsigned) {
    CUDA_CALL(Context);
    auto* graph = static_cast<Graph*>(handle);
    if (!graphs.count(graph)) return CUDA_ERROR_INVALID_HANDLE;
    FILE* file = fopen(path, "w");
    if (!file) return CUDA_ERROR_INVALID_VALUE;
    fprintf(file, "digraph captured {\n");
    for (size_t i = 0; i < graph->nodes.size(); i++) {
        const GraphNode& node = *graph->nodes[i];
        fprintf(file, "  n%zu [label=\"%s\"];\n", i,
                !node.work       ? node.kernel.function->name.c_str()
                : node.type == 0 ? "library kernel"
                : node.type == 3 ? "host"
                                 : "memory");
        if (i > 0) fprintf(file, "  n%zu -> n%zu;\n", i - 1, i);
    }
    fprintf(file, "}\n");
    fclose(file);
    return CUDA_SUCCESS;
}
