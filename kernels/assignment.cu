// The nearest networks of every query over all orders of their hidden units, exactly. The units of all networks are rows; a tile of units holds all costs of a
// few networks with a few networks (6 x 6 of 10 units, one pair of 33 to 64), and never leaves the chip: it is bounded, and where the bound does not settle it
// solved, by one warp for each pair. Lists, merging and the decision in double precision are those of distance.cu.
// Floors on an H100: a pair of networks of 10 units of 800 values is 100 x 800 elements of two instructions, so 600 x 600 pairs are 2.9e10 elements, 1.7 ms,
// and 10 times a plain distance; a tile of 60 x 60 units uses 88 % of its 64 x 64. An assignment that is solved takes a warp about 10^4 cycles at 10 units;
// that would be as much as the costs if it were not for the bound, which settles nearly all pairs.
#include "prelude.cuh"
#include "pairs.cuh"

#define MOST_UNITS 64
#define MOST_NETWORKS 16 // of either side of a tile
#define WARPS 8

// What a warp needs to solve one assignment.
struct AssignmentWork
{
    double rowPrice[MOST_UNITS];
    int rowOf[MOST_UNITS];    // of each column: the row that has it, or -1
    int previous[MOST_UNITS]; // of each column: the column before it on the shortest path, or -1
};

// A warp reads its lane's rows (or columns) of a cost matrix: the least entry of each and where it is; the first of equals.
template <class T>
__device__ inline T least_of(const T* costs, int step, int n, int* at)
{
    T least = costs[0];
    *at = 0;
    for (int j = 1; j < n; j++)
    {
        T cost = costs[j * step];
        if (cost < least)
        {
            least = cost;
            *at = j;
        }
    }
    return least;
}

// Starts an assignment with row minima for prices; each column goes to the first row that has its minimum there. Returns the sum of the row minima, a lower
// bound and, if no row is open, the assignment itself. Bit i of the result's open rows: row i has no column.
template <class T>
__device__ inline T assignment_start(const T* costs, int pitch, int n, AssignmentWork* work, u64* open)
{
    T sum = T(0);
    int wanted[2] = {0, 0};
    for (int half = 0; half < 2; half++)
    {
        int row = half * WARP_SIZE + LANE;
        if (row >= n) continue;
        T least = least_of(costs + row * pitch, 1, n, &wanted[half]);
        sum += least;
        work->rowPrice[row] = static_cast<double>(least);
        work->rowOf[row] = MOST_UNITS;
    }
    __syncwarp();
    for (int half = 0; half < 2; half++)
    {
        int row = half * WARP_SIZE + LANE;
        if (row < n) atomicMin(&work->rowOf[wanted[half]], row);
    }
    __syncwarp();
    u64 rows = 0;
    for (int half = 0; half < 2; half++)
    {
        int row = half * WARP_SIZE + LANE;
        bool without = row < n && work->rowOf[wanted[half]] != row;
        rows |= static_cast<u64>(__ballot_sync(FULL_MASK, without)) << (half * WARP_SIZE);
    }
    for (int half = 0; half < 2; half++)
    {
        int column = half * WARP_SIZE + LANE;
        if (column < n && work->rowOf[column] == MOST_UNITS) work->rowOf[column] = -1;
    }
    __syncwarp();
    *open = rows;
    return warp_sum(sum);
}

