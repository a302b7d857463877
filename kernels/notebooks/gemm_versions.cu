// Products of row-major matrices, c = a b, version by version. What ships is gemm of ../gemm.cu where there is no cuBLAS; CPU reference: Gemm of the reference device.
// Floor: 2 rows columns depth operations; 4 bytes for each value of the three matrices.
//   gemm_1  a thread a result: every value of a and b is read from memory again for each result that needs it
//   gemm_2  tiles of 32 x 32 in shared memory: memory is read a 32nd as often; two shared reads for each multiply-add now decide
//   ships   64 x 64 results a block, 4 x 4 a thread in registers: eight shared reads for sixteen multiply-adds
#include "prelude.cuh"

#define TILE 32

extern "C" __global__ void gemm_1(float* c, const float* a, const float* b, int rows, int columns, int depth)
{
    int row = blockIdx.y * blockDim.y + threadIdx.y, column = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows || column >= columns) return;
    float sum = 0.0f;
    for (int k = 0; k < depth; k++) sum += a[(long long)row * depth + k] * b[(long long)k * columns + column];
    c[(long long)row * columns + column] = sum;
}

extern "C" __global__ void gemm_2(float* c, const float* a, const float* b, int rows, int columns, int depth)
{
    __shared__ float aTile[TILE][TILE + 1];
    __shared__ float bTile[TILE][TILE + 1];
    int row = blockIdx.y * TILE + threadIdx.y, column = blockIdx.x * TILE + threadIdx.x;
    float sum = 0.0f;
    for (int k0 = 0; k0 < depth; k0 += TILE)
    {
        int k = k0 + threadIdx.x, l = k0 + threadIdx.y;
        aTile[threadIdx.y][threadIdx.x] = row < rows && k < depth ? a[(long long)row * depth + k] : 0.0f;
        bTile[threadIdx.y][threadIdx.x] = column < columns && l < depth ? b[(long long)l * columns + column] : 0.0f;
        __syncthreads();
        for (int at = 0; at < TILE; at++) sum += aTile[threadIdx.y][at] * bTile[at][threadIdx.x];
        __syncthreads();
    }
    if (row < rows && column < columns) c[(long long)row * columns + column] = sum;
}
