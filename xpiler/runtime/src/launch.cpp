// Launches: what is checked before one, and its blocks in turn.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mutex>
#include <utility>

#include "scheduler.h"

namespace xpiler {

Options options;
int launch_error = 0;  // a cudaError_t, taken by cudaGetLastError

namespace {

constexpr int invalid_value = 1, invalid_configuration = 9;

std::vector<Block *> idle_blocks;
unsigned last_epoch = 0;

// --- blocks -------------------------------------------------------------------------------------

// Threads of a block of this launch; what the last block of the same launch left is as it has to be.
void lay_out_threads(Block *b) {
  if (b->epoch == grid.epoch) return;
  b->epoch = grid.epoch;
  b->threads.resize(grid.threads);
  for (unsigned i = 0; i < grid.threads; ++i) {
    Thread &t = b->threads[i];
    t.index = uint3{i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)};
    t.linear = i;
    t.block = b;
    t.state = unstarted;
  }
}

Block *start_block(uint3 index) {
  Block *b;
  if (idle_blocks.empty()) {
    b = new Block{};
  } else {
    b = idle_blocks.back();
    idle_blocks.pop_back();
  }
  b->index = index;
  b->live = grid.threads;
  b->arrived = b->at_grid = b->position = 0;
  lay_out_threads(b);
  unsigned warps = (grid.threads + grid.warp - 1) / grid.warp;
  b->warps.assign(warps, WarpState{grid.warp == 64 ? ~uint64_t(0) : (uint64_t(1) << grid.warp) - 1, 0, nullptr});
  if (unsigned rest = grid.threads % grid.warp) b->warps[warps - 1].live = (uint64_t(1) << rest) - 1;
  open_shared(b);
  return b;
}

// A number without a common divisor with `total`: steps of it visit all numbers below `total`.
uint64_t random_step(uint64_t total) {
  for (uint64_t step = next_random() % total | 1;; ++step) {
    uint64_t a = step, b = total;
    while (b) {
      uint64_t r = a % b;
      a = b;
      b = r;
    }
    if (a == 1) return step;
  }
}

void run_blocks(const dim3 &g) {
  uint64_t total = uint64_t(g.x) * g.y * g.z, step = 1, at = 0;
  if (grid.random && total > 1) {
    at = next_random() % total;
    step = random_step(total);
  }
  for (uint64_t n = 0; n < total; ++n) {
    uint3 index{unsigned(at % g.x), unsigned(at / g.x % g.y), unsigned(at / g.x / g.y)};
    at = (at + step) % total;
    grid.resident.push_back(start_block(index));
    grid.unfinished += grid.threads;
    if (grid.cooperative && n + 1 < total) continue;
    schedule();
    for (Block *b : grid.resident) {
      check_shared(b);
      idle_blocks.push_back(b);
    }
    grid.resident.clear();
    grid.starting = 0;
  }
}

// --- checks -------------------------------------------------------------------------------------

bool invalid(Site site, const char *kernel, int error, const char *format, ...) __attribute__((format(printf, 4, 5)));
bool invalid(Site site, const char *kernel, int error, const char *format, ...) {
  fprintf(stderr, "xpiler: invalid launch: ");
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fprintf(stderr, "\nxpiler: launch of kernel `%s` at %s:%d\n", kernel, site.file, site.line);
  if (options.strict_launch) {
    fflush(stdout);
    _exit(fault_launch);
  }
  launch_error = error;
  return false;
}

bool check(Site site, const char *kernel, const Config &c) {
  const Limits &limits = options.limits;
  const unsigned block[] = {c.block.x, c.block.y, c.block.z}, blocks[] = {c.grid.x, c.grid.y, c.grid.z};
  for (int d = 0; d < 3; ++d) {
    if (blocks[d] == 0 || blocks[d] > limits.grid[d])
      return invalid(site, kernel, invalid_configuration, "grid dimension %c is %u, allowed is 1 to %u", "xyz"[d],
                     blocks[d], limits.grid[d]);
    if (block[d] == 0 || block[d] > limits.block[d])
      return invalid(site, kernel, invalid_configuration, "block dimension %c is %u, allowed is 1 to %u", "xyz"[d],
                     block[d], limits.block[d]);
  }
  uint64_t threads = uint64_t(block[0]) * block[1] * block[2];
  if (threads > limits.threads_per_block)
    return invalid(site, kernel, invalid_configuration, "%llu threads per block, allowed are %u",
                   static_cast<unsigned long long>(threads), limits.threads_per_block);
  if (c.shared > dynamic_shared_limit())
    return invalid(site, kernel, invalid_value, "%zu bytes of dynamic shared memory, allowed are %zu%s", c.shared,
                   dynamic_shared_limit(), c.shared <= limits.shared ? " (cudaFuncSetAttribute raises it)" : "");
  return true;
}

// --- a launch -----------------------------------------------------------------------------------

void order_threads() {
  grid.random = options.seed ? options.seed * 0x9E3779B97F4A7C15ull + 1 : 0;
  grid.order.resize(grid.threads);
  for (unsigned i = 0; i < grid.threads; ++i) grid.order[i] = i;
  if (grid.random)
    for (unsigned i = grid.threads; i > 1; --i) std::swap(grid.order[i - 1], grid.order[next_random() % i]);
}

struct Call {
  Site site;
  const char *kernel;
  const Config &config;
  unsigned warp;
  bool cooperative;
  void (*thread)(void *);
  void *closure;
};

void run_grid(const Call &call) {
  const Config &c = call.config;
  grid.kernel = call.kernel;
  grid.site = call.site;
  grid.warp = call.warp;
  grid.threads = c.block.x * c.block.y * c.block.z;
  grid.cooperative = call.cooperative;
  grid.body = call.thread;
  grid.closure = call.closure;
  grid.dynamic_bytes = c.shared;
  grid.epoch = ++last_epoch;
  grid.static_used = grid.static_bytes = 0;
  grid.slots.clear();
  blockDim = c.block;
  gridDim = c.grid;
  order_threads();
  grid.active = true;
  run_blocks(c.grid);
  grid.active = false;
}

// A kernel that a kernel launches runs at once, on the launching thread's stack: an order that CUDA allows.
void run_child(const Call &call) {
  Thread *parent = current;
  Fiber *fiber = running_fiber;
  const uint3 thread = threadIdx, block = blockIdx;
  const dim3 block_dim = blockDim, grid_dim = gridDim;
  Grid outer = std::move(grid);
  Context outer_scheduler = exchange_scheduler(Context());
  grid = Grid();
  current = nullptr;
  running_fiber = nullptr;
  run_grid(call);
  grid = std::move(outer);
  exchange_scheduler(outer_scheduler);
  current = parent;
  running_fiber = fiber;
  threadIdx = thread, blockIdx = block;
  blockDim = block_dim, gridDim = grid_dim;
}

}  // namespace

