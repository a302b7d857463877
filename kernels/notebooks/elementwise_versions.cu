// A chain of elementwise steps, here GELU of x + bias, version by version. What ships is generated as source (Devices/Cuda/ChainSource.cs); CPU reference: Elementwise of
// the reference device. Floor: 8 bytes a value (one read, one write), about 31 operations: memory decides.
//   elementwise_1_*  a launch for each step: 16 bytes a value, what an eager framework does
//   elementwise_2    one launch, the step's kind decided for each value
//   ships            one launch with the kinds and constants in the source: what is not asked for is not there
#include "prelude.cuh"
#include "activations.cuh"

extern "C" __global__ void elementwise_1_add(float* y, const float* x, const float* bias, long long n, int columns)
{
    FOR_EACH(i, n) y[i] = x[i] + bias[i % columns];
}

extern "C" __global__ void elementwise_1_activate(float* y, long long n, int kind)
{
    FOR_EACH(i, n) y[i] = activation_value(kind, y[i]);
}

extern "C" __global__ void elementwise_2(float* y, const float* x, const float* bias, long long n, int columns, int kind)
{
    FOR_EACH(i, n) y[i] = activation_value(kind, x[i] + bias[i % columns]);
}
