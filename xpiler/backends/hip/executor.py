"""Who runs a ported file: the runtime that runs the source, under HIP's names and with wavefronts of 64 lanes.

The emitted text holds on either width (a warp stays 32 lanes), so the wider one is the test of it.
"""

from __future__ import annotations

from xpiler.backends.base import OnRuntime, Tool

__all__ = ["EXECUTORS", "hip_on_cpu", "tools"]


def hip_on_cpu(warp: int = 64) -> OnRuntime:
    """HIP text on the CPU at the wavefront of an architecture: 64 lanes (CDNA) or 32 (RDNA)."""
    return OnRuntime(
        f"HIP on the CPU, {warp} lanes", warp, ("__HIP_PLATFORM_AMD__=1", "__HIPCC__=1")
    )


EXECUTORS = (hip_on_cpu(64),)


def tools() -> tuple[Tool, ...]:
    """The compiler for AMD GPUs, if there is one."""
    from xpiler.backends.hip.toolchain import NoCompiler, find_compiler

    found = find_compiler()
    adds = "compiles ported sources for AMD GPUs (xpiler port --compile)"
    if isinstance(found, NoCompiler):
        return (Tool("HIP compiler", False, found.reason, adds),)
    detail = f"{found.path}, HIP {found.version or 'of unknown release'}"
    return (Tool("HIP compiler", True, detail, adds),)
