// Rows and columns picked by number. Writes of values never collide, so none is atomic and sums have one order; only integers are counted atomically.
#include "prelude.cuh"

#define THREADS 128 // of a block that adds listed rows
#define LISTED 1024 // rows that it puts in order

// y[i, :] = x[index[i], :]
extern "C" __global__ void gather_rows(float* __restrict__ y, const float* __restrict__ x, const int* __restrict__ index, long long rows, int columns)
{
    FOR_EACH(i, rows * columns) y[i] = x[(long long)index[i / columns] * columns + i % columns];
}

// dx[index[i], :] += dy[i, :] in increasing i. For small tables a thread owns one element of dx and looks through the whole index; for large ones the four kernels after
// this list each target's rows first, and the sums are the same to the bit.
extern "C" __global__ void scatter_add_rows(float* __restrict__ dx, const float* __restrict__ dy, const int* __restrict__ index, long long rows, int targets, int columns)
{
    FOR_EACH(i, (long long)targets * columns)
    {
        int target = (int)(i / columns), c = (int)(i % columns);
        float sum = dx[i];
        for (long long r = 0; r < rows; r++)
        {
            if (index[r] == target) sum += dy[r * columns + c];
        }
        dx[i] = sum;
    }
}

// counts[t] = how many rows go to target t; zero before
extern "C" __global__ void count_targets(int* counts, const int* index, long long rows)
{
    FOR_EACH(r, rows) atomicAdd(counts + index[r], 1);
}

// starts[t] = where the list of target t begins. Lists lie in any order and so do their entries: whoever reads one puts it in order.
extern "C" __global__ void place_lists(int* starts, const int* counts, int* end, int targets)
{
    FOR_EACH(t, targets) starts[t] = counts[t] > 0 ? atomicAdd(end, counts[t]) : 0;
}

// Writes each row's number into its target's list; filled is zero before
extern "C" __global__ void list_rows(int* list, int* filled, const int* starts, const int* index, long long rows)
{
    FOR_EACH(r, rows)
    {
        int target = index[r];
        list[starts[target] + atomicAdd(filled + target, 1)] = (int)r;
    }
}

__device__ inline void add_listed(float* to, const float* dy, const int* list, int count, int columns)
{
    for (int c = threadIdx.x; c < columns; c += blockDim.x)
    {
        float sum = to[c];
        for (int i = 0; i < count; i++) sum += dy[(long long)list[i] * columns + c];
        to[c] = sum;
    }
}

// A block a target: a list of up to LISTED rows is put in order; for a longer one the block looks through the index, THREADS entries at a time.
extern "C" __global__ void scatter_add_lists(
    float* __restrict__ dx, const float* __restrict__ dy, const int* __restrict__ index, const int* __restrict__ counts, const int* __restrict__ starts,
    const int* __restrict__ list, long long rows, int targets, int columns)
{
    __shared__ int unordered[LISTED];
    __shared__ int ordered[LISTED];
    __shared__ int found[THREADS / 32];
    int warp = threadIdx.x >> 5;
    for (int target = blockIdx.x; target < targets; target += gridDim.x)
    {
        int count = counts[target];
        float* to = dx + (long long)target * columns;
        if (count == 0) continue;
        if (count <= LISTED)
        {
            for (int i = threadIdx.x; i < count; i += THREADS) unordered[i] = list[starts[target] + i];
            __syncthreads();
            for (int i = threadIdx.x; i < count; i += THREADS)
            {
                int place = 0;
                for (int j = 0; j < count; j++) place += unordered[j] < unordered[i];
                ordered[place] = unordered[i];
            }
            __syncthreads();
            add_listed(to, dy, ordered, count, columns);
            __syncthreads();
            continue;
        }
        for (long long start = 0; start < rows; start += THREADS)
        {
            long long r = start + threadIdx.x;
            bool mine = r < rows && index[r] == target;
            unsigned lanes = __ballot_sync(FULL_MASK, mine);
            if (LANE == 0) found[warp] = __popc(lanes);
            __syncthreads();
            int place = __popc(lanes & ((1u << LANE) - 1)), all = 0;
            for (int w = 0; w < THREADS / 32; w++)
            {
                if (w < warp) place += found[w];
                all += found[w];
            }
            if (mine) ordered[place] = (int)r;
            __syncthreads();
            add_listed(to, dy, ordered, all, columns);
            __syncthreads();
        }
    }
}

// y[r, c] = x[r, index[r, c]]
extern "C" __global__ void gather_columns(float* __restrict__ y, const float* __restrict__ x, const int* __restrict__ index, long long n, int columns)
{
    FOR_EACH(i, n) y[i] = x[i / columns * columns + index[i]];
}

// y[r, yColumn + c] = x[r, xColumn + c] for c below columns, or += that
extern "C" __global__ void copy_columns(
    float* y, int yWidth, int yColumn, const float* x, int xWidth, int xColumn, long long rows, int columns, int accumulate)
{
    FOR_EACH(i, rows * columns)
    {
        long long r = i / columns;
        int c = (int)(i % columns);
        float value = x[r * xWidth + xColumn + c];
        float* to = y + r * yWidth + yColumn + c;
        *to = accumulate ? *to + value : value;
    }
}

// y = row `row` of a table of rows of n values; a recorded launch moves with the step
extern "C" __global__ void select_row(float* y, const float* table, long long n, long long row, const int* advance)
{
    const float* from = table + moved(row, advance) * n;
    FOR_EACH(i, n) y[i] = from[i];
}
