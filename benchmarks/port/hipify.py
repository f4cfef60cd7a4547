"""Run hipify-perl on files and remember what it said: text, warnings, CPU time. Standard library only.

    python hipify.py HIPIFY-PERL CACHE [-j N] FILE...

Each file's result lies in CACHE under the hash of its content: `<hash>.out` (the text), `<hash>.err`
(its warnings) and `<hash>.json` (`status`, `seconds`), the last written last, so that a run that was
stopped goes on where it was. The module is a program of its own so that a machine with more cores can make the cache.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Hipified", "hipified", "run"]


@dataclass(frozen=True, slots=True)
class Hipified:
    """`text` is empty where the tool failed; `warnings` are its lines; `seconds` of CPU time."""

    text: bytes
    warnings: tuple[str, ...]
    seconds: float


def key(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def hipified(content: bytes, cache: Path) -> Hipified | None:
    """What the cache holds for a file of this content, or None."""
    place = cache / key(content)
    facts = place.with_suffix(".json")
    if not facts.exists():
        return None
    known = json.loads(facts.read_text())
    warnings = place.with_suffix(".err").read_text("utf-8", "replace").splitlines()
    text = place.with_suffix(".out").read_bytes() if known["status"] == 0 else b""
    return Hipified(text, tuple(w for w in warnings if "warning:" in w), known["seconds"])


def run(hipify: Path, file: Path, cache: Path) -> None:
    """hipify-perl on one file, unless the cache has it."""
    place = cache / key(file.read_bytes())
    facts = place.with_suffix(".json")
    if facts.exists():
        return
    with place.with_suffix(".out").open("wb") as out, place.with_suffix(".err").open("wb") as err:
        process = subprocess.Popen(["perl", str(hipify), str(file)], stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    found = {"status": process.returncode, "seconds": usage.ru_utime + usage.ru_stime}
    partial = place.with_suffix(".part")
    partial.write_text(json.dumps(found))
    partial.replace(facts)


def run_all(
    hipify: Path, files: Sequence[Path], cache: Path, jobs: int, *, tell: bool = False
) -> None:
    """The tool on all files that the cache lacks; `tell` prints each."""
    cache.mkdir(parents=True, exist_ok=True)

    def one(file: Path) -> Path:
        run(hipify, file, cache)
        return file

    distinct = list({key(f.read_bytes()): f for f in files}.values())
    with ThreadPoolExecutor(jobs) as pool:
        for done, file in enumerate(pool.map(one, distinct)):
            if tell:
                print(f"{done + 1}/{len(distinct)} {file}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fill a cache of hipify-perl's results.")
    parser.add_argument("hipify", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("-j", dest="jobs", type=int, default=1)
    arguments = parser.parse_args()
    run_all(arguments.hipify, arguments.files, arguments.cache, arguments.jobs, tell=True)


if __name__ == "__main__":
    main()
