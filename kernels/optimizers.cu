// Optimisers over flat buffers, everything of a step in one pass.
#include "prelude.cuh"

struct AdamConstants
{
    double beta1, beta2, epsilon, weightDecay;
    long long decayed;
    double clip;
};

// One step of AdamW with clipping, decoupled decay on the first `decayed` values, and the moving average where ema is not null. Six words are read and four
// or five written for each value: nothing but memory counts. The few doubles are worked out once a block; all is left as it is when the norm is not finite.
extern "C" __global__ void adam(
    float* __restrict__ parameters, float* __restrict__ m, float* __restrict__ v, float* __restrict__ ema, const float* __restrict__ gradient,
    long long n, const double* __restrict__ squaredNorm, const double* __restrict__ schedule, AdamConstants a)
{
    __shared__ float scale, shrink, rate, rootCorrection, emaDecay, emaKeep;
    __shared__ int finite;
    if (threadIdx.x == 0)
    {
        double now = schedule[0], correction1 = schedule[1], correction2 = schedule[2], decay = schedule[3];
        double norm = sqrt(*squaredNorm);
        finite = norm - norm == 0.0;
        scale = (float)(norm > a.clip ? a.clip / (norm + 1e-6) : 1.0);
        shrink = (float)(1.0 - now * a.weightDecay);
        rate = (float)(now / correction1);
        rootCorrection = (float)(1.0 / sqrt(correction2));
        emaDecay = (float)decay;
        emaKeep = (float)(1.0 - decay);
    }
    __syncthreads();
    if (!finite) return;
    float beta1 = (float)a.beta1, beta2 = (float)a.beta2, keepMean = (float)(1.0 - a.beta1), keepSquare = (float)(1.0 - a.beta2), epsilon = (float)a.epsilon;
    FOR_EACH(i, n)
    {
        float g = gradient[i] * scale;
        float mi = beta1 * m[i] + keepMean * g;
        float vi = beta2 * v[i] + keepSquare * g * g;
        float p = parameters[i] * (i < a.decayed ? shrink : 1.0f) - rate * mi / (sqrtf(vi) * rootCorrection + epsilon);
        m[i] = mi;
        v[i] = vi;
        parameters[i] = p;
        if (ema) ema[i] = emaDecay * ema[i] + emaKeep * p;
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

// Adam for many networks, each with its own rate; weight decay is added to the gradient
extern "C" __global__ void adam_rows(
    float* __restrict__ parameters, float* __restrict__ m, float* __restrict__ v, const float* __restrict__ gradient, const float* __restrict__ rates, long long n,
    int columns, float beta1, float keepMean, float beta2, float keepSquare, float epsilon, float decay, float correction, float rootCorrection)
{
    FOR_EACH(i, n)
    {
        float g = gradient[i] + decay * parameters[i];
        float mi = beta1 * m[i] + keepMean * g;
        float vi = beta2 * v[i] + keepSquare * g * g;
        m[i] = mi;
        v[i] = vi;
        parameters[i] -= rates[i / columns] / correction * mi / (sqrtf(vi) * rootCorrection + epsilon);
    }
}
