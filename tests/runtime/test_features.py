"""One program with many kernels: what CUDA promises, on the CPU."""

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from tests.runtime.support import Program
from xpiler.verify.run.harness import BufferArg, ScalarArg, SymbolArg

KERNELS = [
    ("map", "x:*f32 y:*f32 n:i32"),
    ("block_sum<float, 128>", "x:*f32 y:*f32 n:i32"),
    ("block_sum<double, 64>", "x:*f64 y:*f64 n:i32"),
    ("early_exit", "y:*i32 n:i32"),
    ("votes", "y:*i32"),
    ("shuffles", "x:*i32 y:*i32"),
    ("divergent_active", "y:*i32"),
    ("groups", "x:*i32 y:*i32"),
    ("grid_sum", "x:*i32 y:*i32"),
    ("atomics", "i:*i32 u:*u32 f:*f32 d:*f64 l:*u64 h:*f16"),
    ("dynamic", "x:*f32 y:*f32 n:i32"),
    ("by_value", "s_width:i32@s.width s_dims_0:i32@s.dims[0] s_dims_1:i32@s.dims[1] s_scale:f32@s.scale "
     "y:*f32@float4* v_x:f32@v.x v_y:f32@v.y v_z:f32@v.z v_w:f32@v.w"),
    ("apply<AddOne>", "y:*f32"),
    ("matrix", "a:*f16 b:*f16 c:*f32"),
    ("matrix_int", "a:*i8 b:*i8 c:*i32"),
    ("integers", "a:*i32 b:*i32 y:*i32"),
    ("halves", "a:*f16 b:*f16 c:*f16 y:*f16 n:i32"),
    ("bfloats", "a:*u16 b:*u16 c:*u16 y:*u16 n:i32"),
    ("neighbour", "x:*i32"),
    ("unwritten_shared", "x:*i32"),
]  # fmt: skip
SEEDS = [0, 7]


@pytest.fixture(scope="module")
def program():
    return Program(Path(__file__).with_name("features.cu").read_text(), KERNELS)


def ints(*values):
    return np.array(values, np.int32)


@pytest.mark.parametrize("seed", SEEDS)
def test_map_and_reduction(program, seed):
    x = np.arange(1000, dtype=np.float32)
    y = program.ok(
        "map", x, np.zeros(1000, np.float32), np.int32(1000), grid=3, block=64, seed=seed
    )[1]
    assert np.array_equal(y, 2 * x)
    sums = program.ok(
        "block_sum<float, 128>",
        x,
        np.zeros(8, np.float32),
        np.int32(1000),
        grid=8,
        block=128,
        seed=seed,
    )
    assert np.array_equal(sums[1], np.pad(x, (0, 24)).reshape(8, 128).sum(1))
    doubles = program.ok(
        "block_sum<double, 64>",
        x.astype(np.float64),
        np.zeros(2),
        np.int32(100),
        grid=2,
        block=64,
        seed=seed,
    )
    assert doubles[1].tolist() == [x[:64].sum(), x[64:100].sum()]


@pytest.mark.parametrize("seed", SEEDS)
def test_threads_that_returned_count_at_a_barrier(program, seed):
    y = program.ok("early_exit", np.zeros(40, np.int32), np.int32(40), block=64, seed=seed)[0]
    assert y.tolist() == list(range(40, 0, -1))


@pytest.mark.parametrize("seed", SEEDS)
def test_votes(program, seed):
    y = program.ok("votes", np.zeros((64, 8), np.int32), block=64, seed=seed)[0]
    t = np.arange(64)
    assert (y[:, 0] == 22).all()
    assert (y[:, 1] == 1).all()
    assert (y[:, 2] == 0).all()
    assert (y[:, 3].view(np.uint32) == 0xAAAAAAAA).all()
    assert np.array_equal(y[:, 4], t < 32)
    assert np.array_equal(y[:, 5], t >= 32)
    assert np.array_equal(y[:, 6].view(np.uint32), 0x11111111 << (t % 4))
    assert np.array_equal(y[:, 7], np.where(t < 32, 496, 496 + 32 * 32))


@pytest.mark.parametrize("seed", SEEDS)
def test_shuffles(program, seed):
    x = np.arange(32, dtype=np.int32) * 10
    y = program.ok("shuffles", x, np.zeros((32, 6), np.int32), block=32, seed=seed)[1]
    t = np.arange(32)
    assert (y[:, 0] == 50).all()
    assert np.array_equal(y[:, 1], x[np.where(t >= 3, t - 3, t)])
    assert np.array_equal(y[:, 2], x[np.where(t % 8 + 3 < 8, t + 3, t)])
    assert np.array_equal(y[:, 3], x[t ^ 16])
    assert np.array_equal(y[:, 4], x[(t & 16) | ((t + 9) & 15)])
    assert np.array_equal(y[:, 5], x[np.where(t < 16, t ^ 1, t ^ 2)])


