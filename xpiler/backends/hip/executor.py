"""Who runs a ported file: the runtime that runs the source, under HIP's names and with wavefronts of 64 lanes.

The emitted text holds on either width (a warp stays 32 lanes), so the wider one is the test of it.
"""

from __future__ import annotations

from xpiler.backends.base import OnRuntime

__all__ = ["EXECUTORS", "hip_on_cpu"]


def hip_on_cpu(warp: int = 64) -> OnRuntime:
    """HIP text on the CPU at the wavefront of an architecture: 64 lanes (CDNA) or 32 (RDNA)."""
    return OnRuntime(
        f"HIP on the CPU, {warp} lanes", warp, ("__HIP_PLATFORM_AMD__=1", "__HIPCC__=1")
    )


EXECUTORS = (hip_on_cpu(64),)
