// The names of libcublasLt: products with an epilogue, on column-major matrices.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <set>
#include <vector>

#include "blas_status.h"
#include "gemm.h"
#include "memory.h"
#include "streams.h"

using namespace standin;

namespace {

constexpr int BiasBit = 4;
enum : int {
    Default = 1,
    Relu = 2,
    Bias = 4,
    ReluBias = 6,
    Gelu = 32,
    GeluBias = 36,
    GeluAux = 160,
    GeluAuxBias = 164,
    DGelu = 192,
    DGeluBgrad = 208,
    BgradA = 256,
    BgradB = 512
};

struct Description {
    int compute = 68, scale = 0;
    int pointerMode = 0, transposeA = 0, transposeB = 0;
    int epilogue = Default;
    void* bias = nullptr;
    void* aux = nullptr;
    int64_t auxLd = 0, auxStride = 0;
    int biasType = -1, auxType = -1;
};

struct Layout {
    int type;
    uint64_t rows, columns;
    int64_t ld;
    int order = 0, count = 1;
    int64_t stride = 0;
};

struct Preference {
    uint64_t maxWorkspace = 0;
};

struct Lt {};

template <typename T>
std::set<T*>& live() {
    static std::set<T*> instance;
    return instance;
}

template <typename T>
T* find(void* handle) {
    auto* p = static_cast<T*>(handle);
    return live<T>().count(p) ? p : nullptr;
}

template <typename T>
int destroy(void* handle) {
    T* p = find<T>(handle);
    if (!p) return CUBLAS_INVALID_VALUE;
    live<T>().erase(p);
    delete p;
    return CUBLAS_SUCCESS;
}

template <typename T>
int create(void** out, T value) {
    if (!out) return CUBLAS_INVALID_VALUE;
    auto* p = new T(value);
    live<T>().insert(p);
    *out = p;
    return CUBLAS_SUCCESS;
}

template <typename T>
int set(T* target, const void* value, size_t bytes) {
    if (!value || bytes != sizeof(T)) return CUBLAS_INVALID_VALUE;
    memcpy(target, value, bytes);
    return CUBLAS_SUCCESS;
}

bool isKnown(int epilogue) {
    for (int e : {Default, Relu, Bias, ReluBias, Gelu, GeluBias, GeluAux, GeluAuxBias, DGelu, DGeluBgrad, BgradA, BgradB}) {
        if (e == epilogue) return true;
    }
    return false;
}

constexpr float GeluScale = 0.7978845608028654f;  // sqrt(2 / pi)
constexpr float GeluCubic = 0.044715f;

float gelu(float x) { return 0.5f * x * (1 + std::tanh(GeluScale * (x + GeluCubic * x * x * x))); }

float geluSlope(float x) {
    float t = std::tanh(GeluScale * (x + GeluCubic * x * x * x));
    return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * GeluScale * (1 + 3 * GeluCubic * x * x);
}

struct Task {
    Description d;
    Gemm gemm;  // its C is the addend; D is the result
    void* result;
    int typeD, ldd;
    int count;
    int64_t stepA, stepB, stepC, stepD;
    const float* alpha;
    const float* beta;
};

// Sums of op(A) over k for each row, or of op(B) for each column.
void sumOperand(const Gemm& g, bool ofA, void* out, int type) {
    for (int i = 0; i < (ofA ? g.m : g.n); i++) {
        float sum = 0;
        for (int p = 0; p < g.k; p++) {
            size_t at = ofA ? (g.transposeA ? static_cast<size_t>(i) * g.lda + p : static_cast<size_t>(p) * g.lda + i)
                            : (g.transposeB ? static_cast<size_t>(p) * g.ldb + i : static_cast<size_t>(i) * g.ldb + p);
            sum += ofA ? readElement(g.a, g.typeA, at) : readElement(g.b, g.typeB, at);
        }
        writeElement(out, type, i, sum);
    }
}

void applyEpilogue(const Task& task, const Gemm& g, int batch, std::vector<float>* values) {
    const Description& d = task.d;
    int e = d.epilogue;
    int biasType = d.biasType < 0 ? task.typeD : d.biasType, auxType = d.auxType < 0 ? task.typeD : d.auxType;
    bool addsBias = e == Bias || e == ReluBias || e == GeluBias || e == GeluAuxBias;
    bool appliesGelu = e == Gelu || e == GeluBias || e == GeluAux || e == GeluAuxBias;
    std::vector<float> rowSums(g.m);
    for (int j = 0; j < g.n; j++) {
        for (int i = 0; i < g.m; i++) {
            float& x = (*values)[static_cast<size_t>(j) * g.m + i];
            size_t aux = static_cast<size_t>(batch * d.auxStride + j * d.auxLd + i);
            if (addsBias) x += readElement(d.bias, biasType, i);
            if (e == GeluAux || e == GeluAuxBias) writeElement(d.aux, auxType, aux, x);
            if (e == Relu || e == ReluBias) x = x > 0 ? x : 0;
            if (appliesGelu) x = gelu(x);
            if (e == DGelu || e == DGeluBgrad) x *= geluSlope(readElement(d.aux, auxType, aux));
            rowSums[i] += x;
        }
    }
    if (e == DGeluBgrad) {
        for (int i = 0; i < g.m; i++) writeElement(d.bias, biasType, i, rowSums[i]);
    }
    if (e == BgradA || e == BgradB) sumOperand(g, e == BgradA, d.bias, biasType);
}

int checkEpilogue(const Task& task) {
    const Description& d = task.d;
    const Gemm& g = task.gemm;
    int biasType = d.biasType < 0 ? task.typeD : d.biasType, auxType = d.auxType < 0 ? task.typeD : d.auxType;
    bool usesBias = (d.epilogue & BiasBit) || d.epilogue == DGeluBgrad || d.epilogue == BgradA || d.epilogue == BgradB;
    bool usesAux = d.epilogue == GeluAux || d.epilogue == GeluAuxBias || d.epilogue == DGelu || d.epilogue == DGeluBgrad;
    size_t length = d.epilogue == BgradB ? g.n : g.m;
    if (usesBias && checkDeviceRange(d.bias, length * elementBytes(biasType), "epilogue: bias")) return CUDA_ERROR_ILLEGAL_ADDRESS;
    if (!usesAux || g.m == 0 || g.n == 0) return CUDA_SUCCESS;
    size_t last = static_cast<size_t>((task.count - 1) * d.auxStride + (g.n - 1) * d.auxLd + g.m);
    return checkDeviceRange(d.aux, last * elementBytes(auxType), "epilogue: aux") ? CUDA_ERROR_ILLEGAL_ADDRESS : CUDA_SUCCESS;
}

int run(const Task& task) {
    int error = checkEpilogue(task);
    for (int i = 0; i < task.count && !error; i++) {
        Gemm g = task.gemm;
        auto shift = [i](const void* p, int64_t step, int type) { return static_cast<const char*>(p) + i * step * elementBytes(type); };
        g.a = shift(g.a, task.stepA, g.typeA);
        g.b = shift(g.b, task.stepB, g.typeB);
        g.c = const_cast<char*>(shift(g.c, task.stepC, g.typeC));
        void* result = const_cast<char*>(shift(task.result, task.stepD, task.typeD));
        if (task.d.pointerMode == 1) g.alpha = *task.alpha, g.beta = *task.beta;
        Gemm out = g;  // the range of D is checked as C's
        out.c = result, out.typeC = task.typeD, out.ldc = task.ldd;
        error = checkOperands(out);
        if (!error && g.beta != 0) error = checkOperands(g);
        if (error) break;
        std::vector<float> values = product(g);
        applyEpilogue(task, g, i, &values);
        for (int j = 0; j < g.n; j++) {
            for (int r = 0; r < g.m; r++) {
                writeElement(result, task.typeD, static_cast<size_t>(j) * task.ldd + r, values[static_cast<size_t>(j) * g.m + r]);
            }
        }
    }
    return error;
}

// Whether the four layouts fit the description; on success the sizes are in task.
int fit(const Description& d, const Layout& a, const Layout& b, const Layout& c, const Layout& r, Task* task) {
    for (const Layout* l : {&a, &b, &c, &r}) {
        if (l->order != 0 || !isElementType(l->type)) return CUBLAS_NOT_SUPPORTED;
        if (l->ld < static_cast<int64_t>(std::max<uint64_t>(1, l->rows)) || l->count != r.count) return CUBLAS_INVALID_VALUE;
    }
    uint64_t m = d.transposeA ? a.columns : a.rows, k = d.transposeA ? a.rows : a.columns;
    uint64_t kb = d.transposeB ? b.columns : b.rows, n = d.transposeB ? b.rows : b.columns;
    if (k != kb || r.rows != m || r.columns != n || c.rows != m || c.columns != n) return CUBLAS_INVALID_VALUE;
    if (!isFloatCompute(d.compute) || d.scale != R32F || !isKnown(d.epilogue) || a.type != b.type || c.type != r.type)
        return CUBLAS_NOT_SUPPORTED;
    if (d.auxLd != 0 && d.auxLd < static_cast<int64_t>(m)) return CUBLAS_INVALID_VALUE;
    task->d = d;
    task->gemm = {d.transposeA != 0, d.transposeB != 0, int(m), int(n), int(k), 0,         0,         nullptr,
                  nullptr,           nullptr,           a.type, b.type, c.type, int(a.ld), int(b.ld), int(c.ld)};
    task->typeD = r.type;
    task->ldd = int(r.ld);
    task->count = r.count;
    task->stepA = a.stride, task->stepB = b.stride, task->stepC = c.stride, task->stepD = r.stride;
    return CUBLAS_SUCCESS;
}

struct HeuristicResult {
    uint64_t algorithm[8];
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};
static_assert(sizeof(HeuristicResult) == 96, "as the library's header has it");

constexpr uint64_t AlgorithmMark = 0x57A4D140ull;

}  // namespace

