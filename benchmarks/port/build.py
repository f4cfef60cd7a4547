"""Compile units as HIP for an AMD GPU, device side and host side, and remember each outcome."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Builder", "Unit", "tree_hash"]

SIDES = ("--cuda-device-only", "--cuda-host-only")


def tree_hash(root: Path) -> str:
    """Changes when any file of the tree does."""
    total = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and ".xpiler-port" not in path.parts:
            total.update(f"{path.relative_to(root)} {_hash(path)}\n".encode())
    return total.hexdigest()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Unit:
    """`name` is the source's path in the original tree; `file` and `folders` are below the ported root."""

    name: str
    file: Path
    folders: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Builder:
    """A compiler's command with what every unit gets, and the folder that keeps outcomes."""

    command: tuple[str, ...]
    flags: tuple[str, ...]
    cache: Path
    sides: tuple[str, ...] = SIDES
    timeout: float = 300.0

    def all_units(self, root: Path, units: Sequence[Unit], jobs: int) -> dict[str, tuple[str, ...]]:
        """First errors of each unit by its name; none where both sides compile."""
        self.cache.mkdir(parents=True, exist_ok=True)
        state = tree_hash(root)

        def one(unit: Unit) -> tuple[str, tuple[str, ...]]:
            return unit.name, self.unit(root, unit, state)

        with ThreadPoolExecutor(jobs) as pool:
            return dict(pool.map(one, units))

    def unit(self, root: Path, unit: Unit, state: str) -> tuple[str, ...]:
        for side in self.sides:
            errors = self._side(root, unit, side, state)
            if errors:
                return errors
        return ()

    def _side(self, root: Path, unit: Unit, side: str, state: str) -> tuple[str, ...]:
        command = [
            *self.command,
            side,
            "-fsyntax-only",
            "-ferror-limit=8",
            "-w",
            *(f"-I{root / folder}" for folder in unit.folders),
            *self.flags,
            str(root / unit.file),
        ]
        place = self.cache / hashlib.sha256("\0".join(command).encode()).hexdigest()
        record = place.with_suffix(".json")
        if record.exists():
            known = json.loads(record.read_text())
            if _fresh(known, state):
                return tuple(known["errors"])
        depends = place.with_suffix(".d")
        errors = self._run([*command, "-MD", "-MF", str(depends)])
        files = _dependencies(depends) if not errors else []
        found = {
            "file": str(unit.file),
            "errors": errors,
            "tree": state,
            "hashes": {str(p): _hash(p) for p in files if p.is_relative_to(root)},
        }
        partial = place.with_suffix(".part")
        partial.write_text(json.dumps(found))
        partial.replace(record)
        depends.unlink(missing_ok=True)
        return tuple(errors)

    def _run(self, command: Sequence[str]) -> list[str]:
        try:
            done = subprocess.run(command, capture_output=True, timeout=self.timeout, check=False)
        except subprocess.TimeoutExpired:
            return [f"the compiler took more than {self.timeout:.0f} s"]
        if done.returncode == 0:
            return []
        text = done.stderr.decode("utf-8", "replace")
        return [line for line in text.splitlines() if "error:" in line][:8] or [text[-300:]]


def _fresh(known: dict[str, object], state: str) -> bool:
    """Whether an outcome still holds: nothing in the tree changed, or no file that the unit reads did."""
    if known["tree"] == state:
        return True
    hashes = known["hashes"]
    if known["errors"] or not isinstance(hashes, dict):
        return False
    return all(Path(p).exists() and _hash(Path(p)) == value for p, value in hashes.items())


def _dependencies(file: Path) -> list[Path]:
    """The files of a make rule that the compiler wrote."""
    if not file.exists():
        return []
    words = re.split(r"(?<!\\)\s+", file.read_text().replace("\\\n", " "))
    return [Path(w.replace("\\ ", " ")) for w in words if w and not w.endswith(":")]
