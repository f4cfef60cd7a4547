// Multi-scale deformable attention: a block per query; the corners' offsets and weights of one head are
// computed once into shared memory, then all channels of the head use them.
#include <cstdio>
#include <cstdlib>

#include <cuda_runtime.h>

#define CUDA_CHECK(call)                                                           \
    do {                                                                           \
        cudaError_t err_ = (call);                                                 \
        if (err_ != cudaSuccess) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,                     \
                    cudaGetErrorString(err_));                                     \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

#define LEVELS 4
#define POINTS 4
#define PIXELS 13101

__constant__ int level_height[LEVELS] = {84, 42, 21, 11};
__constant__ int level_width[LEVELS] = {117, 59, 30, 15};
__constant__ int level_start[LEVELS] = {0, 9828, 12306, 12936};

__global__ void deformable_block(const float *value, const float *locations, const float *weights,
                                 float *y, int queries, int heads, int d) {
    __shared__ int pixel[LEVELS * POINTS * 4];
    __shared__ float factor[LEVELS * POINTS * 4];
    const int tid = threadIdx.x;
    const int bq = blockIdx.y * queries + blockIdx.x;

    for (int head = 0; head < heads; ++head) {
        if (tid < LEVELS * POINTS * 4) {
            const int corner = tid % 4;
            const int sample = tid / 4;
            const int level = sample / POINTS;
            const int at = (bq * heads + head) * LEVELS * POINTS + sample;
            const int w = level_width[level];
            const int h = level_height[level];
            const float px = locations[2 * at] * w - 0.5f;
            const float py = locations[2 * at + 1] * h - 0.5f;
            const bool near_image = px > -1.0f && py > -1.0f && px < w && py < h;
            const float lowx = floorf(px);
            const float lowy = floorf(py);
            const int cx = near_image ? (int)lowx + (corner & 1) : -1;
            const int cy = near_image ? (int)lowy + (corner >> 1) : -1;
            const float wx = (corner & 1) ? px - lowx : 1.0f - (px - lowx);
            const float wy = (corner >> 1) ? py - lowy : 1.0f - (py - lowy);
            const bool inside = cx >= 0 && cy >= 0 && cx < w && cy < h;
            pixel[tid] = inside ? level_start[level] + cy * w + cx : 0;
            factor[tid] = inside ? weights[at] * wx * wy : 0.0f;
        }
        __syncthreads();
        for (int c = tid; c < d; c += blockDim.x) {
            float sum = 0.0f;
            for (int s = 0; s < LEVELS * POINTS * 4; ++s) {
                const size_t p = (size_t)blockIdx.y * PIXELS + pixel[s];
                sum += factor[s] * value[(p * heads + head) * d + c];
            }
            y[((size_t)bq * heads + head) * d + c] = sum;
        }
        __syncthreads();
    }
}

extern "C" void deformable_attention_shared(const float *value, const float *locations,
                                            const float *weights, float *y, int batch,
                                            int queries, int heads, int d) {
    float *d_value = nullptr;
    float *d_locations = nullptr;
    float *d_weights = nullptr;
    float *d_y = nullptr;
    CUDA_CHECK(cudaMalloc(&d_value, (size_t)batch * PIXELS * heads * d * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_locations, (size_t)batch * queries * heads * 32 * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_weights, (size_t)batch * queries * heads * 16 * sizeof(float)));
    CUDA_CHECK(cudaMalloc(&d_y, (size_t)batch * queries * heads * d * sizeof(float)));
    CUDA_CHECK(cudaMemcpy(d_value, value, (size_t)batch * PIXELS * heads * d * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_locations, locations, (size_t)batch * queries * heads * 32 * sizeof(float), cudaMemcpyHostToDevice));
    CUDA_CHECK(cudaMemcpy(d_weights, weights, (size_t)batch * queries * heads * 16 * sizeof(float), cudaMemcpyHostToDevice));

    dim3 grid(queries, batch);
    deformable_block<<<grid, 128>>>(d_value, d_locations, d_weights, d_y, queries, heads, d);
    CUDA_CHECK(cudaGetLastError());
    CUDA_CHECK(cudaDeviceSynchronize());

    CUDA_CHECK(cudaMemcpy(y, d_y, (size_t)batch * queries * heads * d * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CHECK(cudaFree(d_value));
    CUDA_CHECK(cudaFree(d_locations));
    CUDA_CHECK(cudaFree(d_weights));
    CUDA_CHECK(cudaFree(d_y));
}
