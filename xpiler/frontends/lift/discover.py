"""Find the kernels of a file, their launches and the instances that are launched."""

from __future__ import annotations

from dataclasses import field
from typing import Final

from xpiler.frontends.libclang import EXPLICIT, Node, Parsed
from xpiler.records import dataclass

__all__ = ["Discovery", "KernelSite", "LaunchSite", "discover"]

_CONFIGURE: Final = frozenset({"cudaConfigureCall", "__cudaPushCallConfiguration"})
_SCOPES: Final = frozenset({"NAMESPACE", "LINKAGE_SPEC", "UNEXPOSED_DECL"})
_CLASSES: Final = frozenset({"STRUCT_DECL", "CLASS_DECL", "CLASS_TEMPLATE"})
_FUNCTIONS: Final = frozenset(
    {"FUNCTION_DECL", "FUNCTION_TEMPLATE", "CXX_METHOD", "CONSTRUCTOR", "DESTRUCTOR"}
)
_BY_POINTER: Final = frozenset({"cudaLaunchKernel", "cudaLaunchCooperativeKernel"})


@dataclass(slots=True)
class LaunchSite:
    """A launch: the call, its configuration, the function around it."""

    call: Node
    config: Node | None
    kernel: Node
    function: Node
    parents: tuple[Node, ...]
    cooperative: bool = False


@dataclass(slots=True)
class KernelSite:
    """A kernel: its definition and, for a template, the instances seen."""

    definition: Node
    template: bool
    instances: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Discovery:
    kernels: dict[int, KernelSite] = field(default_factory=dict)
    launches: list[LaunchSite] = field(default_factory=list)
    host_functions: list[Node] = field(default_factory=list)


def discover(parsed: Parsed) -> Discovery:
    """All kernels and launches that the user's own files hold."""
    found = Discovery()
    _declarations(parsed.root, found)
    seen: set[int] = set()
    pending = list(found.host_functions)
    while pending:
        function = pending.pop(0)
        if function.cursor.hash in seen:
            continue
        seen.add(function.cursor.hash)
        pending += _host_body(function, found)
    return found


def _declarations(node: Node, found: Discovery) -> None:
    for child in node.children:
        if child.in_system_header:
            continue
        if child.kind in _SCOPES or child.kind in _CLASSES:
            _declarations(child, found)
        elif child.kind in _FUNCTIONS:
            _function(child, found)


def is_kernel(node: Node) -> bool:
    return any(c.kind == "CUDAGLOBAL_ATTR" for c in node.children)


def _function(node: Node, found: Discovery) -> None:
    if node.spelling.startswith(EXPLICIT):
        _explicit_instances(node, found)
        return
    if is_kernel(node):
        if not node.cursor.is_definition():
            return
        template = node.kind == "FUNCTION_TEMPLATE"
        primary = None if template else _template_of(node)
        if primary is not None and primary in found.kernels:  # `template <> __global__ void k<1>`
            _add_instance(found.kernels[primary], node)
            return
        found.kernels.setdefault(node.key, KernelSite(node, template))
        return
    device = any(c.kind == "CUDADEVICE_ATTR" for c in node.children)
    host = any(c.kind == "CUDAHOST_ATTR" for c in node.children)
    if node.kind != "FUNCTION_TEMPLATE" and (host or not device) and node.cursor.is_definition():
        found.host_functions.append(node)


def _explicit_instances(node: Node, found: Discovery) -> None:
    """`template __global__ void k<float>(...);` names an instance."""
    for below in node.walk():
        ref = below.ref if below.kind == "DECL_REF_EXPR" else None
        definition = ref.cursor.get_definition() if ref is not None else None
        if definition is not None and "FUNCTION" in definition.kind.name:
            instance = Node(definition, node.parsed)
            template = _template_of(instance)
            if template is not None and template in found.kernels:
                _add_instance(found.kernels[template], instance)


def _template_of(node: Node) -> int | None:
    import clang.cindex as ci

    cursor = ci.conf.lib.clang_getSpecializedCursorTemplate(node.cursor)
    if cursor is None or cursor.kind.is_invalid():
        return None
    return int(cursor.canonical.hash)


def _add_instance(site: KernelSite, node: Node) -> Node:
    for known in site.instances:
        if known.key == node.key:
            return known
    site.instances.append(node)
    return node


def _host_body(function: Node, found: Discovery) -> list[Node]:
    """Record the launches in a host function; gives the template instances that it calls."""
    called: list[Node] = []

    def visit(node: Node, parents: tuple[Node, ...]) -> None:
        for child in node.children:
            if child.kind == "CALL_EXPR":
                _call(child, function, (*parents, node), found, called)
            visit(child, (*parents, node))

    visit(function, ())
    return called


def _call(
    node: Node, function: Node, parents: tuple[Node, ...], found: Discovery, called: list[Node]
) -> None:
    children = node.children
    if len(children) > 1 and children[1].spelling in _CONFIGURE:
        target = _callee(children[0])
        if target is not None:
            _launch(LaunchSite(node, children[1], target, function, parents), found)
        return
    ref = node.ref
    if ref is None or (ref.in_headers and ref.spelling not in _BY_POINTER):
        return
    if ref.spelling in _BY_POINTER:
        _launch_by_pointer(node, function, parents, found)
        return
    if ref.cursor.get_num_template_arguments() > 0 or ref.kind == "CXX_METHOD":
        definition = ref.cursor.get_definition()
        if definition is not None and not ref.file.startswith(("/usr/", "/opt/")):
            called.append(Node(definition, node.parsed))


def _callee(node: Node) -> Node | None:
    for below in node.walk():
        if below.kind == "DECL_REF_EXPR" and below.ref is not None:
            return below.ref
    return None


def _launch_by_pointer(
    node: Node, function: Node, parents: tuple[Node, ...], found: Discovery
) -> None:
    arguments = [Node(c, node.parsed) for c in node.cursor.get_arguments()]
    target = _callee(arguments[0]) if arguments else None
    if target is None or "FUNCTION" not in target.kind:
        return
    cooperative = "Cooperative" in node.spelling
    _launch(LaunchSite(node, None, target, function, parents, cooperative), found)


def _launch(site: LaunchSite, found: Discovery) -> None:
    definition = site.kernel.cursor.get_definition()
    if definition is None:
        return
    node = Node(definition, site.kernel.parsed)
    template = _template_of(node)
    if template is not None and template in found.kernels:
        site.kernel = _add_instance(found.kernels[template], node)
        found.launches.append(site)
    elif node.key in found.kernels:
        site.kernel = found.kernels[node.key].definition
        found.launches.append(site)
