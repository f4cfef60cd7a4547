"""Build files before and after, and the pages of the diagnostics."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpiler.backends.hip.catalog import codes, entry
from xpiler.port.cmake import port_cmake
from xpiler.port.makefile import port_makefile
from xpiler.port.pages import index, page
from xpiler.port.setup_py import port_setup

RENAMED = {"src/a.cu": "src/a.hip", "b.cu": "b.hip"}


def cmake(text: str) -> tuple[str, set[str]]:
    built = port_cmake(text.encode(), "CMakeLists.txt", "gfx90a", RENAMED)
    return built.text.decode(), {d.code for d in built.diagnostics}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("project(p LANGUAGES CXX CUDA)", "project(p LANGUAGES CXX HIP)", set()),
        ("enable_language(CUDA)", "enable_language(HIP)", set()),
        ("find_package(CUDAToolkit 11.0 REQUIRED)", "find_package(hip REQUIRED)", set()),
        ("add_executable(x src/a.cu main.cpp)", "add_executable(x src/a.hip main.cpp)", set()),
        ("cuda_add_executable(x b.cu)", "add_executable(x b.hip)", set()),
        ("file(GLOB S src/*.cu)", "file(GLOB S src/*.hip)", set()),
        (
            "target_link_libraries(x PRIVATE CUDA::cudart CUDA::cublas)",
            "target_link_libraries(x PRIVATE hip::host roc::hipblas)",
            set(),
        ),
        ("set(CMAKE_CUDA_ARCHITECTURES 70 80)", "set(CMAKE_HIP_ARCHITECTURES gfx90a)", {"XP5504"}),
        ("set(CMAKE_CUDA_STANDARD 17)", "set(CMAKE_HIP_STANDARD 17)", set()),
        (
            "set_target_properties(x PROPERTIES CUDA_SEPARABLE_COMPILATION ON OUTPUT_NAME y)",
            "set_target_properties(x PROPERTIES OUTPUT_NAME y)",
            {"XP5501"},
        ),
        (
            "target_compile_options(x PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr -O3>)",
            "target_compile_options(x PRIVATE $<$<COMPILE_LANGUAGE:HIP>: -O3>)",
            {"XP5501"},
        ),
        ("target_link_libraries(x CUDA::nppc)", "target_link_libraries(x CUDA::nppc)", {"XP5503"}),
        (
            "# find_package(CUDA)\nadd_library(y z.cpp)",
            "# find_package(CUDA)\nadd_library(y z.cpp)",
            set(),
        ),
    ],
)
def test_cmake(before: str, after: str, found: set[str]) -> None:
    text, reported = cmake(before)
    assert text == after
    assert reported == found
    assert cmake(text)[0] == text


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("NVCC = nvcc\n", "NVCC = hipcc\n", set()),
        ("NVCC := $(CUDA_HOME)/bin/nvcc\n", "NVCC := $(ROCM_PATH)/bin/hipcc\n", set()),
        ("LIBS = -lcudart -lcublas -lm\n", "LIBS = -lamdhip64 -lhipblas -lm\n", set()),
        ("FLAGS = -O3 -arch=sm_80\n", "FLAGS = -O3 --offload-arch=gfx90a\n", {"XP5504"}),
        ("FLAGS = -Xcompiler -Wall,-fPIC -O2\n", "FLAGS = -Wall -fPIC -O2\n", set()),
        ("FLAGS = -lineinfo -O2\n", "FLAGS = -O2\n", {"XP5501"}),
        ("%.o: %.cu\n\tnvcc -c $< -o $@\n", "%.o: %.hip\n\thipcc -c $< -o $@\n", set()),
        ("SRC = src/a.cu other.cu # nvcc\n", "SRC = src/a.hip other.cu # nvcc\n", set()),
    ],
)
def test_makefile(before: str, after: str, found: set[str]) -> None:
    head = "# for nvcc\n"
    built = port_makefile((head + before).encode(), "Makefile", "gfx90a", RENAMED)
    assert built.text.decode() == head + after
    assert {d.code for d in built.diagnostics} == found
    again = port_makefile(built.text, "Makefile", "gfx90a", {})
    assert again.text == built.text


def test_setup_py() -> None:
    before = (
        "ext = CUDAExtension('x', ['bind.cpp', 'src/a.cu'],\n"
        "    extra_compile_args={'nvcc': ['-O3', '--use_fast_math', '-lineinfo']})  # 'a.cu'\n"
    )
    built = port_setup(before.encode(), "setup.py", "gfx90a", RENAMED)
    text = built.text.decode()
    assert "'src/a.hip'" in text
    assert "'-ffast-math'" in text
    assert "-lineinfo" not in text
    assert {d.code for d in built.diagnostics} == {"XP5501", "XP5505"}
    assert port_setup(built.text, "setup.py", "gfx90a", RENAMED).text == built.text


def test_every_code_has_its_page() -> None:
    folder = Path(__file__).parents[2] / "docs/diagnostics"
    for code in codes():
        assert (folder / f"{code}.md").read_text() == page(entry(code))
    assert (folder / "hip.md").read_text() == index()
