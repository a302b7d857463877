// Matrix products without cuBLAS, and the bias that cuBLAS does not add. 64 x 64 results a block, 16 deep; each of 256 threads keeps 4 x 4 of them.
#include "prelude.cuh"

#define SIDE 64
#define DEPTH 16

struct GemmShape
{
    int rows, columns, depth;
    int aStride, bStride, cStride;
    long long aBatch, bBatch, cBatch;
    int aTransposed, bTransposed;
    float alpha, beta;
};

// c = alpha a b + beta c + bias for each matrix of a batch (blockIdx.z); with beta = 0 the old c is not read
extern "C" __global__ void gemm(float* c, const float* __restrict__ a, const float* __restrict__ b, const float* __restrict__ bias, GemmShape s)
{
    __shared__ float aTile[DEPTH][SIDE + 1];
    __shared__ float bTile[DEPTH][SIDE + 1];
    a += blockIdx.z * s.aBatch;
    b += blockIdx.z * s.bBatch;
    c += blockIdx.z * s.cBatch;
    int row0 = blockIdx.y * SIDE, column0 = blockIdx.x * SIDE, ty = threadIdx.x / 16, tx = threadIdx.x % 16;
    float sums[4][4];
    for (int i = 0; i < 4; i++)
    {
        for (int j = 0; j < 4; j++) sums[i][j] = 0.0f;
    }
    for (int k0 = 0; k0 < s.depth; k0 += DEPTH)
    {
        for (int at = threadIdx.x; at < SIDE * DEPTH; at += blockDim.x)
        {
            // Neighbouring threads read neighbouring words of what is stored, transposed or not.
            int i = s.aTransposed ? at % SIDE : at / DEPTH, k = s.aTransposed ? at / SIDE : at % DEPTH;
            bool there = row0 + i < s.rows && k0 + k < s.depth;
            long long from = s.aTransposed ? (long long)(k0 + k) * s.aStride + row0 + i : (long long)(row0 + i) * s.aStride + k0 + k;
            aTile[k][i] = there ? a[from] : 0.0f;
            int j = s.bTransposed ? at / DEPTH : at % SIDE, l = s.bTransposed ? at % DEPTH : at / SIDE;
            there = column0 + j < s.columns && k0 + l < s.depth;
            from = s.bTransposed ? (long long)(column0 + j) * s.bStride + k0 + l : (long long)(k0 + l) * s.bStride + column0 + j;
            bTile[l][j] = there ? b[from] : 0.0f;
        }
        __syncthreads();
        for (int k = 0; k < DEPTH; k++)
        {
            for (int i = 0; i < 4; i++)
            {
                for (int j = 0; j < 4; j++) sums[i][j] += aTile[k][ty + 16 * i] * bTile[k][tx + 16 * j];
            }
        }
        __syncthreads();
    }
    for (int i = 0; i < 4; i++)
    {
        for (int j = 0; j < 4; j++)
        {
            int row = row0 + ty + 16 * i, column = column0 + tx + 16 * j;
            if (row >= s.rows || column >= s.columns) continue;
            float* to = c + (long long)row * s.cStride + column;
            float value = s.alpha * sums[i][j];
            if (s.beta != 0.0f) value += s.beta * *to;
            *to = bias ? value + bias[column] : value;
        }
    }
}

// c[batch, r, j] += bias[j]
extern "C" __global__ void add_bias(float* c, const float* bias, long long n, int rows, int columns, int cStride, long long cBatch)
{
    FOR_EACH(i, n)
    {
        int j = (int)(i % columns);
        long long r = i / columns;
        c[r / rows * cBatch + r % rows * cStride + j] += bias[j];
    }
}
