__global__ void concat2(const float *a, const float *b, float *out, int rows, int ca, int cb) {
    int i = blockIdx.x * blockDim.x + threadIdx.x, total = ca + cb;
    if (i >= rows * total) return;
    int r = i / total, c = i % total;
    out[i] = c < ca ? a[r * ca + c] : b[r * cb + c - ca];
}
