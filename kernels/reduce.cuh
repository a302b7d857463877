// Sums over blocks, on top of the warps' sums of prelude.cuh. The order is fixed by the sizes alone, so equal launches give equal bits.
#pragma once

// The sum over a block of whole warps, at most 32 of them, in every thread. `warps` is shared memory for 33 values. Ends with a barrier.
template <class T>
__device__ inline T block_sum(T value, T* warps)
{
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, count = blockDim.x >> 5;
    value = warp_sum(value);
    if (lane == 0) warps[warp] = value;
    __syncthreads();
    if (warp == 0)
    {
        T total = warp_sum(lane < count ? warps[lane] : T(0));
        if (lane == 0) warps[32] = total;
    }
    __syncthreads();
    value = warps[32];
    __syncthreads();
    return value;
}
