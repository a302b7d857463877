// Optimisers over flat buffers, everything of a step in one pass.
#include "prelude.cuh"

struct AdamNumbers
{
    float beta1, beta2, keepMean, keepSquare, scale, shrink, rate, rootCorrection, epsilon, emaDecay, emaKeep;
};

// One step of AdamW with clipping, decoupled decay on the first `decayed` values, and the moving average where ema is not null. Seven words are read and
// four or five written for each value: nothing but memory counts.
extern "C" __global__ void adam(
    float* __restrict__ parameters, float* __restrict__ m, float* __restrict__ v, float* __restrict__ ema, const float* __restrict__ gradient,
    long long n, long long decayed, AdamNumbers a)
{
    FOR_EACH(i, n)
    {
        float g = gradient[i] * a.scale;
        float mi = a.beta1 * m[i] + a.keepMean * g;
        float vi = a.beta2 * v[i] + a.keepSquare * g * g;
        float p = parameters[i] * (i < decayed ? a.shrink : 1.0f) - a.rate * mi / (sqrtf(vi) * a.rootCorrection + a.epsilon);
        m[i] = mi;
        v[i] = vi;
        parameters[i] = p;
        if (ema) ema[i] = a.emaDecay * ema[i] + a.emaKeep * p;
    }
}

// SGD with Nesterov momentum for many networks, each with its own rate
extern "C" __global__ void nesterov_rows(
    float* __restrict__ parameters, float* __restrict__ velocity, const float* __restrict__ gradient, const float* __restrict__ rates,
    long long n, int columns, float momentum, float decay, int firstStep)
{
    FOR_EACH(i, n)
    {
        float d = gradient[i] + decay * parameters[i];
        float speed = firstStep ? d : momentum * velocity[i] + d;
        velocity[i] = speed;
        parameters[i] -= rates[i / columns] * (d + momentum * speed);
    }
}
