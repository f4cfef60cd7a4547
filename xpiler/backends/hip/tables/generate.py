"""Derive `names.json`: every CUDA name, its HIP name and the ROCm release that first had it.

    python -m xpiler.backends.hip.tables.generate --cuda DIR --rocm DIR

`--cuda` holds unpacked CUDA headers (the wheels `nvidia-cuda-runtime-cu12`, `nvidia-curand-cu12`,
`nvidia-nvtx-cu12`; more are used when they are there). `--rocm` holds one git clone per
repository, named `HIP`, `clr`, `hipBLAS`, `hipBLASLt`, `hipFFT`, `hipRAND`, `hipSPARSE`, `hipSOLVER`, `rccl`
or `ROCm+<name>` (bare or in a `repo` sub-folder is fine); the release tags give the version of each name.

Only identifiers are read, and pairs are made by rule, never copied from another porting tool:

1. an entry of `exceptions.toml` decides;
2. `cudaX` is `hipX` or `hipX_t` where the HIP headers have that identifier (and so for each library's prefix);
3. `CU_A_B_C` and `cudaAbC` match a HIP identifier that is equal when case and underscores are left out;
4. `X_v2` is what `X` is.

`errors.json` gives a number to each error code with no pair.
A name with no pair stays in the table with an empty HIP name: it is reported, never passed over.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from xpiler.records import dataclass

HERE = Path(__file__).parent

IDENTIFIER = re.compile(r"\b[A-Za-z_]\w{3,}\b")
CUDA_NAME = re.compile(
    r"\b(?:cuda[A-Z]\w+|cudart[A-Z]\w*|CUDART_\w+|cu[A-Z][a-zA-Z0-9]\w+|CU_\w+|CUDA_\w+|CU[a-z]\w+|"
    r"curand\w+|CURAND_\w+|nvrtc[A-Z]\w+|NVRTC_\w+|nvtx[A-Z]\w+|NVTX_\w+|__nv_\w+|make_cu\w+)\b"
)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


@dataclass(frozen=True, slots=True)
class Library:
    """A pair of libraries: `prefixes` maps a CUDA prefix to the HIP one."""

    name: str
    repositories: tuple[str, ...]
    include: str
    prefixes: tuple[tuple[str, str], ...]
    inverse: bool = True


LIBRARIES = (
    Library(
        "runtime",
        ("HIP", "clr"),
        r"include/hip/",
        (
            ("cuda", "hip"),
            ("cudaDevAttr", "hipDeviceAttribute"),
            ("cudaDevP2PAttr", "hipDevP2PAttr"),
            ("cudart", "hip"),
            ("CUDART_", "HIP_"),
            ("cu", "hip"),
            ("CU", "hip"),
            ("CU_", "hip"),
            ("CU_JIT_", "hipJitOption"),
            ("CUDA_", "HIP_"),
            ("CUDA_", "hip"),
            ("make_cu", "make_hip"),
            ("nvrtc", "hiprtc"),
            ("NVRTC_", "HIPRTC_"),
            ("__nv_", "__hip_"),
        ),
        inverse=False,
    ),
    Library(
        "blas",
        ("hipBLAS",),
        r"include/hipblas.*\.h",
        (("cublas", "hipblas"), ("CUBLAS_", "HIPBLAS_")),
    ),
    Library(
        "blaslt",
        ("hipBLASLt",),
        r"include/hipblaslt.*\.h",
        (("cublasLt", "hipblasLt"), ("CUBLASLT_", "HIPBLASLT_")),
    ),
    Library(
        "fft", ("hipFFT",), r"include/hipfft.*\.h", (("cufft", "hipfft"), ("CUFFT_", "HIPFFT_"))
    ),
    Library(
        "rand",
        ("hipRAND",),
        r"include/hiprand.*\.h(pp)?",
        (("curand", "hiprand"), ("CURAND_", "HIPRAND_")),
    ),
    Library(
        "sparse",
        ("hipSPARSE",),
        r"include/hipsparse.*\.h",
        (("cusparse", "hipsparse"), ("CUSPARSE_", "HIPSPARSE_")),
    ),
    Library(
        "solver",
        ("hipSOLVER",),
        r"include/.*hipsolver.*\.h",
        (("cusolver", "hipsolver"), ("CUSOLVER_", "HIPSOLVER_")),
    ),
)


def clone(root: Path, name: str) -> Path | None:
    """The git directory of a repository under `root`, however it was cloned."""
    for candidate in (root / name, root / f"ROCm+{name}" / "repo", root / name / "repo"):
        if candidate.is_dir():
            return candidate
    return None


def releases(repository: Path) -> list[tuple[tuple[int, int], str]]:
    """(version, tag) of each `rocm-X.Y[.0]` tag, oldest first, one per X.Y."""
    tags = subprocess.run(
        ["git", "-C", str(repository), "tag"], check=True, capture_output=True, text=True
    ).stdout.split()
    found: dict[tuple[int, int], str] = {}
    for tag in sorted(tags):
        match = re.fullmatch(r"rocm-(\d+)\.(\d+)(\.\d+)?", tag)
        if match:
            found.setdefault((int(match[1]), int(match[2])), tag)
    return sorted(found.items())


def show(repository: Path, revision: str, name: str) -> str:
    """The text of a file at a revision."""
    return subprocess.run(
        ["git", "-C", str(repository), "show", f"{revision}:{name}"],
        check=True,
        capture_output=True,
    ).stdout.decode("latin-1")


def identifiers_at(repository: Path, revision: str, include: str) -> set[str]:
    """Every identifier in the headers whose path matches `include` at that revision, comments left out."""
    names = subprocess.run(
        ["git", "-C", str(repository), "ls-tree", "-r", "--name-only", revision],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    found: set[str] = set()
    for name in names:
        if not re.search(include, name) or not name.endswith((".h", ".hpp", ".in", ".cuh")):
            continue
        if "nvidia_detail" in name or "nvcc_detail" in name or "/test" in name:
            continue
        found.update(IDENTIFIER.findall(COMMENT.sub(" ", show(repository, revision, name))))
    return found


def since(root: Path, library: Library) -> dict[str, str]:
    """HIP identifier -> the first ROCm release whose headers have it (of releases with tags)."""
    found: dict[str, str] = {}
    steps: list[tuple[tuple[int, int], Path, str]] = []
    for name in library.repositories:
        repository = clone(root, name)
        if repository is not None:
            steps += [(version, repository, tag) for version, tag in releases(repository)]
            steps.append(((99, 0), repository, "HEAD"))
    for version, repository, tag in sorted(steps, key=lambda s: s[0]):
        label = "7.0" if version == (99, 0) else f"{version[0]}.{version[1]}"
        label = "6.3" if version == (99, 0) else label
        for identifier in identifiers_at(repository, tag, library.include):
            found.setdefault(identifier, label)
    return found


def cuda_names(root: Path) -> Iterator[tuple[str, str]]:
    """(name, kind) of each CUDA name in the headers under `root`."""
    texts = [
        p.read_text("latin-1") for p in sorted(root.rglob("*.h")) + sorted(root.rglob("*.hpp"))
    ]
    seen: dict[str, str] = {}
    for raw in texts:
        text = COMMENT.sub(" ", raw)
        for match in CUDA_NAME.finditer(text):
            name = match[0]
            if name.endswith(("_H", "_H_", "_H__", "_HPP__")) or name.startswith(
                ("CUDA_CB", "CUDA_RT_CALL")
            ):
                continue
            seen[name] = max(
                seen.get(name, ""),
                kind_of(name, text[match.end() : match.end() + 2]),
                key=RANK.index,
            )
    yield from sorted(seen.items())


RANK = ("", "macro", "enumerator", "type", "error", "function")


def kind_of(name: str, after: str) -> str:
    """What sort of thing a name is, by how CUDA spells such things."""
    if name.startswith(("cudaError", "CUDA_ERROR", "CUDA_SUCCESS")) and not name.endswith("_t"):
        return "error" if len(name) > 9 else "type"
    if name.isupper() or name.startswith(("CU_", "CUDA_", "CUDART_", "NVRTC_", "CURAND_")):
        return "enumerator"
    if name.endswith("_t") or name.endswith("_st") or re.match(r"CU[a-z]", name):
        return "type"
    if after.startswith("("):
        return "function"
    return "enumerator"


def folded(name: str) -> str:
    return name.replace("_", "").lower()


class Pairing:
    """HIP's identifiers of one library, ready to answer which one a CUDA name is."""

    def __init__(self, library: Library, hip: Mapping[str, str]) -> None:
        self.library = library
        self.hip = hip
        self.by_fold: dict[str, str] = {}
        for name in sorted(hip, key=lambda n: (n.isupper(), n)):
            if name.lower().startswith(("hip", "__hip", "make_hip")):
                self.by_fold.setdefault(folded(name), name)

    def of(self, name: str) -> str:
        """The HIP name for `name`, or the empty string."""
        for old, new in sorted(self.library.prefixes, key=lambda p: -len(p[0])):
            if not name.startswith(old):
                continue
            rest = name[len(old) :]
            for candidate in (new + rest, new + rest + "_t", new + rest[:1].upper() + rest[1:]):
                if candidate in self.hip:
                    return candidate
            for candidate in (new + rest, new + rest + "t"):
                if folded(candidate) in self.by_fold:
                    return self.by_fold[folded(candidate)]
        if name.endswith(("_v2", "_v3", "_ptsz", "_ptds")):
            return self.of(name.rsplit("_", 1)[0])
        return ""