@pytest.mark.parametrize("seed", SEEDS)
def test_operations_of_a_divergent_warp(program, seed):
    y = program.ok("divergent_active", np.zeros(32, np.int32), block=32, seed=seed)[0].view(
        np.uint32
    )
    assert (y[1::2] == 0xAAAAAAAA).all()
    assert (y[0::2] == 0x55).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_cooperative_groups(program, seed):
    x = np.arange(64, dtype=np.int32) % 7
    y = program.ok("groups", x, np.zeros((64, 8), np.int32), block=64, seed=seed)[1]
    tiles = x.reshape(8, 8)
    assert np.array_equal(y[:, 0].reshape(8, 8), np.repeat(tiles.sum(1, keepdims=True), 8, 1))
    assert np.array_equal(y[:, 1].reshape(8, 8), tiles.cumsum(1))
    assert np.array_equal(y[:, 2].reshape(8, 8), tiles.cumsum(1) - tiles)
    assert np.array_equal(y[:, 3].reshape(8, 8), np.concatenate([tiles[:, 1:], tiles[:, 7:]], 1))
    assert np.array_equal(y[:, 4], np.arange(64) % 8)
    assert np.array_equal(y[:, 5], np.arange(64) // 8)
    assert y[0::3, 6].tolist() == [1100 + i for i in range(11)] + [1100 + i for i in range(11)]
    ballots = ((tiles > 3) << np.arange(8)).sum(1)
    assert np.array_equal(y[:, 7].reshape(8, 8), np.repeat(ballots[:, None], 8, 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_grid_synchronisation(program, seed):
    y = program.ok(
        "grid_sum",
        np.zeros(96, np.int32),
        np.zeros(96, np.int32),
        grid=3,
        block=32,
        seed=seed,
        cooperative=True,
    )[1]
    assert np.array_equal(y, (np.arange(96) + 32) % 96 + 1)


def test_atomics(program):
    i = ints(0, 100, 50, -5, -1, 0, 0, 0, 9, 0)
    counter = SymbolArg("counter", ints(5).tobytes(), 4)
    made = program.ok(
        "atomics", i, np.array([0, 0], np.uint32), np.zeros(1, np.float32), np.zeros(1), np.zeros(1, np.uint64),
        np.zeros(1, np.float16), counter, block=64,
    )  # fmt: skip
    assert made[0].tolist() == [2016, 36, -7, 63, 0, -1, 0, 9, 12, 11]
    assert made[1].tolist() == [64 % 10, (10 - 64 % 10) % 10]
    assert [made[2][0], made[3][0], made[4][0], made[5][0]] == [32, 16, 64 << 33, 64]
    assert made[6].view(np.int32)[0] == 69


def test_dynamic_shared_memory_and_constants(program):
    x = np.arange(16, dtype=np.float32)
    coef = SymbolArg("coef", np.array([1, 2, 3, 4], np.float32).tobytes(), 16)
    y = program.ok(
        "dynamic", x, np.zeros(16, np.float32), np.int32(16), coef, block=16, shared=128
    )[1]
    assert np.array_equal(y, x[::-1] + 10 * x + np.tile([1, 2, 3, 4], 4))


def test_dynamic_shared_memory_has_the_launch_s_size(program):
    x = np.arange(16, dtype=np.float32)
    failed = program.failed("dynamic", x, x.copy(), np.int32(16), block=16, shared=124)
    assert failed.kind == "out-of-bounds access"
    assert "shared memory" in failed.reason


def test_struct_parameters_and_functors(program):
    scalars = (np.int32(3), np.int32(4), np.int32(5), np.float32(0.5))
    v = tuple(np.float32(k) for k in (6, 7, 8, 9))
    y = program.ok("by_value", *scalars, np.zeros((2, 4), np.float32), *v, block=2)[0]
    assert y.tolist() == [[3, 5, 0.5, 8]] * 2
    assert program.ok("apply<AddOne>", np.zeros(4, np.float32), block=4)[0].tolist() == [1] * 4


def test_a_vector_access_gets_aligned_buffers(program):
    """A buffer whose end is at the guard page need not start at 16 bytes; the run is repeated aligned."""
    scalars = (np.int32(3), np.int32(4), np.int32(5), np.float32(0.5))
    v = tuple(np.float32(k) for k in (6, 7, 8, 9))
    y = program.ok("by_value", *scalars, np.zeros(9, np.float32), *v, block=2)[0]
    assert y.tolist() == [3, 5, 0.5, 8] * 2 + [0]


@pytest.mark.parametrize("seed", SEEDS)
def test_matrix_fragments(program, seed):
    rng = np.random.default_rng(1)
    a, b = (rng.integers(-4, 5, (16, 16)).astype(np.float16) for _ in range(2))
    c = program.ok("matrix", a, b, np.zeros((16, 16), np.float32), block=32, seed=seed)[2]
    assert np.array_equal(c, 2 * (a.astype(np.float32) @ b.T.astype(np.float32) + 1))
    a8, b8 = rng.integers(-128, 128, (8, 16), np.int8), rng.integers(-128, 128, (16, 32), np.int8)
    c32 = program.ok("matrix_int", a8, b8, np.zeros((32, 8), np.int32), block=32, seed=seed)[2]
    assert np.array_equal(c32.T, a8.astype(np.int32) @ b8.astype(np.int32))


def test_a_fragment_needs_the_whole_warp(program):
    z = np.zeros((16, 16), np.float16)
    assert (
        program.failed("matrix", z, z, np.zeros((16, 16), np.float32), block=16).kind
        == "divergence"
    )


def test_integer_intrinsics(program):
    a, b = ints(0x7F80FF01, -3, 1 << 20, 0), ints(0x01FF7F80 - (1 << 32) * 0, 77, 12345, -1)
    y = program.ok("integers", a, b, np.zeros((4, 14), np.int32), block=4)[2]
    for row, x, z in zip(y.tolist(), a.tolist(), b.tolist(), strict=True):
        xs, zs = (
            np.frombuffer(np.int32(x).tobytes(), np.int8),
            np.frombuffer(np.int32(z).tobytes(), np.int8),
        )
        xu, zu = xs.view(np.uint8), zs.view(np.uint8)
        assert row[0] == 5 + int(xs.astype(int) @ zs.astype(int))
        assert row[1] == 5 + int(xu.astype(int) @ zu.astype(int))
        bits = format(x & 0xFFFFFFFF, "032b")
        assert row[2] == bits.count("1")
        assert row[3] == (len(bits) - len(bits.lstrip("0")))
        assert row[4] == (x & -x).bit_length() if x else row[4] == 0
        assert row[5] & 0xFFFFFFFF == int(bits[::-1], 2)
        assert row[6] == (x * z) >> 32
        pool = np.frombuffer(np.int32(x).tobytes() + np.int32(z).tobytes(), np.uint8)
        assert row[7] & 0xFFFFFFFF == int.from_bytes(bytes(pool[[2, 5, 1, 4]]), "little")
        assert (
            row[8] & 0xFFFFFFFF
            == ((((z & 0xFFFFFFFF) << 32 | x & 0xFFFFFFFF) << 7) >> 32) & 0xFFFFFFFF
        )
        assert (row[9], row[10]) == (min(x, z), max(x, z))
        assert row[11] == int(np.rint(np.float32(x) * np.float32(0.5)))
        assert row[13] == abs(x)


def _pairs(dtype, count):
    """Random finite bit patterns: every exponent, subnormals, ties."""
    rng = np.random.default_rng(3)
    values = []
    while len(values) < 3 * count:
        v = rng.integers(0, 1 << 16, 4 * count, np.uint16).view(dtype)
        values += [x for x in v if np.isfinite(x.astype(np.float32))]
    return tuple(np.array(values[i * count : (i + 1) * count], dtype) for i in range(3))


def _check(got, want, dtype):
    nan = np.isnan(want.astype(np.float32))
    assert np.array_equal(np.isnan(got.astype(np.float32)), nan)
    assert np.array_equal(got.view(np.uint16)[~nan], want.astype(dtype).view(np.uint16)[~nan])


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_half_arithmetic_rounds_once(program):
    """Against NumPy in double, where sums and products of two halves are exact."""
    n = 20000
    a, b, c = _pairs(np.float16, n)
    y = program.ok(
        "halves", a, b, c, np.zeros((7, n), np.float16), np.int32(n), grid=80, block=256
    )[3]
    d, e, f = (x.astype(np.float64) for x in (a, b, c))
    for row, want in enumerate((d + e, d * e, d / e, d * e + f, np.sqrt(np.abs(d)), d * f)):
        _check(y[row], want.astype(np.float16), np.float16)
    _check(y[6], (a.astype(np.float32) * np.float32(3)).astype(np.float16), np.float16)


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_bfloat16_arithmetic_rounds_once(program):
    from fractions import Fraction

    n = 3000
    a, b, c = _pairs(ml_dtypes.bfloat16, n)
    bits = [x.view(np.uint16) for x in (a, b, c)]
    y = program.ok("bfloats", *bits, np.zeros((4, n), np.uint16), np.int32(n), grid=12, block=256)[
        3
    ]
    f = [x.astype(np.float32) for x in (a, b, c)]
    for row, want in enumerate((f[0] + f[1], f[0] * f[1], f[0] / f[1])):
        _check(y[row].view(ml_dtypes.bfloat16), want.astype(ml_dtypes.bfloat16), ml_dtypes.bfloat16)
    for i in range(n):
        exact = Fraction(float(a[i])) * Fraction(float(b[i])) + Fraction(float(c[i]))
        got = float(y[3][i : i + 1].view(ml_dtypes.bfloat16)[0])
        if not np.isfinite(got):
            assert abs(exact) >= Fraction(2) ** 128 - Fraction(2) ** 119
            continue
        error = abs(Fraction(got) - exact)
        for step in (1, -1):  # no neighbour is nearer
            near = (
                (y[3][i : i + 1].astype(np.int32) + step)
                .astype(np.uint16)
                .view(ml_dtypes.bfloat16)[0]
            )
            if np.isfinite(float(near)):
                assert error <= abs(Fraction(float(near)) - exact), (a[i], b[i], c[i])


def test_another_thread_order_shows_a_race(program):
    x = np.zeros(64, np.int32)
    in_order = program.ok("neighbour", x, block=64)[0]
    shuffled = [program.ok("neighbour", x, block=64, seed=s)[0] for s in (1, 2)]
    assert not np.array_equal(in_order, shuffled[0])
    assert not np.array_equal(shuffled[0], shuffled[1])


def test_shared_memory_that_nobody_wrote_has_the_run_s_poison(program):
    x = np.zeros(64, np.int32)
    made = [program.ok("unwritten_shared", x, block=64, poison=p)[0] for p in (0xFF, 0x7B)]
    assert made[0][0] == made[1][0] == 1
    assert made[0][1] != made[1][1]


def test_state_of_a_run_does_not_reach_the_next(program):
    zero = (
        np.zeros(10, np.int32),
        np.zeros(2, np.uint32),
        np.zeros(1, np.float32),
        np.zeros(1),
        np.zeros(1, np.uint64),
    )
    counter = SymbolArg("counter", None, 4)
    for _ in range(2):
        made = program.ok("atomics", *zero, np.zeros(1, np.float16), counter, block=8)
        assert made[6].view(np.int32)[0] == 8


def test_read_only_buffers_cannot_be_written(program):
    x = np.zeros(64, np.int32)
    failed = program.failed("neighbour", BufferArg.of(x, read_only=True), block=64)
    assert failed.kind == "write to read-only memory"


def test_one_element_too_few_is_found(program):
    x = np.zeros(64, np.int32)
    failed = program.failed("neighbour", BufferArg(x[:63], 252), block=64)
    assert failed.kind == "out-of-bounds access"
    assert "0 bytes past the end of a buffer of 252 bytes" in failed.reason
    assert "kernel `neighbour` block (0,0,0) thread (63,0,0)" in failed.place


def test_scalars_are_bytes(program):
    y = program.ok("early_exit", np.zeros(1, np.int32), ScalarArg(b"\1\0\0\0"), block=1)[0]
    assert y.tolist() == [1]


def test_inline_ptx_idioms_and_what_is_none():
    text = """
__global__ void ptx(unsigned *x, unsigned *y) {
  unsigned lane, v = x[threadIdx.x], r;
  asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
  asm("lop3.b32 %0, %1, %2, %3, 0xE2;" : "=r"(r) : "r"(v), "r"(lane), "r"(7u));
  asm volatile("membar.gl;" ::: "memory");
  y[threadIdx.x] = r + lane;
  asm("bfe.u32 %0, %1, 4, 8;"
      : "=r"(y[32 + threadIdx.x])
      : "r"(v));
}
__global__ void strange(unsigned *x) { asm("wibble.u32 %0, 1;" : "=r"(x[0])); }
"""
    program = Program(text, [("ptx", "x:*u32 y:*u32"), ("strange", "x:*u32")])
    x = np.random.default_rng(0).integers(0, 1 << 32, 32, np.uint32)
    y = program.ok("ptx", x, np.zeros(64, np.uint32), block=32)[1]
    lane = np.arange(32, dtype=np.uint32)
    # 0xE2 is (b & c) | (a & ~c) where bit i of the table is for a = i>>2, b = i>>1, c = i
    want = sum(
        ((x if i & 4 else ~x) & (lane if i & 2 else ~lane) & (np.uint32(7) if i & 1 else ~np.uint32(7)))
        for i in range(8) if 0xE2 >> i & 1
    )  # fmt: skip
    assert np.array_equal(y[:32], (want + lane).astype(np.uint32))
    assert np.array_equal(y[32:], x >> 4 & 255)
    failed = program.failed("strange", np.zeros(1, np.uint32))
    assert failed.kind == "unsupported"
    assert "wibble" in failed.reason
