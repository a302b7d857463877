// Elementwise non-linearities and their derivatives. The order is that of the engine's enumeration of activations.
#pragma once

enum ActivationKind { IDENTITY, RELU, GELU, TANH, SIGMOID, SILU, LEAKYRELU, ELU };

__device__ inline float activation_value(int kind, float x)
{
    switch (kind)
    {
        case RELU: return x > 0.0f || x != x ? x : 0.0f;
        case GELU: return 0.5f * x * (1.0f + erff(x * 0.70710678f));
        case TANH: return tanhf(x);
        case SIGMOID: return 1.0f / (1.0f + expf(-x));
        case SILU: return x / (1.0f + expf(-x));
        case LEAKYRELU: return x > 0.0f ? x : 0.01f * x;
        case ELU: return x > 0.0f ? x : expf(x) - 1.0f;
        default: return x;
    }
}

__device__ inline float activation_slope(int kind, float x)
{
    switch (kind)
    {
        case RELU: return x > 0.0f ? 1.0f : 0.0f;
        case LEAKYRELU: return x > 0.0f ? 1.0f : 0.01f;
        case ELU: return x > 0.0f ? 1.0f : expf(x);
        case GELU: return 0.5f * (1.0f + erff(x * 0.70710678f)) + x * 0.39894228f * expf(-0.5f * x * x);
        case TANH:
        {
            float t = tanhf(x);
            return 1.0f - t * t;
        }
        case SIGMOID:
        {
            float s = 1.0f / (1.0f + expf(-x));
            return s * (1.0f - s);
        }
        case SILU:
        {
            float s = 1.0f / (1.0f + expf(-x));
            return s * (1.0f + x * (1.0f - s));
        }
        default: return 1.0f;
    }
}
