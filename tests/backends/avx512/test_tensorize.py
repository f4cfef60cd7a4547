"""The vectoriser: what becomes of typical loops, what is refused, and random programs end to end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.backends.avx512.fuzz import subjects_of, wrong
from tests.backends.avx512.support import run_cpp, run_file, tensorized, translate
from xpiler.backends.avx512.isa.manual import vocabulary
from xpiler.ir.check import check
from xpiler.ir.parse_c import parse_module
from xpiler.ir.print_c import print_module
from xpiler.passes.base import Applied, NotApplicable

LOOP = "parallel(thread.x) for (i32 t = 0; t < 64; t += 1)"


def after(body: str, params: str = "const f32 *a, const i32 *p, f32 *c, i32 n") -> str:
    outcome = tensorized(f"{LOOP} {{ {body} }}", params)
    assert isinstance(outcome, Applied), outcome
    assert check(outcome.program) == ()
    return print_module(outcome.program)


def why_not(text: str, params: str = "const f32 *a, f32 *c, i32 n") -> str:
    outcome = tensorized(text, params)
    assert isinstance(outcome, NotApplicable)
    return outcome.reason


def test_neighbours_are_one_piece_of_memory() -> None:
    text = after("c[t] = a[t + 3];")
    assert "_mm512_storeu_ps(&c[t], _mm512_loadu_ps(&a[t + 3]))" in text
    assert "mask16" not in text


def test_what_is_the_same_for_all_lanes_stays_scalar() -> None:
    assert "_mm512_set1_ps(a[n])" in after("c[t] = a[n];")


def test_strides_and_indices_gather() -> None:
    assert "_mm512_i32gather_ps(xp_ramp_epi32(0, 5), &a[t * 5], 4)" in after("c[t] = a[t * 5];")
    assert "_mm512_i32gather_ps(_mm512_loadu_epi32(&p[t]), &a[0], 4)" in after("c[t] = a[p[t]];")
    assert "_mm512_i32scatter_ps" in after("c[p[t]] = a[t];")


def test_branches_run_under_masks() -> None:
    text = after("if (a[t] > 0.0f) { c[t] = a[t]; } else { c[t] = 1.0f; }")
    assert text.count("_mm512_mask_storeu_ps") == 2
    assert "_kandn_mask16" in text or "_knot_mask16" in text


def test_a_guarded_load_touches_only_its_lanes() -> None:
    assert "_mm512_maskz_loadu_ps(chosen, &a[t])" in after("c[t] = t < n ? a[t] : 0.0f;")


def test_products_and_sums_are_fused() -> None:
    assert "_mm512_fmadd_ps(" in after("c[t] = a[t] * a[t] + c[t];")


def test_a_reduction_of_one_thread_is_not_reassociated() -> None:
    text = after(
        "f32 s = 0.0f; for (i32 k = 0; k < n; k += 1) { s = s + a[k * 64 + t]; } c[t] = s;"
    )
    assert "s = _mm512_add_ps(s, _mm512_loadu_ps(&a[k * 64 + t]))" in text
    assert "reduce_add" not in text


def test_tails_are_masked() -> None:
    outcome = tensorized(
        "parallel(thread.x) for (i32 t = 0; t < n; t += 1) { c[t] = 0.0f; }", "f32 *c, i32 n"
    )
    assert isinstance(outcome, Applied)
    assert "xp_first_16((i64)n - (i64)t)" in print_module(outcome.program)


def test_doubles_take_eight_lanes() -> None:
    outcome = tensorized(f"{LOOP} {{ c[t] = a[t] * 2.0; }}", "const f64 *a, f64 *c")
    assert isinstance(outcome, Applied)
    assert "t += 8" in print_module(outcome.program)


def test_signed_dot_products() -> None:
    text = after("d[t] = dp4a(p[t], p[t + 1], d[t]);", "const i32 *p, i32 *d")
    assert "xp_dp4a_epi32(" in text


def test_atomics_go_lane_by_lane() -> None:
    text = after("atomicAdd(&d[p[t]], 1);", "const i32 *p, i32 *d")
    assert re.search(r"for \(i32 lane = 0; lane < 16;", text)


def test_reading_on_lanes_is_no_write() -> None:
    """A loop whose bound is loaded from what lanes read is still well-formed."""
    text = f"for (i32 k = 0; k < p[9]; k += 1) {{ {LOOP} {{ d[t] = p[t]; }} }}"
    outcome = tensorized(text, "const i32 *p, i32 *d")
    assert isinstance(outcome, Applied)
    assert check(outcome.program) == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("for (i32 t = 0; t < n; t += 1) { c[t] = a[t]; }", "there is no parallel loop"),
        ("parallel(thread.x) for (i32 t = 0; t < 1; t += 1) { c[t] = a[t]; }", "runs once"),
        (f"{LOOP} {{ if (t == 0) {{ c[0] = a[0]; }} }}", "only one iteration"),
        (f"f32 s = 0.0f; {LOOP} {{ s = a[t]; }} c[0] = s;", "lives outside"),
        (f"{LOOP.replace('t += 1', 't += 2')} {{ c[t] = a[t]; }}", "does not step by 1"),
        (f"{LOOP} {{ __syncthreads(); c[t] = a[t]; }}", "Barrier cannot run on lanes"),
    ],
)
def test_refusals(text: str, reason: str) -> None:
    assert reason in why_not(text)


def test_a_simt_program_is_not_touched() -> None:
    module = parse_module("__global__ void k(f32 *c) { c[0] = 1.0f; }")
    from xpiler.backends.avx512.passes import loop_bind, tensorize
    from xpiler.passes.base import Context

    for pass_ in (tensorize.PASS, loop_bind.PASS):
        assert isinstance(pass_.rewrite(module, Context()), NotApplicable)


def test_programs_with_registers_print_and_parse() -> None:
    source = Path(__file__).parents[3] / "examples" / "softmax.cu"
    for run in translate(source.read_text())[1]:
        text = print_module(run.program)
        again = parse_module(text, instructions=vocabulary().instructions)
        assert print_module(again) == text


@pytest.mark.slow
def test_random_kernels(tmp_path: Path) -> None:
    chosen = subjects_of(range(1000, 1008))
    assert len(chosen) >= 6
    assert [s.seed for s in wrong(chosen, tmp_path)] == []


def test_the_random_test_finds_a_wrong_kernel(tmp_path: Path) -> None:
    """A changed result is seen."""
    from dataclasses import replace

    subject = subjects_of([1000])[0]
    broken = replace(subject, expected={**subject.expected, "hist": [9] * 16})
    assert wrong([broken], tmp_path) == [broken]


BYTES = "const i8 *a, const i8 *b, i32 *c, i32 n"


def test_a_dot_product_of_bytes_goes_along_its_own_loop() -> None:
    body = "i32 s = 0; for (i32 k = 0; k < n; k += 1) { s += (i32)a[t * n + k] * (i32)b[k]; } c[t] = s;"
    text = after(body, BYTES)
    first = "_mm512_xor_si512(_mm512_loadu_epi8(&a[t * n + k_1]), bias)"
    assert f"s_lanes = _mm512_dpbusd_epi32(s_lanes, {first}, b_1)" in text
    assert "b_excess = _mm512_dpbusd_epi32(b_excess, bias, b_1)" in text
    assert "s_lanes = _mm512_sub_epi32(s_lanes, b_excess)" in text
    assert "k_1 += 64" in text
    assert "s += _mm512_reduce_add_epi32(s_lanes)" in text
    assert "_mm_maskz_loadu_epi8(" in text


def test_a_sum_of_floats_keeps_its_order() -> None:
    body = "f32 s = 0.0f; for (i32 k = 0; k < n; k += 1) { s += a[t * n + k]; } c[t] = s;"
    assert "reduce_add" not in after(body)


def test_a_maximum_has_no_order() -> None:
    body = "f32 s = -1.0f; for (i32 k = 0; k < n; k += 1) { s = fmax(s, a[t * n + k]); } c[t] = s;"
    assert "s = _mm512_reduce_max_ps(s_lanes)" in after(body)


def test_bytes_put_together_are_one_load() -> None:
    word = " | ".join(f"((u32)(u8)b[p[t] * 4 + {i}] << {8 * i})" for i in range(4))
    text = after(f"d[t] = (i32)({word});", "const i8 *b, const i32 *p, i32 *d")
    assert text.count("gather") == 1
    assert "_mm512_i32gather_epi32(" in text
    assert ", 1)" in text


INT8 = """\
__global__ void rows(const signed char *a, const signed char *b, int *c, int *top, int n, int k) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row < n) {
    int sum = 0, most = -1000;
    for (int i = 0; i < k; ++i) sum += (int)a[row * k + i] * (int)b[i];
    for (int i = 0; i < k; ++i) most = max(most, (int)a[row * k + i]);
    c[row] = sum;
    top[row] = most;
  }
}
"""


@pytest.mark.parametrize("k", [0, 15, 64, 150])
def test_reductions_are_exact_at_every_length(k: int, tmp_path: Path) -> None:
    emitted, runs = translate(INT8)
    assert any("add over" in note for stage in runs[0].stages for note in stage.notes)
    main = f"""
