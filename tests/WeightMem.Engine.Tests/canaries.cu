// Deliberate bugs, one for each tool that looks for bugs: a tool that does not report its own proves nothing about the rest.
#include "prelude.cuh"

// For memcheck: a write past the end of the buffer
extern "C" __global__ void out_of_bounds(float* out, int n) { out[n + threadIdx.x] = 1.0f; }

// For racecheck: a neighbour's value is read without the barrier after it was written
extern "C" __global__ void missing_barrier(float* out, int n)
{
    __shared__ float shared[64];
    shared[threadIdx.x] = (float)threadIdx.x;
    out[threadIdx.x % n] = shared[(threadIdx.x + 33) % 64];
}

// For initcheck: the buffer was allocated and never written
extern "C" __global__ void uninitialised(float* out, int n) { out[threadIdx.x % n] = out[threadIdx.x % n] + 1.0f; }

// For synccheck: half of a warp waits at a barrier that the other half never reaches
extern "C" __global__ void divergent_barrier(float* out, int n)
{
    if (threadIdx.x % 32 < 16) __syncthreads();
    out[threadIdx.x % n] = 1.0f;
}
