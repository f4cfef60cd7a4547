"""CMake files: the CUDA language, its packages, targets, properties and sources become HIP's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xpiler.port.flags import BuildEdit, Built, port_flags, rename_sources

__all__ = ["port_cmake"]


# Libraries: what follows CUDA:: (or stands alone in old files) -> imported target of ROCm.
_LIBRARIES = {
    "cudart": "hip::host",
    "cudart_static": "hip::host",
    "cuda_driver": "hip::host",
    "cublas": "roc::hipblas",
    "cublas_static": "roc::hipblas",
    "cublasLt": "roc::hipblaslt",
    "cufft": "hip::hipfft",
    "curand": "hip::hiprand",
    "cusparse": "roc::hipsparse",
    "cusolver": "roc::hipsolver",
    "nvrtc": "hiprtc::hiprtc",
    "nvToolsExt": "roctx64",
    "nvtx3": "roctx64",
    "toolkit": "hip::host",
    "cuda": "hip::host",
    "cudnn": "MIOpen",
    "nccl": "rccl",
}
_TARGETS_ONLY = frozenset({"toolkit", "cuda_driver", "nvtx3"})
_PACKAGES = {
    "nvrtc": "hiprtc",
    "cublas": "hipblas",
    "cublas_static": "hipblas",
    "cublasLt": "hipblaslt",
    "cufft": "hipfft",
    "curand": "hiprand",
    "cusparse": "hipsparse",
    "cusolver": "hipsolver",
}
_VARIABLES = {
    "CMAKE_CUDA_COMPILER": "CMAKE_HIP_COMPILER",
    "CMAKE_CUDA_FLAGS": "CMAKE_HIP_FLAGS",
    "CMAKE_CUDA_STANDARD": "CMAKE_HIP_STANDARD",
    "CMAKE_CUDA_ARCHITECTURES": "CMAKE_HIP_ARCHITECTURES",
    "CMAKE_CUDA_HOST_COMPILER": "CMAKE_HIP_HOST_COMPILER",
    "CMAKE_CUDA_EXTENSIONS": "CMAKE_HIP_EXTENSIONS",
    "CMAKE_CUDA_STANDARD_REQUIRED": "CMAKE_HIP_STANDARD_REQUIRED",
    "CMAKE_CUDA_COMPILER_ID": "CMAKE_HIP_COMPILER_ID",
    "CMAKE_CUDA_FLAGS_DEBUG": "CMAKE_HIP_FLAGS_DEBUG",
    "CMAKE_CUDA_FLAGS_RELEASE": "CMAKE_HIP_FLAGS_RELEASE",
    "CMAKE_CUDA_COMPILER_VERSION": "CMAKE_HIP_COMPILER_VERSION",
    "CUDA_STANDARD": "HIP_STANDARD",
    "CUDA_STANDARD_REQUIRED": "HIP_STANDARD_REQUIRED",
    "CUDA_ARCHITECTURES": "HIP_ARCHITECTURES",
    "CUDA_EXTENSIONS": "HIP_EXTENSIONS",
    "CUDAToolkit_INCLUDE_DIRS": "HIP_INCLUDE_DIRS",
    "CUDA_FOUND": "HIP_FOUND",
    "CUDAToolkit_FOUND": "HIP_FOUND",
    "CUDA_INCLUDE_DIRS": "HIP_INCLUDE_DIRS",
    "CUDA_VERSION": "HIP_VERSION",
    "CUDA_TOOLKIT_ROOT_DIR": "ROCM_PATH",
    "CUDAToolkit_ROOT": "ROCM_PATH",
    "CUDA_TOOLKIT_INCLUDE": "HIP_INCLUDE_DIRS",
    "CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES": "HIP_INCLUDE_DIRS",
}
# Properties and variables of nvcc's own, that HIP has nothing for: their line goes.
_DROPPED = (
    "CUDA_SEPARABLE_COMPILATION",
    "CUDA_RESOLVE_DEVICE_SYMBOLS",
    "CMAKE_CUDA_RUNTIME_LIBRARY",
    "CMAKE_CUDA_SEPARABLE_COMPILATION",
    "CMAKE_CUDA_RESOLVE_DEVICE_SYMBOLS",
    "CUDA_RUNTIME_LIBRARY",
    "CUDA_PROPAGATE_HOST_FLAGS",
    "CUDA_PTX_COMPILATION",
    "CUDA_USE_STATIC_CUDA_RUNTIME",
)
_COMMAND = re.compile(r"(?P<name>[A-Za-z_]\w*)(?P<open>\s*\()")
_TOKEN = re.compile(
    r'#\[(=*)\[.*?\]\1\]|#[^\n]*|"(?:[^"\\]|\\.)*"|\[(=*)\[.*?\]\2\]|[A-Za-z_][\w.+-]*|.', re.S
)
# FindCUDA's commands.
_OLD_COMMANDS = {
    "cuda_add_executable": "add_executable",
    "cuda_add_library": "add_library",
    "cuda_include_directories": "include_directories",
}
_OLD_LIBRARY = re.compile(r"\$\{CUDA_(\w+?)_(?:LIBRARY|LIBRARIES)\}|\$\{CUDA_(LIBRARIES)\}")
_LINKING = ("target_link_libraries", "link_libraries")
_LEFT = re.compile(
    r"\bnvcc\b|\b(?:CMAKE_)?CUDA_[A-Za-z]\w*|\bCUDAToolkit\w*|CUDA::\w+|\bcuda_(?!std)[a-z]\w*(?=\s*\()|--?gencode"
    r"|(?<![\w-])-(?:ptx|cubin|fatbin)\b|\bsm_\d\d"
)
# HIP is a language of CMake since this release.
_HIP_LANGUAGE = (3, 21)


def port_cmake(source: bytes, file: str, arch: str, renamed: Mapping[str, str]) -> Built:
    """Edits a CMake file; comments stay, strings only change where they hold flags or sources."""
    text = source.decode("utf-8", "surrogateescape")
    edit = BuildEdit(file, own=_own_names(text))
    if not re.search(r"cuda|nvcc|\.cu\b", text, re.I):
        return Built(source, (), {})
    pieces: list[str] = []
    at = 0
    for start, stop, name in _commands(text):
        pieces.append(text[at:start])
        line = text.count("\n", 0, start) + 1
        before = len(edit.packages)
        done = _command(text[start:stop], name, line, arch, renamed, edit)
        if not done and _stands_alone(text, start, stop):
            # Nothing is left of it: its line goes too.
            pieces.append(pieces.pop().rstrip(" \t"))
            stop += text[stop:].index("\n") + 1
        if len(edit.packages) > before and not _finds_hip(text):
            # Nothing in this file looks for packages: the imported target is looked for where it is used.
            done = _finding(list(edit.packages)[before:], pieces) + done
        pieces.append(done)
        at = stop
    pieces.append(text[at:])
    result = _settled("".join(pieces), text, edit)
    return Built(result.encode("utf-8", "surrogateescape"), tuple(edit.diagnostics), edit.converted)


# Variables that CMake, FindCUDA or users of theirs read: setting one doesn't make it the file's own.
_NOT_OWN = re.compile(
    r"CMAKE_CUDA_\w+|CUDA_(?:NVCC|TOOLKIT|HOST|SEPARABLE|PROPAGATE|ARCH|VERSION|LIBRAR|INCLUDE|64_BIT|BUILD|USE|VERBOSE"
    r"|STANDARD|RUNTIME|FOUND|SDK|RESOLVE|PTX)\w*"
)


def _own_names(text: str) -> frozenset[str]:
    """Variables, options, functions and macros that the file itself defines."""
    defined = re.findall(
        r"\b(?:set|option|foreach|function|macro|cmake_dependent_option|file\s*\(\s*GLOB(?:_RECURSE)?"
        r"|list\s*\(\s*APPEND)\s*[( ]\s*(\w+)",
        text,
        re.I,
    )
    return frozenset(name for name in defined if not _NOT_OWN.fullmatch(name))


def _stands_alone(text: str, start: int, stop: int) -> bool:
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return not before.strip() and re.match(r"[ \t]*\n", text[stop:]) is not None


def _finds_hip(text: str) -> bool:
    return re.search(r"find_package\s*\(\s*CUDA(?:Toolkit)?\b", text) is not None


def _finding(packages: list[str], pieces: list[str]) -> str:
    """Lines that find packages, each ending as the next command is indented."""
    indent = re.search(r"[ \t]*\Z", "".join(pieces[-1:]))
    return "".join(f"find_package({p} REQUIRED)\n{indent[0] if indent else ''}" for p in packages)


def _settled(result: str, text: str, edit: BuildEdit) -> str:
    """What depends on the whole file: packages beside hip, the language that FindCUDA needed not, CMake's release."""
    more = [f"find_package({package} REQUIRED)" for package in edit.packages]
    language = re.search(r"\b(?:project|enable_language)\s*\([^)]*\bHIP\b", result)
    if re.search(r"find_package\s*\(\s*CUDA\b", text) and not language:
        more.insert(0, "enable_language(HIP)")
    found = re.search(r"(?m)^([ \t]*)(find_package\s*\(\s*hip\b[^)]*\))", result)
    if found and more and _finds_hip(text):
        lines = [found[2], *(line for line in more if line not in result)]
        result = result[: found.start(2)] + f"\n{found[1]}".join(lines) + result[found.end() :]
    if language or "enable_language(HIP)" in more:
        result = _with_release(result, edit)
    return result