int main() {{
  enum {{ n = 5, k = {k} }};
  static int8_t a[n * k + 1], b[k + 1];
  int32_t c[n], top[n];
  for (int i = 0; i < n * k; ++i) a[i] = (int8_t)(i % 7 == 0 ? -128 : i * 37);
  for (int i = 0; i < k; ++i) b[i] = (int8_t)(i % 5 == 0 ? -128 : i * 91);
  rows({{1, 1, 1}}, {{8, 1, 1}}, 0, a, b, c, top, n, k);
  int wrong = 0;
  for (int r = 0; r < n; ++r) {{
    int sum = 0, most = -1000;
    for (int i = 0; i < k; ++i) {{ sum += a[r * k + i] * b[i]; if (a[r * k + i] > most) most = a[r * k + i]; }}
    wrong += c[r] != sum || top[r] != most;
  }}
  printf("%d", wrong);
}}
"""
    assert run_file("#include <stdio.h>\n" + emitted.text + main, tmp_path) == b"0"


SQUARE = """\
__global__ void square(const {elem} *a, const {elem} *b, int *c, int m, int n, int k) {{
  int row = blockIdx.y * blockDim.y + threadIdx.y, col = blockIdx.x * blockDim.x + threadIdx.x;
  if (row < m && col < n) {{
    int sum = 0;
    for (int i = 0; i < k; ++i) {step};
    c[row * n + col] = sum;
  }}
}}
void run(const {elem} *a, const {elem} *b, int *c, int m, int n, int k) {{
  square<<<dim3((n + 7) / 8, (m + 3) / 4), dim3(8, 4)>>>(a, b, c, m, n, k);
}}
"""
_TIMES = "sum += a[row * k + i] * b[col * k + i]"
_WORDS = "sum = __dp4a(a[row * k + i], b[col * k + i], sum)"
_APART = "sum += abs(a[row * k + i] - b[col * k + i])"


@pytest.mark.parametrize(
    ("elem", "step", "instruction"),
    [
        ("signed char", _TIMES, "_mm512_dpbusd_epi32"),
        ("short", _TIMES, "_mm512_dpwssd_epi32"),
        ("int", _WORDS, "_mm512_dpbusd_epi32"),
        ("int", _APART, "_mm512_abs_epi32"),
    ],
)
def test_squares_of_sums_are_exact_at_every_size(
    elem: str, step: str, instruction: str, tmp_path: Path
) -> None:
    """Sixteen sums side by side, their ends, and the threads at the edges of a matrix."""
    emitted, runs = translate(SQUARE.format(elem=elem, step=step))
    assert any("16 times add over" in note for stage in runs[0].stages for note in stage.notes)
    assert instruction in emitted.text
    scalar = step.replace("__dp4a", "dot4").replace("row", "r").replace("col", "q")
    main = f"""
