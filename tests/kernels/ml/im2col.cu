__global__ void im2col(int n, const float *im, int height, int width, int ksize, int pad, int stride, int height_col, int width_col, float *col) {
    for (int index = blockIdx.x * blockDim.x + threadIdx.x; index < n; index += blockDim.x * gridDim.x) {
        int w_out = index % width_col;
        int h_index = index / width_col;
        int h_out = h_index % height_col;
        int c_in = h_index / height_col;
        int c_out = c_in * ksize * ksize;
        int h_in = h_out * stride - pad, w_in = w_out * stride - pad;
        float *cp = col + (c_out * height_col + h_out) * width_col + w_out;
        const float *ip = im + (c_in * height + h_in) * width + w_in;
        for (int i = 0; i < ksize; ++i)
            for (int j = 0; j < ksize; ++j) {
                int h = h_in + i, w = w_in + j;
                *cp = (h >= 0 && w >= 0 && h < height && w < width) ? ip[i * width + j] : 0;
                cp += height_col * width_col;
            }
    }
}
void im2col_gpu(const float *im, int channels, int height, int width, int ksize, int stride, int pad, float *col) {
    int hc = (height + 2 * pad - ksize) / stride + 1, wc = (width + 2 * pad - ksize) / stride + 1;
    int n = channels * hc * wc;
    im2col<<<(n + 511) / 512, 512>>>(n, im, height, width, ksize, pad, stride, hc, wc, col);
}
