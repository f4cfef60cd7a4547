"""`--rocm`: names that are newer than the oldest release to run on are reported."""

from __future__ import annotations

from xpiler.backends.hip.view import View

__all__ = ["check_release", "newer"]


def newer(since: str, rocm: str) -> bool:
    """Whether a release is later than another; an unknown one (empty) is not."""
    return bool(since and rocm) and _numbers(since) > _numbers(rocm)


def _numbers(release: str) -> tuple[int, ...]:
    parts = [int(part) for part in release.split(".")]
    return tuple([*parts, 0, 0][:3])


def check_release(view: View, at: int, name: str, since: str) -> None:
    """XP5104 for a name at token `at` that first stood in release `since`."""
    if newer(since, view.options.rocm):
        view.report("XP5104", at, name=name, since=since, rocm=view.options.rocm)