int dot4(int a, int b, int sum) {{
  for (int i = 0; i < 32; i += 8) sum += (signed char)(a >> i) * (signed char)(b >> i);
  return sum;
}}
__attribute__((optimize("wrapv"))) int main() {{
  int sizes[][3] = {{{{4, 8, 1}}, {{5, 9, 15}}, {{8, 8, 16}}, {{3, 7, 33}}, {{9, 17, 64}}, {{1, 1, 150}}, {{4, 8, 0}}}};
  static {elem} a[9 * 150 + 1], b[17 * 150 + 1];
  static int c[9 * 17];
  int wrong = 0;
  for (int i = 0; i < 9 * 150; ++i) a[i] = ({elem})(i % 7 == 0 ? 1u << 31 | 0x8000 | 0x80 : i * 2654435761u);
  for (int i = 0; i < 17 * 150; ++i) b[i] = ({elem})(i % 5 == 0 ? 1u << 31 | 0x8000 | 0x80 : i * 40503u * 65539u);
  for (auto &s : sizes) {{
    int m = s[0], n = s[1], k = s[2];
    square({{(n + 7u) / 8, (m + 3u) / 4, 1}}, {{8, 4, 1}}, 0, a, b, c, m, n, k);
    for (int r = 0; r < m; ++r)
      for (int q = 0; q < n; ++q) {{
        int sum = 0;
        for (int i = 0; i < k; ++i) {scalar};
        wrong += c[r * n + q] != sum;
      }}
  }}
  printf("%d", wrong);
}}
"""
    text = "#include <stdio.h>\n#include <stdlib.h>\n" + emitted.text + main
    assert run_file(text, tmp_path) == b"0"


def test_a_dot_product_of_words_uses_the_instruction_for_pairs() -> None:
    body = "i32 s = 0; for (i32 k = 0; k < n; k += 1) { s += (i32)a[t * n + k] * (i32)b[k]; } c[t] = s;"
    text = after(body, BYTES.replace("i8", "i16"))
    loads = "_mm512_loadu_epi16(&a[t * n + k_1]), _mm512_loadu_epi16(&b[k_1])"
    assert f"_mm512_dpwssd_epi32(s_lanes, {loads})" in text
    assert "k_1 += 32" in text
    mixed = after(body, BYTES.replace("const i8 *b", "const i16 *b"))
    assert "dpwssd" not in mixed


def test_rounds_of_side_by_side_lanes_need_no_mask_before_the_last() -> None:
    text = after("for (i32 i = t; i < n; i += 64) { c[i] = a[i]; }")
    assert "_mm512_storeu_ps(&c[i], _mm512_loadu_ps(&a[i]))" in text
    assert "while (i < n - 15)" in text
    assert "mask16 rest = xp_first_16((i64)n - (i64)i)" in text
    assert "_mm512_mask_storeu_ps(&c[i], rest, _mm512_maskz_loadu_ps(rest, &a[i]))" in text


def test_lanes_that_end_together_need_no_mask_at_all() -> None:
    assert "mask16" not in after("for (i32 i = t; i < 256; i += 64) { c[i] = a[i]; }")
    assert "mask16" in after("for (i32 i = t; i < 250; i += 64) { c[i] = a[i]; }")
    assert "mask16" not in after("if (t < 32) { c[t] = a[t]; }")
    assert "mask16" in after("if (t < 33) { c[t] = a[t]; }")


def test_what_lanes_agree_on_is_asked_before_a_mask_is_made() -> None:
    text = after("if (t < n && n > 3 && p[t] > 2) { c[t] = a[t]; }")
    assert text.index("if (n > 3)") < text.index("mask16")


def test_a_continue_becomes_a_branch() -> None:
    text = after(
        "f32 s = 0.0f; for (i32 k = 0; k < n; k += 1) "
        "{ if (a[t] < 0.0f) { continue; } s = s + a[k]; } c[t] = s;"
    )
    assert "break" not in text
    assert "gone" not in text


def test_a_guard_in_a_loop_is_asked_of_the_outer_lanes() -> None:
    text = after(
        "f32 s = 0.0f; for (i32 k = 0; k < 5; k += 1) "
        "{ if (t + k >= 2 && t + k < n) { s = s + a[t + k]; } } c[t] = s;"
    )
    assert "if ((t + k >= 2) && (t + k + 15 < n))" in text
    assert "s = _mm512_add_ps(s, _mm512_loadu_ps(&a[t + k]))" in text


def test_what_only_the_first_lane_stores_is_no_scatter() -> None:
    text = after("f32 v = a[t]; c[t] = v; if (t == 0) { c[n] = v; }", "const f32 *a, f32 *c, i32 n")
    assert "if (t == 0)" in text
    assert "scatter" not in text
    other = after(
        "f32 v = a[t]; c[t] = v; if (t == 5) { c[n] = v; }", "const f32 *a, f32 *c, i32 n"
    )
    assert "scatter" in other


def test_small_tables_are_permuted() -> None:
    outcome = tensorized(
        f"__shared__ f32 w[32]; __shared__ f32 z[33]; {LOOP} {{ c[t] = w[p[t]] + z[p[t]]; }}",
        "const i32 *p, f32 *c",
    )
    assert isinstance(outcome, Applied)
    text = print_module(outcome.program)
    assert "_mm512_permutex2var_ps(_mm512_loadu_ps(&w[0])" in text
    assert "_mm512_i32gather_ps(_mm512_loadu_epi32(&p[t]), &z[0], 4)" in text


def test_a_loop_that_would_not_fill_a_register_stays_a_loop() -> None:
    text = after(
        "i32 m = -5; for (i32 k = 0; k < 3; k += 1) { m = max(m, p[t * n + k]); } c[t] = (f32)m;"
    )
    assert "reduce_max" not in text


@pytest.mark.parametrize("stride", [2, 3, 4])
def test_small_strides_are_loads_and_permutations(stride: int, tmp_path: Path) -> None:
    assert f"xp_every_{stride}_ps(&a[t * {stride}]" in after(f"c[t] = a[t * {stride}];")
    body = "".join(
        f"""
  {{
    const int count = {stride} * ({lanes} - 1) + 1;
    float *f = (float *)malloc(count * 4);
    int *n = (int *)malloc(count * 4);
    for (int i = 0; i < count; ++i) {{ f[i] = i + 1; n[i] = -i - 1; }}
    float x[16];
    int y[16];
    _mm512_storeu_ps(x, xp_every_{stride}_ps(f, {hex((1 << lanes) - 1)}));
    _mm512_storeu_epi32(y, xp_every_{stride}_epi32(n, {hex((1 << lanes) - 1)}));
    for (int l = 0; l < 16; ++l) {{
      const int want = l < {lanes} ? {stride} * l + 1 : 0;
      if (x[l] != want || y[l] != -want) printf("{lanes} %d: %g %d\\n", l, x[l], y[l]);
    }}
    free(f);
    free(n);
  }}"""
        for lanes in (16, 7, 1)
    )
    text = f"int main() {{{body}\n}}\n"
    assert run_cpp("#include <stdlib.h>\n" + text, tmp_path) == b""


def test_a_loop_over_one_register_of_lanes_is_no_loop() -> None:
    outcome = tensorized(
        "parallel(thread.x) for (i32 t = 0; t < 16; t += 1) { c[n * 16 + t] = a[t]; }",
        "const f32 *a, f32 *c, i32 n",
    )
    assert isinstance(outcome, Applied)
    text = print_module(outcome.program)
    assert "for (" not in text
    assert "_mm512_storeu_ps(&c[n * 16], _mm512_loadu_ps(&a[0]))" in text


ROWS = """
__global__ void rows(const float *a, const float *x, float *y, int m, int n) {
  int r = blockIdx.x * blockDim.x + threadIdx.x;
  if (r >= m) return;
  float s = 0.0f;
  for (int i = 0; i < n; ++i) s += a[r * n + i] * x[i];
  y[r] = s;
}
void run(const float *a, const float *x, float *y, int m, int n) {
  rows<<<(m + 63) / 64, 64>>>(a, x, y, m, n);
}
"""


def test_lanes_that_walk_along_rows_read_them_as_rows(tmp_path: Path) -> None:
    emitted, _ = translate(ROWS)
    assert "for (; i < n - 15; i += 16) {" in emitted.text
    assert "xp_columns_ps(" in emitted.text
    checks = "".join(
        f"""
  for (int m = 1; m < 40; m += 19) {{
    float *a = (float *)malloc(m * {n} * 4), *x = (float *)malloc({n} * 4), y[40];
    for (int i = 0; i < m * {n}; ++i) a[i] = i % 17 - 8;
    for (int i = 0; i < {n}; ++i) x[i] = i % 7 - 3;
    run(a, x, y, m, {n});
    for (int r = 0; r < m; ++r) {{
      float s = 0;
      for (int i = 0; i < {n}; ++i) s += a[r * {n} + i] * x[i];
      if (s != y[r]) printf("%d x {n}: row %d is %g, not %g\\n", m, r, y[r], s);
    }}
    free(a);
    free(x);
  }}"""
        for n in (3, 16, 53)
    )
    program = f"{emitted.text}\n#include <cstdio>\n#include <cstdlib>\nint main() {{{checks}\n}}\n"
    assert run_file(program, tmp_path) == b""


def test_rows_that_the_loop_writes_or_guards_are_gathered() -> None:
    for changed in (
        "y[r] += a[r * n + i];",
        "s += i < 7 ? a[r * n + i] : 0.0f;",
        "s += a[r * n + i * 2];",
        "if (s < 9.0f) s += a[r * n + i];",
    ):
        emitted, _ = translate(ROWS.replace("s += a[r * n + i] * x[i];", changed))
        assert "xp_columns_ps" not in emitted.text, changed
