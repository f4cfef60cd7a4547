// 2x2 max pooling, NHWC, 8 images of 28 x 28 x 32. One thread per output; a kernel and nothing else.
__global__ void __launch_bounds__(256) maxpool2x2(float *input, float *output) {
  int idx = blockIdx.x * 256 + threadIdx.x;
  int c = idx % 32;
  int w = (idx / 32) % 14;
  int h = (idx / (32 * 14)) % 14;
  int n = idx / (32 * 14 * 14);
  if (n < 8) {
    float best = -3.402823466e+38f;
    for (int kh = 0; kh < 2; ++kh) {
      for (int kw = 0; kw < 2; ++kw) {
        best = max(best, input[((n * 28 + h * 2 + kh) * 28 + w * 2 + kw) * 32 + c]);
      }
    }
    output[idx] = best;
  }
}
