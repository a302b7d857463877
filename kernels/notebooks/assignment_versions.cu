// The nearest network of every query over all orders of its hidden units, version by version. What ships is aligned_tiles and aligned_decide of ../assignment.cu; CPU
// reference: NearestAlignedRows of the reference device. Floor: for each pair two fused operations for each element of each pair of units, and one assignment.
//   assignment_1_*  costs of all pairs in memory, then a thread an assignment, then a thread a query: 8 hidden^2 bytes a pair, the way of a framework and a solver
//   assignment_2    a block a query: costs in shared memory, one thread solves; no matrix of pairs, but the block waits for that thread
//   ships           tiles of networks in single precision, a bound that settles nearly all pairs, and a warp for each that is left
#include "prelude.cuh"

#define MOST 64

__device__ inline double unit_cost(const float* a, const float* b, int n)
{
    double sum = 0.0;
    for (int c = 0; c < n; c++)
    {
        double d = (double)a[c] - (double)b[c];
        sum += d * d;
    }
    return sum;
}

// The least sum of one entry in each row and column, by shortest augmenting paths from row to row (Kuhn, Munkres). Column n stands for "none yet".
__device__ inline double least_assignment(const double* costs, int n)
{
    double rowPrice[MOST], columnPrice[MOST + 1], reach[MOST];
    int rowOf[MOST + 1], before[MOST];
    bool done[MOST + 1];
    for (int j = 0; j <= n; j++)
    {
        columnPrice[j] = 0.0;
        rowOf[j] = -1;
    }
    for (int i = 0; i < n; i++) rowPrice[i] = 0.0;
    for (int i = 0; i < n; i++)
    {
        int column = n;
        rowOf[n] = i;
        for (int j = 0; j < n; j++) reach[j] = infinity();
        for (int j = 0; j <= n; j++) done[j] = false;
        while (rowOf[column] >= 0)
        {
            done[column] = true;
            int row = rowOf[column], next = -1;
            for (int j = 0; j < n; j++)
            {
                if (done[j]) continue;
                double through = costs[row * n + j] - rowPrice[row] - columnPrice[j];
                if (through < reach[j])
                {
                    reach[j] = through;
                    before[j] = column;
                }
                if (next < 0 || reach[j] < reach[next]) next = j;
            }
            double step = reach[next];
            for (int j = 0; j <= n; j++)
            {
                if (done[j])
                {
                    rowPrice[rowOf[j]] += step;
                    columnPrice[j] -= step;
                }
                else
                {
                    reach[j] -= step;
                }
            }
            column = next;
        }
        while (column != n)
        {
            rowOf[column] = rowOf[before[column]];
            column = before[column];
        }
    }
    double sum = 0.0;
    for (int j = 0; j < n; j++) sum += costs[rowOf[j] * n + j];
    return sum;
}

// costs[query, reference, unit, unit]
extern "C" __global__ void assignment_1_costs(double* costs, const float* units, const float* referenceUnits, long long n, int others, int hidden, int group)
{
    FOR_EACH(i, n)
    {
        long long pair = i / hidden / hidden;
        long long mine = pair / others * hidden + i / hidden % hidden, theirs = pair % others * hidden + i % hidden;
        costs[i] = unit_cost(units + mine * group, referenceUnits + theirs * group, group);
    }
}

extern "C" __global__ void assignment_1_solve(
    double* distances, const double* costs, const float* biases, const float* referenceBiases, long long pairs, int others, int hidden, int outputs)
{
    FOR_EACH(pair, pairs)
    {
        distances[pair] = least_assignment(costs + pair * hidden * hidden, hidden) +
                          unit_cost(biases + pair / others * outputs, referenceBiases + pair % others * outputs, outputs);
    }
}

extern "C" __global__ void assignment_1_least(double* squared, int* index, const double* distances, int count, int others)
{
    FOR_EACH(q, count)
    {
        double least = infinity();
        int at = -1;
        for (int r = 0; r < others; r++)
        {
            if (distances[q * others + r] < least)
            {
                least = distances[q * others + r];
                at = r;
            }
        }
        squared[q] = least;
        index[q] = at;
    }
}

extern "C" __global__ void assignment_2(
    double* squared, int* index, const float* units, const float* referenceUnits, const float* biases, const float* referenceBiases, int others, int hidden, int group,
    int outputs)
{
    DYN_SHARED(double, costs);
    const float *mine = units + (long long)blockIdx.x * hidden * group, *bias = biases + (long long)blockIdx.x * outputs;
    double least = infinity();
    int at = -1;
    for (int r = 0; r < others; r++)
    {
        const float* theirs = referenceUnits + (long long)r * hidden * group;
        for (int i = threadIdx.x; i < hidden * hidden; i += blockDim.x) costs[i] = unit_cost(mine + i / hidden * group, theirs + i % hidden * group, group);
        __syncthreads();
        if (threadIdx.x == 0)
        {
            double distance = least_assignment(costs, hidden) + unit_cost(bias, referenceBiases + (long long)r * outputs, outputs);
            if (distance < least)
            {
                least = distance;
                at = r;
            }
        }
        __syncthreads();
    }
    if (threadIdx.x != 0) return;
    squared[blockIdx.x] = least;
    index[blockIdx.x] = at;
}
