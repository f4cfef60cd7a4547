// What a library of instructions needs so that it may be called from another process: faults come back as
// messages instead of ending the process, and every array lies between pages that cannot be touched.
//
// Included before the instructions' own header, whose ways out (abort, _exit, a line on stderr) lead here.
#pragma once

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace xp_machine {

inline sigjmp_buf way_out;
inline volatile bool inside = false;  // a signal looks at it
inline char message[512] = "";
inline struct sigaction former[2];

[[noreturn]] inline void stop() {
  inside = false;
  siglongjmp(way_out, 1);
}

inline void on_signal(int number, siginfo_t *info, void *context) {
  if (inside) {
    std::snprintf(message, sizeof message, "it touches memory outside its arrays");
    stop();
  }
  const struct sigaction &before = former[number == SIGBUS];
  if (before.sa_flags & SA_SIGINFO) {
    before.sa_sigaction(number, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(number);
  } else {
    sigaction(number, &before, nullptr);
  }
}

}  // namespace xp_machine

namespace std {
inline int xp_say(FILE *, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const int written = std::vsnprintf(xp_machine::message, sizeof xp_machine::message, format, args);
  va_end(args);
  return written;
}
[[noreturn]] inline void xp_stop(int = 0) { xp_machine::stop(); }
}  // namespace std
using std::xp_stop;

// An integer that takes the type of the parameter it is given to, an enumeration included.
struct xp_number {
  long long value;
  template <class T>
  operator T() const {
    return static_cast<T>(value);
  }
};

// A word of the target: an enumerator, or a function without arguments.
template <class T>
auto xp_word(T word) -> decltype(word()) {
  return word();
}
template <class T>
auto xp_word(T word) -> decltype(static_cast<long long>(word)) {
  return static_cast<long long>(word);
}

template <class T>
T xp_read(const void *from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// One translation unit includes this: these are its symbols.
extern "C" {

const char *xp_last_message() { return xp_machine::message; }

// Catch faults from here on, until xp_leave.
void xp_enter() {
  struct sigaction action;
  std::memset(&action, 0, sizeof action);
  action.sa_sigaction = xp_machine::on_signal;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  sigaction(SIGSEGV, &action, &xp_machine::former[0]);
  sigaction(SIGBUS, &action, &xp_machine::former[1]);
}

void xp_leave() {
  sigaction(SIGSEGV, &xp_machine::former[0], nullptr);
  sigaction(SIGBUS, &xp_machine::former[1], nullptr);
}

// `pages` pages of memory with `guard` bytes that cannot be touched on both sides; null if there is no room.
void *xp_room(size_t bytes, size_t guard) {
  void *whole = mmap(nullptr, bytes + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (whole == MAP_FAILED) return nullptr;
  char *start = static_cast<char *>(whole) + guard;
  return mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0 ? start : nullptr;
}
}

#define XP_CALLED(statement)                     \
  do {                                           \
    if (sigsetjmp(xp_machine::way_out, 0)) return 1; \
    xp_machine::inside = true;                   \
    statement;                                   \
    xp_machine::inside = false;                  \
    return 0;                                    \
  } while (0)

#define abort xp_stop
#define _exit xp_stop
#define fprintf xp_say
