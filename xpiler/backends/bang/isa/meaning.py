"""The instructions of BANG C one by one, for the reference interpreter: the simulator's header as a library."""

from __future__ import annotations

from pathlib import Path

from xpiler.backends.bang.composites import COMPOSITES, with_dependencies
from xpiler.backends.bang.isa.catalog import catalog
from xpiler.backends.bang.printer import DIRECTIONS, TYPE_NAMES
from xpiler.backends.base import Meaning

__all__ = ["meaning"]

_INCLUDE = Path(__file__).parent / "include"

# on-chip arrays come from one pool a space, which starts anew with each task
_HOOKS = """
namespace {
__nram__ char xp_pool_nram[__MLU_NRAM_SIZE__ * 1024];
__wram__ char xp_pool_wram[__MLU_WRAM_SIZE__ * 1024];
__mlu_shared__ char xp_pool_sram[__MLU_SRAM_SIZE__ * 1024];
size_t xp_taken[3];
}
extern "C" void xp_begin(int task) {
  taskId = task;
  bang::machine = bang::Machine();
  bang::machine.kernel = "the program";
  for (size_t &bytes : xp_taken) bytes = 0;
}
extern "C" int xp_end() {
  if (bang::machine.copies.empty()) return 0;
  std::snprintf(xp_machine::message, sizeof xp_machine::message,
                "error: end of task: asynchronous copies were not waited for");
  return 1;
}
extern "C" void *xp_on_chip(const char *space, size_t bytes) {
  char *pools[] = {xp_pool_nram, xp_pool_wram, xp_pool_sram};
  const size_t room[] = {sizeof xp_pool_nram, sizeof xp_pool_wram, sizeof xp_pool_sram};
  const char *names[] = {"nram", "wram", "sram"};
  // dynamic shared memory is printed as an array in NRAM
  if (std::strcmp(space, "dynamic") == 0) space = "nram";
  for (int i = 0; i < 3; ++i) {
    if (std::strcmp(space, names[i]) != 0) continue;
    char *start = pools[i] + xp_taken[i];
    if (xp_taken[i] + bytes > room[i]) return nullptr;
    // neighbours do not touch: what runs past an array's end is seen
    xp_taken[i] += (bytes + 127) / 64 * 64;
    bang::machine.arrays.push_back(bang::Array{start, bytes});
    return start;
  }
  return nullptr;
}
"""


def meaning() -> Meaning:
    """The simulator's header and the composite functions, as a library's text."""
    composites = "".join(COMPOSITES[n].text for n in with_dependencies(frozenset(COMPOSITES)))
    types = {t: c for t, c in TYPE_NAMES.items() if t.bits == 16}
    flags = (f"-I{_INCLUDE}", "-w")
    shapes = {
        i.name: f"{i.group} {i.signature.replace(i.name, '').replace('src0', 'src')}"
        for i in catalog()
    }
    shapes |= dict.fromkeys(DIRECTIONS, "direction of a copy")
    return Meaning(f'#include "bang.h"\n{composites}{_HOOKS}', flags, types, shapes)
