"""Call a host function of a built library, as a C program would, in a process of its own.

`call` is the parent's side. The child (`python -m benchmarks.call FOLDER`) loads the library with ctypes, gives
it arrays between canaries, checks that read-only arrays stayed as they were, and writes the result back. A
crash, a hang and a non-zero status are values.
"""

from __future__ import annotations

import ctypes
import json
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.model import Array

__all__ = ["Argument", "Failed", "Returned", "call"]

GUARD: Final = 4096
"""Bytes on each side of an array that must stay as they were."""
PATTERN: Final = 0xA5
POISON: Final = 0xFF
"""What a result holds before the call: a NaN in every float type, -1 in every integer type."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument: an array to read (`array`), one to write (`array` gives type and shape), or a number."""

    name: str
    array: Array | None = None
    written: bool = False
    number: int | float = 0


@dataclass(frozen=True, slots=True)
class Returned:
    """The call returned; `results` are the arrays that it wrote, `seconds` its own time."""

    results: Mapping[str, Array]
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The call crashed, hung, reported an error or touched what it must not."""

    reason: str


def call(
    library: Path,
    symbol: str,
    arguments: tuple[Argument, ...],
    folder: Path,
    status: bool = False,
    seconds: float = 120,
) -> Returned | Failed:
    """Call `symbol` in a child process, with at most `seconds` of time. `folder` holds the exchange."""
    folder.mkdir(parents=True, exist_ok=True)
    described = []
    for argument in arguments:
        if argument.array is None:
            kind = "int" if isinstance(argument.number, int) else "float"
            described.append({"kind": kind, "value": argument.number})
            continue
        path = folder / f"{argument.name}.raw"
        if not argument.written:
            path.write_bytes(np.ascontiguousarray(argument.array).tobytes())
        kind = "out" if argument.written else "in"
        described.append({"kind": kind, "file": str(path), "bytes": argument.array.nbytes})
    request = {"library": str(library), "symbol": symbol, "status": status, "arguments": described}
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.call", str(folder)]
    root = Path(__file__).parent.parent
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return Failed(f"no result after {seconds:.0f} s")
    if done.returncode != 0:
        return Failed(_death(done.returncode, done.stderr.decode(errors="replace")))
    reply = json.loads(done.stdout.decode().splitlines()[-1])
    if reply["reason"]:
        return Failed(reply["reason"])
    results = {
        a.name: np.frombuffer((folder / f"{a.name}.raw").read_bytes(), a.array.dtype).reshape(
            a.array.shape
        )
        for a in arguments
        if a.array is not None and a.written
    }
    return Returned(results, reply["seconds"])


def _death(code: int, stderr: str) -> str:
    last = stderr.strip().splitlines()[-1:] or [""]
    name = signal.Signals(-code).name if code < 0 else f"exit status {code}"
    return f"{name}: {last[0]}" if last[0] else name


def _serve(folder: Path) -> dict[str, object]:
    import time

    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    function = getattr(ctypes.CDLL(request["library"]), request["symbol"])
    function.restype = ctypes.c_int if request["status"] else None
    buffers: list[tuple[Array, dict[str, object]]] = []
    values: list[object] = []
    for argument in request["arguments"]:
        if argument["kind"] == "int":
            values.append(ctypes.c_int(argument["value"]))
        elif argument["kind"] == "float":
            values.append(ctypes.c_float(argument["value"]))
        else:
            memory = _between_guards(argument)
            buffers.append((memory, argument))
            values.append(ctypes.c_void_p(memory.ctypes.data + GUARD))
    start = time.perf_counter()
    returned = function(*values)
    seconds = time.perf_counter() - start
    if request["status"] and returned != 0:
        return {"reason": f"the function returned {returned}", "seconds": seconds}
    return {"reason": _damage(buffers), "seconds": seconds}


def _between_guards(argument: dict[str, object]) -> Array:
    size = int(str(argument["bytes"]))
    memory = np.full(size + 2 * GUARD, PATTERN, np.uint8)
    if argument["kind"] == "in":
        memory[GUARD : GUARD + size] = np.fromfile(str(argument["file"]), np.uint8)
    else:
        memory[GUARD : GUARD + size] = POISON
    return memory


def _damage(buffers: list[tuple[Array, dict[str, object]]]) -> str:
    """Why the call may not have been harmless; writes the results where it was."""
    for memory, argument in buffers:
        size, path = int(str(argument["bytes"])), Path(str(argument["file"]))
        if (memory[:GUARD] != PATTERN).any() or (memory[GUARD + size :] != PATTERN).any():
            return f"wrote outside of {path.stem}"
        inner = memory[GUARD : GUARD + size]
        if argument["kind"] == "out":
            inner.tofile(path)
        elif inner.tobytes() != path.read_bytes():
            return f"changed the read-only {path.stem}"
    return ""


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.write("\n" + json.dumps(_serve(Path(sys.argv[1]))) + "\n")


if __name__ == "__main__":
    main()
