// Graphs and the capture of streams behind xpiler/graph.h.
#include "xpiler/graph.h"

#include <map>
#include <set>
#include <vector>

struct CUgraphNode_st {
  xpiler::Step step;
  std::vector<cudaGraphNode_t> after;
};

struct CUgraph_st {
  std::vector<cudaGraphNode_t> nodes;  // in the order of their making; a clone shares them
};

struct CUgraphExec_st {
  std::vector<cudaGraphNode_t> order;
  std::vector<xpiler::Step> steps;
};

namespace {

cudaGraph_t captured = nullptr;
std::set<void *> graph_memory;  // what nodes and captured streams allocate

cudaError_t add(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t n, xpiler::Step step) {
  if (!graph || (n && !after)) return cudaErrorInvalidValue;
  auto *made = new CUgraphNode_st{std::move(step), std::vector<cudaGraphNode_t>(after, after + n)};
  graph->nodes.push_back(made);
  if (node) *node = made;
  return cudaSuccess;
}

void visit(cudaGraphNode_t node, std::map<cudaGraphNode_t, bool> &seen, std::vector<cudaGraphNode_t> &order) {
  if (seen[node]) return;
  seen[node] = true;
  for (cudaGraphNode_t before : node->after) visit(before, seen, order);
  order.push_back(node);
}

std::vector<cudaGraphNode_t> ordered(const CUgraph_st &graph) {
  std::vector<cudaGraphNode_t> order;
  std::map<cudaGraphNode_t, bool> seen;
  for (cudaGraphNode_t node : graph.nodes) visit(node, seen, order);
  return order;
}

xpiler::Step kernel_step(const cudaKernelNodeParams &p) {
  xpiler::Config config(p.gridDim, p.blockDim, p.sharedMemBytes);
  return p.func.bind(p.func, config, p.kernelParams);
}

void fill(const cudaMemsetParams &p) {
  for (size_t row = 0; row < (p.height ? p.height : 1); ++row)
    for (size_t i = 0; i < p.width; ++i)
      memcpy(static_cast<char *>(p.dst) + row * p.pitch + i * p.elementSize, &p.value, p.elementSize);
}

}  // namespace

namespace xpiler {

bool capturing() { return captured != nullptr; }

void keep(void *p) { graph_memory.insert(p); }

bool kept(void *p) { return graph_memory.count(p) != 0; }

void record(Step step) { add(nullptr, captured, nullptr, 0, std::move(step)); }

}  // namespace xpiler

cudaError_t cudaGraphCreate(cudaGraph_t *graph, unsigned) {
  *graph = new CUgraph_st{};
  return cudaSuccess;
}

// Nodes live on: instantiated graphs and clones refer to them.
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphClone(cudaGraph_t *clone, cudaGraph_t graph) {
  *clone = new CUgraph_st(*graph);
  return cudaSuccess;
}

cudaError_t cudaGraphAddEmptyNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t n) {
  return add(node, graph, after, n, [] {});
}

cudaError_t cudaGraphAddKernelNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t n,
                                   const cudaKernelNodeParams *params) {
  if (!params->func.bind || !params->kernelParams) return cudaErrorInvalidValue;
  return add(node, graph, after, n, kernel_step(*params));
}

cudaError_t cudaGraphAddMemcpyNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t n,
                                   const cudaMemcpy3DParms *params) {
  return add(node, graph, after, n, [p = *params] { cudaMemcpy3D(&p); });
}

cudaError_t cudaGraphAddMemcpyNode1D(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t n,
                                     void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
  return add(node, graph, after, n, [=] { cudaMemcpy(to, from, bytes, kind); });
}

cudaError_t cudaGraphAddMemsetNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t n,
                                   const cudaMemsetParams *params) {
  return add(node, graph, after, n, [p = *params] { fill(p); });
}

cudaError_t cudaGraphAddHostNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t n,
                                 const cudaHostNodeParams *params) {
  return add(node, graph, after, n, [p = *params] { p.fn(p.userData); });
}

cudaError_t cudaGraphAddChildGraphNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t n,
                                       cudaGraph_t child) {
  std::vector<xpiler::Step> steps;
  for (cudaGraphNode_t inner : ordered(*child)) steps.push_back(inner->step);
  return add(node, graph, after, n, [steps] {
    for (const xpiler::Step &step : steps) step();
  });
}

cudaError_t cudaGraphAddMemAllocNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t n,
                                     cudaMemAllocNodeParams *params) {
  cudaError_t error = cudaMalloc(&params->dptr, params->bytesize);
  if (error != cudaSuccess) return error;
  xpiler::keep(params->dptr);
  return cudaGraphAddEmptyNode(node, graph, after, n);
}

cudaError_t cudaGraphAddMemFreeNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t n,
                                    void *) {
  return cudaGraphAddEmptyNode(node, graph, after, n);
}

cudaError_t cudaGraphAddDependencies(cudaGraph_t, const cudaGraphNode_t *from, const cudaGraphNode_t *to, size_t n) {
  for (size_t i = 0; i < n; ++i) to[i]->after.push_back(from[i]);
  return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *n) {
  if (nodes)
    for (size_t i = 0; i < *n && i < graph->nodes.size(); ++i) nodes[i] = graph->nodes[i];
  *n = graph->nodes.size();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long) {
  auto *made = new CUgraphExec_st{ordered(*graph), {}};
  for (cudaGraphNode_t node : made->order) made->steps.push_back(node->step);
  *exec = made;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  delete exec;
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t) {
  for (const xpiler::Step &step : exec->steps) step();
  return cudaPeekAtLastError();
}

cudaError_t cudaGraphExecKernelNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                             const cudaKernelNodeParams *params) {
  for (size_t i = 0; i < exec->order.size(); ++i)
    if (exec->order[i] == node) {
      exec->steps[i] = kernel_step(*params);
      return cudaSuccess;
    }
  return cudaErrorInvalidValue;
}

cudaError_t cudaGraphKernelNodeSetParams(cudaGraphNode_t node, const cudaKernelNodeParams *params) {
  node->step = kernel_step(*params);
  return cudaSuccess;
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph, cudaGraphExecUpdateResultInfo *info) {
  std::vector<cudaGraphNode_t> order = ordered(*graph);
  bool alike = order.size() == exec->order.size();
  if (info) *info = {alike ? cudaGraphExecUpdateSuccess : cudaGraphExecUpdateError, nullptr, nullptr};
  if (!alike) return cudaErrorInvalidValue;
  for (size_t i = 0; i < order.size(); ++i) exec->steps[i] = order[i]->step;
  exec->order = order;
  return cudaSuccess;
}

// --- capture ------------------------------------------------------------------------------------

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
  if (captured) return cudaErrorInvalidValue;
  return cudaGraphCreate(&captured, 0);
}

cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t *graph) {
  if (!captured) return cudaErrorInvalidValue;
  *graph = captured;
  captured = nullptr;
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus *status) {
  *status = captured ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
