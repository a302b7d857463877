// A step of AdamW with moving average, version by version. What ships is adam of ../optimizers.cu; CPU reference: Adam of the reference device.
// Floor: 36 bytes a value (five arrays read, four written), about 15 operations: memory decides.
//   adam_1_*  a launch for each moment, for the parameters and for the average: 52 bytes a value, and four launches
//   adam_2    one pass, but each thread works out the few doubles of the step for itself
//   ships     one pass, the doubles once a block
#include "prelude.cuh"

struct AdamRates
{
    double weightDecay, clip;
    float beta1, beta2, keepMean, keepSquare, epsilon;
};

__device__ inline float clipping(const double* squaredNorm, double clip)
{
    double norm = sqrt(*squaredNorm);
    return (float)(norm > clip ? clip / (norm + 1e-6) : 1.0);
}

__device__ inline float adam_value(float p, float m, float v, bool decays, const double* schedule, AdamRates a)
{
    float shrink = decays ? (float)(1.0 - schedule[0] * a.weightDecay) : 1.0f;
    return p * shrink - (float)(schedule[0] / schedule[1]) * m / (sqrtf(v) * (float)(1.0 / sqrt(schedule[2])) + a.epsilon);
}

extern "C" __global__ void adam_1_mean(float* m, const float* gradient, long long n, const double* squaredNorm, AdamRates a)
{
    FOR_EACH(i, n) m[i] = a.beta1 * m[i] + a.keepMean * (gradient[i] * clipping(squaredNorm, a.clip));
}

extern "C" __global__ void adam_1_square(float* v, const float* gradient, long long n, const double* squaredNorm, AdamRates a)
{
    FOR_EACH(i, n)
    {
        float g = gradient[i] * clipping(squaredNorm, a.clip);
        v[i] = a.beta2 * v[i] + a.keepSquare * g * g;
    }
}

extern "C" __global__ void adam_1_parameters(
    float* parameters, const float* m, const float* v, long long n, long long decayed, const double* schedule, AdamRates a)
{
    FOR_EACH(i, n) parameters[i] = adam_value(parameters[i], m[i], v[i], i < decayed, schedule, a);
}

extern "C" __global__ void adam_1_average(float* ema, const float* parameters, long long n, const double* schedule)
{
    FOR_EACH(i, n) ema[i] = (float)schedule[3] * ema[i] + (float)(1.0 - schedule[3]) * parameters[i];
}

extern "C" __global__ void adam_2(
    float* parameters, float* m, float* v, float* ema, const float* gradient, long long n, long long decayed, const double* squaredNorm, const double* schedule,
    AdamRates a)
{
    FOR_EACH(i, n)
    {
        float g = gradient[i] * clipping(squaredNorm, a.clip);
        float mi = a.beta1 * m[i] + a.keepMean * g, vi = a.beta2 * v[i] + a.keepSquare * g * g;
        float p = adam_value(parameters[i], mi, vi, i < decayed, schedule, a);
        m[i] = mi;
        v[i] = vi;
        parameters[i] = p;
        ema[i] = (float)schedule[3] * ema[i] + (float)(1.0 - schedule[3]) * p;
    }
}