STANDIN_EXPORT int cublasLtCreate(void** out) {
    BLAS_CALL();
    return currentContext() ? create(out, Lt{}) : int(CUBLAS_NOT_INITIALIZED);
}

STANDIN_EXPORT int cublasLtDestroy(void* handle) { return destroy<Lt>(handle); }
STANDIN_EXPORT size_t cublasLtGetVersion() { return 120400; }

STANDIN_EXPORT int cublasLtMatmulDescCreate(void** out, int compute, int scale) {
    BLAS_CALL();
    Description d;
    d.compute = compute;
    d.scale = scale;
    return create(out, d);
}

STANDIN_EXPORT int cublasLtMatmulDescDestroy(void* handle) { return destroy<Description>(handle); }

STANDIN_EXPORT int cublasLtMatmulDescSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
    BLAS_CALL();
    Description* d = find<Description>(handle);
    if (!d) return CUBLAS_INVALID_VALUE;
    switch (attribute) {
        case 2:
            return set(&d->pointerMode, value, bytes);
        case 3:
            return set(&d->transposeA, value, bytes);
        case 4:
            return set(&d->transposeB, value, bytes);
        case 7:
            return set(&d->epilogue, value, bytes);
        case 8:
            return set(&d->bias, value, bytes);
        case 11:
            return set(&d->aux, value, bytes);
        case 12:
            return set(&d->auxLd, value, bytes);
        case 13:
            return set(&d->auxStride, value, bytes);
        case 22:
            return set(&d->auxType, value, bytes);
        case 26:
            return set(&d->biasType, value, bytes);
        default:
            return CUBLAS_NOT_SUPPORTED;
    }
}