bool run(Site site, const char *kernel, const Config &config, unsigned warp, bool cooperative, void (*thread)(void *),
         void *closure) {
  install_handlers();
  const Call call{site, kernel, config, warp, cooperative, thread, closure};
  // Programs may launch from several host threads; a kernel's own threads all have the one that launched.
  static std::mutex one_at_a_time;
  static thread_local bool launching = false;
  if (launching) {
    if (!check(site, kernel, config)) return false;
    run_child(call);
    return true;
  }
  std::lock_guard<std::mutex> lock(one_at_a_time);
  if (!check(site, kernel, config)) return false;
  launching = true;
  run_grid(call);
  launching = false;
  return true;
}

// Options from the environment, before main.
static bool read_environment() {
  if (const char *seed = getenv("XPILER_SEED")) options.seed = unsigned(strtoul(seed, nullptr, 10));
  if (const char *poison = getenv("XPILER_POISON"))
    options.poison = static_cast<unsigned char>(strtoul(poison, nullptr, 0));
  options.strict_launch = getenv("XPILER_STRICT_LAUNCH") != nullptr;
  options.exact = getenv("XPILER_EXACT") != nullptr;
  install_handlers();
  return true;
}
[[maybe_unused]] static const bool environment_read = read_environment();

}  // namespace xpiler
