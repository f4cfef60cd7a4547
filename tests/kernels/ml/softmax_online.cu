__global__ void softmax_online(float *out, const float *inp, int N, int C) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < N) {
        const float *row = inp + i * C;
        float *o = out + i * C;
        float mx = -INFINITY;
        float sum = 0.0;
        for (int j = 0; j < C; j++) {
            float old = mx;
            if (row[j] > mx) { mx = row[j]; sum = sum * expf(old - mx) + 1.f; }
            else sum += expf(row[j] - mx);
        }
        for (int j = 0; j < C; j++) o[j] = expf(row[j] - mx) / sum;
    }
}
