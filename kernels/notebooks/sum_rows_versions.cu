// Sums of columns over many rows, version by version. What ships is sum_rows_strips and sum_strips of ../rows.cu; CPU reference: SumRows of the reference device.
// Floor: 4 bytes a value, one addition each: memory decides, if enough threads ask for it.
//   sum_rows_1  a thread a column: coalesced, but no more threads than columns
//   sum_rows_2  32 columns a block, eight rows at a time, added in shared memory: eight times the threads, one block for all rows still
//   ships       strips of rows by blocks of their own, added by a second launch: enough blocks for every multiprocessor
#include "prelude.cuh"

#define DEEP 8

extern "C" __global__ void sum_rows_1(float* y, const float* x, long long rows, int columns)
{
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= columns) return;
    float sum = 0.0f;
    for (long long r = 0; r < rows; r++) sum += x[r * columns + c];
    y[c] = sum;
}

extern "C" __global__ void sum_rows_2(float* y, const float* x, long long rows, int columns)
{
    __shared__ float lanes[DEEP][33];
    int c = blockIdx.x * 32 + threadIdx.x;
    float sum = 0.0f;
    if (c < columns)
    {
        for (long long r = threadIdx.y; r < rows; r += DEEP) sum += x[r * columns + c];
    }
    lanes[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y != 0 || c >= columns) return;
    for (int k = 1; k < DEEP; k++) sum += lanes[k][threadIdx.x];
    y[c] = sum;
}
