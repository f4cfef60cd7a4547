"""The instruction headers: readable as a catalog, equal to an independent implementation, strict."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.backends.avx512.support import FLAGS, run_cpp
from xpiler.backends.avx512.isa.catalog import HEADERS, SIMULATOR, catalog, find
from xpiler.backends.avx512.isa.check_native import run
from xpiler.backends.avx512.isa.driver import compare, program
from xpiler.backends.avx512.isa.manual import vocabulary

# SIMDe 0.8.2.post1 differs from the hardware here; each was compared with a CPU by check_native
SIMDE_DIFFERS = {
    "_mm512_mask_storeu_ps": "writes the lanes that are off, too",
    "_mm512_mask_storeu_pd": "writes the lanes that are off, too",
    "_mm512_mask_storeu_epi32": "writes the lanes that are off, too",
    "_mm512_mask_storeu_epi64": "writes the lanes that are off, too",
    "_mm512_mask_storeu_epi16": "writes the lanes that are off, too",
    "_mm256_mask_storeu_epi16": "writes the lanes that are off, too",
    "_mm512_scalef_ps": "flushes denormal results to zero",
    "_mm512_scalef_pd": "flushes denormal results to zero",
    "_mm512_cvtepu32_ps": "rounds twice",
}
ROUNDS = 24


def _simde() -> Path:
    simde = pytest.importorskip("simde_py")
    return Path(simde.__file__).parent / "simde"


def _provided(root: Path) -> frozenset[str]:
    names: set[str] = set()
    for header in (root / "simde" / "x86").rglob("*.h"):
        names |= set(re.findall(r"#\s*define (_\w+)\b", header.read_text(errors="replace")))
    return frozenset(names)


def test_every_declaration_is_in_the_catalog() -> None:
    declared = 0
    for header in HEADERS.glob("*.h"):
        if header.name != "types.h":
            declared += len(re.findall(r"^XP_INSN \S.*?\b_\w+\(", header.read_text(), re.M))
    assert len(catalog()) == declared
    assert len(catalog()) >= 60
    assert len({i.name for i in catalog()}) == len(catalog())


def test_records_carry_meaning_and_requirements() -> None:
    add = find("_mm512_add_ps")
    assert add is not None
    assert (add.lane, add.view, add.cpu) == ("a[i] + b[i]", "f32x16", "avx512f")
    aligned = find("_mm512_load_ps")
    assert aligned is not None
    assert aligned.requires == ("address is not a multiple of 64",)
    assert all(i.summary and i.cpu and i.body for i in catalog())
    assert {i.name for i in catalog()} <= set(vocabulary().instructions)


def test_headers_compile_without_warnings(tmp_path: Path) -> None:
    source = tmp_path / "all.cpp"
    source.write_text("#include <immintrin.h>\nint main() { return 0; }\n")
    flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Wno-psabi", f"-I{SIMULATOR}"]
    done = subprocess.run(
        ["g++", *flags, "-c", str(source), "-o", str(tmp_path / "all.o")],
        check=True,
        capture_output=True,
    )
    assert done.stderr == b""


@pytest.mark.slow
def test_equal_to_simde(tmp_path: Path) -> None:
    root = _simde()
    provided = _provided(root)
    chosen = tuple(
        i
        for i in catalog()
        if i.name in provided and i.group != "gather" and i.name not in SIMDE_DIFFERS
    )
    assert len(chosen) >= 150
    header = tmp_path / "simde_all.h"
    names = ("avx512.h", "f16c.h", "fma.h")
    header.write_text(
        "#define SIMDE_ENABLE_NATIVE_ALIASES\n"
        + "".join(f"#include <simde/x86/{n}>\n" for n in names)
    )
    native = ("-mavx2", "-mfma")
    theirs, _ = program(chosen, '"simde_all.h"')
    expected = run(
        "g++", theirs, (*native, f"-I{root}", f"-I{tmp_path}"), ROUNDS, tmp_path, "theirs"
    )
    ours, _ = program(chosen, "<immintrin.h>")
    got = run("g++", ours, (*native, f"-I{SIMULATOR}"), ROUNDS, tmp_path, "ours")
    assert compare(chosen, got, expected, ROUNDS) == ()


@pytest.mark.slow
def test_a_wrong_description_is_found(tmp_path: Path) -> None:
    """The comparison fails for an instruction whose meaning is changed."""
    chosen = tuple(
        i for i in catalog() if i.name in ("_mm512_sub_epi32", "_mm512_min_ps", "_mm512_add_ps")
    )
    native = ("-mavx2", "-mfma", f"-I{SIMULATOR}")
    text, names = program(chosen, "<immintrin.h>")
    expected = run("g++", text, native, ROUNDS, tmp_path, "right")
    wrong = text.replace("_mm512_sub_epi32(", "_mm512_add_epi32(").replace(
        "_mm512_min_ps(", "_mm512_max_ps("
    )
    got = run("g++", wrong, native, ROUNDS, tmp_path, "wrong")
    assert len(names) == 3
    assert {d.call for d in compare(chosen, got, expected, ROUNDS)} == {
        "_mm512_sub_epi32",
        "_mm512_min_ps",
    }


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("_mm512_load_ps(memory + 4)", "address is not a multiple of 64"),
        ("_mm512_i32gather_ps(_mm512_set1_epi32(0), memory, 3)", "scale is not 1, 2, 4 or 8"),
        ("_mm512_cvtps_ph(_mm512_set1_ps(1.0f), 1)", "only rounding to nearest even is described"),
    ],
)
def test_requirements_stop_the_program(call: str, message: str, tmp_path: Path) -> None:
    source = tmp_path / "program.cpp"
    source.write_text(
        "#include <immintrin.h>\nalignas(64) static char memory[256];\n"
        f"int main() {{ auto volatile r = {call}; (void)r; }}\n"
    )
    binary = tmp_path / "program"
    subprocess.run(["g++", *FLAGS, str(source), "-o", str(binary)], check=True)
    done = subprocess.run([str(binary)], check=False, capture_output=True)
    assert done.returncode != 0
    assert message in done.stderr.decode()


def test_signed_dot_products_are_exact_at_the_extremes(tmp_path: Path) -> None:
    """`__dp4a` on the unsigned-by-signed instruction, for all pairs of extreme and ordinary bytes."""
    text = r"""
static const int8_t v[] = {-128, -127, -1, 0, 1, 2, 77, 127};
int main() {
  int wrong = 0;
  for (int i = 0; i < 512; ++i) for (int c = -1; c < 2; ++c) {
    int8_t a[64], b[64];
    for (int j = 0; j < 64; ++j) { a[j] = v[(i + j * (i >> 3)) & 7]; b[j] = v[((i >> 3) + j * 5 * (i >> 6)) & 7]; }
    const int32_t start = c < 0 ? INT32_MIN : c == 0 ? 0 : INT32_MAX;
    int32_t got[16];
    const __m512i x = _mm512_loadu_epi32(a), y = _mm512_loadu_epi32(b);
    _mm512_storeu_epi32(got, xp_dp4a_epi32(x, y, _mm512_set1_epi32(start)));
    for (int l = 0; l < 16; ++l) {
      uint32_t want = (uint32_t)start;
      for (int j = 0; j < 4; ++j) want += (uint32_t)((int)a[4 * l + j] * b[4 * l + j]);
      wrong += got[l] != (int32_t)want;
    }
  }
  printf("%d", wrong);
}
"""
    assert run_cpp(text, tmp_path) == b"0"
