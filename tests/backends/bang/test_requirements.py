"""What the hardware would refuse, the simulator refuses: each check has a program that violates it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.backends.bang.simulate import build, run
from xpiler.backends.bang.toolchain import INCLUDE

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

CONV = "__wram__ half wh[2048]; __bang_conv(a, (half *)b, wh"
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
    "__bang_transpose(a, b, 0, 4)": "element count 0 is not positive",
    "__bang_pad(a, b, 1, 2, 2, -1, 0)": "a size is out of range",
    "__bang_reshape_filter(a, b, 64, 1, 1, 0)": "a size is not positive",
    "__bang_mlp(a, (int8 *)b, (int8 *)w, 63, 4, 0)": "height is not divisible by 64",
    "__bang_mlp(a, (int8 *)b, (int8 *)c, 64, 1, 0)": "operand in NRAM, needs WRAM",
    "__bang_add((float *)nullptr, a, b, 4)": "operand in GDRAM, needs NRAM",
    "__memcpy(a, nullptr, 16, GDRAM2NRAM)": "null pointer",
    f"{CONV}, 32, 1, 1, 1, 1, 1, 1, 63)": "channel_output is not divisible by 64",
    f"{CONV}, 31, 1, 1, 1, 1, 1, 1, 64)": "row bytes not aligned",
    f"{CONV}, 32, 1, 1, 1, 2, 1, 1, 64)": "the window is larger than the input",
    f"{CONV}, 32, 1, 1, 1, 1, 0, 1, 64)": "a stride is not positive",
    f"{CONV}, 32, 0, 1, 1, 1, 1, 1, 64)": "a size is not positive",
    f"{CONV}, 32, 1, 2, 1, 1, 1, 1, 64)": "past the end of an array in NRAM",
    "__wram__ half wh[2064]; __bang_conv(a, (half *)b, wh + 8, 32, 1, 1, 1, 1, 1, 1, 64)":
        "WRAM address not 32-byte aligned",
    "__bang_conv(a, (half *)b, (half *)c, 32, 1, 1, 1, 1, 1, 1, 64)": "operand in NRAM, needs WRAM",
    "__wram__ half wh[2048]; __bang_conv(a, (half *)a, wh, 32, 1, 1, 1, 1, 1, 1, 64)":
        "dst overlaps a source",
}  # fmt: skip
SECOND = {
    "__bang_add(a, b, b, 31)": "length not divisible by 128 bytes",
    "__bang_add(a, b + 1, b, 32)": "address not 64-byte aligned",
    "__bang_transpose(a, b, 2, 32)": "a side is not divisible by 128 bytes",
    "__bang_sumpool(a, b, 16, 2, 1, 2, 1, 1, 1)": "channel bytes not divisible by 128",
    "__bang_reshape_filter(a, b, 64, 1, 1, 16)": "row bytes not aligned",
    "__bang_sqrt(a, b, 32)": "needs mtp_322",
    "__bang_float2int_tz(c, a, 32, 0)": "needs mtp_300",
}
LATER = {
    "__bang_matmul(a, b, w, 1, 16, 63)": "n is not divisible by 64",
    "__bang_matmul(a, b, w, 1, 15, 64)": "row bytes not divisible by 64",
    "__bang_matmul(a, b, w, 0, 16, 64)": "a size is not positive",
    "__nram__ float big[65536]; __nram__ float bigger[40960]": "capacity exceeded",
}
ALL = {
    **{(372, call): message for call, message in VIOLATIONS.items()},
    **{(270, call): message for call, message in SECOND.items()},
    **{(592, call): message for call, message in LATER.items()},
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder, out = tmp_path_factory.mktemp("requirements"), {}
    for arch in (372, 270, 592):
        kernels, cases = [], []
        for i, (on, body) in enumerate(ALL):
            if on == arch:
                kernels.append(KERNEL.format(i=i, body=body))
                launch = f"k{i}<<<dim, cnrtFuncTypeUnion1, nullptr>>>(G)"
                cases.append(f"    case {i}: {launch}; break;\n")
        text = HEAD + "".join(kernels) + MAIN.format(cases="".join(cases))
        out[arch] = build(text, folder, f"violations{arch}", "-O0", f"-D__BANG_ARCH__={arch}")
    return out


@pytest.mark.parametrize("number", range(len(ALL)), ids=lambda n: str(list(ALL)[n])[:40])
def test_violation_is_refused(programs: dict[int, Path], number: int) -> None:
    (arch, call), message = list(ALL.items())[number]
    done = run(programs[arch], str(number))
    assert done.returncode == REFUSED, (call, done)
    assert message in done.stderr
    assert f"kernel k{number}, task " in done.stderr


ELSEWHERE = {
    "operand outside the range where the approximation holds",  # with its bounds, above
    "source length is not a multiple of the segment length",
    "a dimension is zero", "dim.x ", " is not a multiple of ", " cores",
    "a Block job has no other task to wait for", "outside a kernel", "past the end of ",
    "operand in ", ", needs ", "element count ", " is not positive", "needs mtp_", ", this is mtp_",
    "barrier", "launch", "end of task", ": ", " bytes at offset ", " bytes declared, ", " available on mtp_", " of ",
}  # fmt: skip
"""Pieces of messages, and those that the launch tests below provoke."""


def test_every_check_of_the_headers_is_violated_by_a_test() -> None:
    text = "".join(h.read_text(encoding="utf-8") for h in sorted(INCLUDE.glob("bang/*.h")))
    calls = re.findall(r"(?:check\.need|\bneed|fail|refuse)\([^;]*;", text)
    messages = {m for call in calls for m in re.findall(r'"([^"]*)"', call)}
    tested = " | ".join(ALL.values())
    missing = {
        m for m in messages
        if m not in tested and not any(t in m for t in ALL.values())
        and not any(m.startswith(e) for e in ELSEWHERE)
    }  # fmt: skip
    assert len(messages) > 30
    assert missing == set()


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


@pytest.mark.parametrize(
    ("size", "kind", "body", "message"),
    [
        ("0, 1, 1", "Block", "", "a dimension is zero"),
        ("1, 1, 1", "Block", "__sync_cluster();", "a Block job has no other task to wait for"),
    ],
)
def test_a_launch_that_cannot_run_is_refused(
    tmp_path: Path, size: str, kind: str, body: str, message: str
) -> None:
    text = BAD_LAUNCH.replace("6, 1, 1", size).replace("Union1", kind)
    done = run(build(text.replace("k() {}", f"k() {{ {body} }}"), tmp_path))
    assert done.returncode == REFUSED
    assert message in done.stderr


def test_a_barrier_outside_a_kernel_is_refused(tmp_path: Path) -> None:
    done = run(build("#include <bang.h>\nint main() { __sync_all_ipu(); }\n", tmp_path))
    assert done.returncode == REFUSED
    assert "outside a kernel" in done.stderr


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
