"""The headers that come with NVIDIA's CUDA samples, for files that are translated without them or away from CUDA.

`helper_cuda.h` speaks of CUDA throughout, so no other machine's file can include it; what programs call of it is little.
The texts here are CUDA of our own with the same names and the same use, put in the place of the `#include`; like the
rest of the file they are then translated. A file that uses more of the header gets the header's own text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from xpiler.records import dataclass

__all__ = ["HEADERS", "Part", "declared", "text_for"]


@dataclass(frozen=True, slots=True)
class Part:
    """`names`: what it defines; `needs`: standard headers; `after`: a name of a part that it calls."""

    names: frozenset[str]
    text: str
    needs: tuple[str, ...] = ()
    after: str = ""


def _part(names: str, text: str, needs: str = "", after: str = "") -> Part:
    return Part(frozenset(names.split()), text.strip("\n") + "\n", tuple(needs.split()), after)


_CUDA: Final = (
    _part("EXIT_WAIVED", "#ifndef EXIT_WAIVED\n#define EXIT_WAIVED 2\n#endif"),
    _part("MAX", "#ifndef MAX\n#define MAX(a, b) ((a) > (b) ? (a) : (b))\n#endif"),
    _part(
        "checkCudaErrors",
        """
template <typename Status>
static void checkStatus(Status status, const char *call, const char *file, int line) {
  if (static_cast<int>(status) == 0) return;
  fprintf(stderr, "error at %s:%d code=%d in \\"%s\\"\\n", file, line, static_cast<int>(status), call);
  exit(EXIT_FAILURE);
}
#define checkCudaErrors(call) checkStatus((call), #call, __FILE__, __LINE__)
""",
        "stdio.h stdlib.h",
    ),
    _part(
        "getLastCudaError",
        """
static inline void checkLastError(const char *message, const char *file, int line) {
  cudaError_t error = cudaGetLastError();
  if (error == cudaSuccess) return;
  fprintf(stderr, "%s:%d: %s: %s\\n", file, line, message, cudaGetErrorString(error));
  exit(EXIT_FAILURE);
}
#define getLastCudaError(message) checkLastError(message, __FILE__, __LINE__)
""",
        "stdio.h stdlib.h",
    ),
    _part(
        "findCudaDevice",
        """
// The device that --device=N names, else the first one.
static inline int findCudaDevice(int argc, const char **argv) {
  int device = 0;
  for (int i = 1; i < argc; ++i) {
    const char *found = strstr(argv[i], "device=");
    if (found) device = atoi(found + 7);
  }
  checkCudaErrors(cudaSetDevice(device));
  return device;
}
""",
        "stdlib.h string.h",
        "checkCudaErrors",
    ),
)

_STRING: Final = (
    _part(
        "checkCmdLineFlag getCmdLineArgumentInt getCmdLineArgumentFloat getCmdLineArgumentString",
        """
// What follows --name in the arguments ("" for a bare flag, else as from "="), or null.
static inline const char *findArgument(int argc, const char **argv, const char *name) {
  const size_t length = strlen(name);
  for (int i = 1; i < argc; ++i) {
    const char *word = argv[i];
    while (*word == '-') ++word;
    if (word == argv[i] || strncasecmp(word, name, length)) continue;
    if (word[length] == '\\0' || word[length] == '=') return word + length;
  }
  return nullptr;
}
static inline bool checkCmdLineFlag(int argc, const char **argv, const char *name) {
  return findArgument(argc, argv, name) != nullptr;
}
static inline int getCmdLineArgumentInt(int argc, const char **argv, const char *name) {
  const char *found = findArgument(argc, argv, name);
  return found && *found ? atoi(found + 1) : 0;
}
static inline float getCmdLineArgumentFloat(int argc, const char **argv, const char *name) {
  const char *found = findArgument(argc, argv, name);
  return found && *found ? static_cast<float>(atof(found + 1)) : 0.0f;
}
static inline bool getCmdLineArgumentString(int argc, const char **argv, const char *name, char **value) {
  const char *found = findArgument(argc, argv, name);
  *value = found && *found ? const_cast<char *>(found + 1) : nullptr;
  return *value != nullptr;
}
""",
        "stdlib.h string.h strings.h",
    ),
)

_TIMER: Final = (
    _part(
        "StopWatchInterface sdkCreateTimer sdkDeleteTimer sdkStartTimer sdkStopTimer sdkResetTimer"
        " sdkGetTimerValue sdkGetAverageTimerValue",
        """
struct StopWatchInterface {
  double start, total;
  int laps;
  bool running;
};
static inline double wallMilliseconds() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}
static inline bool sdkCreateTimer(StopWatchInterface **t) { return *t = new StopWatchInterface(), true; }
static inline bool sdkDeleteTimer(StopWatchInterface **t) { return delete *t, *t = nullptr, true; }
static inline bool sdkStartTimer(StopWatchInterface **t) {
  return (*t)->start = wallMilliseconds(), (*t)->running = true;
}
static inline bool sdkStopTimer(StopWatchInterface **t) {
  (*t)->total += wallMilliseconds() - (*t)->start;
  (*t)->laps += 1;
  (*t)->running = false;
  return true;
}
static inline bool sdkResetTimer(StopWatchInterface **t) {
  (*t)->total = 0;
  (*t)->laps = 0;
  (*t)->start = wallMilliseconds();
  return true;
}
static inline float sdkGetTimerValue(StopWatchInterface **t) {
  return (float)((*t)->total + ((*t)->running ? wallMilliseconds() - (*t)->start : 0.0));
}
static inline float sdkGetAverageTimerValue(StopWatchInterface **t) {
  return (*t)->laps ? (float)((*t)->total / (*t)->laps) : 0.0f;
}
""",
        "time.h",
    ),
)

HEADERS: Final[dict[str, tuple[Part, ...]]] = {
    "helper_cuda.h": (*_CUDA, *_STRING),
    "helper_functions.h": (*_TIMER, *_STRING),
    "helper_string.h": _STRING,
    "helper_timer.h": _TIMER,
}
"""The headers that are known, and their parts in the order of their definition."""

_MACRO: Final = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
_FUNCTION: Final = re.compile(r"\b(\w+)\s*\([^;{}()]*\)\s*\{")
_WORDS: Final = frozenset({"if", "for", "while", "switch", "catch"})


def declared(header: str) -> frozenset[str]:
    """The macros and functions that a header's text defines."""
    return frozenset((*_MACRO.findall(header), *_FUNCTION.findall(header))) - _WORDS


def text_for(names: Iterable[str], words: frozenset[str]) -> str:
    """What the headers called `names` bring of the `words` of a file: standard includes first, each part once."""
    parts = list(dict.fromkeys(part for name in names for part in HEADERS[name]))
    wanted = {part for part in parts if part.names & words}
    for part in reversed(parts):
        if any(p.after in part.names for p in wanted):
            wanted.add(part)
    used = [part for part in parts if part in wanted]
    needs = dict.fromkeys(need for part in used for need in part.needs)
    includes = "".join(f"#include <{need}>\n" for need in needs)
    return includes + "".join(part.text for part in used)