def inverse_names(library: Library, hip: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(CUDA name, HIP name) for a library whose HIP header mirrors CUDA's by prefix."""
    for name in sorted(hip):
        for old, new in library.prefixes:
            if name.startswith(new) and len(name) > len(new) + 1:
                yield old + name[len(new) :], name


def owner(name: str) -> str:
    """Which library a CUDA name belongs to, by its prefix."""
    for library in sorted(LIBRARIES, key=lambda l: -len(l.prefixes[0][0])):
        if library.inverse and name.lower().startswith(library.prefixes[0][0].lower()):
            return library.name
    return "nvtx" if name.lower().startswith("nvtx") else "runtime"


def build(cuda: Path, rocm: Path) -> dict[str, list[str]]:
    """The table: CUDA name -> [HIP name or "", since, library, kind]."""
    exceptions = tomllib.loads((HERE / "exceptions.toml").read_text())
    known = dict(cuda_names(cuda))
    known.update((name, kind_of(name, "(")) for name in exceptions["legacy"]["names"])
    table: dict[str, list[str]] = {}
    versions: dict[str, str] = {}
    for library in LIBRARIES:
        hip = since(rocm, library)
        for identifier, version in hip.items():
            versions.setdefault(identifier, version)
        if library.inverse:
            for old, new in inverse_names(library, hip):
                kind = kind_of(old, "(") if not old.endswith("_t") else "type"
                table[old] = [new, hip[new], library.name, kind]
        pairing = Pairing(library, hip)
        for name, kind in known.items():
            if name in table or owner(name) != library.name:
                continue
            new = pairing.of(name)
            table[name] = [new, hip.get(new, ""), library.name, kind]
    for name, entry in exceptions["names"].items():
        old_entry = table.get(name, ["", "", "runtime", known.get(name, "function")])
        new = entry if isinstance(entry, str) else entry["to"]
        library_name = (
            old_entry[2] if isinstance(entry, str) else entry.get("library", old_entry[2])
        )
        first = re.search(r"\w+", new)
        version = (versions.get(first[0]) or exceptions["since"].get(first[0], "")) if first else ""
        kind = old_entry[3] if isinstance(entry, str) else entry.get("kind", old_entry[3])
        table[name] = [new, version, library_name, kind]
    for name in exceptions["not_names"]["names"]:
        table.pop(name, None)
    return dict(sorted(table.items()))


ERROR = re.compile(r"\b(cudaError\w+|CUDA_ERROR_\w+|hipError\w+)\s*=\s*(\d+)")


def error_values(cuda: Path, rocm: Path, table: Mapping[str, list[str]]) -> dict[str, int]:
    """A number for each CUDA error that HIP never returns: CUDA's own, unless one of HIP's errors has it.

    All lie in 0..2047, the range of values that an enumeration up to hipErrorTbd (1055) can hold.
    """
    found: dict[str, int] = {}
    for path in sorted(cuda.rglob("*.h")):
        found.update(
            (n, int(v)) for n, v in ERROR.findall(COMMENT.sub(" ", path.read_text("latin-1")))
        )
    repository = clone(rocm, "HIP")
    text = "" if repository is None else show(repository, "HEAD", "include/hip/hip_runtime_api.h")
    taken = {int(v) for n, v in ERROR.findall(COMMENT.sub(" ", text)) if n.startswith("hip")}
    return {
        name: value if value < 1200 and value not in taken else 1200 + value % 800
        for name, value in sorted(found.items())
        if not name.startswith("hip") and not table.get(name, ["", ""])[0]
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cuda", type=Path, required=True)
    parser.add_argument("--rocm", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, default=HERE / "names.json")
    arguments = parser.parse_args()
    table = build(arguments.cuda, arguments.rocm)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in table.items())
    arguments.output.write_text("{\n" + lines + "\n}\n")
    errors = error_values(arguments.cuda, arguments.rocm, table)
    (HERE / "errors.json").write_text(json.dumps(errors, indent=0) + "\n")
    mapped = sum(1 for row in table.values() if row[0])
    print(f"{len(table)} names, {mapped} with a HIP name")


if __name__ == "__main__":
    main()
