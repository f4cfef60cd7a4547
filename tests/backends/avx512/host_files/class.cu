#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
#include <cuda_runtime.h>
namespace app {
namespace detail {
static __global__ void axpy(int n, float a, const float* __restrict__ x, float* __restrict__ y) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) y[i] += a * x[i];
}
}  // namespace detail
class Buffer {
 public:
  explicit Buffer(size_t n) : n_(n) { check(cudaMalloc(&p_, n * sizeof(float)), "malloc"); }
  ~Buffer() { cudaFree(p_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  void upload(const std::vector<float>& v, cudaStream_t s) { check(cudaMemcpyAsync(p_, v.data(), v.size() * sizeof(float), cudaMemcpyHostToDevice, s), "up"); }
  std::vector<float> download() const { std::vector<float> v(n_); check(cudaMemcpy(v.data(), p_, n_ * sizeof(float), cudaMemcpyDeviceToHost), "down"); return v; }
  float* get() const { return p_; }
 private:
  static void check(cudaError_t e, const char* what) { if (e != cudaSuccess) throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(e)); }
  float* p_ = nullptr; size_t n_;
};
class Solver {
  cudaStream_t stream_; cudaEvent_t a_, b_;
 public:
  Solver() { cudaStreamCreate(&stream_); cudaEventCreate(&a_); cudaEventCreateWithFlags(&b_, cudaEventDisableTiming); }
  ~Solver() { cudaEventDestroy(a_); cudaEventDestroy(b_); cudaStreamDestroy(stream_); }
  float run(Buffer& x, Buffer& y, int n, float a) {
    cudaEventRecord(a_, stream_);
    const int threads = 256;
    detail::axpy<<<dim3((n + threads - 1) / threads), dim3(threads), 0, stream_>>>(n, a, x.get(), y.get());
    cudaEventRecord(b_, stream_); cudaEventSynchronize(b_);
    float ms = -1; cudaEventElapsedTime(&ms, a_, b_); cudaStreamSynchronize(stream_);
    return ms;
  }
};
}  // namespace app
int main() {
  const int n = 777; std::vector<float> h(n, 2.f);
  auto x = std::make_unique<app::Buffer>(n); app::Buffer y(n);
  app::Solver s; x->upload(h, 0); y.upload(h, nullptr);
  float ms = s.run(*x, y, n, 3.f); bool ok = ms >= 0;
  for (float v : y.download()) ok &= v == 8.f;
  puts(ok ? "OK" : "BAD");
}
