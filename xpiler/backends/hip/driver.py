"""The driver API's device pointers, an integer in CUDA and `void *` in HIP, and calls whose forms differ."""

from __future__ import annotations

from collections.abc import Mapping

from xpiler.backends.hip.view import View
from xpiler.backends.hip.warp import Handler
from xpiler.frontends.tokens import matching

__all__ = ["HANDLERS", "rewrite_device_pointers"]

_POINTER = "CUdeviceptr"
_SUM = frozenset({"+", "-"})
# What stands before an operand, so that a `*` or `&` after it is unary.
_OPENS = frozenset({"(", ",", "=", "return", "+", "-", ";", "{", "}", "[", "?", ":"})


def rewrite_device_pointers(view: View) -> None:
    """`p + 16` -> `(char *)p + 16`, `p += n` -> `p = (char *)p + n`, `p % 256` -> `(size_t)p % 256`."""
    if _POINTER not in view.names:
        return
    for i in view.positions(_POINTER):
        if view.text(i - 1) == "(" and view.text(i + 1) == ")":
            end = _operand_end(view, i + 2)
            if view.text(end) in _SUM and view.text(end + 1) != "=":
                view.replace(i, "char *")
                view.findings.count(_POINTER)
    for name in sorted(_declared(view)):
        for i in view.positions(name):
            if not view.is_member(i) and view.items[i].directive < 0:
                _use(view, i)


def _use(view: View, at: int) -> None:
    end = _operand_end(view, at)
    after, before = view.text(end), view.text(at - 1)
    start = view.items[at].start
    if before in ("*", "&") and view.text(at - 2) in _OPENS:
        if before == "&":
            return
        at -= 1
        start, before = view.items[at].start, view.text(at - 1)
    if after in _SUM and view.text(end + 1) == "=":
        operand = view.tokens.text(start, view.items[end - 1].end)
        view.replace_range(end, end + 2, f"= (char *){operand} {after}")
    elif after in _SUM and view.text(end + 1) != after:
        view.insert(start, "(char *)")
    elif after in ("%", "&") and before != ")" and view.text(end + 1) != "=":
        view.insert(start, "(size_t)")
    elif before in _SUM and view.text(at - 2) not in ("", "(", ",", "=", "return", before):
        view.insert(start, "(char *)")


def _operand_end(view: View, at: int) -> int:
    """The token after `name`, `name[i]` or `(...)`."""
    end = at + 1
    if view.text(at) == "(":
        end = matching(view.items, at) + 1
    while view.text(end) in ("[", "(") and end > 0:
        end = matching(view.items, end) + 1
    return max(end, at + 1)


def _declared(view: View) -> frozenset[str]:
    """Variables and parameters of the type, those of `CUdeviceptr a, b[2] = {}, c;` all."""
    found: set[str] = set()
    for i in view.positions(_POINTER):
        j = i + 1
        while j < len(view.items) and view.items[j].kind == "name":
            if view.text(j + 1) not in (",", ";", "=", "[", ")", ":"):
                break
            found.add(view.text(j))
            j = _next_name(view, j + 1)
    return frozenset(found)


def _next_name(view: View, at: int) -> int:
    """The token after the next comma of a declaration; the end of the file where it has no more names."""
    depth = 0
    for i in range(at, min(at + 200, len(view.items))):
        text = view.text(i)
        depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
        if text == ";" or depth < 0:
            break
        if text == "," and depth == 0:
            return i + 1
    return len(view.items)


_FUNCTION_ATTRIBUTES = {
    "CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES": "hipFuncAttributeMaxDynamicSharedMemorySize",
    "CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT": "hipFuncAttributePreferredSharedMemoryCarveout",
}


def _function_attribute(view: View, at: int) -> bool:
    """HIP has one `hipFuncSetAttribute`, with the runtime's enumeration: the numbers are the same."""
    call = view.call(at)
    if call is None or len(call.args) != 3 or view.is_member(at):
        return False
    attribute = call.args[1]
    name = view.source(attribute)
    if name in _FUNCTION_ATTRIBUTES:
        view.replace(attribute.first, _FUNCTION_ATTRIBUTES[name])
        view.findings.count(name)
    else:
        view.insert(attribute.start, "static_cast<hipFuncAttribute>(")
        view.insert(attribute.stop, ")")
    return False


def _instantiate(view: View, at: int) -> bool:
    """CUDA 12's form with flags has a name of its own in HIP."""
    call = view.call(at)
    if call is None or len(call.args) != 3 or view.is_member(at):
        return False
    view.findings.count(view.text(at))
    view.replace(at, "hipGraphInstantiateWithFlags")
    return True


def _update(view: View, at: int) -> bool:
    """CUDA 12's form gives a structure back; HIP's, like CUDA 11's, a node and a result."""
    call = view.call(at)
    if call is not None and len(call.args) == 3 and not view.is_member(at):
        advice = "pass a hipGraphNode_t and a hipGraphExecUpdateResult for the structure"
        view.report("XP5107", at, name=view.text(at), hip="hipGraphExecUpdate", advice=advice)
    return False


HANDLERS: Mapping[str, Handler] = {
    "cuFuncSetAttribute": _function_attribute,
    "cudaGraphInstantiate": _instantiate,
    "cuGraphInstantiate": _instantiate,
    "cudaGraphExecUpdate": _update,
    "cuGraphExecUpdate": _update,
}
