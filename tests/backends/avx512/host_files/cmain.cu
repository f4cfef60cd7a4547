#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <cuda.h>
#define BLOCK 256
typedef struct Node { int starting; int no_of_edges; } Node;
__global__ void Kernel(Node* g_nodes, int* g_edges, bool* mask, bool* upd, bool* visited, int* cost, int n) {
  int tid = blockIdx.x * BLOCK + threadIdx.x;
  if (tid < n && mask[tid]) { mask[tid] = false; for (int i = g_nodes[tid].starting; i < (g_nodes[tid].no_of_edges + g_nodes[tid].starting); i++) { int id = g_edges[i]; if (!visited[id]) { cost[id] = cost[tid] + 1; upd[id] = true; } } }
}
__global__ void Kernel2(bool* mask, bool* upd, bool* visited, bool* over, int n) { int tid = blockIdx.x * BLOCK + threadIdx.x; if (tid < n && upd[tid]) { mask[tid] = true; visited[tid] = true; *over = true; upd[tid] = false; } }
int main(int argc, char** argv) {
  int n = 300; Node* h = (Node*)malloc(sizeof(Node) * n); int* e = (int*)malloc(sizeof(int) * n); bool* z = (bool*)calloc(n, sizeof(bool)); int* c = (int*)malloc(sizeof(int) * n);
  for (int i = 0; i < n; i++) { h[i].starting = i; h[i].no_of_edges = 1; e[i] = (i + 1) % n; c[i] = -1; } c[0] = 0;
  Node* dn; int *de, *dc; bool *dm, *du, *dv, *dover; cudaMalloc((void**)&dn, sizeof(Node) * n); cudaMalloc((void**)&de, 4 * n); cudaMalloc((void**)&dc, 4 * n); cudaMalloc((void**)&dm, n); cudaMalloc((void**)&du, n); cudaMalloc((void**)&dv, n); cudaMalloc((void**)&dover, sizeof(bool));
  cudaMemcpy(dn, h, sizeof(Node) * n, cudaMemcpyHostToDevice); cudaMemcpy(de, e, 4 * n, cudaMemcpyHostToDevice); cudaMemcpy(dc, c, 4 * n, cudaMemcpyHostToDevice); cudaMemcpy(du, z, n, cudaMemcpyHostToDevice); z[0] = true; cudaMemcpy(dm, z, n, cudaMemcpyHostToDevice); cudaMemcpy(dv, z, n, cudaMemcpyHostToDevice);
  dim3 grid((n + BLOCK - 1) / BLOCK, 1, 1); dim3 threads(BLOCK, 1, 1); int k = 0; bool stop; 
  do { stop = false; cudaMemcpy(dover, &stop, sizeof(bool), cudaMemcpyHostToDevice); Kernel<<<grid, threads, 0>>>(dn, de, dm, du, dv, dc, n); Kernel2<<<grid, threads, 0>>>(dm, du, dv, dover, n); cudaMemcpy(&stop, dover, sizeof(bool), cudaMemcpyDeviceToHost); k++; } while (stop);
  cudaMemcpy(c, dc, 4 * n, cudaMemcpyDeviceToHost); printf(c[299] == 299 && k == 300 && argc > 0 && argv ? "OK\n" : "BAD\n"); free(h); free(e); free(z); free(c); return 0; }
