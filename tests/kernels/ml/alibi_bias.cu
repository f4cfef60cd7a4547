__global__ void alibi_mask(float *scores, const float *slopes, int heads, int q_len, int k_len) {
    int k = blockIdx.x * blockDim.x + threadIdx.x;
    int q = blockIdx.y, h = blockIdx.z;
    if (k >= k_len || q >= q_len) return;
    int i = (h * q_len + q) * k_len + k;
    int rel = k - (k_len - q_len) - q;
    scores[i] = rel > 0 ? -INFINITY : scores[i] + slopes[h] * rel;
}
