#include <cstdio>
#include <vector>
#include <cuda_runtime.h>
typedef struct { float x, y, z; } vec3;
struct Params { int n; float dt; float g[3]; };
__global__ void step(float4* pos, float3* vel, Params p) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i >= p.n) return; float4 q = pos[i]; float3 v = vel[i]; v.x += p.g[0] * p.dt; v.y += p.g[1] * p.dt; v.z += p.g[2] * p.dt; q.x += v.x * p.dt; q.y += v.y * p.dt; q.z += v.z * p.dt; pos[i] = q; vel[i] = v; }
int main() { Params p{65, 0.5f, {0, 0, -2.f}}; std::vector<float4> pos(65, make_float4(1, 2, 3, 4)); std::vector<float3> vel(65, make_float3(1, 0, 0)); float4* dp; float3* dv; cudaMalloc(&dp, 65 * sizeof(float4)); cudaMalloc(&dv, 65 * sizeof *dv); cudaMemcpy(dp, pos.data(), 65 * 16, cudaMemcpyHostToDevice); cudaMemcpy(dv, vel.data(), 65 * 12, cudaMemcpyHostToDevice);
  step<<<3, 32>>>(dp, dv, p); cudaMemcpy(pos.data(), dp, 65 * 16, cudaMemcpyDeviceToHost); vec3 unused{pos[0].x, 0, 0}; puts(pos[64].x == 1.5f && pos[0].z == 2.5f && pos[3].w == 4 && unused.x == 1.5f ? "OK" : "BAD"); }
