"""A program that runs every instruction on the same inputs: built twice, it compares two machines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from xpiler.backends.avx512.isa.catalog import Instruction, Parameter
from xpiler.records import dataclass

__all__ = ["Difference", "compare", "program"]

SLOT: Final = 512
"""Bytes of output for one call of one instruction."""

_PRELUDE: Final = r"""
#include HEADER
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

static uint64_t state;
static uint64_t next_bits() {
  state ^= state << 13; state ^= state >> 7; state ^= state << 17;
  return state * 0x2545F4914F6CDD1Dull;
}
// kind 0: any bits, 1: small integers, 2: ordinary numbers, 3 and 4: special numbers, 5: extreme integers
static void fill(unsigned char *p, size_t bytes, int kind) {
  static const float f[] = {0.0f, -0.0f, 1.0f, -1.0f, 0.5f, 2147483648.0f, -2147483904.0f, 4294967296.0f,
                            65504.0f, 65520.0f, 1e-40f, 3e38f, 6e-8f, 0x1p-14f, 1.5f, 2.5f, -127.5f,
                            __builtin_inff(), -__builtin_inff(), __builtin_nanf("")};
  static const double d[] = {0.0, -0.0, 1.0, -1.0, 2.5, 9223372036854775808.0, -2147483649.0, 1e300,
                             4e-320, 3.4028235677973366e38, 1e-46, __builtin_inf(), __builtin_nan("")};
  static const uint32_t w[] = {0, 1, 0xffffffff, 0x80000000, 0x7fffffff, 0x80808080, 0x7f7f7f7f, 0x80008000,
                               0x7fff7fff, 0xff00ff00, 0x0001ffff, 31, 32, 33, 64};
  for (size_t i = 0; i < bytes; i += 8) {
    uint64_t bits = next_bits();
    uint32_t half[2];
    for (int j = 0; j < 2; ++j) {
      const uint32_t r = (uint32_t)(bits >> 32 * j);
      if (kind == 1) half[j] = (uint32_t)((int32_t)(r % 201) - 100);
      else if (kind == 5) half[j] = w[r % (sizeof w / sizeof *w)];
      else if (kind == 3) memcpy(&half[j], &f[r % (sizeof f / sizeof *f)], 4);
      else if (kind == 2) {
        const float v = ((float)(int32_t)r) * (1.0f / 65536.0f);
        memcpy(&half[j], &v, 4);
      } else half[j] = r;
    }
    memcpy(p + i, half, 8);
    if (kind == 4) memcpy(p + i, &d[bits % (sizeof d / sizeof *d)], 8);
    if (kind == 2 && (bits & 1)) {
      const double v = (double)(int64_t)bits * 0x1p-40;
      memcpy(p + i, &v, 8);
    }
  }
}
template <class T> static T take(int kind) {
  alignas(64) unsigned char raw[64];
  fill(raw, sizeof raw, kind);
  T value;
  memcpy(&value, raw, sizeof value);
  return value;
}
template <class T> static T normal_ps() {
  float raw[16];
  for (int i = 0; i < 16; ++i) raw[i] = (float)(int32_t)(next_bits() >> 32 | 1) * 0x1p-20f;
  T value; memcpy(&value, raw, sizeof value); return value;
}
template <class T> static T normal_pd() {
  double raw[8];
  for (int i = 0; i < 8; ++i) raw[i] = (double)(int64_t)(next_bits() | 1) * 0x1p-40;
  T value; memcpy(&value, raw, sizeof value); return value;
}
template <class T> static T normal_bf16() {
  uint16_t raw[32];
  for (int i = 0; i < 32; ++i) raw[i] = (uint16_t)(0x3f00 | (next_bits() & 0x80ff));
  T value; memcpy(&value, raw, sizeof value); return value;
}
template <class T> static T small_index(int wide) {
  int32_t raw[16];
  for (int i = 0; i < 16; ++i) {
    const int32_t v = (int32_t)(next_bits() % 15) - 7;
    raw[i] = wide && i % 2 ? raw[i - 1] >> 31 : v;
  }
  T value; memcpy(&value, raw, sizeof value); return value;
}
template <class T> static void give(unsigned char *out, T value) { memcpy(out, &value, sizeof value); }
"""

_MAIN: Final = r"""
int main(int argc, char **argv) {
  if (argc != 3) return 2;
  FILE *file = fopen(argv[1], "wb");
  if (!file) return 2;
  const int rounds = atoi(argv[2]);
  for (size_t t = 0; t < sizeof tests / sizeof *tests; ++t) {
    state = 0x9E3779B97F4A7C15ull + t;
    for (int round = 0; round < rounds; ++round) {
      unsigned char out[SLOT] = {0};
      tests[t](round % 6, out);
      if (fwrite(out, 1, SLOT, file) != SLOT) return 1;
    }
  }
  return fclose(file) != 0;
}
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two machines disagree on `call` (an instruction with its constants)."""

    call: str
    round: int
    got: bytes
    expected: bytes


_CONSTANTS: Final[dict[str, tuple[int, ...]]] = {
    "predicate": tuple(range(16)),
    "rounding": (0, 8),
    "scale": (4, 8),
}


def _constants(instruction: Instruction, param: Parameter) -> tuple[int, ...]:
    if param.name == "imm":
        if "roundscale" in instruction.name:
            return (0, 1, 2, 3, 8, 9, 11, 0x20)
        return (0, 1) if instruction.group == "convert" else (0, 1, 7, 31, 32, 63, 64)
    return _CONSTANTS.get(param.name, ())


def _argument(instruction: Instruction, param: Parameter) -> str:
    if param.name in ("p", "base"):
        cast = param.type.replace("const void *", "").replace("void *", "").strip()
        offset = 128 if "multiple of 64" in " ".join(instruction.requires) else 132
        return f"({cast})(memory + {offset})" if cast else f"memory + {offset}"
    if param.name == "index" and instruction.group == "gather":
        return f"small_index<{param.type}>({int('_i64' in instruction.name)})"
    if instruction.domain and param.type == "__m512":
        return "normal_ps<__m512>()"
    if instruction.domain and param.type == "__m512d":
        return "normal_pd<__m512d>()"
    if instruction.domain and param.type == "__m512bh":
        return "normal_bf16<__m512bh>()"
    return f"take<{param.type}>(kind)"


def _calls(instruction: Instruction) -> Iterator[tuple[str, str]]:
    """The name of each call (with constants) and the C++ function that makes it."""
    choices = [_constants(instruction, p) or (None,) for p in instruction.params]
    for choice in product(*choices):
        constants = ", ".join(str(c) for c in choice if c is not None)
        arguments: list[str] = []
        lines = []
        for number, (param, constant) in enumerate(zip(instruction.params, choice, strict=True)):
            if constant is not None:
                arguments.append(str(constant))
                continue
            # a call's arguments have no order of evaluation: the inputs would differ
            lines.append(f"  auto a{number} = {_argument(instruction, param)};")
            arguments.append(f"a{number}")
        call = f"{instruction.name}({', '.join(arguments)})"
        result = f"  {call};" if instruction.result == "void" else f"  give(out, {call});"
        memory = [
            "  alignas(64) static unsigned char memory[384];",
            "  fill(memory, sizeof memory, kind);",
        ]
        body = "\n".join(memory + lines + [result, "  memcpy(out + 64, memory, sizeof memory);"])
        yield (
            f"{instruction.name}<{constants}>" if constants else instruction.name,
            f"(int kind, unsigned char *out) {{\n  (void)kind;\n{body}\n}}\n",
        )


def program(instructions: Sequence[Instruction], header: str) -> tuple[str, tuple[str, ...]]:
    """The program (C++17) and the names of its calls; `header` as an #include wants it.

    Run as `program OUTPUT ROUNDS`: it writes SLOT bytes for each call and round.
    """
    names: list[str] = []
    functions: list[str] = []
    for instruction in instructions:
        for name, text in _calls(instruction):
            functions.append(f"static void test_{len(names)}{text}")
            names.append(name)
    table = ", ".join(f"test_{i}" for i in range(len(names)))
    text = _PRELUDE.replace("HEADER", header) + "\n".join(functions)
    text += f"\nstatic void (*const tests[])(int, unsigned char *) = {{{table}}};\n"
    return text + _MAIN.replace("SLOT", str(SLOT)), tuple(names)


def _equal(instruction: Instruction, got: NDArray[np.uint8], want: NDArray[np.uint8]) -> bool:
    if np.array_equal(got, want):
        return True
    if not np.array_equal(got[64:], want[64:]) and "store" not in instruction.name:
        return False
    if instruction.indeterminate_high_half:
        return np.array_equal(got[:32], want[:32])
    kind = re.sub(r"[^a-z0-9]", "", instruction.result)
    dtype = {"m512": "f4", "m256": "f4", "float": "f4", "m512d": "f8", "double": "f8"}.get(kind)
    if dtype is None:
        return False
    a, b = got[:64].view(dtype), want[:64].view(dtype)
    with np.errstate(all="ignore"):
        close = np.abs(a - b) <= instruction.tolerance * np.abs(b)
    return bool(np.all((a == b) | (np.isnan(a) & np.isnan(b)) | close))


def compare(
    instructions: Sequence[Instruction], got: bytes, expected: bytes, rounds: int
) -> tuple[Difference, ...]:
    """The first difference of each call between the outputs of two builds of `program`."""
    calls = [(i, name) for i in instructions for name, _ in _calls(i)]
    size = len(calls) * rounds * SLOT
    if len(got) != size or len(expected) != size:
        raise ValueError(f"outputs of {len(got)} and {len(expected)} bytes, not {size}")
    a = np.frombuffer(got, np.uint8).reshape(len(calls), rounds, SLOT)
    b = np.frombuffer(expected, np.uint8).reshape(len(calls), rounds, SLOT)
    found = []
    for number, (instruction, name) in enumerate(calls):
        for turn in range(rounds):
            if not _equal(instruction, a[number, turn], b[number, turn]):
                x, y = a[number, turn].tobytes(), b[number, turn].tobytes()
                found.append(Difference(name, turn, x, y))
                break
    return tuple(found)
