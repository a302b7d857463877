// Chains of elementwise arithmetic without a compiler at hand: the steps are interpreted. With one, each chain becomes a kernel of its own.
#include "prelude.cuh"
#include "activations.cuh"

enum StepKind { INPUT, CONSTANT, ADD, SUBTRACT, MULTIPLY, ACTIVATE, SLOPE };

struct ChainProgram
{
    int steps, outputs;
    unsigned char kind[32], a[32], b[32], activation[32];
    float constant[32];
    unsigned char output[8], accumulate[8];
    long long inputSize[8]; // elements of each input: a row is read again and again
    const float* input[8];
    float* to[8];
};

extern "C" __global__ void interpret_chain(ChainProgram p, long long n)
{
    FOR_EACH(i, n)
    {
        float v[32];
        for (int s = 0; s < p.steps; s++)
        {
            if (p.kind[s] == INPUT || p.kind[s] == CONSTANT)
            {
                v[s] = p.kind[s] == INPUT ? p.input[p.a[s]][i % p.inputSize[p.a[s]]] : p.constant[s];
                continue;
            }
            float a = v[p.a[s]], b = v[p.b[s]];
            switch (p.kind[s])
            {
                case ADD: v[s] = a + b; break;
                case SUBTRACT: v[s] = a - b; break;
                case MULTIPLY: v[s] = a * b; break;
                case ACTIVATE: v[s] = activation_value(p.activation[s], a); break;
                default: v[s] = activation_slope(p.activation[s], a); break;
            }
        }
        for (int o = 0; o < p.outputs; o++)
        {
            float value = v[p.output[o]];
            p.to[o][i] = p.accumulate[o] ? p.to[o][i] + value : value;
        }
    }
}