// Finds a column for every open row along shortest augmenting paths (Jonker and Volgenant 1987), lane l looking after columns l and l + 32; ties go to the lower
// column. Returns the cost of the assignment that work->rowOf holds then. All prices stay below the cost itself, so its error is relative to it: 1e-11 at most.
template <class T>
__device__ inline double assignment_finish(const T* costs, int pitch, int n, AssignmentWork* work, u64 open)
{
    int lane = LANE;
    double columnPrice[2] = {0.0, 0.0};
    while (open != 0)
    {
        int row = __ffsll(static_cast<long long>(open)) - 1, from = row, last = -1, column = 0, previous[2] = {-1, -1};
        open &= open - 1;
        double reach[2] = {infinity(), infinity()}, base = 0.0;
        bool done[2] = {lane >= n, lane + WARP_SIZE >= n};
        while (true)
        {
            double price = work->rowPrice[from], least = infinity();
            int at = MOST_UNITS;
            for (int half = 0; half < 2; half++)
            {
                int j = half * WARP_SIZE + lane;
                if (done[half]) continue;
                double through = base + (static_cast<double>(costs[from * pitch + j]) - price - columnPrice[half]);
                if (through < reach[half])
                {
                    reach[half] = through;
                    previous[half] = last;
                }
                if (reach[half] < least)
                {
                    least = reach[half];
                    at = j;
                }
            }
            for (int distance = WARP_SIZE / 2; distance > 0; distance /= 2)
            {
                double other = __shfl_xor_sync(FULL_MASK, least, distance);
                int otherAt = __shfl_xor_sync(FULL_MASK, at, distance);
                if (other < least || (other == least && otherAt < at))
                {
                    least = other;
                    at = otherAt;
                }
            }
            base = least;
            column = at;
            if (column == lane) done[0] = true;
            if (column == lane + WARP_SIZE) done[1] = true;
            if (work->rowOf[column] < 0) break; // the whole warp
            from = work->rowOf[column];
            last = column;
        }
        __syncwarp(); // every lane has read the prices
        for (int half = 0; half < 2; half++)
        {
            int j = half * WARP_SIZE + lane;
            if (j >= n) continue;
            work->previous[j] = previous[half];
            if (!done[half] || j == column) continue;
            double step = base - reach[half]; // every column has another row: no two lanes meet
            work->rowPrice[work->rowOf[j]] += step;
            columnPrice[half] -= step;
        }
        if (lane == 0) work->rowPrice[row] += base;
        __syncwarp();
        if (lane == 0)
        {
            while (work->previous[column] >= 0)
            {
                work->rowOf[column] = work->rowOf[work->previous[column]];
                column = work->previous[column];
            }
            work->rowOf[column] = row;
        }
        __syncwarp();
    }
    double sum = 0.0;
    for (int j = lane; j < n; j += WARP_SIZE) sum += static_cast<double>(costs[work->rowOf[j] * pitch + j]);
    return warp_sum(sum);
}

