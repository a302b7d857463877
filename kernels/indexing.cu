// Rows and columns picked by number. Writes never collide, so nothing is atomic and sums have one order.
#include "prelude.cuh"

// y[i, :] = x[index[i], :]
extern "C" __global__ void gather_rows(float* __restrict__ y, const float* __restrict__ x, const int* __restrict__ index, long long rows, int columns)
{
    FOR_EACH(i, rows * columns) y[i] = x[(long long)index[i / columns] * columns + i % columns];
}

// dx[index[i], :] += dy[i, :] in increasing i: a thread owns one element of dx and looks through the whole index
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
