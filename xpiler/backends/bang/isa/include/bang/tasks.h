// Launches: tasks as fibers, barriers among them, on-chip memory per core and per cluster.
#pragma once

#include "bang/core.h"

struct cnrtDim3_t {
  unsigned int x, y, z;
};
enum cnrtFunctionType_t {
  cnrtFuncTypeBlock = 1,
  cnrtFuncTypeUnion1 = 4,
  cnrtFuncTypeUnion2 = 8,
  cnrtFuncTypeUnion4 = 16,
  cnrtFuncTypeUnion8 = 32,
  cnrtFuncTypeUnion16 = 64,
};
typedef struct cnrtQueueStand *cnrtQueue_t;

namespace bang {

// One task: its stack, its state while another task runs, what it waits for.
struct Task {
  ucontext_t context;
  std::unique_ptr<char[]> stack;
  std::string nram, wram;
  std::vector<Copy> copies;
  int id = 0;
  bool started = false, done = false, waits = false, waits_cluster = false;
};

struct Region {
  char *start, *stop;
  size_t size() const { return static_cast<size_t>(stop - start); }
  void poison() const { std::memset(start, 0xFF, size()); }  // NaN as half, bfloat16, float; -1 as integer
  void load(const std::string &from) const { std::memcpy(start, from.data(), size()); }
  std::string save() const { return std::string(start, size()); }
};
inline Region nram() { return Region{__start_xp_nram, __stop_xp_nram}; }
inline Region wram() { return Region{__start_xp_wram, __stop_xp_wram}; }
inline Region sram() { return Region{__start_xp_sram, __stop_xp_sram}; }

struct Job {
  std::function<void()> body;
  std::vector<Task> tasks;
  std::vector<std::string> srams;  // one per cluster, while another runs
  ucontext_t scheduler;
  Task *current = nullptr;
  int union_cores = 1, loaded_cluster = -1;
};
inline Job *job = nullptr;

inline void task_main() {
  job->body();
  job->current->done = true;
  swapcontext(&job->current->context, &job->scheduler);
}

inline void place(int id) {
  taskId = id;
  taskIdX = id % taskDimX;
  taskIdY = id / taskDimX % taskDimY;
  taskIdZ = id / (taskDimX * taskDimY);
  const bool block = job->union_cores == 1;
  coreDim = block ? 1 : cores_per_cluster;
  clusterDim = block ? 1 : job->union_cores / cores_per_cluster;
  coreId = id % coreDim;
  clusterId = block ? 0 : id / cores_per_cluster % clusterDim;
}

// Bring the on-chip state of the cluster of `task` in.
inline void load_cluster(int id) {
  const int cluster = id / cores_per_cluster;
  if (sram().size() == 0 || job->loaded_cluster == cluster) return;
  if (job->loaded_cluster >= 0) job->srams[static_cast<size_t>(job->loaded_cluster)] = sram().save();
  std::string &state = job->srams[static_cast<size_t>(cluster)];
  if (state.empty()) {
    sram().poison();
  } else {
    sram().load(state);
  }
  job->loaded_cluster = cluster;
}

// Run `task` until it ends or waits.
inline void resume(Task &task, std::unique_ptr<char[]> &spare) {
  load_cluster(task.id);
  place(task.id);
  job->current = &task;
  task.waits = false;
  if (!task.started) {
    task.started = true;
    nram().poison();
    wram().poison();
    task.stack = spare ? std::move(spare) : std::make_unique<char[]>(stack_bytes);
    getcontext(&task.context);
    task.context.uc_stack.ss_sp = task.stack.get();
    task.context.uc_stack.ss_size = stack_bytes;
    task.context.uc_link = nullptr;
    makecontext(&task.context, task_main, 0);
  } else {
    nram().load(task.nram);
    wram().load(task.wram);
  }
  machine.copies.swap(task.copies);
  machine.stack = task.stack.get();
  swapcontext(&job->scheduler, &task.context);
  machine.stack = nullptr;
  machine.copies.swap(task.copies);
  if (task.done) {
    if (!task.copies.empty()) {
      refuse("end of task", Where{machine.kernel, 0}, "asynchronous copies were not waited for");
    }
    spare = std::move(task.stack);
    return;
  }
  task.nram = nram().save();
  task.wram = wram().save();
}

// A barrier: hand over until every task of the cluster or of the Union job came here.
inline void wait(bool cluster, const char *instruction, Where where) {
  if (job == nullptr || job->current == nullptr) refuse(instruction, where, "outside a kernel");
  if (job->union_cores == 1) refuse(instruction, where, "a Block job has no other task to wait for");
  job->current->waits = true;
  job->current->waits_cluster = cluster;
  Task *me = job->current;
  swapcontext(&me->context, &job->scheduler);
}

// Run the tasks of one Union (all of one job for Block: each alone) to their end.
inline void run_group(size_t first, size_t last) {
  std::unique_ptr<char[]> spare;
  for (;;) {
    bool progress = false;
    size_t done = 0;
    for (size_t i = first; i < last; ++i) {
      Task &task = job->tasks[i];
      if (!task.done && !task.waits) {
        resume(task, spare);
        progress = true;
      }
      done += task.done ? 1 : 0;
    }
    if (done == last - first) return;
    for (size_t at = first; at < last; at += cores_per_cluster) {
      bool all = true, grid = true;
      for (size_t i = at; i < std::min(last, at + cores_per_cluster); ++i) {
        all = all && job->tasks[i].waits && job->tasks[i].waits_cluster;
      }
      for (size_t i = first; i < last; ++i) {
        grid = grid && job->tasks[i].waits && !job->tasks[i].waits_cluster;
      }
      if (!all && !grid) continue;
      for (size_t i = grid ? first : at; i < (grid ? last : std::min(last, at + cores_per_cluster)); ++i) {
        job->tasks[i].waits = false;
      }
      progress = true;
    }
    if (!progress) {
      refuse("barrier", Where{machine.kernel, 0}, "not reached by every task that it waits for");
    }
  }
}

// `kernel<<<dim, type, queue>>>(args)` after the simulator's edit: `Launcher(where, "kernel", dim, type, queue)(kernel, args)`.
struct Launcher {
  Where where;
  const char *kernel;
  cnrtDim3_t dim;
  cnrtFunctionType_t type;

