"""Small programs for the tests of localisation and repair, as text."""

from __future__ import annotations

from xpiler.ir.nodes import Module
from xpiler.ir.parse_c import parse_module
from xpiler.synth.locate.trace import Inputs

LOOP = """
void k(dim3 gridDim, dim3 blockDim, u32 sharedBytes, const f32 *x, const f32 *w, f32 *y, i32 n) {
  for (i32 i = 0; i < n; i += 1) {
    y[i] = x[i] * 2.0f + w[i];
  }
}
"""

ROWS = """
void k(dim3 gridDim, dim3 blockDim, u32 sharedBytes, const f32 *x, f32 *y, i32 rows, i32 cols) {
  for (i32 r = 0; r < rows; r += 1) {
    f32 sum = 0.0f;
    for (i32 c = 0; c < cols; c += 1) {
      sum += x[r * cols + c];
    }
    y[r] = sum;
  }
}
"""

GUARDED = """
launch_facts(blockDim.x = 4, blockDim.y = 1, blockDim.z = 1)
__global__ void k(const f32 *x, f32 *y, i32 n) {
  i32 i = (i32)blockIdx.x * 4 + (i32)threadIdx.x;
  if (i < n) {
    y[i] = x[i] + 1.0f;
  }
}
"""

REVERSED = """
launch_facts(blockDim.x = 8, blockDim.y = 1, blockDim.z = 1)
__global__ void k(const f32 *x, f32 *y) {
  __shared__ f32 s[8];
  i32 t = (i32)threadIdx.x;
  s[t] = x[t];
  __syncthreads();
  y[t] = s[7 - t];
}
"""

SPLIT = """
void k(dim3 gridDim, dim3 blockDim, u32 sharedBytes, const f32 *x, const f32 *w, f32 *y, i32 n) {
  for (i32 t = 0; t < (n + 3) / 4; t += 1) {
    for (i32 u = 0; u < 4; u += 1) {
      i32 i = t * 4 + u;
      if (i < n) {
        y[i] = x[i] * 2.0f + w[i];
      }
    }
  }
}
"""


def program(text: str) -> Module:
    """The parsed program."""
    found = parse_module(text)
    assert isinstance(found, Module), found
    return found


def loop_inputs(*sizes: int) -> tuple[Inputs, ...]:
    """Inputs of LOOP and SPLIT: buffers of exactly `n` elements."""
    one = (1, 1, 1)
    return tuple(
        Inputs(
            {
                "x": [0.5 + 1.25 * k for k in range(n)],
                "w": [100.0 - 3.5 * k for k in range(n)],
                "y": [-1.0] * n,
                "n": n,
            },
            one,
            one,
        )
        for n in sizes
    )


def row_inputs(*shapes: tuple[int, int]) -> tuple[Inputs, ...]:
    """Inputs of ROWS."""
    one = (1, 1, 1)
    return tuple(
        Inputs(
            {
                "x": [1.03 + k * k for k in range(r * c)],
                "y": [-1.0] * r,
                "rows": r,
                "cols": c,
            },
            one,
            one,
        )
        for r, c in shapes
    )


def guarded_inputs(*sizes: int) -> tuple[Inputs, ...]:
    """Inputs of GUARDED: as many blocks of four threads as it takes."""
    return tuple(
        Inputs(
            {"x": [1.5 * k for k in range(n)], "y": [-1.0] * n, "n": n},
            ((n + 3) // 4, 1, 1),
            (4, 1, 1),
        )
        for n in sizes
    )


def reversed_inputs() -> tuple[Inputs, ...]:
    """Inputs of REVERSED, in order and in random orders of the threads."""
    return tuple(
        Inputs(
            {"x": [1.0 + k for k in range(8)], "y": [0.0] * 8}, (1, 1, 1), (8, 1, 1), order=order
        )
        for order in (None, 1, 2)
    )
