"""Kernels at the loops level, as loop recovery leaves them, with what they should compute."""

from __future__ import annotations

HEAD = "dim3 gridDim, dim3 blockDim, u32 sharedBytes"
FLAT = """
  parallel(block.x) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) {{
    parallel(thread.x) for (i32 tx = 0; tx < (i32)blockDim.x; tx += 1) {{
      i32 i = (i32)((u32)bx * blockDim.x + (u32)tx);
      {body}
    }}
  }}
"""


def flat(name: str, params: str, body: str) -> str:
    """A kernel with one thread per element `i`."""
    return f"void {name}({HEAD}, {params}) {{{FLAT.format(body=body)}}}\n"


KERNELS: dict[str, str] = {
    "saxpy": flat(
        "saxpy",
        "const f32 *x, const f32 *y, f32 *z, i32 n, f32 a",
        "if (i < n) { z[i] = a * x[i] + y[i]; }",
    ),
    "in_place": flat("in_place", "f32 *x, i32 n", "if (i < n) { x[i] = x[i] / 3.0f; }"),
    "stride": flat(
        "stride",
        "const f32 *x, f32 *z, i32 n",
        "while (i < n) { z[i] = exp(x[i]) - 1.0f; i = i + (i32)gridDim.x * (i32)blockDim.x; }",
    ),
    "branches": flat(
        "branches",
        "const f32 *x, f32 *z, i32 n",
        """if (i < n) {
           f32 v = x[i];
           f32 r = v * 0.5f;
           if (v > 1.0f && v < 2.0f) { r = 3.0f; } else { r = r + 1.0f; }
           z[i] = v < -1.0f ? r - 7.0f : r;
         }""",
    ),
    "halves": flat(
        "halves",
        "const f16 *x, const f16 *y, f16 *z, i32 n",
        "if (i < n) { z[i] = (f16)tanh((f32)(x[i] * y[i] + x[i])); }",
    ),
    "integers": flat(
        "integers",
        "const i32 *x, const i32 *y, i32 *z, i32 n",
        "if (i < n) { z[i] = (x[i] + y[i]) * 3 - (x[i] >> 2); }",
    ),
    "vectors": flat(
        "vectors",
        "const f32 *x, f32 *z, i32 n",
        """i32 at = i * 4;
         if (at + 3 < n) {
           f32 a = x[at]; f32 b = x[at + 1]; f32 c = x[at + 2]; f32 d = x[at + 3];
           z[at] = a > 0.0f ? a : 0.0f; z[at + 1] = b > 0.0f ? b : 0.0f;
           z[at + 2] = c > 0.0f ? c : 0.0f; z[at + 3] = d > 0.0f ? d : 0.0f;
         } else {
           for (i32 j = at; j < n; j += 1) { z[j] = x[j] > 0.0f ? x[j] : 0.0f; }
         }""",
    ),
    "pool": flat(
        "pool",
        "const f32 *x, f32 *z, i32 n, i32 w, i32 c, i32 ow",
        """if (i < n) {
           i32 ch = i % c; i32 col = i / c % ow; i32 row = i / (c * ow);
           f32 best = -INFf;
           for (i32 dy = 0; dy < 2; dy += 1) { for (i32 dx = 0; dx < 3; dx += 1) {
             best = fmax(best, x[((row + dy) * w + col * 2 + dx) * c + ch]);
           } }
           z[i] = best;
         }""",
    ),
    "bytes": flat(
        "bytes",
        "const u8 *x, const bool *m, u8 *z, bool *b, i32 n",
        """if (i < n) {
           i32 v = (i32)x[i];
           f32 s = (f32)x[i] * 0.5f;
           bool on = m[i];
           if (v > 100 && on) { s = s + 70.0f; }
           z[i] = (u8)((i32)s + v);
           b[i] = s >= 60.0f && !on;
         }""",
    ),
    "updates": flat(
        "updates",
        "f32 *x, f32 *y, const f32 *g, i32 n",
        """if (i < n) {
           f32 v = g[i] > 0.0f ? g[i] : 0.25f;
           y[i] = fma(0.999f, y[i], fma(-0.999f, v, v));
           x[i] = x[i] - y[i];
         }""",
    ),
    "walk": flat(
        "walk",
        "const f32 *x, f32 *z, i32 n, i32 cols, i32 ld",
        """if (i < n) {
           f32 s = 0.0f;
           f32 best = -INFf;
           for (i32 c = 0; c < cols; c += 1) { s = s + x[i * ld + c]; best = fmax(best, x[i * ld + c]); }
           z[i] = s * best;
         }""",
    ),
    "edges": flat(
        "edges",
        "const f32 *x, f32 *z, i32 n, i32 w",
        """if (i < n) {
           i32 r = i;
           i32 col = r % 32;
           r = r / 32;
           f32 s = 0.0f;
           for (i32 d = -1; d < 2; d += 1) {
             if (r + d < 0 || r + d >= w) { continue; }
             s = s + x[(r + d) * 32 + col];
           }
           z[i] = s;
         }""",
    ),
    "permuted": flat(
        "permuted",
        "const f32 *x, f32 *z, i32 n, i32 rows, i32 width",
        """if (i < n * rows * width) {
           i32 outer = i / (rows * width);
           i32 rest = i % (rows * width);
           i32 row = rest / width;
           i32 col = rest - row * width;
           z[i] = x[(row * n + outer) * width + col] + (f32)(i % (rows * width) % width);
         }""",
    ),
    "joined": flat(
        "joined",
        "const f32 *x, const f32 *y, f32 *z, i32 rows, i32 a, i32 b",
        """i32 total = a + b;
         if (i < rows * total) {
           i32 r = i / total;
           i32 c = i % total;
           z[i] = c < a ? x[r * a + c] : y[r * b + c - a];
         }""",
    ),
    "biased": flat(
        "biased",
        "f32 *x, i32 n, f32 slope",
        "if (i < n) { x[i] = x[i] * slope > 1.0f ? 0.0f : x[i] + (f32)i; }",
    ),
    "spread": flat(
        "spread",
        "const f32 *x, f32 *z, i32 n, i32 first, i32 stride",
        "if (i < n) { z[first + i * stride] = x[i * 40 + 1] * 2.0f; }",
    ),
    "packed": flat(
        "packed",
        "const u32 *x, f32 *z, i32 n",
        """if (i < n) {
           u32 word = x[i];
           f16 low = from_bits_f16((u16)word);
           f16 high = from_bits_f16((u16)(word >> 16U));
           z[i] = (f32)low * 2.0f + (f32)high;
         }""",
    ),
    "statistics": flat(
        "statistics",
        "const f32 *x, f32 *mean, f32 *variance, i32 rows, i32 cols",
        """if (i < rows) {
           f64 s = 0.0;
           f64 q = 0.0;
           for (i32 c = 0; c < cols; c += 1) {
             f64 v = (f64)x[i * cols + c];
             s += v;
             q += v * v;
           }
           f64 m = s / (f64)cols;
           mean[i] = (f32)m;
           variance[i] = (f32)(q / (f64)cols - m * m);
         }""",
    ),
    "replaced": flat(
        "replaced",
        "f32 *x, i32 n, i32 from",
        "if (i < n) { x[i] = i - from > 0 ? -INFf : x[i] + 1.0f; }",
    ),
    "literal": f"""
void literal({HEAD}, const f32 *x, f32 *z, i32 n) {{
  parallel(block.x) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) {{
    parallel(thread.x) for (i32 tx = 0; tx < (i32)blockDim.x; tx += 1) {{
      i32 i = bx * 128 + tx;
      if (i < n) {{ z[i] = x[i % 48] + (f32)(i / 48); }}
    }}
  }}
}}
""",
    "product": f"""
void product({HEAD}, const f16 *x, const f16 *y, f32 *z, i32 ld, i32 other) {{
  parallel(block.x) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) {{
    __shared__ f32 c[17][24];
    parallel(thread.x) for (i32 t = 0; t < 32; t += 1) {{
      if (t % 32 == 0) {{
        for (i32 i = 0; i < 17; i += 1) {{ for (i32 j = 0; j < 24; j += 1) {{ c[i][j] = 1.0f; }} }}
        for (i32 p = 0; p < 17; p += 1) {{ for (i32 q = 0; q < 24; q += 1) {{
          f32 s = c[p][q];
          for (i32 e = 0; e < 40; e += 1) {{
            s = s + (f32)x[bx * 680 + p * 40 + e] * (f32)y[e * ld + q];
          }}
          c[p][q] = s;
        }} }}
        for (i32 r = 0; r < 17; r += 1) {{ for (i32 u = 0; u < 24; u += 1) {{
          f32 w = c[r][u];
          for (i32 g = 0; g < 40; g += 1) {{
            w = w + (f32)x[bx * 680 + r * 40 + g] * (f32)y[u * other + g];
          }}
          c[r][u] = w;
        }} }}
        for (i32 m = 0; m < 17; m += 1) {{ for (i32 n = 0; n < 24; n += 1) {{
          z[bx * 408 + m * 24 + n] = c[m][n];
        }} }}
      }}
    }}
  }}
}}
""",
    "gathers": flat(
        "gathers",
        "const f32 *x, const i32 *index, f32 *z, i32 n",
        "if (i < n) { z[i] = exp(x[index[i]]) + x[n - 1 - i] * z[i]; }",
    ),
    "tally": flat(
        "tally",
        "const i32 *x, i32 *z, i32 n",
        "if (i < n) { atomicAdd(&z[x[i] & 7], 1); atomicMax(&z[8], x[i]); }",
    ),
    "gemm": f"""
void gemm({HEAD}, const f32 *x, const f32 *y, f32 *z, i32 m, i32 n, i32 k) {{
  parallel(block.y) for (i32 by = 0; by < (i32)gridDim.y; by += 1) {{
  parallel(block.x) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) {{
  parallel(thread.y) for (i32 ty = 0; ty < (i32)blockDim.y; ty += 1) {{
  parallel(thread.x) for (i32 tx = 0; tx < (i32)blockDim.x; tx += 1) {{
    i32 row = by * (i32)blockDim.y + ty;
    i32 col = bx * (i32)blockDim.x + tx;
    if (row < m && col < n) {{
      f32 acc = 0.0f;
      for (i32 e = 0; e < k; e += 1) {{ acc = acc + x[row * k + e] * y[e * n + col]; }}
      z[row * n + col] = acc;
    }}
  }} }} }} }}
}}
""",
    "rows": f"""
void rows({HEAD}, const f32 *x, f32 *z, i32 n) {{
  parallel(block.x) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) {{
    __shared__ f32 s[128];
    parallel(thread.x) for (i32 t = 0; t < 128; t += 1) {{
      f32 sum = 0.0f;
      for (i32 j = t; j < n; j += 128) {{ sum = sum + x[bx * n + j]; }}
      s[t] = sum;
    }}
    for (i32 h = 64; h > 0; h = h / 2) {{ }}
    for (i32 q = 0; q < 7; q += 1) {{
      parallel(thread.x) for (i32 u = 0; u < 128; u += 1) {{
        if (u < (64 >> q)) {{ s[u] = s[u] + s[u + (64 >> q)]; }}
      }}
    }}
    parallel(thread.x) for (i32 w = 0; w < 128; w += 1) {{
      for (i32 l = w; l < n; l += 128) {{ z[bx * n + l] = x[bx * n + l] - s[0] / (f32)n; }}
    }}
  }}
}}
""".replace("    for (i32 h = 64; h > 0; h = h / 2) { }\n", ""),
    "padded": f"""
void padded({HEAD}, const f32 *x, f32 *z, i32 n) {{
  parallel(block.x) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) {{
    __shared__ f32 s[66];
    parallel(thread.x) for (i32 t = 0; t < 66; t += 1) {{
      s[t] = bx * 64 + t - 1 >= 0 && bx * 64 + t - 1 < n ? x[bx * 64 + t - 1] : 0.0f;
    }}
    parallel(thread.x) for (i32 u = 0; u < 64; u += 1) {{
      if (bx * 64 + u < n) {{ z[bx * 64 + u] = s[u] + s[u + 1] + s[u + 2]; }}
    }}
  }}
}}
""",
    "bins": f"""
void bins({HEAD}, const i32 *x, i32 *z, i32 n) {{
  parallel(block.x) for (i32 bx = 0; bx < (i32)gridDim.x; bx += 1) {{
    __shared__ i32 s[16];
    parallel(thread.x) for (i32 t = 0; t < 64; t += 1) {{ if (t < 16) {{ s[t] = 0; }} }}
    parallel(thread.x) for (i32 u = 0; u < 64; u += 1) {{
      if (bx * 64 + u < n) {{ atomicAdd(&s[x[bx * 64 + u] & 15], 1); }}
    }}
    parallel(thread.x) for (i32 v = 0; v < 64; v += 1) {{ if (v < 16) {{ atomicAdd(&z[v], s[v]); }} }}
  }}
}}
""",
}  # fmt: skip
