"""What holds in the kernel that a vector loop is part of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from math import prod

from xpiler.ir.nodes import Module
from xpiler.passes.bounds import Ranges, variable_ranges
from xpiler.records import dataclass

__all__ = ["Known", "known_of"]


@dataclass(frozen=True, slots=True)
class Known:
    """What holds wherever its variables are in scope."""

    powers: Mapping[str, int] = field(default_factory=dict)
    """Variables that are powers of two, with the most that they are."""
    ranges: Ranges = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Elements of the data at file scope."""


def known_of(module: Module) -> Known:
    sizes = {data.name: prod(data.shape) for data in module.globals}
    return Known({}, variable_ranges(module.kernels[0].body), sizes)
