"""Uses of CUDA's types that HIP's types of the same meaning don't take: tags, places of memory, texture handles."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.backends.hip.names import find_name
from xpiler.backends.hip.view import Argument, Call, View
from xpiler.backends.hip.warp import Handler

__all__ = ["HANDLERS", "rewrite_types"]

# Structures and enumerations whose HIP name is a typedef only: it can't follow `struct` or `enum`.
_UNTAGGED = frozenset(
    [
        "cudaExternalMemoryBufferDesc",
        "cudaExternalMemoryHandleDesc",
        "cudaExternalMemoryHandleType",
        "cudaExternalMemoryMipmappedArrayDesc",
        "cudaExternalSemaphoreHandleDesc",
        "cudaExternalSemaphoreHandleType",
        "cudaExternalSemaphoreSignalParams",
        "cudaExternalSemaphoreWaitParams",
        "cudaGraphicsResource",
        "cudaLaunchParams",
    ]
)
_LOCATIONS = frozenset({"cudaMemLocation"})
_OBJECTS = frozenset({"cudaTextureObject_t", "cudaSurfaceObject_t", "CUtexObject", "CUsurfObject"})
_BITWISE = frozenset({"&", "|", "^", "<<", ">>"})


def rewrite_types(view: View) -> None:
    _tags(view)
    _objects_as_numbers(view)


def _tags(view: View) -> None:
    """`struct cudaGraphicsResource *r` -> `hipGraphicsResource *r`."""
    for name in sorted(_UNTAGGED & view.names - view.own):
        for i in view.positions(name):
            if view.text(i - 1) not in ("struct", "enum") or view.text(i + 1) in (";", "{", ":"):
                continue
            view.delete(i - 1, i)


def _objects_as_numbers(view: View) -> None:
    """Bits of a texture or surface object: an integer in CUDA, a pointer in HIP."""
    objects = view.variables_of(_OBJECTS)
    for name in sorted(objects):
        for i in view.positions(name):
            if view.is_member(i) or view.text(i - 1) in ("&", "*"):
                continue
            shifted = view.text(i + 1) == view.text(i + 2) == ">" and view.text(i + 3) != ">"
            if view.text(i + 1) in _BITWISE - {"&"} or shifted or _masked(view, i):
                view.insert(view.items[i].start, "(unsigned long long)")
    for name in sorted(_OBJECTS & view.names):
        for i in view.positions(name):
            if view.text(i - 1) == "(" and view.text(i + 1) == ")":
                _assembled(view, i)


def _masked(view: View, at: int) -> bool:
    """`object & 0xffffffff`; a declaration's `&` is followed by a name that is no number."""
    following = view.text(at + 2)
    return view.text(at + 1) == "&" and (following[:1].isdigit() or following == "(")


def _assembled(view: View, at: int) -> None:
    """`return (T)low | (T)high << 32;`: the casts become integers, and the whole a handle again."""
    first = at
    while first > 0 and view.text(first) not in ("return", "=", ";", "{", "}"):
        first -= 1
    end = at
    while end < len(view.items) and view.text(end) not in (";", "{", "}"):
        end += 1
    words = {view.text(k) for k in range(first, end)}
    if view.text(first) not in ("return", "=") or view.text(end) != ";" or not words & _BITWISE:
        return
    row = find_name(view.text(at))
    if at in view.findings.taken or row is None:
        return
    casts = [
        k
        for k in range(first, end)
        if view.text(k) in _OBJECTS and view.text(k - 1) == "(" and view.text(k + 1) == ")"
    ]
    for k in casts:
        view.findings.count(view.text(k))
        view.replace(k, "unsigned long long")
    view.insert(view.items[first + 1].start, f"({row.hip})(")
    view.insert(view.items[end].start, ")")


def _located(position: int, drops_flags: bool) -> Handler:
    """The argument at `position` is a `cudaMemLocation` since CUDA 13; HIP's call takes a device's number."""

    def rewrite(view: View, at: int) -> bool:
        call = view.call(at)
        if call is None or len(call.args) <= position or view.is_member(at):
            return False
        place = call.args[position]
        text = view.source(place)
        if text not in view.variables_of(_LOCATIONS):
            return False
        number = f"({text}.type == hipMemLocationTypeDevice ? {text}.id : hipCpuDeviceId)"
        view.replace(place.first, number)
        if drops_flags and len(call.args) > position + 1:
            _drop(view, call, call.args[position + 1])
        view.report("XP5111", at, name=view.text(at))
        return False

    return rewrite


def _drop(view: View, call: Call, argument: Argument) -> None:
    """Takes an argument out with the comma before it."""
    previous = call.args[call.args.index(argument) - 1]
    view.replace_range(previous.end, argument.end, "")


def _host_location(view: View, at: int) -> bool:
    """HIP up to ROCm 6 has no type for the host's memory; whoever only asks whether it is a device's needs none."""
    if view.text(at - 1) != "=" or view.text(at - 2) != "type":
        return False
    users = ("cudaMemAdvise", "cudaMemPrefetchAsync")
    if not any(name in view.names for name in users):
        return False
    view.replace(at, "hipMemLocationTypeInvalid")
    view.findings.count("cudaMemLocationTypeHost")
    view.report("XP5111", at, name="cudaMemLocationTypeHost")
    return True


HANDLERS: Mapping[str, Handler] = {
    "cudaMemAdvise": _located(3, drops_flags=False),
    "cudaMemPrefetchAsync": _located(2, drops_flags=True),
    "cudaMemLocationTypeHost": _host_location,
}