STANDIN_EXPORT int cublasLtMatrixLayoutCreate(void** out, int type, uint64_t rows, uint64_t columns, int64_t ld) {
    BLAS_CALL();
    return create(out, Layout{type, rows, columns, ld});
}

STANDIN_EXPORT int cublasLtMatrixLayoutDestroy(void* handle) { return destroy<Layout>(handle); }

STANDIN_EXPORT int cublasLtMatrixLayoutSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
    BLAS_CALL();
    Layout* l = find<Layout>(handle);
    if (!l) return CUBLAS_INVALID_VALUE;
    switch (attribute) {
        case 1:
            return set(&l->order, value, bytes);
        case 5:
            return set(&l->count, value, bytes);
        case 6:
            return set(&l->stride, value, bytes);
        default:
            return CUBLAS_NOT_SUPPORTED;
    }
}

STANDIN_EXPORT int cublasLtMatmulPreferenceCreate(void** out) {
    BLAS_CALL();
    return create(out, Preference{});
}

STANDIN_EXPORT int cublasLtMatmulPreferenceDestroy(void* handle) { return destroy<Preference>(handle); }

STANDIN_EXPORT int cublasLtMatmulPreferenceSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
    BLAS_CALL();
    Preference* p = find<Preference>(handle);
    if (!p) return CUBLAS_INVALID_VALUE;
    return attribute == 1 ? set(&p->maxWorkspace, value, bytes) : int(CUBLAS_SUCCESS);  // other preferences only steer the choice
}

