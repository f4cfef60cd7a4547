"""The interface of a pass: a named rewrite of a one-kernel program that may say why it does not apply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from xpiler.ir.nodes import Module, Span
from xpiler.records import dataclass

__all__ = ["Applied", "Context", "Knob", "NotApplicable", "Outcome", "Pass", "Unsupported"]

KnobValue = int | str | bool


@dataclass(frozen=True, slots=True)
class Knob:
    """A choice that a pass leaves open: the values it may take, the one taken by default."""

    name: str
    domain: tuple[KnobValue, ...]
    default: KnobValue
    help: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a pass may look at beside the program.

    `knobs` are the values chosen for this pass. `facts` are the target's numbers by name (for instance
    `nram_bytes`, `vector_lanes`, `warp_size` of the source), as its `Target` lists them.
    """

    knobs: Mapping[str, KnobValue] = field(default_factory=dict)
    facts: Mapping[str, int] = field(default_factory=dict)

    def knob(self, knob: Knob) -> KnobValue:
        return self.knobs.get(knob.name, knob.default)


@dataclass(frozen=True, slots=True)
class Applied:
    """The candidate. `notes` tell a reader what was done (`tile 64 x 64 in NRAM`).

    `buffers` maps a buffer of the candidate to the one of the predecessor that it holds the values of,
    for localisation; buffers of the same name map to each other without being listed.
    """

    program: Module
    notes: tuple[str, ...] = ()
    buffers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The pass has nothing to do here, or cannot show that its rewrite is legal; the program stays."""

    reason: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The program holds something that an indispensable pass cannot express; the kernel is refused."""

    code: str
    reason: str
    span: Span | None = None
    hint: str = ""


Outcome = Applied | NotApplicable | Unsupported


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass.

    `name` is its snake_case name, `group` one of parallel, loop, memory, tensor, scalar; `before` and
    `after` are one line of C each. `rewrite` takes a `Module` that holds exactly one kernel. A pass that is
    `required` (lifting's clean-up, loop recovery for loop targets) refuses the kernel when it cannot apply;
    any other is skipped. `meta_prompt` names the template in meta_prompts/, empty when no model is asked.
    """

    name: str
    group: str
    before: str
    after: str
    rewrite: Callable[[Module, Context], Outcome]
    knobs: tuple[Knob, ...] = ()
    required: bool = False
    meta_prompt: str = ""
