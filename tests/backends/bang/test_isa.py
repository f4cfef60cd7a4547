"""Every instruction against NumPy, and every instruction's record in the catalog."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.backends.bang.simulate import build, run
from xpiler.backends.bang.isa.catalog import catalog, find, manual

N = 96
Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(5)
F = (RNG.standard_normal(N) * 3).astype(np.float32)
F[:6] = [0.0, -0.0, 1.0, -1.5, 2.5, -2.5]
G = RNG.permutation(F).astype(np.float32)
P = (np.abs(F) + 0.25).astype(np.float32)
I = RNG.integers(-100, 100, N).astype(np.int32)
J = RNG.integers(-100, 100, N).astype(np.int32)
S = F[:8]
X = 0.75

HEAD = """
#include <bang.h>
static float F[{n}], G[{n}], P[{n}];
static int I[{n}], J[{n}];
static float D[4096];
static void put(FILE *out, const void *p, size_t bytes) {{ fwrite(p, 1, bytes, out); }}
__mlu_entry__ void all(FILE *out) {{
  __nram__ float f[{n}];
  __nram__ float g[{n}];
  __nram__ float p[{n}];
  __nram__ float d[4096];
  __nram__ int i[{n}];
  __nram__ int j[{n}];
  __nram__ int di[4096];
  __nram__ half h[{n}];
  __nram__ half dh[{n}];
  __nram__ int8 b[{n}];
  __nram__ int16 w[{n}];
  __wram__ float wf[64 * 32];
  __wram__ int8 wb[64 * 32];
  __mlu_shared__ float s[{n}];
  const int n = {n};
"""
RESET = """
  memcpy(f, F, sizeof f); memcpy(g, G, sizeof g); memcpy(p, P, sizeof p);
  memcpy(i, I, sizeof i); memcpy(j, J, sizeof j);
  for (int q = 0; q < n; ++q) { h[q] = half(F[q]); b[q] = (int8)I[q]; w[q] = (int16)(I[q] * 100); D[q] = 0; }
"""
TAIL = """
}
int main(int, char **argv) {
  FILE *in = fopen(argv[1], "rb");
  fread(F, 1, sizeof F, in), fread(G, 1, sizeof G, in), fread(P, 1, sizeof P, in);
  fread(I, 1, sizeof I, in), fread(J, 1, sizeof J, in);
  FILE *out = fopen(argv[2], "wb");
  cnrtDim3_t dim = {1, 1, 1};
  all<<<dim, cnrtFuncTypeBlock, nullptr>>>(out);
  fclose(out);
  return 0;
}
"""

Case = tuple[str, str, int, Array]  # the call, where its result is, its bytes, what it should be


def _f(call: str, expected: Array) -> Case:
    value = np.asarray(expected, np.float32)
    return call, "d", value.nbytes, value


def _i(call: str, expected: Array) -> Case:
    value = np.asarray(expected, np.int32)
    return call, "di", value.nbytes, value


def _seg(x: Array) -> Array:
    return np.tile(x, N // len(x))


def _arithmetic() -> list[Case]:
    out: list[Case] = []
    for name, f in (("add", np.add), ("sub", np.subtract), ("mul", np.multiply)):
        out += [
            _f(f"__bang_{name}(d, f, g, n)", f(F, G)),
            _i(f"__bang_{name}(di, i, j, n)", f(I, J)),
            _f(f"__bang_{name}_scalar(d, f, {X}f, n)", f(F, np.float32(X))),
            _f(f"__bang_cycle_{name}(d, f, p, n, 8)", f(F, _seg(P[:8]))),
        ]
    out += [
        _f("__bang_add_const(d, f, 0.5f, n)", F + np.float32(0.5)),
        _f("__bang_mul_const(d, f, 0.5f, n)", F * np.float32(0.5)),
        _f("__bang_maxequal(d, f, g, n)", np.maximum(F, G)),
        _f("__bang_minequal(d, f, g, n)", np.minimum(F, G)),
        _f("__bang_maxeq_scalar(d, f, 0.5f, n)", np.maximum(F, np.float32(0.5))),
        _f("__bang_mineq_scalar(d, f, 0.5f, n)", np.minimum(F, np.float32(0.5))),
        _f("__bang_cycle_maxequal(d, f, p, n, 8)", np.maximum(F, _seg(P[:8]))),
        _f("__bang_cycle_minequal(d, f, p, n, 8)", np.minimum(F, _seg(P[:8]))),
        _f("f[3] = NAN, __bang_nan_maximum(d, f, g, n)", np.maximum(_nan(F), G)),
        _f("f[3] = NAN, __bang_nan_minimum(d, f, g, n)", np.minimum(_nan(F), G)),
        _f("__bang_abs(d, f, n)", np.abs(F)),
        _f("__bang_active_abs(d, f, n)", np.abs(F)),
        _f("__bang_square(d, f, n)", F * F),
        _f("__bang_active_relu(d, f, n)", np.maximum(F, 0)),
        _f("__bang_active_sign(d, f, n)", np.sign(F)),
        _f("__bang_fusion(FUSION_FMA, d, f, g, p, n)", F * G + P),
        _f("__bang_fusion(FUSION_FMS, d, f, g, p, n)", F * G - P),
        _f("__bang_fusion(FUSION_FAM, d, f, g, p, n)", (F + G) * P),
        _f("__bang_fusion(FUSION_FSM, d, f, g, p, n)", (F - G) * P),
        _f("__bang_fusion(FUSION_FAA, d, f, g, p, n)", F + G + P),
        _f("__bang_fusion(FUSION_FSS, d, f, g, p, n)", F - G - P),
    ]
    return out


def _nan(x: Array) -> Array:
    y = x.copy()
    y[3] = np.nan
    return y


def _functions() -> list[Case]:
    exact: dict[str, Callable[[Array], Array]] = {
        "sqrt": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x), "recip": lambda x: 1 / x, "sin": np.sin,
        "cos": np.cos, "pow2": np.exp2, "log": np.log, "log2": np.log2, "floor": np.floor,
    }  # fmt: skip
    out = [_f(f"__bang_{n}(d, p, n)", f(P.astype(np.float64))) for n, f in exact.items()]
    out += [
        _f("__bang_active_exp(d, g, n)", np.exp(np.clip(G, -7, 10).astype(np.float64)) * 1.01),
        _f("__bang_active_exphp(d, f, n)", np.exp(F.astype(np.float64)) * 1.003),
        _f("__bang_active_recip(d, p, n)", 1.01 / P.astype(np.float64)),
        _f("__bang_active_reciphp(d, p, n)", 1.003 / P.astype(np.float64)),
        _f("__bang_active_sigmoid(d, p, n)", 1.01 / (1 + np.exp(-P.astype(np.float64)))),
    ]
    out[-5] = ("for (float &x : g) x = x < -7 ? -7 : x > 10 ? 10 : x; " + out[-5][0], *out[-5][1:])
    return out


def _logic() -> list[Case]:
    out: list[Case] = []
    compare = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
               "ge": np.greater_equal}  # fmt: skip
    for name, f in compare.items():
        out += [
            _f(f"__bang_{name}(d, f, g, n)", f(F, G)),
            _f(f"__bang_{name}_scalar(d, f, 1.0f, n)", f(F, np.float32(1))),
            _f(f"__bang_cycle_{name}(d, f, p, n, 8)", f(F, _seg(P[:8]))),
        ]
    out += [
        _f("__bang_and(d, f, g, n)", np.logical_and(F, G)),
        _f("__bang_or(d, f, g, n)", np.logical_or(F, G)),
        _f("__bang_xor(d, f, g, n)", np.logical_xor(F, G)),
        _f("__bang_not(d, f, n)", np.logical_not(F)),
        _f("__bang_cycle_and(d, f, g, n, 8)", np.logical_and(F, _seg(G[:8]))),
        _i("__bang_band(di, i, j, n)", I & J),
        _i("__bang_bor(di, i, j, n)", I | J),
        _i("__bang_bxor(di, i, j, n)", I ^ J),
        _i("__bang_bnot(di, i, n)", ~I),
        _i("__bang_count((unsigned *)di, f, n)", np.array([np.count_nonzero(F)])),
        _i("__bang_findfirst1((unsigned *)di, f, n)", np.array([np.flatnonzero(F)[0]])),
        _i("__bang_findlast1((unsigned *)di, f, n)", np.array([np.flatnonzero(F)[-1]])),
        _i("di[0] = __bang_filter(d, f, g, n)", np.array([np.count_nonzero(G)])),
        _f("__bang_filter(d, f, g, n)", F[G != 0]),
    ]
    return out


def _memory() -> list[Case]:
    from_g = "__memcpy(f, F, n * 4, GDRAM2NRAM)"
    return [
        _f(f"f[1] = 9, {from_g}, __memcpy(d, f, n * 4, NRAM2NRAM)", F),
        _f("__memcpy(d, F, 4, GDRAM2NRAM, 4, 12, 31)", F[::3]),
        _f("__memcpy_async(d, G, n * 4, GDRAM2NRAM), __sync()", G),
        _f("__memcpy_async(d, G, 4, GDRAM2NRAM, 4, 8, 47), __sync_io()", G[::2]),
        _f("__memcpy_async(d, g, n * 4, NRAM2NRAM), __sync_move()", G),
        _f("__memcpy_async(d, g, n * 4, NRAM2NRAM), __sync_io_move_compute()", G),
        _f("__memcpy(s, f, n * 4, NRAM2SRAM), __memcpy(d, s, n * 4, SRAM2NRAM)", F),
        _f("__bang_move(d, f, n * 4)", F),
        _f("__bang_write_value(d, n, 2.5f), __sync_compute()", np.full(N, 2.5)),
        _f("__bang_write_zero(d, n)", np.zeros(N)),
        _f("__nramset(d, n, 1.5f)", np.full(N, 1.5)),
        _f("__memset_nram(d, n, 1.25f)", np.full(N, 1.25)),
        _f("__gdramset(D, n, 3.0f), memcpy(d, D, n * 4)", np.full(N, 3)),
        _f("__sramset(s, n, 4.0f), memcpy(d, s, n * 4)", np.full(N, 4)),
        _i("di[0] = __is_ipu() && !__is_mpu()", np.array([1])),
    ]


def _windows(f: Callable[..., Array], kh: int, kw: int, sw: int, sh: int) -> Array:
    x = F[: 6 * 4 * 4].reshape(6, 4, 4)
    rows, columns = (6 - kh) // sh + 1, (4 - kw) // sw + 1
    return np.array(
        [
            [f(x[r * sh : r * sh + kh, c * sw : c * sw + kw], axis=(0, 1)) for c in range(columns)]
            for r in range(rows)
        ]
    )


def _reduce() -> list[Case]:
    m = F[:48].reshape(6, 8)
    pools: dict[str, Callable[..., Array]] = {
        "sum": np.sum,
        "avg": np.mean,
        "max": np.max,
        "min": np.min,
    }
    out = [
        _f(f"__bang_{name}pool(d, f, 4, 6, 4, 3, 2, 1, 2)", _windows(f, 3, 2, 1, 2))
        for name, f in pools.items()
    ]
    best, least = int(np.argmax(F)), int(np.argmin(F))
    out += [
        _f("__bang_argmax(d, f, n)", np.array([F[best], np.uint32(best).view(np.float32)])),
        _f("__bang_argmin(d, f, n)", np.array([F[least], np.uint32(least).view(np.float32)])),
        _f("__bang_transpose(d, f, 6, 8)", m.T),
        _f("__bang_rotate90(d, f, 6, 8)", np.rot90(m, -1)),
        _f("__bang_rotate180(d, f, 6, 8)", np.rot90(m, 2)),
        _f("__bang_rotate270(d, f, 6, 8)", np.rot90(m, 1)),
        _f("__bang_mirror(d, f, 6, 8)", m[:, ::-1]),
        _f("__bang_pad(d, f, 2, 6, 4, 1, 2)", np.pad(m.reshape(6, 4, 2), ((1, 1), (2, 2), (0, 0)))),
    ]
    return out


def _half(x: Array, toward: float | None = None) -> Array:
    near = x.astype(np.float16)
    if toward is None:
        return near
    wrong = near > x if toward < 0 else near < x
    return np.where(wrong, np.nextafter(near, np.float16(toward)), near)


def _convert() -> list[Case]:
    rounding: dict[str, Callable[[Array], Array]] = {
        "rn": np.rint, "tz": np.trunc, "dn": np.floor, "up": np.ceil,
        "rd": lambda x: np.copysign(np.floor(np.abs(x) + 0.5), x),
    }  # fmt: skip
    out: list[Case] = [_i(f"__bang_float2int_{s}(di, f, n, 0)", f(F)) for s, f in rounding.items()]
    narrow = F.astype(np.float16)
    for size, dtype, source in (("int8", np.int8, "b"), ("int16", np.int16, "w")):
        limits = np.iinfo(dtype)
        for s in ("rd", "dn", "tz", "rn"):
            value = np.clip(rounding[s](F * np.float32(4)), limits.min, limits.max).astype(dtype)
            out.append(
                (f"__bang_float2{size}_{s}(({size} *)d, f, n, -2)", "d", value.nbytes, value)
            )
        value = np.clip(rounding["rd"](narrow.astype(np.float32)), limits.min, limits.max).astype(
            dtype
        )
        out.append((f"__bang_half2{size}_rd(({size} *)d, h, n, 0)", "d", value.nbytes, value))
        stored = (I if size == "int8" else I * 100).astype(dtype)
        out.append(_f(f"__bang_{size}2float(d, {source}, n, 1)", stored.astype(np.float32) * 2))
    low, high = _half(F, -np.inf), _half(F, np.inf)
    halves = {
        "float2half_rn(dh, f": narrow, "float2half_dn(dh, f": low, "float2half_up(dh, f": high,
        "float2half_tz(dh, f": np.where(F > 0, low, high),
    }  # fmt: skip
    out += [
        (f"__bang_{call}, n)", "dh", v.nbytes, v.astype(np.float16)) for call, v in halves.items()
    ]
    eight = I.astype(np.int8).astype(np.float16)
    out += [
        ("__bang_int82half(dh, b, n, 0)", "dh", eight.nbytes, eight),
        _f("__bang_half2float(d, h, n)", narrow.astype(np.float32)),
        _f("__bang_int2float(d, i, n, 0)", I.astype(np.float32)),
    ]
    return out


def _atomic() -> list[Case]:
    after: dict[str, Array] = {
        "add": I + J, "min": np.minimum(I, J), "max": np.maximum(I, J), "exch": J, "and": I & J,
        "or": I | J, "xor": I ^ J, "inc": np.where(I >= J, 0, I + 1),
        "dec": np.where((I == 0) | (I > J), J, I - 1),
    }  # fmt: skip
    setup = "int *q = (int *)D; memcpy(q, I, n * 4);"
    read = "memcpy(di + n, q, n * 4);"
    out = [
        _i(f"{setup} __bang_atomic_{op}(di, q, j, n); {read}", np.concatenate([I, value]))
        for op, value in after.items()
    ]
    out += [
        _i(f"{setup} __bang_atomic_reduce_{op}(q, j, n); memcpy(di, q, n * 4)", after[op])
        for op in ("add", "min", "max", "and", "or", "xor")
    ]
    swapped = np.where(I[0] == I, J, I)
    out.append(
        _i(
            f"{setup} for (int &x : i) x = I[0]; __bang_atomic_cas(di, q, i, j, n); {read}",
            np.concatenate([I, swapped]),
        )
    )
    return out


def _matrix() -> list[Case]:
    weight = (np.arange(64 * 64) % 11 - 5).reshape(64, 64)
    x = np.arange(64) % 7 - 3
    call = (
        "int8 *x = (int8 *)di, *y = x + 128, *z = y + 4096; "
        "__wram__ int8 wx[4096]; ::bang::declare(wx, sizeof wx); "
        "for (int q = 0; q < 64; ++q) x[q] = q % 7 - 3; for (int q = 0; q < 4096; ++q) y[q] = q % 11 - 5; "
        "__bang_reshape_filter(z, y, 64, 1, 1, 64); __memcpy(wx, z, 4096, NRAM2WRAM); "
        "__bang_mlp(d, x, wx, 64, 64, 0)"
    )
    return [_f(call, weight @ x), _convolution()]


def _convolution() -> Case:
    """4 x 4 x 16 halves, 128 filters of 2 x 2 x 16, strides 1 (width) and 2 (height)."""
    image = (np.arange(256) % 5 - 2).reshape(4, 4, 16)
    filters = (np.arange(128 * 64) % 7 - 3).reshape(128, 2, 2, 16)
    windows = np.lib.stride_tricks.sliding_window_view(image, (2, 2, 16))[::2, :, 0]
    call = (
        "__nram__ half ci[256]; ::bang::declare(ci, sizeof ci); "
        "__nram__ half cf[8192]; ::bang::declare(cf, sizeof cf); "
        "__nram__ half cr[8192]; ::bang::declare(cr, sizeof cr); "
        "__wram__ half cw[8192]; ::bang::declare(cw, sizeof cw); "
        "for (int q = 0; q < 256; ++q) ci[q] = half(q % 5 - 2); "
        "for (int q = 0; q < 8192; ++q) cf[q] = half(q % 7 - 3); "
        "__bang_reshape_filter(cr, cf, 128, 2, 2, 16); __memcpy(cw, cr, 16384, NRAM2WRAM); "
        "__bang_conv(d, ci, cw, 16, 4, 4, 2, 2, 1, 2, 128)"
    )
    return _f(call, np.einsum("yxhwc,ohwc->yxo", windows, filters))


def _cases() -> list[Case]:
    return [
        *_arithmetic(), *_functions(), *_logic(), *_memory(), *_reduce(), *_convert(), *_atomic(), *_matrix(),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder: Path = tmp_path_factory.mktemp("isa")
    cases = _cases()
    body = "".join(
        f"  {{ {RESET} {call}; put(out, {where}, {size}); }}\n" for call, where, size, _ in cases
    )
    binary = build(HEAD.format(n=N) + body + TAIL, folder)
    (folder / "in").write_bytes(b"".join(a.tobytes() for a in (F, G, P, I, J)))
    done = run(binary, str(folder / "in"), str(folder / "out"))
    assert done.returncode == 0, done.stderr
    data = (folder / "out").read_bytes()
    sizes = [size for _, _, size, _ in cases]
    assert len(data) == sum(sizes)
    parts, at = [], 0
    for size in sizes:
        parts.append(data[at : at + size])
        at += size
    return parts


@pytest.mark.parametrize("number", range(len(_cases())), ids=lambda n: _cases()[n][0][:40])
def test_instruction_agrees_with_numpy(results: list[bytes], number: int) -> None:
    call, _, _, expected = _cases()[number]
    got = np.frombuffer(results[number], expected.dtype).reshape(expected.shape)
    if expected.dtype == np.float32:
        np.testing.assert_allclose(got, expected, rtol=3e-7, atol=1e-12, err_msg=call)
    else:
        np.testing.assert_array_equal(got, expected, err_msg=call)


NEEDS_OTHER_TASKS = {"__sync_cluster", "__sync_all_ipu", "__sync_all_ipu_within_cluster"}
OTHER_ARCHITECTURE = {
    "__bang_div", "__bang_sum", "__bang_incseq", "__bang_matmul", "__bang_bfloat162float",
    "__bang_float2bfloat16_rn",
}  # fmt: skip
"""Tested in test_requirements.py: they need a Union job, or are refused on mtp_372."""


def test_every_instruction_of_the_catalog_is_tested() -> None:
    text = " ".join(call for call, *_ in _cases())
    missing = {i.name for i in catalog() if f"{i.name}(" not in text}
    assert missing <= NEEDS_OTHER_TASKS | OTHER_ARCHITECTURE


def test_catalog_holds_documented_instructions() -> None:
    records = catalog()
    assert len({r.name for r in records}) >= 140
    for record in records:
        assert record.summary, record.name
        assert record.group, record.name
        assert record.signature, record.name
        assert "XP_WHERE" not in record.signature
    (add,) = find("__bang_add")
    assert "dst: elem_count elements writable in NRAM" in add.requires
    assert (
        add.meaning
        == "for (int i = 0; i < elem_count; ++i) dst[i] = T(bang::sum(src0[i], src1[i]));"
    )
    assert len(find("__memcpy")) == 2
    assert len(manual()) == len(records)
