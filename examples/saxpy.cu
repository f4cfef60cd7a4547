/* y = a * x + y with a grid-stride loop. The host side is plain C. */
#include <cuda_runtime.h>

__global__ void saxpy(int n, float a, const float *__restrict__ x, float *__restrict__ y)
{
    int stride = gridDim.x * blockDim.x;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride)
        y[i] = a * x[i] + y[i];
}

extern "C" void launch_saxpy(int n, float a, const float *x, float *y)
{
    float *dev_x = 0;
    float *dev_y = 0;
    size_t size = (size_t)n * sizeof(float);

    cudaMalloc((void **)&dev_x, size);
    cudaMalloc((void **)&dev_y, size);
    cudaMemcpy(dev_x, x, size, cudaMemcpyHostToDevice);
    cudaMemcpy(dev_y, y, size, cudaMemcpyHostToDevice);

    saxpy<<<32, 128>>>(n, a, dev_x, dev_y);

    cudaMemcpy(y, dev_y, size, cudaMemcpyDeviceToHost);
    cudaFree(dev_x);
    cudaFree(dev_y);
}
