// How a kernel slides over grids [batch, height, width, channels]: convolutions and poolings.
#pragma once

struct WindowSizes
{
    int height, width, kernelHeight, kernelWidth, strideHeight, strideWidth, padHeight, padWidth, outHeight, outWidth;
};

// The pixel of the batch that a tap of the window sees from an output's place, or -1 in the padding.
__device__ inline long long seen_pixel(WindowSizes w, long long place, int tap)
{
    int ox = (int)(place % w.outWidth), oy = (int)(place / w.outWidth % w.outHeight);
    int y = oy * w.strideHeight - w.padHeight + tap / w.kernelWidth, x = ox * w.strideWidth - w.padWidth + tap % w.kernelWidth;
    if (y < 0 || y >= w.height || x < 0 || x >= w.width) return -1;
    return (place / w.outWidth / w.outHeight * w.height + y) * w.width + x;
}

// The output's place that sees a pixel of the batch by a tap, or -1 if none does.
__device__ inline long long seeing_place(WindowSizes w, long long pixel, int tap)
{
    int x = (int)(pixel % w.width) + w.padWidth - tap % w.kernelWidth, y = (int)(pixel / w.width % w.height) + w.padHeight - tap / w.kernelWidth;
    if (x < 0 || y < 0 || x % w.strideWidth != 0 || y % w.strideHeight != 0) return -1;
    x /= w.strideWidth;
    y /= w.strideHeight;
    if (x >= w.outWidth || y >= w.outHeight) return -1;
    return (pixel / w.width / w.height * w.outHeight + y) * w.outWidth + x;
}
