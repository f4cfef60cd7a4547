"""Build files before and after, and the pages of the diagnostics."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.port.test_tree import make, port
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
            "find_package(hipblas REQUIRED)\ntarget_link_libraries(x PRIVATE hip::host roc::hipblas)",
            set(),
        ),
        ("set(CMAKE_CUDA_ARCHITECTURES 70 80)", "set(CMAKE_HIP_ARCHITECTURES gfx90a)", {"XP5504"}),
        ("set(CMAKE_CUDA_STANDARD 17)", "set(CMAKE_HIP_STANDARD 17)", set()),
        (
            "set_target_properties(x PROPERTIES CUDA_SEPARABLE_COMPILATION ON OUTPUT_NAME y)",
            "set_target_properties(x PROPERTIES OUTPUT_NAME y)\n"
            "target_compile_options(x PRIVATE $<$<COMPILE_LANGUAGE:HIP>:-fgpu-rdc>)\n"
            "target_link_options(x PRIVATE $<$<LINK_LANGUAGE:HIP>:-fgpu-rdc>)",
            {"XP5507"},
        ),
        (
            "target_compile_options(x PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr -O3>)",
            "target_compile_options(x PRIVATE $<$<COMPILE_LANGUAGE:HIP>:-O3>)",
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


FIND_CUDA = """cmake_minimum_required(VERSION 2.8)
project(old CXX)
find_package(CUDA 9.0 REQUIRED)
include_directories(${CUDA_INCLUDE_DIRS})
set(CUDA_NVCC_FLAGS "${CUDA_NVCC_FLAGS};-arch=sm_60;-O3")
list(APPEND CUDA_NVCC_FLAGS "-std=c++11;-lineinfo")
cuda_add_executable(x b.cu OPTIONS -arch=sm_70 -DN=1)
cuda_add_library(y STATIC src/a.cu)
cuda_add_cublas_to_target(x)
target_link_libraries(x ${CUDA_LIBRARIES} ${CUDA_CUFFT_LIBRARIES} cudnn m)
"""
WITH_HIP = """cmake_minimum_required(VERSION 3.21)
project(old CXX)
find_package(hip REQUIRED)
enable_language(HIP)
find_package(hipblas REQUIRED)
find_package(hipfft REQUIRED)
include_directories(${HIP_INCLUDE_DIRS})
set(CMAKE_HIP_FLAGS "${CMAKE_HIP_FLAGS} -O3")
string(APPEND CMAKE_HIP_FLAGS " -std=c++11")
add_executable(x b.hip)
target_compile_options(x PRIVATE -DN=1)
add_library(y STATIC src/a.hip)
target_link_libraries(x roc::hipblas)
target_link_libraries(x hip::host hip::hipfft MIOpen m)
"""


def test_find_cuda_of_old() -> None:
    assert cmake(FIND_CUDA) == (WITH_HIP, {"XP5506", "XP5501"})
    assert cmake(WITH_HIP)[0] == WITH_HIP


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("check_language(CUDA)", "check_language(HIP)", set()),
        (
            "cmake_minimum_required(VERSION 3.24)\nproject(p CUDA)",
            "cmake_minimum_required(VERSION 3.24)\nproject(p HIP)",
            set(),
        ),
        (
            "find_package(CUDAToolkit 12 REQUIRED COMPONENTS cublas cufft)\n"
            "target_link_libraries(x CUDA::cublas)",
            "find_package(hip REQUIRED)\nfind_package(hipblas REQUIRED)\n"
            "target_link_libraries(x roc::hipblas)",
            set(),
        ),
        (
            "if(A)\n  target_link_libraries(x CUDA::cufft)\nendif()",
            "if(A)\n  find_package(hipfft REQUIRED)\n  target_link_libraries(x hip::hipfft)\nendif()",
            set(),
        ),
        (
            "set_source_files_properties(m.cpp PROPERTIES LANGUAGE CUDA)",
            "set_source_files_properties(m.cpp PROPERTIES LANGUAGE HIP)",
            set(),
        ),
        (
            "add_compile_options($<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-G>)",
            "add_compile_options($<$<COMPILE_LANG_AND_ID:HIP,Clang>:-g -O0>)",
            set(),
        ),
        ("target_compile_features(x PUBLIC cuda_std_17)", "target_compile_features(x PUBLIC hip_std_17)", set()),
        ("link_libraries(cudart nccl mycublas)", "link_libraries(hip::host rccl mycublas)", set()),
        ("set(D ${CUDA_TOOLKIT_ROOT_DIR}/lib)", "set(D ${ROCM_PATH}/lib)", set()),
        (
            "set(CMAKE_CUDA_SEPARABLE_COMPILATION ON)\n",
            "add_compile_options($<$<COMPILE_LANGUAGE:HIP>:-fgpu-rdc>)\n"
            "add_link_options($<$<LINK_LANGUAGE:HIP>:-fgpu-rdc>)\n",
            {"XP5507"},
        ),
        ("set(CMAKE_CUDA_SEPARABLE_COMPILATION OFF)\nproject(p)\n", "project(p)\n", set()),
        (
            "set_target_properties(a PROPERTIES\n  CUDA_RUNTIME_LIBRARY Shared\n"
            '  CUDA_ARCHITECTURES "70;80"\n  LINKER_LANGUAGE CUDA)\n',
            "set_target_properties(a PROPERTIES\n  HIP_ARCHITECTURES gfx90a\n  LINKER_LANGUAGE HIP)\n",
            {"XP5501", "XP5504"},
        ),
        (
            "set_property(TARGET a PROPERTY CUDA_ARCHITECTURES 70 80)",
            "set_property(TARGET a PROPERTY HIP_ARCHITECTURES gfx90a)",
            {"XP5504"},
        ),
        (
            'set(CMAKE_CUDA_ARCHITECTURES "70;80" CACHE STRING "GPUs")',
            'set(CMAKE_HIP_ARCHITECTURES gfx90a CACHE STRING "GPUs")',
            {"XP5504"},
        ),
        ("if(A)\n  list(APPEND CMAKE_CUDA_ARCHITECTURES 90)\nendif()\n", "if(A)\nendif()\n", {"XP5504"}),
        (
            "target_compile_options(x PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-Xcudafe --diag_suppress=a>)\n",
            "target_compile_options(x PRIVATE $<$<COMPILE_LANGUAGE:HIP>:>)\n",
            {"XP5501"},
        ),
        (
            "target_compile_options(x PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-lineinfo;-O3;--expt-extended-lambda>)",
            "target_compile_options(x PRIVATE $<$<COMPILE_LANGUAGE:HIP>:-O3>)",
            {"XP5501"},
        ),
        (
            'string(APPEND CMAKE_CUDA_FLAGS " -O3 --threads 4 -diag-suppress=177")',
            'string(APPEND CMAKE_HIP_FLAGS " -O3")',
            {"XP5501"},
        ),
        (
            "# CUDA\ntarget_compile_options(x PRIVATE -Xptxas=-v -rdc=true)",
            "# CUDA\ntarget_compile_options(x PRIVATE -fgpu-rdc)",
            {"XP5501", "XP5507"},
        ),
        (
            "set(CUDA_SOURCES b.cu)\nadd_library(l ${CUDA_SOURCES})",
            "set(CUDA_SOURCES b.hip)\nadd_library(l ${CUDA_SOURCES})",
            set(),
        ),
        (
            "target_link_libraries(x CUDA::cudart CUDA::cuda_driver CUDA::nvToolsExt)",
            "target_link_libraries(x hip::host roctx64)",
            set(),
        ),
        ('set(CMAKE_CUDA_FLAGS "${CMAKE_CUDA_FLAGS} -lineinfo")\nproject(p)', "project(p)", {"XP5501"}),
        (
            'set(CMAKE_CUDA_FLAGS "${CMAKE_CUDA_FLAGS} -dc")',
            'set(CMAKE_HIP_FLAGS "${CMAKE_HIP_FLAGS} -fgpu-rdc")',
            {"XP5507"},
        ),
        (
            '# CUDA\nlist(APPEND G "-gencode=arch=compute_${a},code=sm_${a}")\n'
            'list(APPEND H -gencode "arch=compute_80,code=sm_80" -O3)',
            "# CUDA\nlist(APPEND H -O3)",
            set(),
        ),
        (
            "add_custom_command(OUTPUT k COMMAND ${CMAKE_CUDA_COMPILER} -ptx k.cu)",
            "add_custom_command(OUTPUT k COMMAND ${CMAKE_HIP_COMPILER} -ptx k.cu)",
            {"XP5503"},
        ),
        ("cuda_compile(O b.cu)", "cuda_compile(O b.hip)", {"XP5503"}),
        ("cuda_select_nvcc_arch_flags(F)", "cuda_select_nvcc_arch_flags(F)", {"XP5503"}),
        (
            "if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 11)",
            "if(CMAKE_HIP_COMPILER_VERSION VERSION_LESS 11)",
            {"XP5503"},
        ),
        ("option(USE_CUDA \"Use CUDA\" ON)", "option(USE_CUDA \"Use CUDA\" ON)", set()),
        ("add_library(own CUDA_own.cpp) # CUDA::cublas", "add_library(own CUDA_own.cpp) # CUDA::cublas", {"XP5503"}),
    ],
)  # fmt: skip
def test_more_cmake(before: str, after: str, found: set[str]) -> None:
    text, reported = cmake(before)
    assert text == after
    assert reported == found
    assert cmake(text)[0] == text


FOREIGN = {
    "meson.build": ("Meson", "project('p', 'cpp', 'cuda')\n"),
    "meson_options.txt": ("Meson", "option('cuda', type: 'boolean')\n"),
    "BUILD.bazel": ("Bazel", 'cuda_library(name = "k", srcs = ["k.cu"])\n'),
    "BUILD": ("Bazel", 'cuda_library(name = "k", srcs = ["k.cu"])\n'),
    "WORKSPACE": ("Bazel", 'load("//:cuda.bzl", "cuda")\n'),
    "rules.bzl": ("Bazel", "NVCC = 1\n"),
    "SConstruct": ("SCons", "env.Tool('cuda')\n"),
    "app.pro": ("qmake", "CUDA_SOURCES += k.cu\n"),
    "app.vcxproj": ("Visual Studio", "<CudaCompile Include='k.cu' />\n"),
    "app.vcxproj.filters": ("Visual Studio", "<CudaCompile Include='k.cu' />\n"),
    "CUDA.props": ("Visual Studio", "<CudaToolkit />\n"),
    "wscript": ("waf", "conf.load('cuda')\n"),
    "xmake.lua": ("xmake", "add_files('k.cu') -- nvcc\n"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_build_systems_are_reported(name: str, tmp_path: Path) -> None:
    kind, text = FOREIGN[name]
    source = make(tmp_path / "src", {f"a/{name}": "# first\n" + text, "k.cu": "int k;\n"})
    result = port(source, tmp_path / "out")
    assert (tmp_path / "out/a" / name).read_text() == "# first\n" + text
    (row,) = [r for r in result.report.rows if r.path == f"a/{name}"]
    (note,) = row.diagnostics
    assert (note["code"], note["line"]) == ("XP5502", 2)
    assert kind in note["message"]
    (source / "a" / name).write_text("nothing of it\n")
    assert not [d for r in port(source, tmp_path / "o2").report.rows for d in r.diagnostics]


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
        ("OBJ = $(SRC:.cu=.o) $(S:%.cu=b/%.o)\n", "OBJ = $(SRC:.hip=.o) $(S:%.hip=b/%.o)\n", set()),
        (
            "G := $(foreach a,$(SMS),-gencode arch=compute_$(a),code=sm_$(a))\n",
            "G := $(foreach a,$(SMS),--offload-arch=gfx90a)\n",
            {"XP5504"},
        ),
        ("\t$(NVCC) -dc k.c -o $@\n", "\t$(NVCC) -fgpu-rdc -c k.c -o $@\n", {"XP5507"}),
        ("\t$(NVCC) -dlink $^ -o $@\n", "\t$(NVCC) -dlink $^ -o $@\n", {"XP5503"}),
        ("F = -O3 -rdc=true -lineinfo -ccbin g++\n", "F = -O3 -fgpu-rdc\n", {"XP5501", "XP5507"}),
        (
            "\t$(NVCC) -cubin -arch=sm_80 $< -o $@\n",
            "\t$(NVCC) --genco --offload-arch=gfx90a $< -o $@\n",
            {"XP5504", "XP5508"},
        ),
        ("\tcuda-memcheck ./app\n", "\tcuda-memcheck ./app\n", {"XP5503"}),
        ("A     := -O3  -lineinfo  -g\n", "A     := -O3 -g\n", {"XP5501"}),
        ("\t-lineinfo \\\n", "\t\\\n", {"XP5501"}),
        (
            'G    := -gencode arch=compute_50,code=\\"sm_50,compute_50\\"\n',
            "G    := --offload-arch=gfx90a\n",
            {"XP5504"},
        ),
        ("L = -L${CUDA_HOME}/lib64 -lcudart\n", "L = -L${ROCM_PATH}/lib -lamdhip64\n", set()),
        ("\txz -dc a.xz | tar x ;;\\\n", "\txz -dc a.xz | tar x ;;\\\n", set()),
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


SETUP = """from torch.utils.cpp_extension import CUDAExtension, CUDA_HOME
'''Says "-lineinfo" and 'cublas' in words.'''
cc = ["-gencode", "arch=compute_80,code=sm_80"]
cc.append("-lineinfo")
more = [
    "-O3",
    "-Xptxas -v",
    f"-gencode=arch=compute_{x},code=sm_{x}",
]
ext = CUDAExtension(sources=[f"g_{i}.cu" for i in (1, 2)], libraries=["cublas", "m"],
    include_dirs=[CUDA_HOME + "/include"], name="cublas",
    extra_compile_args={"nvcc": ["-O3", "-rdc=true", "-lineinfo"]})
