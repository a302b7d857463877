// Measures kernels/clang/maths.cuh against libm in double: the largest error of each function in units in the last place, and what happens at the ends.
#define WEIGHTMEM_MATHS_ON_HOST
#include "../kernels/clang/maths.cuh"

#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <limits>

static int failures;

static double errorInUlp(float found, double exact) {
    if (std::isnan(exact)) return std::isnan(found) ? 0 : INFINITY;
    float nearest = static_cast<float>(exact);
    if (std::isinf(nearest)) return found == nearest || std::fabs(found) == std::numeric_limits<float>::max() ? 0 : INFINITY;
    int e;
    std::frexp(nearest, &e);
    double unit = std::ldexp(1.0, nearest == 0 || e < -125 ? -149 : e - 24);
    return std::fabs(found - exact) / unit;
}

// Every `stride`th float of each sign between the two magnitudes.
static void measure(const char* name, float (*ours)(float), double (*exact)(double), float from, float to, unsigned stride, double most, bool negative = true) {
    double worst = 0;
    float at = 0;
    long long count = 0;
    for (int sign = 0; sign <= (negative ? 1 : 0); sign++) {
        for (unsigned bits = wm_bits(from); bits <= wm_bits(to); bits += stride, count++) {
            float x = wm_from_bits(bits | static_cast<unsigned>(sign) << 31);
            double error = errorInUlp(ours(x), exact(x));
            if (!(error <= worst)) {
                worst = error;
                at = x;
            }
        }
    }
    bool good = worst <= most;
    if (!good) failures++;
    std::printf("%s%-5s [%g, %g] %lld values: %.2f ulp at %.9g (bound %.1f)\n", good ? "" : "FAILED: ", name, from, to, count, worst, at, most);
}

static void same(const char* what, float found, float expected) {
    if (found == expected || (std::isnan(found) && std::isnan(expected))) return;
    failures++;
    std::printf("FAILED: %s is %g, not %g\n", what, found, expected);
}

int main() {
    constexpr float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN(), tiny = 1e-45f, top = std::numeric_limits<float>::max();
    measure("exp", wm_exp, std::exp, tiny, 110.0f, 977, 2);
    measure("log", wm_log, std::log, tiny, top, 977, 2, false);
    measure("log", wm_log, std::log, 0.5f, 2.0f, 31, 2, false);
    measure("tanh", wm_tanh, std::tanh, tiny, 20.0f, 977, 2);
    measure("erf", wm_erf, std::erf, tiny, 10.0f, 977, 2);
    measure("sin", wm_sin, std::sin, tiny, 10.0f, 977, 2);
    measure("cos", wm_cos, std::cos, tiny, 10.0f, 977, 2);
    measure("sin", wm_sin, std::sin, 1.0f, 1e7f, 97, 2);
    measure("cos", wm_cos, std::cos, 1.0f, 1e7f, 97, 2);
    measure("sin", wm_sin, std::sin, 1e7f, top, 977, 2);
    measure("cos", wm_cos, std::cos, 1e7f, top, 977, 2);
    for (float (*f)(float) : {wm_exp, wm_log, wm_tanh, wm_erf, wm_sin, wm_cos}) same("of NaN", f(nan), nan);
    same("exp(inf)", wm_exp(inf), inf);
    same("exp(-inf)", wm_exp(-inf), 0.0f);
    same("log(0)", wm_log(0.0f), -inf);
    same("log(-1)", wm_log(-1.0f), nan);
    same("log(inf)", wm_log(inf), inf);
    same("tanh(-inf)", wm_tanh(-inf), -1.0f);
    same("erf(-inf)", wm_erf(-inf), -1.0f);
    same("sin(inf)", wm_sin(inf), nan);
    same("cos(-inf)", wm_cos(-inf), nan);
    same("1/sin(-0)", 1.0f / wm_sin(-0.0f), -inf);
    same("cos(0)", wm_cos(0.0f), 1.0f);
    std::printf(failures ? "clang maths: %d FAILED\n" : "clang maths: all good\n", failures);
    return failures ? 1 : 0;
}
