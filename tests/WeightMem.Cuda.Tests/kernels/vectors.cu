// Kernels of the tests. Comments with extern "C" __global__ void commented(int n) make no stub.

extern "C" __global__ void vector_add(float* __restrict__ y, const float* __restrict__ a, const float* __restrict__ b, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        y[i] = a[i] + b[i];
}

extern "C" __global__ void vector_scale(float* y, float factor, long long n)
{
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        y[i] *= factor;
}

// Called with a null pointer: the planted fault.
extern "C" __global__ void write_unchecked(float* y)
{
    y[4] = 1.0f;
}

template <typename T, int Factor>
__global__ void scale_by(T* y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        y[i] *= Factor;
}
