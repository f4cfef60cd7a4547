// Runs what a run file lists, each run in a forked child, and writes a result file.
//
// Formats (little-endian, every item starts at a multiple of 8; verify/run/harness.py is the other side):
//   run file:    "XPRUN002", u64 runs; per run the RunHeader, then per argument an ArgHeader and its bytes
//   result file: per run u64 status (0 ok, 1 the process ended, 2 a buffer's surroundings changed, 3 no such entry),
//                i64 code, f64 seconds, u64 n; n bytes: with status 0 the written buffers one after the other, each
//                padded to 8, else the text that the child wrote to stderr
#include "xpiler/harness.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "xpiler/engine.h"

namespace {

struct RunHeader {
  uint32_t entry, grid[3], block[3], warp;
  uint64_t shared;
  uint32_t seed, cooperative, poison, seconds, args, leave;
};
static_assert(sizeof(RunHeader) == 64);

enum Leave : uint32_t { unchecked_indices = 1, lockstep = 2 };

enum ArgKind : uint32_t { scalar = 0, buffer = 1, symbol = 2 };
enum ArgFlag : uint32_t { has_data = 1, read_only = 2 };

struct ArgHeader {
  uint32_t kind, flags;
  uint64_t bytes;  // of the value or buffer
  uint32_t poison, align, name_bytes, reserved;
};
static_assert(sizeof(ArgHeader) == 32);

struct Arg {
  ArgHeader header;
  const unsigned char *data;
  const char *name;
  void *memory;
};

constexpr size_t padded(size_t n) { return (n + 7) / 8 * 8; }

enum Status : uint64_t { ok = 0, ended = 1, overwritten = 2, missing = 3 };

struct Result {
  uint64_t status;
  int64_t code;
  double seconds;
  uint64_t bytes;
};

void put(int file, const void *data, size_t bytes) {
  const char *p = static_cast<const char *>(data);
  while (bytes) {
    ssize_t n = write(file, p, bytes);
    if (n <= 0) _exit(120);
    p += n;
    bytes -= static_cast<size_t>(n);
  }
}

void put_padded(int file, const void *data, size_t bytes) {
  static const char zeros[8] = {};
  put(file, data, bytes);
  put(file, zeros, padded(bytes) - bytes);
}

const unsigned char *read_args(const unsigned char *at, uint32_t count, std::vector<Arg> &args) {
  for (uint32_t i = 0; i < count; ++i) {
    Arg arg{};
    memcpy(&arg.header, at, sizeof arg.header);
    at += sizeof arg.header;
    arg.name = reinterpret_cast<const char *>(at);
    at += padded(arg.header.name_bytes);
    arg.data = at;
    if (arg.header.kind == scalar || (arg.header.flags & has_data)) at += padded(arg.header.bytes);
    args.push_back(arg);
  }
  return at;
}

// A buffer without elements is a null pointer, as what cudaMalloc gives for no bytes.
bool is_null(const Arg &arg) { return arg.header.kind == buffer && arg.header.bytes == 0; }

// Memory for one argument; null when there is none left or no such symbol.
void *place(Arg &arg) {
  const ArgHeader &h = arg.header;
  if (h.kind == scalar) return const_cast<unsigned char *>(arg.data);
  if (h.kind == symbol) {
    size_t bytes = 0;
    void *p = xp_symbol ? xp_symbol(arg.name, &bytes) : nullptr;
    if (!p || bytes < h.bytes) return nullptr;
    if (h.flags & has_data) memcpy(p, arg.data, h.bytes);
    return p;
  }
  void *p = xpiler::guarded_alloc(h.bytes, h.align, "a buffer");
  if (!p) return nullptr;
  if (h.flags & has_data)
    memcpy(p, arg.data, h.bytes);
  else
    memset(p, static_cast<int>(h.poison), h.bytes);
  if (h.flags & read_only) xpiler::protect(p, true);
  return p;
}

void write_buffers(int out, const Result &result, const std::vector<Arg> &args) {
  put(out, &result, sizeof result);
  for (const Arg &arg : args)
    if (arg.header.kind != scalar && !(arg.header.flags & read_only)) put_padded(out, arg.memory, arg.header.bytes);
}

// A run's limit is on processor time: on a busy machine a call may take long without being to blame. One that waits
// for something that never comes ends after `patience` times as long.
constexpr double patience = 8;
double limit_seconds, limit_start;

void on_alarm(int number) {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  double processor = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                     static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
  if (processor < limit_seconds && xpiler::now() - limit_start < patience * limit_seconds) {
    alarm(1);
    return;
  }
  signal(number, SIG_DFL);
  raise(number);  // taken when this handler returns
}

void start_limit(unsigned seconds) {
  limit_seconds = seconds;
  limit_start = xpiler::now();
  struct sigaction action{};
  action.sa_handler = on_alarm;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  alarm(seconds);
}

[[noreturn]] void run_child(const RunHeader &run, std::vector<Arg> &args, int out) {
  char name[32];
  snprintf(name, sizeof name, "xp_call_%u", run.entry);
  auto *entry = reinterpret_cast<xp_entry *>(dlsym(RTLD_DEFAULT, name));
  Result result{ok, 0, 0.0, 0};
  if (!entry) _exit(121);
  xpiler::options.seed = run.seed;
  xpiler::options.poison = static_cast<unsigned char>(run.poison);
  xpiler::options.strict_launch = true;
  xpiler::options.index_checks = !(run.leave & unchecked_indices);
  xpiler::options.lockstep = run.leave & lockstep;
  std::vector<void *> pointers, values;
  pointers.reserve(args.size());
  for (Arg &arg : args) {
    arg.memory = is_null(arg) ? nullptr : place(arg);
    if (!arg.memory && !is_null(arg)) {
      if (arg.header.kind == symbol)
        fprintf(stderr, "xpiler: symbol: the program has no `%s` of %llu bytes\n", arg.name,
                static_cast<unsigned long long>(arg.header.bytes));
      else
        fprintf(stderr, "xpiler: memory: no memory for a buffer of %llu bytes\n",
                static_cast<unsigned long long>(arg.header.bytes));
      _exit(xpiler::fault_memory);
    }
    pointers.push_back(arg.memory);
    if (arg.header.kind != scalar && !(arg.header.flags & read_only)) result.bytes += padded(arg.header.bytes);
  }
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i].header.kind == scalar) values.push_back(args[i].memory);
    if (args[i].header.kind == buffer) values.push_back(&pointers[i]);
  }
  xp_launch launch{};
  memcpy(launch.grid, run.grid, sizeof launch.grid);
  memcpy(launch.block, run.block, sizeof launch.block);
  launch.shared_bytes = run.shared;
  launch.warp_size = run.warp;
  launch.seed = run.seed;
  launch.cooperative = run.cooperative;
  start_limit(run.seconds);
  double start = xpiler::now();
  entry(&launch, values.data());
  result.seconds = xpiler::now() - start;
  alarm(0);
  fflush(stdout);
  for (size_t i = 0; i < args.size(); ++i)
    if (args[i].memory && args[i].header.kind == buffer && !xpiler::intact(args[i].memory)) {
      fprintf(stderr, "xpiler: out-of-bounds access: bytes beside buffer %zu were overwritten\n", i);
      _exit(xpiler::fault_out_of_bounds);
    }
  write_buffers(out, result, args);
  _exit(0);
}

