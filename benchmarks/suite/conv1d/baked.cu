// Three-tap convolution, one thread per output, the size written into the kernel.
#include <cuda_runtime.h>

__global__ void conv1d_kernel(float *input, float *kernel, float *output) {
    int idx = blockIdx.x * blockDim.x + threadIdx.x;
    if (idx < ${n}) {
        float sum = 0.0f;
        for (int j = 0; j < 3; j++) {
            sum += input[idx + j] * kernel[j];
        }
        output[idx] = sum;
    }
}

extern "C" void conv1d_baked(const float *x, const float *w, float *y) {
    float *d_x;
    float *d_w;
    float *d_y;
    cudaStream_t stream;
    cudaMalloc(&d_x, (${n} + 2) * sizeof(float));
    cudaMalloc(&d_w, 3 * sizeof(float));
    cudaMalloc(&d_y, ${n} * sizeof(float));
    cudaStreamCreate(&stream);
    cudaMemcpyAsync(d_x, x, (${n} + 2) * sizeof(float), cudaMemcpyHostToDevice, stream);
    cudaMemcpyAsync(d_w, w, 3 * sizeof(float), cudaMemcpyHostToDevice, stream);

    conv1d_kernel<<<(${n} + 31) / 32, 32, 0, stream>>>(d_x, d_w, d_y);

    cudaMemcpyAsync(y, d_y, ${n} * sizeof(float), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    cudaStreamDestroy(stream);
    cudaFree(d_x);
    cudaFree(d_w);
    cudaFree(d_y);
}
