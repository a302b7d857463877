// cublasLt: every epilogue against plain loops.
#include "harness.h"

extern "C" {
int cublasLtCreate(void**);
int cublasLtDestroy(void*);
int cublasLtMatmulDescCreate(void**, int, int);
int cublasLtMatmulDescDestroy(void*);
int cublasLtMatmulDescSetAttribute(void*, int, const void*, size_t);
int cublasLtMatrixLayoutCreate(void**, int, uint64_t, uint64_t, int64_t);
int cublasLtMatrixLayoutDestroy(void*);
int cublasLtMatmulPreferenceCreate(void**);
int cublasLtMatmulPreferenceDestroy(void*);
int cublasLtMatmulAlgoGetHeuristic(void*, void*, void*, void*, void*, void*, void*, int, void*, int*);
int cublasLtMatmul(void*, void*, const void*, const void*, void*, const void*, void*, const void*, const void*, void*, void*, void*,
                   const void*, void*, size_t, void*);
}

namespace {

double gelu(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

void testEpilogue(void* handle, int epilogue) {
    int m = 5, n = 4, k = 7;
    std::vector<float> a = numbers(k * m, 21), b = numbers(k * n, 22), bias = numbers(m, 23), aux = numbers(m * n, 24);
    bool adds = epilogue == 4 || epilogue == 6 || epilogue == 36 || epilogue == 164;
    std::vector<float> want(m * n), wantAux = aux, wantBias = bias;
    if (epilogue == 208) wantBias.assign(m, 0);
    for (int j = 0; j < n; j++) {
        for (int i = 0; i < m; i++) {
            double x = adds ? bias[i] : 0;
            for (int p = 0; p < k; p++) x += double{a[i * k + p]} * b[j * k + p];
            if (epilogue == 160 || epilogue == 164) wantAux[j * m + i] = static_cast<float>(x);
            if (epilogue == 2 || epilogue == 6) x = std::fmax(x, 0);
            if (epilogue == 32 || epilogue == 36 || epilogue == 160 || epilogue == 164) x = gelu(x);
            double at = aux[j * m + i], step = 1e-5;
            if (epilogue == 192 || epilogue == 208) x *= (gelu(at + step) - gelu(at - step)) / (2 * step);
            if (epilogue == 208) wantBias[i] += static_cast<float>(x);
            want[j * m + i] = static_cast<float>(x);
        }
    }
    if (epilogue == 256) {
        for (int i = 0; i < m; i++) {
            wantBias[i] = 0;
            for (int p = 0; p < k; p++) wantBias[i] += a[i * k + p];
        }
    }
    if (epilogue == 512) {
        wantBias.resize(n);
        for (int j = 0; j < n; j++) {
            wantBias[j] = 0;
            for (int p = 0; p < k; p++) wantBias[j] += b[j * k + p];
        }
    }
    Buffer<float> da(a), db(b), dd(m * n), dbias(wantBias.size()), daux(aux);
    OK(cuMemcpyHtoD_v2(dbias.data, bias.data(), 4 * std::min(bias.size(), wantBias.size())));
    void *d = nullptr, *la = nullptr, *lb = nullptr, *ld = nullptr, *preference = nullptr;
    OK(cublasLtMatmulDescCreate(&d, 68, 0));
    OK(cublasLtMatrixLayoutCreate(&la, 0, k, m, k));
    OK(cublasLtMatrixLayoutCreate(&lb, 0, k, n, k));
    OK(cublasLtMatrixLayoutCreate(&ld, 0, m, n, m));
    OK(cublasLtMatmulPreferenceCreate(&preference));
    int yes = 1;
    int64_t auxLd = m;
    OK(cublasLtMatmulDescSetAttribute(d, 3, &yes, 4));
    OK(cublasLtMatmulDescSetAttribute(d, 7, &epilogue, 4));
    OK(cublasLtMatmulDescSetAttribute(d, 8, &dbias.data, 8));
    OK(cublasLtMatmulDescSetAttribute(d, 11, &daux.data, 8));
    OK(cublasLtMatmulDescSetAttribute(d, 12, &auxLd, 8));
    char result[96];
    int found = 0;
    OK(cublasLtMatmulAlgoGetHeuristic(handle, d, la, lb, ld, ld, preference, 1, result, &found));
    check(found == 1, "an algorithm is proposed");
    float one = 1, zero = 0;
    OK(cublasLtMatmul(handle, d, &one, da.data, la, db.data, lb, &zero, dd.data, ld, dd.data, ld, result, nullptr, 0, nullptr));
    std::string name = "epilogue " + std::to_string(epilogue);
    check(largestDifference(dd.read(), want) < 2e-6, name);
    check(largestDifference(dbias.read(), wantBias) < 2e-6, name + ": bias");
    check(largestDifference(daux.read(), wantAux) < 2e-6, name + ": aux");
    check(cublasLtMatmul(handle, d, &one, da.data, lb, db.data, la, &zero, dd.data, ld, dd.data, ld, nullptr, nullptr, 0, nullptr) == 7,
          name + ": wrong sizes");
    OK(cublasLtMatmulPreferenceDestroy(preference));
    OK(cublasLtMatrixLayoutDestroy(ld));
    OK(cublasLtMatrixLayoutDestroy(lb));
    OK(cublasLtMatrixLayoutDestroy(la));
    OK(cublasLtMatmulDescDestroy(d));
}

}  // namespace

void testLt() {
    void* handle = nullptr;
    OK(cublasLtCreate(&handle));
    for (int epilogue : {1, 2, 4, 6, 32, 36, 160, 164, 192, 208, 256, 512}) testEpilogue(handle, epilogue);
    OK(cublasLtDestroy(handle));
}
