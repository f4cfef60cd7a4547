"""Texture objects and references: what they lift to, that it samples as the runtime does, and what is refused and why."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.frontends.judging import evidence
from tests.frontends.lifting import lift_text, programs, refusal, shown
from xpiler.ir.nodes import Const, Expr, Module
from xpiler.ir.textures import (
    Sampler,
    TextureFormat,
    references,
    texture_of,
    texture_part,
    way_part,
)
from xpiler.ir.types import F16, F32, U8
from xpiler.ir.walk import map_block
from xpiler.verify.cases.infer import NoCase, infer_cases
from xpiler.verify.evidence import Evidence, is_verified

FETCH = "__global__ void k(cudaTextureObject_t t, float *y) { y[threadIdx.x] = tex1Dfetch<float>(t, threadIdx.x); }\n"
SAMPLE = "__global__ void k(cudaTextureObject_t t, {T} *y, float u, float v) {{ y[0] = tex2D<{T}>(t, u, v); }}\n"


def host(fields: str, launches: str = "k<<<1, 1>>>(t, y, 0.5f, 0.5f);", channels: str = "") -> str:
    """A host function that makes a texture `t` with the fields of its descriptor `d`."""
    return (
        "void run(cudaResourceDesc r, float *y) {\n"
        f"  {channels}cudaTextureObject_t t;\n  cudaTextureDesc d = {{}};\n  {fields}\n"
        f"  cudaCreateTextureObject(&t, &r, &d, NULL);\n  {launches}\n}}\n"
    )


def origins(text: str) -> list[str]:
    (program,) = programs(text)
    return [p.origin for p in program.kernels[0].params]


def test_a_fetch_is_an_element_or_zero() -> None:
    text = shown(FETCH)
    assert "k(const f32 *t_texels, i32 t_width, f32 *y)" in text
    assert "(texel_at >= 0) && (texel_at < t_width) ? t_texels[texel_at] : 0.0f" in text


def test_only_what_is_used_becomes_a_parameter() -> None:
    source = SAMPLE.format(T="float4")
    form = TextureFormat(F32, 4, Sampler(), 2)
    assert origins(source)[:4] == [f"t{form.part}", "t.width", "t.height", "t.stride"]
    unused = "__global__ void k(cudaTextureObject_t t, float *y) { y[0] = 1; }"
    assert origins(unused) == [""]


def test_the_host_says_how_a_texture_is_sampled() -> None:
    fields = "d.filterMode = cudaFilterModeLinear; d.addressMode[0] = d.addressMode[1] = cudaAddressModeBorder;"
    linear = Sampler(linear=True, address=("border", "border", "clamp"))
    part = TextureFormat(F32, 1, linear, 2).part
    assert origins(SAMPLE.format(T="float") + host(fields))[0] == f"t{part}"
    # without normalised coordinates the hardware clamps where the descriptor says to wrap
    assert origins(SAMPLE.format(T="float") + host("d.normalizedCoords = 0;"))[0] == (
        f"t{TextureFormat(F32, 1, Sampler(), 2).part}"
    )


def test_launches_choose_among_the_textures_of_a_file() -> None:
    two = """
        __global__ void a(cudaTextureObject_t t, float *y) { y[0] = tex1D<float>(t, 1.5f); }
        __global__ void b(cudaTextureObject_t t, float *y) { y[0] = tex1D<float>(t, 1.5f); }
        void run(cudaResourceDesc r, float *y) {
          cudaTextureObject_t near, smooth;
          cudaTextureDesc d;
          memset(&d, 0, sizeof d);
          cudaCreateTextureObject(&near, &r, &d, NULL);
          d.filterMode = cudaFilterModeLinear;
          cudaCreateTextureObject(&smooth, &r, &d, NULL);
          a<<<1, 1>>>(near, y);
          b<<<1, 1>>>(smooth, y);
        }
    """
    near, smooth = programs(two)
    assert "floor" not in str(near)
    assert "rint" in str(smooth)
    both = two.replace("a<<<1, 1>>>(near, y);", "a<<<1, 1>>>(near, y); a<<<1, 1>>>(smooth, y);")
    assert "t_way == 0" in shown(both)
    other = "d.readMode = cudaReadModeNormalizedFloat;"
    unlike = both.replace("d.filterMode = cudaFilterModeLinear;", other)
    message = lift_text(unlike).refused[0].diagnostic.message
    assert "sampled in 2 ways by launches of this kernel" in message


def test_a_filter_that_the_program_chooses_is_chosen_at_the_launch() -> None:
    either = "d.filterMode = smooth ? cudaFilterModeLinear : cudaFilterModePoint;"
    source = SAMPLE.format(T="float") + host(either)
    (program,) = programs(source)
    smooth, near = (
        TextureFormat(F32, 1, Sampler(linear=linear), 2, several=True) for linear in (True, False)
    )
    params = program.kernels[0].params
    assert [p.origin for p in params if texture_of(p, params)] == [
        f"t{smooth.part}", "t.width", "t.height", "t.stride", f"t{way_part((smooth, near))}",
    ]  # fmt: skip
    assert smooth.part == near.part
    assert "if (t_way == 0)" in shown(source)


def test_a_kernel_alone_is_taken_as_point_sampled_and_says_so() -> None:
    found = lift_text(SAMPLE.format(T="float"))
    assert [d.code for d in found.diagnostics] == ["XP1107"]
    assert found.diagnostics[0].severity == "warning"
    assert lift_text(FETCH).diagnostics == ()  # a fetch by number is sampled in one way


def test_bytes_are_read_as_fractions() -> None:
    channels = "cudaChannelFormatDesc c = cudaCreateChannelDesc<uchar4>(); "
    fields = "d.readMode = cudaReadModeNormalizedFloat;"
    source = SAMPLE.format(T="float4") + host(
        fields, "k<<<1, 1>>>(t, (float4 *)y, 0, 0);", channels
    )
    assert "(f32)t_texels[texel_at + 3] / 255.0f" in shown(source)
    half = SAMPLE.format(T="float") + host("", channels="cudaCreateChannelDescHalf(); ").replace(
        "cudaCreateChannelDescHalf()",
        "cudaCreateChannelDesc(16, 0, 0, 0, cudaChannelFormatKindFloat)",
    )
    assert programs(half)[0].kernels[0].params[0].type.elem == F16  # type: ignore[union-attr]


def test_texture_references_are_parameters_behind_the_others() -> None:
    source = """
        texture<float4, 2> image;
        __device__ float4 at(float u, float v) { return tex2D(image, u, v); }
        __global__ void k(float4 *y) { y[0] = at(0.5f, 1.5f); }
        void run(float *p) {
          image.filterMode = cudaFilterModeLinear;
          cudaBindTexture2D(NULL, image, p, 4, 4, 64);
        }
    """
    (program,) = programs(source)
    params = program.kernels[0].params
    linear = TextureFormat(F32, 4, Sampler(linear=True), 2)
    assert [p.origin for p in params[1:]] == [
        f"image{linear.part}", "image.width", "image.height", "image.stride",
    ]  # fmt: skip
    assert texture_of(params[2], params) == "image"
    assert texture_of(params[0], params) is None
    assert list(references(params, ["y"])) == ["image"]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (SAMPLE.format(T="int") + host("d.filterMode = cudaFilterModeLinear;", ""), "is filtered, which gives floats"),
        (SAMPLE.format(T="float") + host("d.filterMode = mode;", ""), "its filterMode is mode, no constant"),
        (SAMPLE.format(T="float") + host("d.readMode = cudaReadModeNormalizedFloat;", ""), "floats of an unknown"),
        (SAMPLE.format(T="float") + host("d.borderColor[0] = 0.5f;", ""), "its borderColor is not 0"),
        (SAMPLE.format(T="double"), "of f64 is read as f64"),
        ("texture<uchar4, 2, cudaReadModeNormalizedFloat> t;\n"
         "__global__ void k(float *y) { y[0] = tex2D(t, 0, 0).x; }\n", "a reference that is read as normalised floats"),
        ("struct S { cudaTextureObject_t t; };\n"
         "__global__ void k(S s, float *y) { y[0] = tex1Dfetch<float>(s.t, 0); }\n", "no parameter of the kernel itself"),
        ("__global__ void k(cudaTextureObject_t t, float *y) {\n"
         "  y[0] = tex1Dfetch<float>(t, 0) + tex1Dfetch<float2>(t, 0).x; }\n", "read as two types of texel"),
        ("__global__ void k(cudaTextureObject_t t, float *y) { y[0] = texCubemap<float>(t, 1, 0, 0); }\n",
         "texCubemap is not among the texture functions read"),
    ],
)  # fmt: skip
def test_what_is_not_read_says_why(source: str, why: str) -> None:
    found = refusal(source).diagnostic
    assert (found.code, why in found.message) == ("XP1107", True), found.message


def test_the_word_of_a_format_keeps_what_matters() -> None:
    point = TextureFormat(U8, 4, Sampler(address=("wrap", "border", "clamp")), 1)
    other = replace(point, sampler=replace(point.sampler, address=("clamp", "mirror", "wrap")))
    assert (point.word ^ other.word) & point.mask == 0  # not normalised: both clamp along x
    assert (point.word ^ replace(point, channels=2).word) & point.mask
    assert (point.word ^ replace(point, sampler=Sampler(linear=True)).word) & point.mask
    fetched = replace(point, axes=0)
    assert (fetched.word ^ replace(fetched, sampler=Sampler(linear=True)).word) & fetched.mask == 0
    part = texture_part(point.part)
    assert part is not None
    assert part.word == point.word & point.mask
    assert texture_part(".width") is None


# --- what is computed --------------------------------------------------------------------------

WAYS = (
    ("tex1D<float>(t, a)", "Linear", "Border", 0),
    ("tex1D<float>(t, a)", "Point", "Mirror", 1),
    ("tex2D<float>(t, a, b)", "Point", "Border", 0),
    ("tex2D<float>(t, a, b)", "Linear", "Clamp", 0),
    ("tex2D<float>(t, a, b)", "Linear", "Mirror", 1),
    ("tex2D<float2>(t, a, b).y", "Linear", "Wrap", 1),
    ("tex3D<float>(t, a, b, a)", "Linear", "Clamp", 0),
    ("tex2DLayered<float>(t, a, b, int(a))", "Point", "Clamp", 0),
    ("(float)tex1Dfetch<short>(t, (int)a - 1)", "Point", "Clamp", 0),
    ("tex2D<float4>(t, a, b).z", "Linear", "Clamp", 0),
    ("tex2D<float>(t, a, b)", "Either", "Mirror", 1),
)


def _file() -> str:
    """A kernel for each way of sampling, at coordinates in and around the texture."""
    kernels, body = "", ""
    for k, (read, filter_, address, normalized) in enumerate(WAYS):
        kernels += (
            f"__global__ void k{k}(cudaTextureObject_t t, const float *x, float *y, int n) {{\n"
            "  int i = blockIdx.x * blockDim.x + threadIdx.x;\n"
            "  if (i >= n) return;\n"
            f"  float a = x[i] * {'1' if normalized else '7'}, b = x[n - 1 - i] * 2 + 0.25f;\n"
            f"  y[i] = {read};\n}}\n"
        )
        body += (
            f"  cudaTextureObject_t t{k};\n  cudaTextureDesc d{k} = {{}};\n"
            f"  d{k}.filterMode = {'b ? cudaFilterModeLinear : ' if filter_ == 'Either' else ''}"
            f"cudaFilterMode{filter_.replace('Either', 'Point')}; d{k}.normalizedCoords = {normalized};\n"
            + "".join(f"  d{k}.addressMode[{j}] = cudaAddressMode{address};\n" for j in range(3))
            + ("  d9.readMode = cudaReadModeNormalizedFloat;\n" if k == 9 else "")
            + f"  cudaCreateTextureObject(&t{k}, &r, &d{k}, NULL);\n"
            f"  k{k}<<<(n + 63) / 64, 64>>>(t{k}, x, y, n);\n"
        )
    made = "  cudaChannelFormatDesc c = cudaCreateChannelDesc<uchar4>();\n"
    return f"{kernels}bool b;\nvoid run(cudaResourceDesc r, float *x, float *y, int n) {{\n{made}{body}}}\n"


def checked(text: str, change: dict[str, Module] | None = None) -> dict[str, Evidence]:
    """The lifted programs, with changed ones in their place, against the source on the runtime."""
    return evidence(text, Path("textures.cu"), lift_text(text), change)


@pytest.mark.slow
def test_sampling_is_that_of_the_runtime() -> None:
    found = checked(_file())
    assert len(found) == len(WAYS)
    for symbol, result in found.items():
        assert is_verified(result), (symbol, result)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kernel", "old", "new"),
    [("k3", 256.0, 16.0), ("k3", 0.5, 0.0), ("k2", -1.0, 0.0), ("k4", 2, 1), ("k9", 255.0, 256.0), ("k8", 0, 1),
     ("k10", 256.0, 128.0), ("k10", 256.0, 255.0), ("k10", 2, 1)],
)  # fmt: skip
def test_sampling_that_is_a_little_wrong_is_refuted(kernel: str, old: float, new: float) -> None:
    (lifted,) = (k for k in lift_text(_file()).lifted if k.symbol == kernel)

    def other(expr: Expr) -> Expr:
        if isinstance(expr, Const) and type(expr.value) is type(old) and expr.value == old:
            return replace(expr, value=new)
        return expr

    whole = lifted.program.kernels[0]
    body = map_block(whole.body, lambda s: (s,), other)
    assert body != whole.body
    changed = replace(lifted.program, kernels=(replace(whole, body=body),))
    (result,) = checked(_file(), {kernel: changed}).values()
    assert not is_verified(result)


def test_names_of_extents_are_the_textures_own() -> None:
    text = shown(
        "__global__ void k(cudaTextureObject_t t, int t_width, int *y) { y[t_width] = tex1Dfetch<int>(t, 2); }"
    )
    assert re.search(r"k\(const i32 \*t_texels, i32 t_width_1, i32 t_width, i32 \*y\)", text)


def test_a_texture_is_as_large_as_the_image_that_its_kernel_works_on() -> None:
    kernel = """
        __global__ void k(float *y, int width, int height, cudaTextureObject_t t) {
          int i = threadIdx.x + blockIdx.x * blockDim.x, j = blockIdx.y;
          float u = (float)i / width, v = (float)j / height;
          y[j * width + i] = tex2D<float>(t, u, v);
        }
    """
    launch = "k<<<dim3(width / 8, height), 8>>>(y, width, height, t);"
    text = kernel + host("d.normalizedCoords = 1;", launch).replace(
        "float *y)", "float *y, int width, int height)"
    )
    found = lift_text(text)
    (lifted,) = found.lifted
    cases = infer_cases(lifted, found.launches)
    assert not isinstance(cases, NoCase)
    assert [name for name, _ in cases[0].sizes][:2] == ["width", "height"]
    assert min(cases[0].sizes[1][1]) > 0  # a size, no position
    assert "t_texels" in {a.name for a in cases[0].arguments}


def test_the_channels_of_a_type_with_another_name_are_known() -> None:
    made = "typedef unsigned char Shade;\n"
    channels = "cudaChannelFormatDesc c = cudaCreateChannelDesc<Shade>(); "
    source = (
        made
        + SAMPLE.format(T="float")
        + host("d.readMode = cudaReadModeNormalizedFloat;", channels=channels)
    )
    assert "/ 255.0f" in shown(source)


@pytest.mark.slow
def test_a_kernel_that_is_declared_in_other_words_is_found() -> None:
    declared = "__global__ void k(cudaTextureObject_t t, float *y, int n, const float *x);\n"
    found = checked(
        declared
        + "typedef float real;\n"
        + "__global__ void k(cudaTextureObject_t t, real *y, int n, const real *x) {\n"
        + "  int i = threadIdx.x; if (i < n) y[i] = tex1Dfetch<float>(t, i) + x[i]; }\n"
        + host("", "k<<<1, 64>>>(t, y, 50, y + 64);")
    )
    assert [is_verified(result) for result in found.values()] == [True]
