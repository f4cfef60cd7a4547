// What cuRAND draws: the same lines from a GPU (nvcc) and from the runtime of this repository.
//
//   nvcc -O2 -o curand_check curand_check.cu && ./curand_check > numbers.txt
//
// Integers and uniform numbers agree bit for bit; normal ones, which take a logarithm and a sine, to a few units in the last place.
#include <cstdio>
#include <cuda_runtime.h>
#include <curand_kernel.h>

struct Start {
  unsigned long long seed, sequence, offset;
};

struct Drawn {
  unsigned bits[8], after_skip;
  float uniform[4], normal[4], log_normal[4];
  double uniform_double[2], normal_double[4], log_normal_double[2];
};

struct Four {
  uint4 bits;
  float4 uniform, normal;
  double2 uniform_double;
  double4 normal_double;
};

template <class State> __global__ void draw(const Start *starts, Drawn *drawn, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  State state;
  curand_init(starts[i].seed, starts[i].sequence, starts[i].offset, &state);
  Drawn *out = drawn + i;
  for (int k = 0; k < 8; k++) out->bits[k] = curand(&state);
  for (int k = 0; k < 4; k++) out->uniform[k] = curand_uniform(&state);
  for (int k = 0; k < 4; k++) out->normal[k] = curand_normal(&state);
  for (int k = 0; k < 4; k++) out->log_normal[k] = curand_log_normal(&state, 0.25f, 0.5f);
  for (int k = 0; k < 2; k++) out->uniform_double[k] = curand_uniform_double(&state);
  for (int k = 0; k < 4; k++) out->normal_double[k] = curand_normal_double(&state);
  for (int k = 0; k < 2; k++) out->log_normal_double[k] = curand_log_normal_double(&state, 0.25, 0.5);
  skipahead(1000003ull, &state);
  skipahead_sequence(5ull, &state);
  out->after_skip = curand(&state);
}

__global__ void draw_four(const Start *starts, Four *drawn, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  curandStatePhilox4_32_10_t state;
  curand_init(starts[i].seed, starts[i].sequence, starts[i].offset, &state);
  drawn[i].bits = curand4(&state);
  drawn[i].uniform = curand_uniform4(&state);
  drawn[i].normal = curand_normal4(&state);
  drawn[i].uniform_double = curand_uniform2_double(&state);
  drawn[i].normal_double = curand_normal4_double(&state);
}

template <class T> static void line(const char *name, const char *format, const T *values, int n) {
  printf("  %s", name);
  for (int k = 0; k < n; k++) printf(" "), printf(format, values[k]);
  printf("\n");
}

static void print(const char *generator, const Start *starts, const Drawn *drawn, int n) {
  for (int i = 0; i < n; i++) {
    const Drawn &d = drawn[i];
    printf("%s %llu %llu %llu\n", generator, starts[i].seed, starts[i].sequence, starts[i].offset);
    line("bits", "%08x", d.bits, 8);
    line("uniform", "%a", d.uniform, 4);
    line("uniform_double", "%a", d.uniform_double, 2);
    line("skip", "%08x", &d.after_skip, 1);
    line("normal", "%.9g", d.normal, 4);
    line("log_normal", "%.9g", d.log_normal, 4);
    line("normal_double", "%.17g", d.normal_double, 4);
    line("log_normal_double", "%.17g", d.log_normal_double, 2);
  }
}

int main() {
  const Start starts[] = {{0, 0, 0},
                          {1234, 0, 0},
                          {1234, 1, 0},
                          {1234, 0, 1},
                          {1234, 77, 6},
                          {0x123456789abcdefull, 65535, 3},
                          {42, 0xffffffffffffffffull, 1ull << 40},
                          {~0ull, 1ull << 33, 0xfffffffffffffffeull}};
  const int n = sizeof(starts) / sizeof(starts[0]);
  Start *from;
  Drawn *to, drawn[n];
  Four *fours, four[n];
  cudaMalloc(&from, sizeof(starts));
  cudaMalloc(&to, sizeof(drawn));
  cudaMalloc(&fours, sizeof(four));
  cudaMemcpy(from, starts, sizeof(starts), cudaMemcpyHostToDevice);
  draw<curandStateXORWOW_t><<<1, 32>>>(from, to, n);
  cudaMemcpy(drawn, to, sizeof(drawn), cudaMemcpyDeviceToHost);
  print("xorwow", starts, drawn, n);
  draw<curandStatePhilox4_32_10_t><<<1, 32>>>(from, to, n);
  cudaMemcpy(drawn, to, sizeof(drawn), cudaMemcpyDeviceToHost);
  print("philox", starts, drawn, n);
  draw_four<<<1, 32>>>(from, fours, n);
  cudaMemcpy(four, fours, sizeof(four), cudaMemcpyDeviceToHost);
  for (int i = 0; i < n; i++) {
    printf("philox4 %llu %llu %llu\n", starts[i].seed, starts[i].sequence, starts[i].offset);
    line("bits", "%08x", &four[i].bits.x, 4);
    line("uniform", "%a", &four[i].uniform.x, 4);
    line("uniform_double", "%a", &four[i].uniform_double.x, 2);
    line("normal", "%.9g", &four[i].normal.x, 4);
    line("normal_double", "%.17g", &four[i].normal_double.x, 4);
  }
  printf("%s, sizes %d %d\n", cudaGetErrorString(cudaDeviceSynchronize()), (int)sizeof(curandState),
         (int)sizeof(curandStatePhilox4_32_10_t));
  return 0;
}