run([CUDA_HOME + "/bin/nvcc", "-V"])  # CUDA_HOME
"""
SETUP_HIP = """from torch.utils.cpp_extension import CUDAExtension, ROCM_HOME
'''Says "-lineinfo" and 'cublas' in words.'''
cc = []
cc.append("-DXPILER_DROPPED_FLAG")
more = [
    "-O3",
]
ext = CUDAExtension(sources=[f"g_{i}.hip" for i in (1, 2)], libraries=["hipblas", "m"],
    include_dirs=[ROCM_HOME + "/include"], name="cublas",
    extra_compile_args={"nvcc": ["-O3", "-fgpu-rdc"]})
run([ROCM_HOME + "/bin/nvcc", "-V"])  # CUDA_HOME
"""


def test_setup_py_of_an_extension() -> None:
    built = port_setup(SETUP.encode(), "setup.py", "gfx90a", RENAMED)
    assert built.text.decode() == SETUP_HIP
    lines = {(d.code, d.span.line) for d in built.diagnostics if d.span}
    assert {("XP5501", 3), ("XP5501", 4), ("XP5507", 12), ("XP5503", 13)} <= lines
    assert port_setup(built.text, "setup.py", "gfx90a", RENAMED).text == built.text


SCRIPTS = {
    "build.sh": ("shell script", "nvcc -O3 k.cu -o k\n"),
    "Dockerfile": ("container file", "FROM nvidia/cuda:12.4.0-devel\n"),
    "environment.yml": ("CI", "  - cudatoolkit=11\n"),
    "run.bat": ("batch", "nvcc k.cu\n"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_that_need_cuda_are_reported(name: str, tmp_path: Path) -> None:
    kind, text = SCRIPTS[name]
    source = make(tmp_path / "src", {name: "first\n" + text, "k.cu": "int k;\n"})
    rows = {r.path: r for r in port(source, tmp_path / "out").report.rows}
    (note,) = rows[name].diagnostics
    assert (note["code"], note["line"]) == ("XP5502", 2)
    assert kind in note["message"]
    (source / name).write_text("python train.py --device cuda\n")
    assert not [d for r in port(source, tmp_path / "o2").report.rows for d in r.diagnostics]


def test_every_code_has_its_page() -> None:
    folder = Path(__file__).parents[2] / "docs/diagnostics"
    for code in codes():
        assert (folder / f"{code}.md").read_text() == page(entry(code))
    assert (folder / "hip.md").read_text() == index()
