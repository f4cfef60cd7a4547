// 5x5 convolution of one-channel images, zero padding, the filter in constant memory.
#include <stdio.h>
#include <stdlib.h>

#include <cuda_runtime.h>

#define RADIUS 2
#define WIDTH_OF_FILTER (2 * RADIUS + 1)

__constant__ float c_filter[WIDTH_OF_FILTER * WIDTH_OF_FILTER];

#define check(expr) check_impl((expr), #expr, __FILE__, __LINE__)

static inline void check_impl(cudaError_t err, const char *expr, const char *file, int line) {
    if (err != cudaSuccess) {
        fprintf(stderr, "%s:%d: %s failed: %s\n", file, line, expr, cudaGetErrorString(err));
        exit(1);
    }
}

__global__ void conv2d(const float *image, float *result, int height, int width) {
    int col = blockIdx.x * blockDim.x + threadIdx.x;
    int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (row >= height || col >= width) return;

    float value = 0.0f;
    for (int dy = -RADIUS; dy <= RADIUS; ++dy) {
        for (int dx = -RADIUS; dx <= RADIUS; ++dx) {
            int y = row + dy;
            int x = col + dx;
            if (y < 0 || y >= height || x < 0 || x >= width) continue;
            value += image[y * width + x] *
                     c_filter[(dy + RADIUS) * WIDTH_OF_FILTER + (dx + RADIUS)];
        }
    }
    result[row * width + col] = value;
}

extern "C" void conv2d_host(const float *image, const float *filter, float *result, int height,
                            int width) {
    float *d_image = NULL, *d_result = NULL;
    size_t bytes = (size_t)height * width * sizeof(float);

    check(cudaMalloc((void **)&d_image, bytes));
    check(cudaMalloc((void **)&d_result, bytes));
    check(cudaMemcpy(d_image, image, bytes, cudaMemcpyHostToDevice));
    check(cudaMemcpyToSymbol(c_filter, filter,
                             WIDTH_OF_FILTER * WIDTH_OF_FILTER * sizeof(float)));

    dim3 block(32, 8);
    dim3 grid((width + block.x - 1) / block.x, (height + block.y - 1) / block.y);
    conv2d<<<grid, block>>>(d_image, d_result, height, width);
    check(cudaGetLastError());
    check(cudaDeviceSynchronize());

    check(cudaMemcpy(result, d_result, bytes, cudaMemcpyDeviceToHost));
    check(cudaFree(d_image));
    check(cudaFree(d_result));
}
