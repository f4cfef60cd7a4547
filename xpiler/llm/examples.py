"""An example of a step for its prompt: what the pass's own rules make of a small program.

The programs are ours and in no benchmark. An example is made when it is asked for, so it always shows what the
pass does now, on the machine that the prompt is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from xpiler.backends.base import Target
from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.passes.base import Applied, Context, Pass
from xpiler.records import dataclass

__all__ = ["Example", "examples_of"]

_LONGEST = 6000  # characters that before and after of one example may take together
_SHORT = 4000  # and all examples of a prompt, when there are several
_MOST = 2

_FACTS = (
    "launch_facts(blockDim.x = 128, blockDim.y = 1, blockDim.z = 1, gridDim.y = 1, gridDim.z = 1)\n"
)
_THREADS = (
    _FACTS
    + """\
__global__ void blend(const f32 *u, const f32 *v, f32 *w, i32 size) {
  i32 p = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  if (p < size) {
    w[p] = u[p] - v[p];
  }
}
""",
    """\
launch_facts(blockDim.x = 16, blockDim.y = 8, blockDim.z = 1, gridDim.z = 1)
__global__ void product(const f32 *u, const f32 *v, f32 *w, i32 rows, i32 columns, i32 depth) {
  i32 x = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  i32 y = (i32)(blockIdx.y * blockDim.y + threadIdx.y);
  if ((y < rows) && (x < columns)) {
    f32 total = 0.0f;
    for (i32 d = 0; d < depth; d += 1) {
      total += u[y * depth + d] * v[d * columns + x];
    }
    w[y * columns + x] = total;
  }
}
""",
    """\
launch_facts(blockDim.x = 16, blockDim.y = 16, blockDim.z = 1, gridDim.z = 1)
__global__ void tiles(const f32 *u, const f32 *v, f32 *w, i32 rows, i32 columns, i32 depth) {
  __shared__ f32 su[16][16];
  __shared__ f32 sv[16][16];
  i32 tx = (i32)threadIdx.x;
  i32 ty = (i32)threadIdx.y;
  i32 y = (i32)(blockIdx.y * 16u) + ty;
  i32 x = (i32)(blockIdx.x * 16u) + tx;
  f32 total = 0.0f;
  for (i32 t = 0; t < (depth + 15) / 16; t += 1) {
    su[ty][tx] = (y < rows) && (t * 16 + tx < depth) ? u[y * depth + t * 16 + tx] : 0.0f;
    sv[ty][tx] = (t * 16 + ty < depth) && (x < columns) ? v[(t * 16 + ty) * columns + x] : 0.0f;
    __syncthreads();
    for (i32 d = 0; d < 16; d += 1) {
      total += su[ty][d] * sv[d][tx];
    }
    __syncthreads();
  }
  if ((y < rows) && (x < columns)) {
    w[y * columns + x] = total;
  }
}
""",
    """\
launch_facts(blockDim.x = 16, blockDim.y = 8, blockDim.z = 1, gridDim.z = 1)
__global__ void columns(const f32 *u, f32 *w, i32 rows, i32 columns) {
  i32 x = (i32)(blockIdx.x * blockDim.x + threadIdx.x);
  i32 y = (i32)(blockIdx.y * blockDim.y + threadIdx.y);
  if ((y < rows) && (x < columns)) {
    w[x * rows + y] = u[x * rows + y] * 0.5f;
  }
}
""",
    """\
__global__ void fragment(f16 *u, f16 *v, f32 *w) {
  tile(a, row, f16, 16, 16, 16, fu);
  tile(b, row, f16, 16, 16, 16, fv);
  tile(acc, row, f32, 16, 16, 16, fw);
  tile_fill(fw, 0.0f);
  tile_load(fu, &u[0], 16, row);
  tile_load(fv, &v[0], 16, row);
  tile_mma(fw, fu, fv, fw);
  tile_store(fw, &w[0], 16, row);
}
""",
)
_HEAD = "(dim3 gridDim, dim3 blockDim, u32 sharedBytes, const f32 *u, const f32 *v, f32 *w, f32 *z, i32 size) {\n"
_LOOPS = (
    f"""\
void mix{_HEAD}\
  for (i32 i = 0; i < size; i += 1) {{
    w[i] = u[i] - v[i];
  }}
}}
""",
    f"""\
void table{_HEAD}\
  for (i32 i = 0; i < size; i += 1) {{
    for (i32 j = 0; j < 24; j += 1) {{
      w[i * 24 + j] = u[i] - v[j];
    }}
  }}
}}
""",
    f"""\
void both{_HEAD}\
  for (i32 i = 0; i < size; i += 1) {{
    w[i] = u[i] - v[i];
    z[i] = u[i] * 0.5f;
  }}
}}
""",
    f"""\
void chain{_HEAD}\
  for (i32 i = 0; i < size; i += 1) {{
    w[i] = u[i] - v[i];
  }}
  for (i32 j = 0; j < size; j += 1) {{
    z[j] = w[j] * 0.5f;
  }}
}}
""",
)


@dataclass(frozen=True, slots=True)
class Example:
    """A program before and after the step, both as C."""

    before: str
    after: str

    @property
    def length(self) -> int:
        """Characters of both."""
        return len(self.before) + len(self.after)


_KNOWN: dict[tuple[str, str, str], tuple[Example, ...]] = {}


def examples_of(pass_: Pass, target: Target) -> tuple[Example, ...]:
    """Examples of the pass on the target, the first ones of our programs to which it applies; as many as are short."""
    # a target may have a pass of its own under the name of a shared one
    key = (target.name, pass_.name, pass_.before)
    if key not in _KNOWN:
        found: list[Example] = []
        for example in islice(_examples(pass_, target), _MOST):
            if not found or sum(e.length for e in (*found, example)) <= _SHORT:
                found.append(example)
        _KNOWN[key] = tuple(found)
    return _KNOWN[key]


def _examples(pass_: Pass, target: Target) -> Iterator[Example]:
    context = Context(facts=target.facts)
    for before in _programs(pass_, target):
        outcome = pass_.rewrite(before, context)
        if isinstance(outcome, Applied) and outcome.program != before:
            made = Example(print_module(before), print_module(outcome.program))
            if made.length <= _LONGEST:
                yield made


def _programs(pass_: Pass, target: Target) -> Iterator[Module]:
    """What the pass would be given: the passes before it are applied where the target's list has it."""
    context = Context(facts=target.facts)
    for text in _THREADS:
        program = parse_module(text)
        passes = target.pipeline(program, {})
        if pass_.name not in {p.name for p in passes}:
            break
        for earlier in passes:
            if earlier.name == pass_.name:
                break
            outcome = earlier.rewrite(program, context)
            program = outcome.program if isinstance(outcome, Applied) else program
        yield program
    for text in _LOOPS:
        yield parse_module(text)
