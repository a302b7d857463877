// Kernels, graphs and products that must give the right result, in eager and in lazy streams.
#include "harness.h"

namespace {

void testVectorAdd(void* module) {
    int n = 1000;
    std::vector<float> a = numbers(n, 1), b = numbers(n, 2), want(n);
    for (int i = 0; i < n; i++) want[i] = a[i] + b[i];
    Buffer<float> da(a), db(b), out(n);
    OK(launch(function(module, "vector_add"), {4}, {256}, 0, nullptr, out.data, da.data, db.data, n));
    check(largestDifference(out.read(), want) == 0, "vector add is exact");
}

void testBlockSum(void* module) {
    int n = 1000;
    std::vector<float> in = numbers(n, 3), want(4);
    for (int i = 0; i < n; i++) want[i / 256] += in[i];
    Buffer<float> din(in), out(4);
    OK(launch(function(module, "block_sum"), {4}, {256}, 0, nullptr, out.data, din.data, n));
    check(largestDifference(out.read(), want) < 1e-4, "block sums");
}

void testMatmul(void* module) {
    for (int tile : {4, 16, 32}) {
        int m = 37, n = 53, k = 41;
        std::vector<float> a = numbers(m * k, 4), b = numbers(k * n, 5), want(m * n);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                for (int p = 0; p < k; p++) want[i * n + j] += a[i * k + p] * b[p * n + j];
            }
        }
        Buffer<float> da(a), db(b), c(m * n);
        unsigned t = tile;
        OK(launch(function(module, "matmul_tiled"), {(n + t - 1) / t, (m + t - 1) / t}, {t, t}, 8 * t * t, nullptr, c.data, da.data,
                  db.data, m, n, k));
        check(largestDifference(c.read(), want) < 2e-5, "tiled product, tile " + std::to_string(tile));
    }
}

void testSoftmax(void* module) {
    int rows = 7, columns = 100;
    std::vector<float> in = numbers(rows * columns, 6), want(in.size());
    for (int r = 0; r < rows; r++) {
        double sum = 0;
        for (int c = 0; c < columns; c++) sum += std::exp(double{in[r * columns + c]});
        for (int c = 0; c < columns; c++) want[r * columns + c] = static_cast<float>(std::exp(double{in[r * columns + c]}) / sum);
    }
    Buffer<float> din(in), out(in.size());
    OK(launch(function(module, "softmax_rows"), {7}, {32}, 0, nullptr, out.data, din.data, columns));
    check(largestDifference(out.read(), want) < 1e-7, "softmax of rows");
}

void testHistogram(void* module) {
    int n = 10000;
    std::vector<unsigned char> values(n);
    std::vector<unsigned> want(256);
    for (int i = 0; i < n; i++) want[values[i] = static_cast<unsigned char>(i * 7 % 251)]++;
    Buffer<unsigned char> dv(values);
    Buffer<unsigned> bins(256);
    OK(cuMemsetD32_v2(bins.data, 0, 256));
    OK(launch(function(module, "histogram"), {5}, {96}, 0, nullptr, bins.data, dv.data, n));
    check(bins.read() == want, "histogram is exact");
}

void testTemplates() {
    Compiled c = compileText("kernels.cu", readFile(kernelFolder + "/kernels.cu"), {"scale<float,4>", "scale<int, 2>"});
    check(c.status == 0, "name expressions compile: " + c.log);
    if (c.status) return;
    void* module = nullptr;
    OK(cuModuleLoadData(&module, c.image.c_str()));
    struct Factors {
        float scale;
        double offset;
    } factors = {2.0f, 0.5};
    int n = 10;
    Buffer<float> data(std::vector<float>(n, 1.25f));
    void* f = function(module, c.lowered[0]);
    OK(launch(f, {1}, {32}, 0, nullptr, data.data, factors, n));
    check(data.read() == std::vector<float>(n, 3.0f), "template kernel with a struct by value");
    Buffer<int> whole(std::vector<int>(n, 3));
    OK(launch(function(module, c.lowered[1]), {1}, {32}, 0, nullptr, whole.data, factors, n));
    check(whole.read() == std::vector<int>(n, 6), "second instance of the template");
    size_t offset = 0, size = 0;
    OK(cuFuncGetParamInfo(f, 1, &offset, &size));
    check(offset == 8 && size == 16, "place and size of a parameter");
    check(cuFuncGetParamInfo(f, 3, &offset, &size) == 1, "there is no fourth parameter");
    OK(cuModuleUnload(module));
}

void testConstant(void* module) {
    void* address = nullptr;
    size_t bytes = 0;
    OK(cuModuleGetGlobal_v2(&address, &bytes, module, "table"));
    check(bytes == 16, "size of a constant table");
    std::vector<float> values = {1, 2, 3, 4};
    OK(cuMemcpyHtoD_v2(address, values.data(), 16));
    Buffer<float> out(8);
    OK(launch(function(module, "look_up"), {1}, {8}, 0, nullptr, out.data));
    check(out.read() == std::vector<float>({1, 2, 3, 4, 1, 2, 3, 4}), "constant table filled by the host");
}