def _with_release(result: str, edit: BuildEdit) -> str:
    """cmake_minimum_required raised to the release that knows HIP."""
    match = re.search(r"cmake_minimum_required\s*\(\s*VERSION\s+(\d+)\.(\d+)[\d.]*", result, re.I)
    if match is None or (int(match[1]), int(match[2])) >= _HIP_LANGUAGE:
        return result
    wanted = ".".join(map(str, _HIP_LANGUAGE))
    edit.report("XP5506", result.count("\n", 0, match.start()) + 1, release=wanted)
    return result[: match.start(1)] + wanted + result[match.end() :]


def _commands(text: str) -> list[tuple[int, int, str]]:
    """(start, stop, lower-case name) of each command, comments and strings skipped."""
    found: list[tuple[int, int, str]] = []
    depth, start, name, previous, previous_at = 0, 0, "", "", 0
    for match in _TOKEN.finditer(text):
        piece = match.group()
        if piece.startswith("#"):
            continue
        if piece == "(":
            if depth == 0:
                start, name = previous_at, previous
            depth += 1
        elif piece == ")":
            depth = max(0, depth - 1)
            if depth == 0 and name:
                found.append((start, match.end(), name.lower()))
                name = ""
        elif not piece.isspace():
            previous, previous_at = piece, match.start()
    return found