// values and indices [queries, slices, LIST]; blocks (tiles of `networks` queries, slices) of 256 threads; networks * hidden <= TILE
extern "C" __global__ void aligned_tiles(
    float* values, int* indices, const float* queryUnits, const float* referenceUnits, const float* queryBiases, const float* referenceBiases,
    const int* queryMarks, const int* referenceMarks, int queryCount, int referenceCount, int hidden, int group, int outputs, int networks, int k, float keep,
    float floor)
{
    __shared__ __align__(16) float stage[STAGE];
    __shared__ float listValues[MOST_NETWORKS * LIST];
    __shared__ int listIndices[MOST_NETWORKS * LIST];
    __shared__ float pairs[MOST_NETWORKS * MOST_NETWORKS]; // squared distance, or -1 for a pair that is left out
    __shared__ AssignmentWork works[WARPS];
    const float largest = 3.402823466e38f;
    const int pitch = TILE + 1;
    int first = blockIdx.x * networks, warp = threadIdx.x >> 5, lane = LANE, tx = threadIdx.x & 15, ty = threadIdx.x >> 4;
    int queries = queryCount - first < networks ? queryCount - first : networks;
    for (int i = threadIdx.x; i < MOST_NETWORKS * LIST; i += blockDim.x)
    {
        listValues[i] = infinity();
        listIndices[i] = -1;
    }
    __syncthreads();
    long long tiles = ceil_div(referenceCount, networks);
    int from = static_cast<int>(tiles * blockIdx.y / gridDim.y), to = static_cast<int>(tiles * (blockIdx.y + 1) / gridDim.y);
    for (int tile = from; tile < to; tile++)
    {
        int start = tile * networks, references = referenceCount - start < networks ? referenceCount - start : networks;
        float sums[4][4];
        tile_distances(
            sums, stage, queryUnits, static_cast<long long>(first) * hidden, static_cast<long long>(first + queries) * hidden, referenceUnits,
            static_cast<long long>(start) * hidden, static_cast<long long>(start + references) * hidden, group);
        for (int i = 0; i < 4; i++)
        {
            // Finite costs keep the prices finite; a cost that overflowed is as good as any that large.
            for (int j = 0; j < 4; j++) stage[(4 * ty + i) * pitch + 4 * tx + j] = fminf(sums[i][j], largest);
        }
        __syncthreads();
        for (int p = warp; p < queries * references; p += WARPS)
        {
            int q = p / references, r = p % references;
            float value = -1.0f;
            if (!excluded(queryMarks, first + q, referenceMarks, start + r))
            {
                const float* costs = stage + q * hidden * pitch + r * hidden;
                float limit = keep * listValues[q * LIST + k - 1] + floor, columns = 0.0f;
                u64 open;
                float bound = assignment_start(costs, pitch, hidden, &works[warp], &open);
                for (int j = lane, at; j < hidden; j += WARP_SIZE) columns += least_of(costs + j, pitch, hidden, &at);
                columns = warp_sum(columns);
                float bias = static_cast<float>(direct_distance(
                    queryBiases + static_cast<long long>(first + q) * outputs, referenceBiases + static_cast<long long>(start + r) * outputs, outputs));
                if (open == 0) value = bound + bias;
                else if (fmaxf(bound, columns) + bias <= limit)
                    value = static_cast<float>(assignment_finish(costs, pitch, hidden, &works[warp], open)) + bias;
            }
            if (lane == 0) pairs[p] = value;
            __syncwarp();
        }
        __syncthreads();
        for (int q = warp; q < queries; q += WARPS)
        {
            float value = listValues[q * LIST + lane];
            int index = listIndices[q * LIST + lane];
            float candidate = lane < references ? pairs[q * references + lane] : -1.0f;
            list_offer(value, index, candidate, start + lane, candidate >= 0.0f, k, keep, floor);
            listValues[q * LIST + lane] = value;
            listIndices[q * LIST + lane] = index;
        }
    }
    __syncthreads();
    for (int q = warp; q < queries; q += WARPS)
    {
        long long place = (static_cast<long long>(first + q) * gridDim.y + blockIdx.y) * LIST + lane;
        values[place] = listValues[q * LIST + lane];
        indices[place] = listIndices[q * LIST + lane];
    }
}

// All costs of one pair of networks in double precision, by a whole block. Ends with a barrier.
__device__ inline void exact_costs(double* costs, const float* queryUnits, const float* referenceUnits, int query, int reference, int hidden, int group)
{
    for (int i = threadIdx.x >> 5; i < hidden * hidden; i += blockDim.x >> 5)
    {
        const float* a = queryUnits + (static_cast<long long>(query) * hidden + i / hidden) * group;
        const float* b = referenceUnits + (static_cast<long long>(reference) * hidden + i % hidden) * group;
        double cost = direct_distance(a, b, group);
        if (LANE == 0) costs[i] = cost;
    }
    __syncthreads();
}