void testSmallThings(void* module) {
    Buffer<unsigned> wrong(std::vector<unsigned>{0});
    OK(launch(function(module, "sixteen_bits"), {256}, {256}, 0, nullptr, wrong.data));
    check(wrong.read()[0] == 0, "all f16 and bf16 patterns there and back");
    Buffer<unsigned> out(6);
    OK(launch(function(module, "warp_words"), {1}, {64}, 0, nullptr, out.data));
    check(out.read() == std::vector<unsigned>({0xAAAAAAAAu, 31, 0x00FF0000u, 1, 6, 120}), "votes, matches, reductions, a spin in a block");
}

// Two kernels on two streams, one graph, many replays.
void testGraph(void* module) {
    int n = 64;
    Buffer<float> a(std::vector<float>(n, 1)), b(std::vector<float>(n, 0)), c(std::vector<float>(n, 0));
    void *one = nullptr, *two = nullptr, *fork = nullptr, *join = nullptr, *graph = nullptr, *exec = nullptr;
    OK(cuStreamCreate(&one, 1));
    OK(cuStreamCreate(&two, 1));
    OK(cuEventCreate(&fork, 2));
    OK(cuEventCreate(&join, 2));
    void* add = function(module, "vector_add");
    OK(cuStreamBeginCapture_v2(one, 1));
    OK(launch(add, {1}, {64}, 0, one, b.data, a.data, b.data, n));
    OK(cuEventRecord(fork, one));
    OK(cuStreamWaitEvent(two, fork, 0));
    OK(launch(add, {1}, {64}, 0, two, c.data, b.data, c.data, n));
    OK(cuEventRecord(join, two));
    OK(cuStreamWaitEvent(one, join, 0));
    OK(cuStreamEndCapture(one, &graph));
    size_t nodes = 0;
    OK(cuGraphGetNodes(graph, nullptr, &nodes));
    check(nodes == 2, "two kernels were captured");
    check(b.read()[5] == 0, "capturing runs nothing");
    OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
    for (int i = 0; i < 3; i++) OK(cuGraphLaunch(exec, one));
    OK(cuStreamSynchronize(one));
    check(b.read()[5] == 3 && c.read()[63] == 1 + 2 + 3, "three replays");
    OK(cuGraphExecDestroy(exec));
    OK(cuGraphDestroy(graph));

    OK(cuStreamBeginCapture_v2(one, 1));
    OK(cuEventRecord(fork, one));
    OK(cuStreamWaitEvent(two, fork, 0));
    OK(launch(add, {1}, {64}, 0, two, c.data, b.data, c.data, n));
    check(cuStreamEndCapture(one, &graph) == 904, "a fork that does not join is refused");
    OK(cuStreamBeginCapture_v2(one, 0));
    void* more = nullptr;
    check(cuMemAlloc_v2(&more, 16) == 900, "no allocation during a capture");
    check(cuStreamEndCapture(one, &graph) == 901, "and the capture is lost");
    void* blocking = nullptr;
    OK(cuStreamCreate(&blocking, 0));
    OK(cuStreamBeginCapture_v2(blocking, 2));
    check(launch(add, {1}, {64}, 0, nullptr, c.data, b.data, c.data, n) == 906,
          "no work on the default stream beside the capture of a blocking one");
    check(cuStreamEndCapture(blocking, &graph) == 901, "and that capture is lost");
    OK(cuStreamDestroy_v2(blocking));
    OK(cuEventDestroy_v2(fork));
    OK(cuEventDestroy_v2(join));
    OK(cuStreamDestroy_v2(one));
    OK(cuStreamDestroy_v2(two));
}

void testEventsAndPool() {
    void *stream = nullptr, *before = nullptr, *after = nullptr, *pool = nullptr, *memory = nullptr;
    OK(cuStreamCreate(&stream, 1));
    OK(cuEventCreate(&before, 0));
    OK(cuEventCreate(&after, 0));
    OK(cuDeviceGetDefaultMemPool(&pool, 0));
    uint64_t threshold = 1 << 20, got = 0, used = 0;
    OK(cuMemPoolSetAttribute(pool, 4, &threshold));
    OK(cuMemPoolGetAttribute(pool, 4, &got));
    check(got == threshold, "pool threshold is kept");
    OK(cuEventRecord(before, stream));
    OK(cuMemAllocAsync(&memory, 1000, stream));
    OK(cuMemPoolGetAttribute(pool, 7, &used));
    check(used == 1024, "bytes in use");
    OK(cuMemsetD32Async(memory, 7, 250, stream));
    std::vector<unsigned> out(250);
    OK(cuMemcpyDtoHAsync_v2(out.data(), memory, 1000, stream));
    OK(cuMemFreeAsync(memory, stream));
    OK(cuEventRecord(after, stream));
    OK(cuEventSynchronize(after));
    check(out == std::vector<unsigned>(250, 7), "stream-ordered memory");
    check(cuEventQuery(after) == 0, "the event is over");
    float ms = -1;
    OK(cuEventElapsedTime(&ms, before, after));
    check(ms >= 0, "time passed");
    OK(cuEventDestroy_v2(before));
    OK(cuEventDestroy_v2(after));
    OK(cuStreamDestroy_v2(stream));
}