def _command(
    text: str, name: str, line: int, arch: str, renamed: Mapping[str, str], edit: BuildEdit
) -> str:
    if name == "find_package" and re.search(r"\(\s*(CUDA|CUDAToolkit)\b", text):
        edit.count("find_package")
        text = re.sub(r"\s+(?:OPTIONAL_)?COMPONENTS(?:\s+(?!REQUIRED|QUIET)[\w:]+)+", "", text)
        return re.sub(
            r"\(\s*(?:CUDA|CUDAToolkit)\b(?:\s+[\d.]+)?(?:\s+EXACT)?", "(hip", text, count=1
        )
    if (
        name == "include"
        and re.search(r"\(\s*(?:FindCUDA|CheckLanguage)\b", text)
        and "CUDA" in text
    ):
        return text.replace("FindCUDA", "hip")
    if name in ("set", "list") and re.search(
        r"\(\s*(?:APPEND\s+)?CMAKE_CUDA_ARCHITECTURES\b", text
    ):
        edit.report("XP5504", line, arch=arch)
        edit.count("CMAKE_CUDA_ARCHITECTURES")
        if name == "list":
            return ""
        tail = re.search(r"\s+(?:CACHE|PARENT_SCOPE)\b.*(?=\))", text, re.S)
        return f"set(CMAKE_HIP_ARCHITECTURES {arch}{tail[0] if tail else ''})"
    if name in ("set", "list", "string") and re.search(r"\(\s*(?:APPEND\s+)?CUDA_NVCC_FLAGS", text):
        edit.count("CUDA_NVCC_FLAGS")
        return _nvcc_flags(text, name, line, edit)
    found = len(edit.diagnostics)
    written, separate = text, ""
    if any(word in text for word in _DROPPED):
        separate = _separate(text, name, line, edit)
        written = _without_properties(text, name, line, edit)
        if not written:
            return separate.lstrip("\n")
    result = _words(written, line, arch, renamed, edit)
    if name in _LINKING:
        result = _linked(result, edit)
        result = re.sub(r"(?<=\s)(hip::host|roctx64)(?:\s+\1)+(?=[\s)])", r"\1", result)
    result = _old_command(result, name, line, edit)
    if name in ("project", "enable_language", "check_language"):
        result = re.sub(r"\bCUDA\b", "HIP", result)
        if result != text:
            edit.count("CUDA language")
    if (name in _WITH_FLAGS and "HIP" in result) or _NVCC_ONLY.search(result):
        result = _flags(result, line, edit)
    if "HIP_COMPILER_VERSION" in result and result != text:
        edit.report("XP5503", line, text=f"a version of nvcc in {' '.join(text.split())[:50]}")
    if _SAME.fullmatch(result) and not _SAME.fullmatch(text):
        return ""
    reported = any(d.code == "XP5503" for d in edit.diagnostics[found:])
    if not reported and any(m[0] not in edit.own for m in _LEFT.finditer(result)):
        edit.report("XP5503", line, text=" ".join(result.split())[:70])
    return result + separate