// The exact squared distance of one pair, put in its place among the best. Ends with a barrier.
__device__ inline void exact_pair(
    double* best, int* bestIndex, double* costs, AssignmentWork* work, const float* queryUnits, const float* referenceUnits, const float* queryBiases,
    const float* referenceBiases, int query, int reference, int hidden, int group, int outputs)
{
    exact_costs(costs, queryUnits, referenceUnits, query, reference, hidden, group);
    if (threadIdx.x < WARP_SIZE)
    {
        u64 open;
        assignment_start(costs, hidden, hidden, work, &open);
        double distance = assignment_finish(costs, hidden, hidden, work, open);
        distance += direct_distance(queryBiases + static_cast<long long>(query) * outputs, referenceBiases + static_cast<long long>(reference) * outputs, outputs);
        double value = best[LANE];
        int index = bestIndex[LANE];
        list_insert(value, index, distance, reference);
        best[LANE] = value;
        bestIndex[LANE] = index;
    }
    __syncthreads();
}

// squared and index [queries, k], order [queries, k, hidden]; a block of 256 threads for each query; dynamic shared memory for hidden * hidden doubles
extern "C" __global__ void aligned_decide(
    double* squared, int* index, int* order, const float* values, const int* indices, const float* queryUnits, const float* referenceUnits,
    const float* queryBiases, const float* referenceBiases, const int* queryMarks, const int* referenceMarks, int referenceCount, int hidden, int group,
    int outputs, int slices, int k, float keep, float floor, double relative, double absolute)
{
    DYN_SHARED(double, costs);
    __shared__ AssignmentWork work;
    __shared__ float listValues[LIST];
    __shared__ int listIndices[LIST];
    __shared__ double best[LIST];
    __shared__ int bestIndex[LIST];
    int query = blockIdx.x, lane = LANE;
    if (threadIdx.x < WARP_SIZE)
    {
        float value = infinity();
        int at = -1;
        for (int s = 0; s < slices; s++)
        {
            long long place = (static_cast<long long>(query) * slices + s) * LIST + lane;
            list_offer(value, at, values[place], indices[place], indices[place] >= 0, k, keep, floor);
        }
        listValues[lane] = value;
        listIndices[lane] = at;
        best[lane] = infinity();
        bestIndex[lane] = -1;
    }
    __syncthreads();
    bool sure = false;
    for (int c = 0; c < LIST; c++)
    {
        sure = listIndices[c] < 0 || least_exact(listValues[c], relative, absolute) > best[k - 1];
        if (sure) break; // the whole block
        exact_pair(
            best, bestIndex, costs, &work, queryUnits, referenceUnits, queryBiases, referenceBiases, query, listIndices[c], hidden, group, outputs);
    }
    // A full list lost entries, all of them beyond its last one: where that is not beyond the k-th for certain, every reference is decided.
    sure = sure || least_exact(listValues[LIST - 1], relative, absolute) > best[k - 1];
    __syncthreads();
    if (!sure)
    {
        if (threadIdx.x < LIST)
        {
            best[lane] = infinity();
            bestIndex[lane] = -1;
        }
        for (int reference = 0; reference < referenceCount; reference++)
        {
            if (excluded(queryMarks, query, referenceMarks, reference)) continue; // the whole block
            exact_pair(
                best, bestIndex, costs, &work, queryUnits, referenceUnits, queryBiases, referenceBiases, query, reference, hidden, group, outputs);
        }
    }
    __syncthreads();
    for (int rank = 0; rank < k; rank++)
    {
        long long place = static_cast<long long>(query) * k + rank;
        int reference = bestIndex[rank];
        if (reference >= 0) exact_costs(costs, queryUnits, referenceUnits, query, reference, hidden, group);
        if (threadIdx.x < WARP_SIZE)
        {
            if (reference >= 0)
            {
                u64 open;
                assignment_start(costs, hidden, hidden, &work, &open);
                assignment_finish(costs, hidden, hidden, &work, open);
                for (int j = lane; j < hidden; j += WARP_SIZE) order[place * hidden + work.rowOf[j]] = j;
            }
            else
            {
                for (int j = lane; j < hidden; j += WARP_SIZE) order[place * hidden + j] = -1;
            }
            if (lane == 0)
            {
                squared[place] = best[rank];
                index[place] = reference;
            }
        }
        __syncthreads();
    }
}