  Launcher(Where at, const char *name, cnrtDim3_t d, cnrtFunctionType_t t, cnrtQueue_t)
      : where(at), kernel(name), dim(d), type(t) {}

  template <class Kernel, class... Args>
  void operator()(Kernel entry, Args... args) const {
    run([&] { entry(args...); });
  }

  void run(std::function<void()> body) const {
    const int cores = static_cast<int>(type);
    machine = Machine();
    machine.kernel = kernel;
    taskId = 0;
    taskDimX = static_cast<int>(dim.x);
    taskDimY = static_cast<int>(dim.y);
    taskDimZ = static_cast<int>(dim.z);
    taskDim = taskDimX * taskDimY * taskDimZ;
    if (taskDim <= 0) refuse("launch", where, "a dimension is zero");
    if (cores != 1 && taskDimX % cores != 0) {
      refuse("launch", where, "dim.x " + std::to_string(taskDimX) + " is not a multiple of " + std::to_string(cores) + " cores");
    }
    Job now;
    now.body = std::move(body);
    now.tasks = std::vector<Task>(static_cast<size_t>(taskDim));
    now.srams.resize(static_cast<size_t>(taskDim / cores_per_cluster + 1));
    now.union_cores = cores == 1 ? 1 : cores;
    job = &now;
    machine.running = true;
    const size_t group = static_cast<size_t>(cores);
    const size_t groups = now.tasks.size() / group;
    const char *order = std::getenv("XP_BANG_ORDER");
    const bool backwards = order != nullptr && std::strcmp(order, "reverse") == 0;
    for (size_t i = 0; i < now.tasks.size(); ++i) now.tasks[i].id = static_cast<int>(i);
    for (size_t g = 0; g < groups; ++g) {
      const size_t at = (backwards ? groups - 1 - g : g) * group;
      run_group(at, at + group);
    }
    machine.running = false;
    job = nullptr;
  }
};

}  // namespace bang