# Flags that were all dropped leave a variable as it is.
_SAME = re.compile(
    r"set\s*\(\s*(\w+)\s+\"?\$\{\1\}\s*\"?\s*\)|(?:list|string)\s*\(\s*APPEND\s+\w+\s+\"\s*\"\s*\)",
    re.I,
)
_WITH_FLAGS = frozenset({"target_compile_options", "set", "add_compile_options", "string"})
_NVCC_ONLY = re.compile(
    r"(?<![\w-])(?:--?expt-|--?extended-lambda|-Xcompiler|-Xptxas|-Xcudafe|--ptxas-options|-gencode|-rdc[= ]"
    r"|--?use_fast_math|-?-lineinfo|--relocatable-device-code)"
)


def _separate(text: str, name: str, line: int, edit: BuildEdit) -> str:
    """Commands that link device code across files, as `CUDA_SEPARABLE_COMPILATION ON` does."""
    asked = re.search(r"\b(CUDA_|CMAKE_CUDA_)SEPARABLE_COMPILATION\s+\"?(?:ON|TRUE|1|YES)\b", text)
    if asked is None:
        return ""
    compiled, linked = "$<$<COMPILE_LANGUAGE:HIP>:-fgpu-rdc>", "$<$<LINK_LANGUAGE:HIP>:-fgpu-rdc>"
    if name == "set":
        edit.report("XP5507", line, text=asked[0])
        return f"\nadd_compile_options({compiled})\nadd_link_options({linked})"
    targets = re.search(r"\(\s*(?:TARGET\s+)?(.*?)\s+(?:APPEND\s+)?PROPERT(?:Y|IES)\b", text, re.S)
    if targets is None or name not in ("set_target_properties", "set_property"):
        return ""
    edit.report("XP5507", line, text=asked[0])
    return "".join(
        f"\ntarget_compile_options({t} PRIVATE {compiled})\ntarget_link_options({t} PRIVATE {linked})"
        for t in targets[1].split()
    )


def _flags(text: str, line: int, edit: BuildEdit) -> str:
    """nvcc's flags inside a value: its own dropped, those for the host compiler passed as they are."""
    return port_flags(text, line, edit, "")


def _nvcc_flags(text: str, name: str, line: int, edit: BuildEdit) -> str:
    """FindCUDA's list of flags becomes CMake's string of them."""
    text = text.replace("CUDA_NVCC_FLAGS", "CMAKE_HIP_FLAGS")
    appended = re.fullmatch(r"\w+\s*\(\s*APPEND\s+CMAKE_HIP_FLAGS\s+(.*?)\s*\)", text, re.S)
    if name == "list" and appended:
        flags = _flags(appended[1].replace('"', "").replace(";", " "), line, edit).split()
        return f'string(APPEND CMAKE_HIP_FLAGS " {" ".join(flags)}")'
    ported = _flags(text.replace(";", " "), line, edit)
    return re.sub(r" +(?=\"\s*\))", "", ported)


def _linked(text: str, edit: BuildEdit) -> str:
    """Libraries by their bare names, and by FindCUDA's variables."""

    def library(name: str, old: str) -> str:
        new = _LIBRARIES.get(name) or _LIBRARIES.get(name.lower())
        if new is None:
            return old
        edit.count(old)
        if name in _PACKAGES:
            edit.packages[_PACKAGES[name]] = None
        return new

    def variable(match: re.Match[str]) -> str:
        name = (match[1] or "cudart").replace("CUBLAS", "cublas").replace("CUFFT", "cufft")
        return library(name.lower() if name.isupper() else name, match[0])

    text = _OLD_LIBRARY.sub(variable, text)
    first = re.match(r"target_\w+\s*\(\s*\S+|\w+\s*\(", text, re.I)
    head = first[0] if first else ""
    names = "|".join(sorted(_LIBRARIES.keys() - _TARGETS_ONLY, key=len, reverse=True))
    bare = re.compile(rf"(?<![\w:.$/{{-])({names})(?=[\s)])")
    return head + bare.sub(lambda m: library(m[1], m[0]), text[len(head) :])


