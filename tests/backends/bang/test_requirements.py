"""What the hardware would refuse, the simulator refuses: each check has a program that violates it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backends.bang.simulate import build, run

REFUSED = 96

HEAD = """
#include <bang.h>
#include <cnrt.h>
static float G[65536];
"""
KERNEL = """
__mlu_entry__ void k{i}(float *g) {{
  __nram__ float a[64];
  __nram__ float b[64];
  __nram__ int c[64];
  __wram__ float w[64];
  __mlu_shared__ float s[64];
  memset(a, 0, sizeof a), memset(b, 0, sizeof b), memset(c, 0, sizeof c);
  float stack[64];
  (void)stack, (void)w, (void)s;
  {body};
}}
"""
MAIN = """
int main(int, char **argv) {{
  cnrtDim3_t dim = {{4, 1, 1}};
  switch (atoi(argv[1])) {{
{cases}  }}
  return 0;
}}
"""

VIOLATIONS = {
    "__bang_add(a, b, g, 64)": "operand in GDRAM, needs NRAM",
    "__bang_add(g, a, b, 64)": "operand in GDRAM, needs NRAM",
    "__bang_add(a, b, w, 64)": "operand in WRAM, needs NRAM",
    "__bang_add(a, s, b, 64)": "operand in SRAM, needs NRAM",
    "__bang_add(a, stack, b, 64)": "operand in LDRAM, needs NRAM",
    "__bang_add(a, b, b, 65)": "past the end of an array in NRAM",
    "__bang_add(a, b + 32, b, 33)": "past the end of an array in NRAM",
    "__bang_add(a, b, b, 0)": "element count 0 is not positive",
    "__bang_mul_scalar(a, b, 2.0f, -1)": "element count -1 is not positive",
    "__bang_add(a, a + 1, b, 32)": "dst overlaps a source",
    "__bang_floor(a, a, 32)": "dst overlaps a source",
    "__bang_transpose(a, a, 4, 4)": "dst overlaps a source",
    "__bang_sumpool(a, a, 4, 4, 1, 2, 1, 1, 1)": "dst overlaps a source",
    "__bang_sumpool(a, b, 4, 4, 1, 5, 1, 1, 1)": "window does not fit",
    "__bang_sumpool(a, b, 4, 4, 1, 2, 1, 0, 1)": "a stride is not positive",
    "__bang_cycle_add(a, b, b, 60, 7)": "not a multiple of the segment length",
    "__bang_active_exp(a, (b[3] = 11, b), 64)": "outside the range",
    "__bang_active_exphp(a, (b[3] = 17, b), 64)": "outside the range",
    "__bang_active_recip(a, b, 64)": "outside the range",
    "__bang_div(a, b, b, 64)": "not on this architecture",
    "__bang_incseq(a, 64)": "needs mtp_592",
    "__bang_sum(a, 64)": "needs mtp_392",
    "__bang_matmul(a, b, w, 1, 1, 64)": "needs mtp_592",
    "__memcpy(a, g, 256, NRAM2GDRAM)": "operand in NRAM, needs GDRAM",
    "__memcpy(g, a, 256, GDRAM2NRAM)": "operand in GDRAM, needs NRAM",
    "__memcpy(w, a, 256, GDRAM2WRAM)": "operand in NRAM, needs GDRAM",
    "__memcpy(a, g, 260, GDRAM2NRAM)": "past the end of an array in NRAM",
    "__memcpy(a, g, 0, GDRAM2NRAM)": "size is not positive",
    "__memcpy(a, g, 8, GDRAM2NRAM, 4, 8, 3)": "destination segments overlap",
    "__memcpy(a, g, 4, GDRAM2NRAM, 4, -8, 3)": "stride is negative",
    "__memcpy(a, g, 4, GDRAM2NRAM, 8, 4, 32)": "past the end of an array in NRAM",
    "__memcpy(a, g, 4, GDRAM2NRAM, 4, 4, -1)": "segment number is negative",
    "__memcpy(w + 1, a, 32, NRAM2WRAM)": "WRAM address not 32-byte aligned",
    "__bang_move(a, a + 8, 64)": "dst overlaps a source",
    "__gdramset(a, 64, 1.0f)": "operand in NRAM, needs GDRAM",
    "__bang_atomic_reduce_add(a, b, 64)": "operand in NRAM, needs GDRAM",
    "__bang_atomic_add(b, g, g, 4)": "operand in GDRAM, needs NRAM",
    "__bang_atomic_add((float *)nullptr, g, b, 4)": "needs NRAM",
    "__bang_reshape_filter(a, b, 63, 1, 1, 1)": "n is not divisible by 64",
    "__bang_reshape_filter(a, b, 64, 1, 1, 1)": "row bytes not aligned",
    "__memcpy_async(a, g, 256, GDRAM2NRAM), __bang_add(b, a, a, 64)": "target of an asynchronous copy",
    "__memcpy_async(g, a, 256, NRAM2GDRAM), __bang_write_zero(a, 64)": "source of an asynchronous copy",
    "__memcpy_async(a, g, 256, GDRAM2NRAM), __sync_move(), __bang_add(b, a, a, 64)":
        "target of an asynchronous copy",
    "__memcpy_async(a, g, 256, GDRAM2NRAM)": "asynchronous copies were not waited for",
    "__nram__ float big[40960]; __nram__ float bigger[131072]": "capacity exceeded",
    "if (taskId == 0) __sync_cluster()": "not reached by every task",
}  # fmt: skip


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kernels, cases = [], []
    for i, body in enumerate(VIOLATIONS):
        kernels.append(KERNEL.format(i=i, body=body))
        cases.append(f"    case {i}: k{i}<<<dim, cnrtFuncTypeUnion1, nullptr>>>(G); break;\n")
    text = HEAD + "".join(kernels) + MAIN.format(cases="".join(cases))
    return build(text, tmp_path_factory.mktemp("requirements"), "violations", "-O0")


@pytest.mark.parametrize("number", range(len(VIOLATIONS)), ids=lambda n: list(VIOLATIONS)[n][:40])
def test_violation_is_refused(program: Path, number: int) -> None:
    call, message = list(VIOLATIONS.items())[number]
    done = run(program, str(number))
    assert done.returncode == REFUSED, (call, done)
    assert message in done.stderr
    assert f"kernel k{number}, task " in done.stderr


UNION = """
#include <bang.h>
static int G[64], H[64], E[64];
__mlu_entry__ void exchange(int *g, int *h, int *e) {
  __nram__ int mine[16];
  __mlu_shared__ int all[4];
  e[taskId] = mine[3];
  for (int i = 0; i < 16; ++i) mine[i] = taskId;
  all[coreId] = taskId * 10;
  __sync_cluster();
  g[taskId] = all[(coreId + 1) % 4] + mine[5];
  __sync_all_ipu();
  __sync_all_ipu_within_cluster();
  h[taskId] = g[(taskId + 3) % taskDim] * 1000 + clusterId * 100 + coreId;
}
int main() {
  cnrtDim3_t dim = {8, 1, 1};
  exchange<<<dim, cnrtFuncTypeUnion2, nullptr>>>(G, H, E);
  for (int i = 0; i < 8; ++i) printf("%d %d %d\\n", G[i], H[i], E[i]);
}
"""


@pytest.mark.parametrize("order", ["", "reverse"])
def test_tasks_meet_at_barriers_and_keep_their_own_memory(tmp_path: Path, order: str) -> None:
    done = run(build(UNION, tmp_path), env={"XP_BANG_ORDER": order})
    assert done.returncode == 0, done.stderr
    rows = [list(map(int, line.split())) for line in done.stdout.splitlines()]
    first = [(t // 4 * 4 + (t + 1) % 4) * 10 + t for t in range(8)]
    assert [r[0] for r in rows] == first
    assert [r[1] for r in rows] == [
        first[(t + 3) % 8] * 1000 + t // 4 * 100 + t % 4 for t in range(8)
    ]
    assert all(r[2] == -1 for r in rows)  # fresh memory is poisoned for every task


BAD_LAUNCH = """
#include <bang.h>
__mlu_entry__ void k() {}
int main() {
  cnrtDim3_t dim = {6, 1, 1};
  k<<<dim, cnrtFuncTypeUnion1, nullptr>>>();
}
"""


def test_a_launch_that_does_not_fill_its_clusters_is_refused(tmp_path: Path) -> None:
    done = run(build(BAD_LAUNCH, tmp_path))
    assert done.returncode == REFUSED
    assert "dim.x 6 is not a multiple of 4 cores" in done.stderr


STALE = """
#include <bang.h>
__mlu_entry__ void k(float *g, float *out) {
  __nram__ float a[4];
  __memcpy_async(a, g, 16, GDRAM2NRAM);
  out[0] = a[0];
  __sync();
  out[1] = a[0];
}
int main() {
  float g[4] = {7, 7, 7, 7}, out[2];
  cnrtDim3_t dim = {1, 1, 1};
  k<<<dim, cnrtFuncTypeBlock, nullptr>>>(g, out);
  printf("%g %g\\n", out[0], out[1]);
}
"""


def test_a_copy_that_nobody_waited_for_has_not_happened(tmp_path: Path) -> None:
    done = run(build(STALE, tmp_path))
    first, second = done.stdout.split()
    assert "nan" in first
    assert second == "7"


OTHER = """
#include <bang.h>
int main() {}
__mlu_entry__ void k(float *out) {
  __nram__ float a[4096];
  __nram__ float b[4096];
  __wram__ float w[4096];
  __nram__ bfloat16_t c[64];
  for (int i = 0; i < 4096; ++i) a[i] = i % 13;
  __bang_div(b, a, a + 1, 8);
  out[0] = b[1];
  out[1] = __bang_sum(a, 13);
  __bang_incseq(b, 16);
  out[2] = b[15];
  __bang_float2bfloat16_rn(c, a, 8);
  __bang_bfloat162float(b, c, 8);
  out[3] = b[7];
  __bang_reshape_filter(b, a, 128, 1, 1, 16);
  __memcpy(w, b, 128 * 16 * 4, NRAM2WRAM);
  __bang_matmul(b, a, w, 2, 16, 128);
  float total = 0;
  for (int x = 0; x < 16; ++x) total += a[16 + x] * a[100 * 16 + x];
  out[4] = b[128 + 100] - total;
}
__attribute__((constructor)) static void start() {
  static float out[5];
  cnrtDim3_t dim = {1, 1, 1};
  k<<<dim, cnrtFuncTypeBlock, nullptr>>>(out);
  for (float x : out) printf("%g ", x);
}
"""


def test_instructions_of_a_later_architecture(tmp_path: Path) -> None:
    done = run(build(OTHER, tmp_path, "later", "-D__BANG_ARCH__=592"))
    assert done.stdout.split() == ["0.5", "78", "15", "7", "0"], done.stderr


def test_alignment_is_asked_for_on_the_second_generation(tmp_path: Path) -> None:
    text = (
        HEAD
        + KERNEL.format(i=0, body="__bang_add(a, b, b, 31)")
        + MAIN.format(cases="    case 0: k0<<<dim, cnrtFuncTypeUnion1, nullptr>>>(G);\n")
    )
    done = run(build(text, tmp_path, "aligned", "-D__BANG_ARCH__=270"), "0")
    assert done.returncode == REFUSED
    assert "length not divisible by 128 bytes" in done.stderr