uint16_t brain(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return static_cast<uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1)) >> 16);
}

float fromBrain(uint16_t x) {
    uint32_t bits = static_cast<uint32_t>(x) << 16;
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

void testProducts() {
    void* handle = nullptr;
    OK(cublasCreate_v2(&handle));
    const int shapes[][3] = {{1, 1, 1}, {5, 3, 7}, {16, 4, 256}, {37, 53, 300}, {130, 6, 17}, {3, 2, 0}};
    for (const int* s : shapes) {
        int m = s[0], n = s[1], k = s[2];
        for (int t = 0; t < 4; t++) {
            int ta = t & 1, tb = t >> 1, lda = (ta ? k : m) + 3, ldb = (tb ? n : k) + 2, ldc = m + 1;
            std::vector<float> a = numbers(lda * (ta ? m : k) + 1, 7), b = numbers(ldb * (tb ? k : n) + 1, 8), c = numbers(ldc * n, 9);
            std::vector<uint16_t> a16, b16;
            for (float& x : a) a16.push_back(brain(x)), x = fromBrain(a16.back());
            for (float& x : b) b16.push_back(brain(x)), x = fromBrain(b16.back());
            float alpha = 0.5f, beta = 2.0f;
            std::vector<float> want = c;
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    double sum = 0;
                    for (int p = 0; p < k; p++)
                        sum += double{ta ? a[i * lda + p] : a[p * lda + i]} * (tb ? b[p * ldb + j] : b[j * ldb + p]);
                    want[j * ldc + i] = static_cast<float>(alpha * sum + beta * c[j * ldc + i]);
                }
            }
            Buffer<float> da(a), db(b), dc(c), dd(c);
            Buffer<uint16_t> ha(a16), hb(b16);
            auto* pc = static_cast<float*>(dc.data);
            OK(cublasSgemm_v2(handle, ta, tb, m, n, k, &alpha, static_cast<float*>(da.data), lda, static_cast<float*>(db.data), ldb, &beta,
                              pc, ldc));
            OK(cublasGemmEx(handle, ta, tb, m, n, k, &alpha, ha.data, 14, lda, hb.data, 14, ldb, &beta, dd.data, 0, ldc, 68, -1));
            std::string what =
                " product " + std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k) + " transposes " + std::to_string(t);
            check(largestDifference(dc.read(), want) < 2e-5, "float" + what);
            check(largestDifference(dd.read(), want) < 2e-5, "bfloat16" + what);
        }
    }
    float one = 1, zero = 0;
    std::vector<float> a = numbers(2 * 6, 10), b = numbers(2 * 6, 11), want(2 * 4);
    for (int batch = 0; batch < 2; batch++) {
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 2; j++) {
                for (int p = 0; p < 3; p++) want[batch * 4 + j * 2 + i] += a[batch * 6 + p * 2 + i] * b[batch * 6 + j * 3 + p];
            }
        }
    }
    Buffer<float> da(a), db(b), dc(8);
    OK(cublasSgemmStridedBatched(handle, 0, 0, 2, 2, 3, &one, static_cast<float*>(da.data), 2, 6, static_cast<float*>(db.data), 3, 6, &zero,
                                 static_cast<float*>(dc.data), 2, 4, 2));
    check(largestDifference(dc.read(), want) < 1e-6, "batched product over uninitialised memory, beta 0");
    check(cublasSgemm_v2(handle, 0, 0, 4, 4, 4, &one, nullptr, 2, nullptr, 4, &zero, nullptr, 4) == 7,
          "a leading dimension that is too small");
    OK(cublasDestroy_v2(handle));
}

}  // namespace

void testResults() {
    for (const char* mode : {"plain", "ub", "mem", "ub,mem", "race", "ub,race"}) {
        void* module = load("kernels.cu", mode);
        if (!module) continue;
        int before = failed;
        testVectorAdd(module);
        testBlockSum(module);
        testMatmul(module);
        testSoftmax(module);
        testHistogram(module);
        testConstant(module);
        testSmallThings(module);
        testGraph(module);
        OK(cuModuleUnload(module));
        if (failed > before) printf("  (in mode %s)\n", mode);
    }
    testTemplates();
    testEventsAndPool();
    testProducts();
}