def _old_command(text: str, name: str, line: int, edit: BuildEdit) -> str:
    """FindCUDA's commands; nvcc's options of one target become its compile options."""
    added = re.fullmatch(r"cuda_add_(cublas|cufft)_to_target\s*\(\s*(\S+)\s*\)", text, re.I)
    if added:
        edit.count(name)
        edit.packages[_PACKAGES[added[1].lower()]] = None
        return f"target_link_libraries({added[2]} {_LIBRARIES[added[1].lower()]})"
    if name not in _OLD_COMMANDS:
        return text
    edit.count(name)
    text = re.sub(r"^\w+", _OLD_COMMANDS[name], text, count=1)
    options = re.search(r"\s+OPTIONS\s+([^)]*?)\s*\)", text)
    if options is None:
        return text
    flags = " ".join(_flags(options[1], line, edit).split())
    target = text[text.index("(") + 1 :].split()[0]
    text = text[: options.start()] + ")"
    return f"{text}\ntarget_compile_options({target} PRIVATE {flags})" if flags else text


def _words(text: str, line: int, arch: str, renamed: Mapping[str, str], edit: BuildEdit) -> str:
    """Names, generator expressions and sources inside one command."""

    def library(match: re.Match[str]) -> str:
        new = _LIBRARIES.get(match[1])
        if new is None:
            edit.report("XP5503", line, text=match[0])
            return match[0]
        edit.count(match[0])
        if match[1] in _PACKAGES:
            edit.packages[_PACKAGES[match[1]]] = None
        return new

    result = re.sub(r"\bCUDA::(\w+)", library, text)
    for old, new in _VARIABLES.items():
        result, number = re.subn(rf"\b{old}\b", new, result)
        if number:
            edit.count(old)
    if re.search(r"HIP_ARCHITECTURES\s", result) and "HIP_ARCHITECTURES" not in text:
        changed = re.sub(
            r"\b(HIP_ARCHITECTURES\s+)(?:\"[^\"$]*\"|\d[\w;-]*|native|all(?:-major)?)(?:\s+\d[\w;-]*)*",
            rf"\g<1>{arch}",
            result,
        )
        if changed != result:
            edit.report("XP5504", line, arch=arch)
        result = changed
    result = re.sub(r"(\$<COMPILE_LANG(?:UAGE|_AND_ID):)CUDA\b", r"\1HIP", result)
    result = re.sub(r"(\$<COMPILE_LANG_AND_ID:HIP,)NVIDIA\b", r"\1Clang", result)
    result = re.sub(r"\bcuda_std_(\d\d)\b", r"hip_std_\1", result)
    result = re.sub(r"\b((?:LINKER_)?LANGUAGE)\s+CUDA\b", r"\1 HIP", result)
    result = re.sub(r"\bLANGUAGES\s+((?:\w+\s+)*)CUDA\b", r"LANGUAGES \1HIP", result)
    return rename_sources(result, renamed, edit)


def _without_properties(text: str, name: str, line: int, edit: BuildEdit) -> str:
    """`set_target_properties(t PROPERTIES A 1 CUDA_SEPARABLE_COMPILATION ON)` without the pair."""
    result = text
    for word in _DROPPED:
        pair = rf"{word}\b[ \t]+(?:\"[^\"]*\"|[\w$<>{{}}:;.-]+)"
        result, lines = re.subn(rf"(?m)^[ \t]*{pair}[ \t]*\n", "", result)
        result, number = re.subn(rf"[ \t]*\b{pair}", "", result)
        if number or lines:
            edit.count(word)
            if "SEPARABLE_COMPILATION" not in word:
                edit.report("XP5501", line, flag=word, reason="")
    inside = result[result.index("(") + 1 : result.rindex(")")].split()
    empty = (
        (
            name in ("set_target_properties", "set_source_files_properties")
            and inside[-1:] == ["PROPERTIES"]
        )
        or (name == "set_property" and inside[-1:] in (["PROPERTY"], []))
        or (name == "set" and not inside)
    )
    return "" if empty else result