void report_failure(int out, int status, int errors, off_t start) {
  if (ftruncate(out, start) != 0 || lseek(out, start, SEEK_SET) < 0) _exit(120);
  char text[4096];
  ssize_t n = pread(errors, text, sizeof text, 0);
  Result result{ended, WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status), 0.0,
                n > 0 ? static_cast<uint64_t>(n) : 0};
  if (result.code == 121) result.status = missing;
  put(out, &result, sizeof result);
  put_padded(out, text, result.bytes);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s RUNS RESULTS\n", argv[0]);
    return 2;
  }
  xpiler::install_handlers();
  int in = open(argv[1], O_RDONLY | O_CLOEXEC);
  int out = open(argv[2], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  struct stat info;
  if (in < 0 || out < 0 || fstat(in, &info) != 0) return 2;
  void *map = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ | PROT_WRITE, MAP_PRIVATE, in, 0);
  if (map == MAP_FAILED) return 2;
  const auto *at = static_cast<const unsigned char *>(map);
  if (memcmp(at, "XPRUN002", 8) != 0) return 2;
  uint64_t runs;
  memcpy(&runs, at + 8, 8);
  at += 16;
  for (uint64_t i = 0; i < runs; ++i) {
    RunHeader run;
    memcpy(&run, at, sizeof run);
    std::vector<Arg> args;
    at = read_args(at + sizeof run, run.args, args);
    off_t start = lseek(out, 0, SEEK_END);
    int errors = memfd_create("errors", MFD_CLOEXEC);
    pid_t child = fork();
    if (child < 0) return 3;
    if (child == 0) {
      dup2(errors, 2);
      run_child(run, args, out);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child) return 3;
    if (status != 0) report_failure(out, status, errors, start);
    close(errors);
  }
  return 0;
}
