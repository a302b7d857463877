// The most similar error mask of every query mask, version by version. What ships is similar_tiles and similar_decide of ../masks.cu; CPU reference: MostSimilarMasks of
// the reference device. Floor: one population count of 64 bits for each word of each pair; the masks once from memory.
//   mask_1  a thread a query: both counts of every pair, neighbouring threads a mask apart
//   mask_2  a warp a query, a lane a word: coalesced; every reference is read for every query
//   ships   tiles of 64 x 64, the bits of either from the bits of both: one count, and each word is read once for 64 pairs
#include "prelude.cuh"

__device__ inline void keep_better(double* best, int* at, int both, int either, int index)
{
    double similarity = either == 0 ? 1.0 : (double)both / (double)either;
    if (*at < 0 || similarity > *best)
    {
        *best = similarity;
        *at = index;
    }
}

extern "C" __global__ void mask_1(
    double* similarity, int* index, const unsigned long long* masks, const unsigned long long* referenceMasks, int count, int others, int words)
{
    FOR_EACH(q, count)
    {
        double best = 0.0;
        int at = -1;
        for (int r = 0; r < others; r++)
        {
            int both = 0, either = 0;
            for (int w = 0; w < words; w++)
            {
                u64 a = masks[q * words + w], b = referenceMasks[(long long)r * words + w];
                both += __popcll(a & b);
                either += __popcll(a | b);
            }
            keep_better(&best, &at, both, either, r);
        }
        similarity[q] = best;
        index[q] = at;
    }
}

extern "C" __global__ void mask_2(
    double* similarity, int* index, const unsigned long long* masks, const unsigned long long* referenceMasks, int count, int others, int words)
{
    long long q = ROW_OF_WARP;
    if (q >= count) return; // whole warps leave together, and there is no block barrier
    double best = 0.0;
    int at = -1;
    for (int r = 0; r < others; r++)
    {
        int both = 0, either = 0;
        for (int w = LANE; w < words; w += 32)
        {
            u64 a = masks[q * words + w], b = referenceMasks[(long long)r * words + w];
            both += __popcll(a & b);
            either += __popcll(a | b);
        }
        keep_better(&best, &at, warp_sum(both), warp_sum(either), r);
    }
    if (LANE == 0)
    {
        similarity[q] = best;
        index[q] = at;
    }
}
