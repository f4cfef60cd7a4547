// Multi-scale deformable attention, four levels and four points, one thread per output, bilinear
// sampling with zeros outside, the sizes written into the kernel.
#include <cuda_runtime.h>

__global__ void deformable(const float *value, const float *locations, const float *weights, float *y) {
    const int heights[4] = {84, 42, 21, 11};
    const int widths[4] = {117, 59, 30, 15};
    const int starts[4] = {0, 9828, 12306, 12936};

    const int idx = blockIdx.x * 256 + threadIdx.x;
    if (idx >= ${batch} * ${queries} * ${heads} * ${d}) return;
    const int channel = idx % ${d};
    const int head = idx / ${d} % ${heads};
    const int query = idx / (${d} * ${heads}) % ${queries};
    const int b = idx / (${d} * ${heads} * ${queries});

    float sum = 0.0f;
    for (int level = 0; level < 4; ++level) {
        const int h = heights[level];
        const int w = widths[level];
        for (int point = 0; point < 4; ++point) {
            const int at = (((b * ${queries} + query) * ${heads} + head) * 4 + level) * 4 + point;
            const float x = locations[2 * at] * w - 0.5f;
            const float yy = locations[2 * at + 1] * h - 0.5f;
            if (x <= -1.0f || yy <= -1.0f || x >= w || yy >= h) continue;
            const int x0 = (int)floorf(x);
            const int y0 = (int)floorf(yy);
            const float fx = x - x0;
            const float fy = yy - y0;
            float sample = 0.0f;
            for (int corner = 0; corner < 4; ++corner) {
                const int cx = x0 + corner % 2;
                const int cy = y0 + corner / 2;
                if (cx < 0 || cy < 0 || cx >= w || cy >= h) continue;
                const float area = (corner % 2 ? fx : 1.0f - fx) * (corner / 2 ? fy : 1.0f - fy);
                sample += area * value[((b * 13101 + starts[level] + cy * w + cx) * ${heads} + head) * ${d} + channel];
            }
            sum += weights[at] * sample;
        }
    }
    y[idx] = sum;
}

extern "C" void deformable_attention_baked(const float *value, const float *locations,
                                           const float *weights, float *y) {
    float *d_value = NULL;
    float *d_locations = NULL;
    float *d_weights = NULL;
    float *d_y = NULL;
    cudaMalloc((void **)&d_value, ${batch} * 13101 * ${heads} * ${d} * sizeof(float));
    cudaMalloc((void **)&d_locations, ${batch} * ${queries} * ${heads} * 32 * sizeof(float));
    cudaMalloc((void **)&d_weights, ${batch} * ${queries} * ${heads} * 16 * sizeof(float));
    cudaMalloc((void **)&d_y, ${batch} * ${queries} * ${heads} * ${d} * sizeof(float));
    cudaMemcpy(d_value, value, ${batch} * 13101 * ${heads} * ${d} * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_locations, locations, ${batch} * ${queries} * ${heads} * 32 * sizeof(float), cudaMemcpyHostToDevice);
    cudaMemcpy(d_weights, weights, ${batch} * ${queries} * ${heads} * 16 * sizeof(float), cudaMemcpyHostToDevice);

    deformable<<<(${batch} * ${queries} * ${heads} * ${d} + 255) / 256, 256>>>(d_value, d_locations, d_weights, d_y);

    cudaMemcpy(y, d_y, ${batch} * ${queries} * ${heads} * ${d} * sizeof(float), cudaMemcpyDeviceToHost);
    cudaFree(d_value);
    cudaFree(d_locations);
    cudaFree(d_weights);
    cudaFree(d_y);
}