STANDIN_EXPORT int cublasLtMatmulAlgoGetHeuristic(void* handle, void* description, void* a, void* b, void* c, void* d, void* preference,
                                                  int wanted, HeuristicResult* results, int* found) {
    BLAS_CALL();
    auto* de = find<Description>(description);
    auto *la = find<Layout>(a), *lb = find<Layout>(b), *lc = find<Layout>(c), *ld = find<Layout>(d);
    if (!find<Lt>(handle)) return CUBLAS_NOT_INITIALIZED;
    if (!de || !la || !lb || !lc || !ld || !find<Preference>(preference) || wanted < 1 || !results || !found) return CUBLAS_INVALID_VALUE;
    Task task;
    *found = 0;
    int status = fit(*de, *la, *lb, *lc, *ld, &task);
    if (status) return status;
    results[0] = {};
    results[0].algorithm[0] = AlgorithmMark;
    results[0].waves = 1;
    *found = 1;
    return CUBLAS_SUCCESS;
}

STANDIN_EXPORT int cublasLtMatmul(void* handle, void* description, const void* alpha, const void* a, void* layoutA, const void* b,
                                  void* layoutB, const void* beta, const void* c, void* layoutC, void* d, void* layoutD,
                                  const uint64_t* algorithm, void* workspace, size_t workspaceBytes, void* streamHandle) {
    BLAS_CALL();
    if (!find<Lt>(handle)) return CUBLAS_NOT_INITIALIZED;
    auto* de = find<Description>(description);
    auto *la = find<Layout>(layoutA), *lb = find<Layout>(layoutB), *lc = find<Layout>(layoutC), *ld = find<Layout>(layoutD);
    Stream* stream = findStream(streamHandle);
    if (!de || !la || !lb || !lc || !ld || !alpha || !beta || !stream) return CUBLAS_INVALID_VALUE;
    if (algorithm && algorithm[0] != AlgorithmMark) return CUBLAS_INVALID_VALUE;
    if (workspaceBytes > 0 && checkDeviceRange(workspace, workspaceBytes, "workspace")) return CUBLAS_INVALID_VALUE;
    Task task;
    int status = fit(*de, *la, *lb, *lc, *ld, &task);
    if (status) return status;
    task.gemm.a = a;
    task.gemm.b = b;
    task.gemm.c = const_cast<void*>(c);
    task.result = d;
    task.alpha = static_cast<const float*>(alpha);
    task.beta = static_cast<const float*>(beta);
    if (de->pointerMode == 0) task.gemm.alpha = *task.alpha, task.gemm.beta = *task.beta;
    return submit(stream, 0, [task] { return run(task); }) ? int(CUBLAS_EXECUTION_FAILED) : int(CUBLAS_SUCCESS);
}
