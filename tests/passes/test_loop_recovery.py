"""Loop recovery: what each construct becomes, that it computes the same, what is refused."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.passes.simt import RECOVER, after, kernel_text, printed, recovered, same
from xpiler.ir.parse_c import parse_module
from xpiler.passes.base import Applied, Context, NotApplicable, Unsupported
from xpiler.passes.loop_recovery import PASS

GID = "i32 tid = (i32)threadIdx.x;\ni32 gid = (i32)(blockIdx.x * blockDim.x + threadIdx.x);\n"
FULL = "0xffffffffu"


def refused(body: str, block: tuple[int, int, int] = (64, 1, 1)) -> Unsupported:
    result = after(RECOVER, parse_module(kernel_text(body, block)))
    assert isinstance(result, Unsupported)
    return result


def test_without_barriers() -> None:
    assert recovered(GID + "out[gid] = a[gid % 100] + tid;") == dedent("""\
        parallel(thread.x) for (i32 tid = 0; tid < 64; tid += 1) {
          i32 gid = bx * 64 + tid;
          out[gid] = a[gid % 100] + tid;
        }
        """)


def test_an_early_return_becomes_a_condition() -> None:
    text = recovered(GID + "if (gid >= n || gid == 3) { return; }\nout[gid] = 1;")
    assert "if ((gid < n) && (gid != 3)) {" in text


def test_a_barrier_splits_and_cheap_values_are_computed_again() -> None:
    text = recovered(
        "__shared__ i32 s[64];\n"
        + GID
        + "s[tid] = a[tid];\n__syncthreads();\nout[gid] = s[63 - tid];"
    )
    assert text == dedent("""\
        __shared__ i32 s[64];
        parallel(thread.x) for (i32 tid = 0; tid < 64; tid += 1) {
          s[tid] = a[tid];
        }
        parallel(thread.x) for (i32 tid_2 = 0; tid_2 < 64; tid_2 += 1) {
          i32 gid_1 = bx * 64 + tid_2;
          out[gid_1] = s[63 - tid_2];
        }
        """)


def test_a_value_that_crosses_is_expanded_and_a_shared_one_stays_scalar() -> None:
    text = recovered(
        "__shared__ i32 s[64];\n" + GID + "i32 v = a[tid];\ni32 u = a[0];\ns[tid] = v;\n"
        "__syncthreads();\nu = u + s[1];\n__syncthreads();\ns[tid] = u;\nout[gid] = v + u;"
    )
    assert "i32 v_t[64];" in text
    assert "u_t" not in text
    assert "u += s[1];" in text


def test_a_tree_reduction_keeps_its_loop_outside() -> None:
    text = recovered(
        "__shared__ i32 s[64];\n" + GID + "s[tid] = a[tid];\n__syncthreads();\ni32 h = 32;\n"
        "while (h > 0) { if (tid < h) { s[tid] = s[tid] + s[tid + h]; } __syncthreads(); h = h / 2; }\n"
        "if (tid == 0) { out[gid] = s[0]; }"
    )
    assert text.index("while (h > 0)") < text.index("parallel(thread.x)", text.index("while"))
    assert "h_t" not in text
    assert text.endswith("i32 gid_1 = bx * 64;\nout[gid_1] = s[0];\n")


def test_a_loop_over_an_accumulator_works_in_a_register() -> None:
    text = recovered(
        "__shared__ i32 s[64];\n" + GID + "i32 acc = 0;\n"
        "for (i32 t = 0; t < m; t += 1) { s[tid] = a[tid + t]; __syncthreads();\n"
        "for (i32 j = 0; j < 8; j += 1) { acc = acc + s[j]; } __syncthreads(); }\nout[gid] = acc;"
    )
    assert "i32 acc = acc_t[" in text
    assert "acc += s[j];" in text


def test_local_arrays_that_cross_get_the_thread_as_last_dimension() -> None:
    text = recovered(
        GID
        + "__shared__ i32 s[64];\ni32 l[4];\nfor (i32 k = 0; k < 4; k += 1) { l[k] = a[k + tid % 3]; }\n"
        "s[tid] = l[1];\n__syncthreads();\nout[gid] = l[2] + s[5];"
    )
    assert "i32 l_t[4][64];" in text


@pytest.mark.parametrize("guard", ["gid >= n", "a[gid % 100] > 10", "tid > 40"])
def test_a_guard_before_barriers_becomes_a_predicate(guard: str) -> None:
    same(
        "__shared__ i32 s[64];\n"
        + GID
        + f"s[tid] = tid;\n__syncthreads();\nif ({guard}) {{ return; }}\n"
        "i32 v = s[5];\nfor (i32 t = 0; t < m; t += 1) { v = v + s[(t + tid) % 64]; __syncthreads(); }\n"
        "out[gid] = v;"
    )


def test_a_loop_that_only_its_guard_lets_end_is_skipped_where_nobody_takes_part() -> None:
    for barrier in ("__syncthreads();", "__syncwarp();"):
        same(
            GID + f"i32 i = n - 1000;\nif (i + tid < 1) {{ out[gid] = 1; return; }}\n"
            f"while (i != 1) {{ {barrier} i = i / 2; }}\nout[gid] = i;"
        )


def test_a_return_inside_a_loop_before_a_barrier() -> None:
    same(
        "__shared__ i32 s[64];\n"
        + GID
        + "for (i32 k = 0; k < 4; k += 1) { if (a[gid % 100] == k) { return; } "
        "out[gid] += k; }\ns[tid] = gid;\n__syncthreads();\nout[gid] += s[tid];"
    )


def test_a_condition_that_is_only_in_fact_uniform() -> None:
    same(
        "__shared__ i32 s[64];\n"
        + GID
        + "i32 c = a[tid] * 0 + m;\nwhile (c > 0) { s[tid] = c + tid; "
        "__syncthreads(); out[gid] += s[63 - tid]; __syncthreads(); c = c - 1; }"
    )


def test_uniform_breaks_stay() -> None:
    body = (
        "__shared__ i32 s[64];\n"
        + GID
        + "for (i32 t = 0; t < 4; t += 1) { s[tid] = t + 1; __syncthreads(); "
        "if (t == m) { break; } out[gid] += s[0]; __syncthreads(); }"
    )
    assert "break;" in recovered(body)


def test_block_votes() -> None:
    for op in ("or", "and", "count"):
        same(GID + f"i32 v;\nv = __syncthreads_{op}((i32)(a[tid] > 3));\nout[gid] = v + 1;")


def test_a_butterfly_is_a_loop_over_lanes() -> None:
    text = recovered(
        GID + "i32 v = a[tid];\ni32 t;\ni32 o = 16;\n"
        f"while (o > 0) {{ t = __shfl_xor_sync({FULL}, v, o, 32); v = v + t; o = o / 2; }}\nout[gid] = v;"
    )
    assert "parallel(warp) for (i32 warp = 0; warp < 2; warp += 1)" in text
    assert "v_lanes[lane_2 ^ o]" in text.replace("lane_1", "lane_2").replace("lane_3", "lane_2")
    assert "& 31" not in text


@pytest.mark.parametrize(
    "call",
    [
        *(
            f"__shfl_{k}_sync({FULL}, v, {d}, {w})"
            for k in ("up", "down", "xor")
            for d in (1, 5, 33)
            for w in (32, 8)
        ),
        f"__shfl_sync({FULL}, v, a[tid % 7], 16)",
        f"__shfl_sync({FULL}, v, 3, 32)",
        f"__any_sync({FULL}, (i32)(v > 20))",
        f"__all_sync({FULL}, (i32)(v > -60))",
        f"__reduce_add_sync({FULL}, v)",
        f"__reduce_min_sync({FULL}, v)",
        f"__reduce_max_sync({FULL}, v)",
        f"__reduce_xor_sync({FULL}, v)",
        "(i32)0 + v",
    ],
)
def test_warp_operations(call: str) -> None:
    same(GID + f"i32 v = a[tid];\ni32 r;\nr = {call};\nout[gid] = r + v;")


@pytest.mark.parametrize(
    "call",
    [f"__ballot_sync({FULL}, (i32)(v > 3))", f"__match_any_sync({FULL}, v & 3)", "__activemask()"],
)
def test_operations_that_give_masks(call: str) -> None:
    same(GID + f"i32 v = a[tid];\nu32 r;\nr = {call};\nout[gid] = (i32)r;")
    same(
        GID
        + f"if (gid >= n) {{ return; }}\ni32 v = a[tid];\nu32 r;\nr = {call};\nout[gid] = (i32)r;",
        (48, 1, 1),
    )


def test_half_a_warp() -> None:
    same(
        GID
        + "i32 r = 0;\nif (tid % 32 < 16) { r = __reduce_add_sync(0xffffu, tid); }\nout[gid] = r;"
    )


def test_peers_by_value() -> None:
    same(
        GID
        + f"u32 p;\np = __match_any_sync({FULL}, tid % 3);\ni32 r;\nr = __reduce_add_sync(p, tid);\nout[gid] = r;"
    )


def test_a_warp_number_is_uniform_in_its_warp() -> None:
    text = recovered(
        GID + "i32 wid = tid >> 5;\ni32 v = a[tid];\ni32 t = 0;\n"
        f"if (wid == 0) {{ t = __shfl_down_sync({FULL}, v, 1, 32); }}\nout[gid] = t;"
    )
    assert "if (warp == 0) {" in text
    assert "any_live" not in text
    assert "active" not in text


def test_memory_exchanged_within_a_warp() -> None:
    same(
        "__shared__ i32 w[64];\n" + GID + "w[tid] = a[tid];\n__syncwarp();\nout[gid] = w[tid ^ 1];"
    )


@pytest.mark.parametrize(
    "block", [(8, 8, 1), (4, 4, 4), (16, 2, 1), (33, 1, 1), (1, 1, 1), (64, 2, 1)]
)
def test_shapes_of_blocks(block: tuple[int, int, int]) -> None:
    size = block[0] * block[1] * block[2]
    body = (
        f"__shared__ i32 s[{size}];\n"
        "i32 tid = (i32)((threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x);\n"
        f"i32 gid = (i32)blockIdx.x * {size} + tid;\ni32 v = a[tid % 100];\ns[tid] = v;\n__syncthreads();\n"
        f"u32 b;\nb = __ballot_sync({FULL}, (i32)(v > 0));\nout[gid] = s[{size - 1} - tid] + (i32)b + v;"
    )
    same(body, block)
    same(body, block, facts=False)


def test_a_grid_barrier_splits_the_loop_over_blocks() -> None:
    body = GID + "out[gid] = a[gid % 100];\n__syncgrid();\nfout[gid] = (f32)out[(gid + 64) % 128];"
    same(body)


def test_a_value_across_a_grid_barrier_is_refused_when_the_grid_is_not_known() -> None:
    result = refused(GID + "i32 v = a[tid];\n__syncgrid();\nout[gid] = v;")
    assert result.code == "XP2102"
    assert "'v'" in result.reason


def test_a_barrier_in_divergent_code_is_refused() -> None:
    result = refused(GID + "if (tid < 32) { __syncthreads(); }\nout[gid] = 1;")
    assert result.code == "XP2101"
    assert "__syncthreads" in result.hint


def test_a_barrier_after_a_return_is_not_divergent() -> None:
    same(
        GID + "__shared__ i32 s[64];\nif (tid >= 40) { return; }\ns[tid] = 1;\n"
        "__syncthreads();\nout[gid] = s[39 - tid];"
    )


def test_a_barrier_that_the_others_leave_alone_is_not_divergent() -> None:
    same(
        GID
        + "__shared__ i32 s[64];\nif (tid < 40) { s[tid] = tid; __syncthreads(); out[gid] = s[39 - tid]; } "
        "else { out[gid] = -1; return; }"
    )


def test_earlier_passes_are_asked_for() -> None:
    text = "__device__ i32 g(i32 v) { return v; }\n" + kernel_text(
        "i32 r;\nr = g(a[0]);\nout[0] = r;"
    )
    call = after(RECOVER, parse_module(text))
    assert isinstance(call, Unsupported)
    assert call.code == "XP2105"
    tile = refused("tile(acc, row, f32, 16, 16, 16, c);\ntile_fill(c, 0.0f);\nout[0] = 1;")
    assert tile.code == "XP2106"


def test_loops_are_left_alone() -> None:
    module = after(RECOVER, parse_module(kernel_text(GID + "out[gid] = 1;")))
    assert not isinstance(module, Unsupported)
    assert isinstance(PASS.rewrite(module, Context()), NotApplicable)


def test_a_changed_parameter_is_the_threads_own() -> None:
    same(GID + "if (tid > 3) { n = n - 1; }\nout[gid] = n;")


def test_views_of_dynamic_shared_memory() -> None:
    head = "__global__ void k(const i32 *a, i32 *out, i32 n)"
    text = (
        f"launch_facts(blockDim.x = 32, blockDim.y = 1, blockDim.z = 1)\n{head} {{\n"
        "i32 half = n * 4;\ndynamic_shared(i32, p, 0);\ndynamic_shared(i32, q, half * 2);\n"
        "p[threadIdx.x] = a[threadIdx.x];\n__syncthreads();\nq[threadIdx.x] = p[31u - threadIdx.x];\n"
        "__syncthreads();\nout[threadIdx.x] = q[threadIdx.x];\n}\n"
    )
    module = after(RECOVER, parse_module(text))
    assert "dynamic_shared(i32, q, n * 8);" in printed(module) or "n * 4 * 2" in printed(module)
    moved = text.replace("half * 2", "half * (i32)threadIdx.x")
    result = after(RECOVER, parse_module(moved))
    assert isinstance(result, Unsupported)
    assert result.code == "XP2104"


def test_notes_tell_what_lives_in_arrays() -> None:
    body = "__shared__ i32 s[64];\n" + GID + "i32 v = a[tid];\n__syncthreads();\nout[gid] = v;"
    result = PASS.rewrite(parse_module(kernel_text(body)), Context())
    assert isinstance(result, Applied)
    assert result.notes == ("block level: 2 loops over threads; v in arrays",)


def test_a_tile_in_registers_is_copied_in_and_out() -> None:
    body = (
        "__shared__ i32 s[64];\n" + GID + "i32 acc[2];\nacc[0] = 0;\nacc[1] = tid;\n"
        "for (i32 t = 0; t < m; t += 1) { s[tid] = a[tid + t]; __syncthreads();\n"
        "for (i32 j = 0; j < 8; j += 1) { for (i32 e = 0; e < 2; e += 1) { acc[e] = acc[e] + s[j + e]; } }\n"
        "__syncthreads(); }\nfor (i32 w = 0; w < 2; w += 1) { out[gid] = out[gid] + acc[w]; }"
    )
    text = recovered(body)
    assert "i32 acc_t[2][64];" in text
    assert text.count("i32 acc[2];") == 1
    assert "acc[e] += s[j + e];" in text
