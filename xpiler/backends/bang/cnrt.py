"""Host code: CUDA's runtime API becomes CNRT, token for token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xpiler.frontends.edits import Edit, apply
from xpiler.frontends.tokens import Token, tokenize

__all__ = ["to_cnrt"]

_WORDS: Final[dict[str, str]] = {
    "cudaError_t": "cnrtRet_t",
    "cudaError": "cnrtRet_t",
    "cudaSuccess": "cnrtSuccess",
    "CUDA_SUCCESS": "cnrtSuccess",
    "cudaErrorMemoryAllocation": "cnrtErrorNoMem",
    "cudaErrorInvalidValue": "cnrtErrorArgsInvalid",
    "cudaGetErrorString": "cnrtGetErrorStr",
    "cudaGetErrorName": "cnrtGetErrorName",
    "cudaGetLastError": "cnrtGetLastError",
    "cudaPeekAtLastError": "cnrtPeekAtLastError",
    "cudaMalloc": "cnrtMalloc",
    "cudaFree": "cnrtFree",
    "cudaMallocHost": "cnrtHostMalloc",
    "cudaFreeHost": "cnrtFreeHost",
    "cudaMemcpy": "cnrtMemcpy",
    "cudaMemcpyAsync": "cnrtMemcpyAsync",
    "cudaMemset": "cnrtMemset",
    "cudaMemsetAsync": "cnrtMemsetAsync",
    "cudaMemcpyKind": "cnrtMemTransDir_t",
    "cudaMemcpyHostToDevice": "cnrtMemcpyHostToDev",
    "cudaMemcpyDeviceToHost": "cnrtMemcpyDevToHost",
    "cudaMemcpyDeviceToDevice": "cnrtMemcpyDevToDev",
    "cudaMemcpyHostToHost": "cnrtMemcpyHostToHost",
    "cudaMemcpyDefault": "cnrtMemcpyNoDirection",
    "cudaStream_t": "cnrtQueue_t",
    "cudaStreamCreate": "cnrtQueueCreate",
    "cudaStreamDestroy": "cnrtQueueDestroy",
    "cudaStreamSynchronize": "cnrtQueueSync",
    "cudaDeviceSynchronize": "cnrtSyncDevice",
    "cudaThreadSynchronize": "cnrtSyncDevice",
    "cudaSetDevice": "cnrtSetDevice",
    "cudaGetDevice": "cnrtGetDevice",
    "cudaGetDeviceCount": "cnrtGetDeviceCount",
    "cudaEvent_t": "cnrtNotifier_t",
    "cudaEventCreate": "cnrtNotifierCreate",
    "cudaEventDestroy": "cnrtNotifierDestroy",
    "cudaEventRecord": "cnrtPlaceNotifier",
    "cudaEventSynchronize": "cnrtWaitNotifier",
    "cudaEventElapsedTime": "xp_elapsed",
    "cudaEventCreateWithFlags": "cnrtNotifierCreate",
    "cudaEventQuery": "cnrtWaitNotifier",
    "cudaStreamQuery": "cnrtQueueSync",
    "cudaStreamCreateWithFlags": "cnrtQueueCreate",
    "cudaStreamCreateWithPriority": "cnrtQueueCreate",
    "cudaStreamWaitEvent": "xp_queue_wait",
    "cudaMallocAsync": "cnrtMalloc",
    "cudaFreeAsync": "xp_free_async",
    "cudaHostAlloc": "cnrtHostMalloc",
    "cudaMallocManaged": "xp_malloc_managed",
    "cudaMallocPitch": "xp_malloc_pitch",
    "cudaMemcpy2D": "xp_memcpy2d",
    "cudaMemGetInfo": "cnrtMemGetInfo",
    "cudaDeviceProp": "xp_device_prop",
    "cudaGetDeviceProperties": "xp_device_properties",
    "cudaDeviceGetAttribute": "xp_device_attribute",
    "cudaDevAttrMultiProcessorCount": "&xp_device_prop::multiProcessorCount",
    "cudaDevAttrWarpSize": "&xp_device_prop::warpSize",
    "cudaDevAttrMaxThreadsPerBlock": "&xp_device_prop::maxThreadsPerBlock",
    "cudaDevAttrMaxSharedMemoryPerBlock": "&xp_device_prop::sharedMemPerBlock",
    "cudaDevAttrMaxSharedMemoryPerBlockOptin": "&xp_device_prop::sharedMemPerBlockOptin",
    "cudaDevAttrComputeCapabilityMajor": "&xp_device_prop::major",
    "cudaDevAttrComputeCapabilityMinor": "&xp_device_prop::minor",
    "cudaDevAttrCooperativeLaunch": "&xp_device_prop::cooperativeLaunch",
    "cudaDevAttrConcurrentManagedAccess": "&xp_device_prop::concurrentManagedAccess",
    "cudaOccupancyMaxPotentialBlockSize": "xp_block_size",
    "cudaOccupancyMaxActiveBlocksPerMultiprocessor": "xp_active_blocks",
    "__half": "half",
    "__half2": "half2",
    "__nv_bfloat162": "bfloat162",
    "nv_bfloat162": "bfloat162",
    "__nv_bfloat16": "bfloat16_t",
    "nv_bfloat16": "bfloat16_t",
    "__half2float": "(float)",
    "__float2half": "(half)",
    "__float2half_rn": "(half)",
    "__int2half_rn": "(half)",
    "__bfloat162float": "(float)",
    "__float2bfloat16": "(bfloat16_t)",
    "__float2bfloat16_rn": "(bfloat16_t)",
    "__floats2half2_rn": "xp_half2",
    "__halves2half2": "xp_half2",
    "__half22float2": "xp_float2",
    "__floats2bfloat162_rn": "xp_bfloat162",
    "__halves2bfloat162": "xp_bfloat162",
    "__bfloat1622float2": "xp_float2",
}

_FIRST_BY_ADDRESS: Final = frozenset({
    "cudaMalloc", "cudaMallocHost", "cudaMallocAsync", "cudaHostAlloc", "cudaMallocManaged", "cudaMallocPitch",
})  # fmt: skip
_SHORTER: Final = {
    "cudaEventCreateWithFlags": 1,
    "cudaStreamCreateWithFlags": 1,
    "cudaStreamCreateWithPriority": 1,
    "cudaMallocAsync": 2,
    "cudaHostAlloc": 2,
    "cudaMallocManaged": 2,
    "cudaOccupancyMaxPotentialBlockSize": 2,
    "cudaOccupancyMaxActiveBlocksPerMultiprocessor": 1,
}
"""How many arguments the CNRT call takes; CUDA's flags, streams and kernels behind them have no meaning there."""
_HINTS: Final = frozenset({
    "cudaMemAdvise", "cudaMemPrefetchAsync", "cudaFuncSetAttribute", "cudaFuncSetCacheConfig",
    "cudaDeviceSetCacheConfig", "cudaDeviceSetSharedMemConfig", "cudaDeviceSetLimit", "cudaDeviceReset",
    "cudaProfilerStart", "cudaProfilerStop", "cudaSetDeviceFlags",
})  # fmt: skip
"""Calls that change no result; the call stands for its success."""
_ON_MANAGED: Final = {"cnrtFree": "xp_free", "cnrtMemcpy": "xp_copy", "cnrtMemset": "xp_fill"}
_COPIES: Final = frozenset({"cudaMemcpy", "cudaMemcpyAsync"})
_SYMBOLS: Final = frozenset({"cudaMemcpyToSymbol", "cudaMemcpyFromSymbol"})


def to_cnrt(text: str) -> tuple[str, tuple[tuple[str, int, int], ...]]:
    """The text on CNRT, and (name, line, column) of each CUDA name that has no counterpart."""
    data = text.encode("utf-8", "surrogateescape")
    tokens = tokenize(data)
    items = tokens.items
    words: list[Edit] = []
    calls: list[Edit] = []
    left: list[tuple[str, int, int]] = []
    uses_managed = any(t.text == "cudaMallocManaged" for t in items)
    managed = _ON_MANAGED if uses_managed else {}
    for n, token in enumerate(items):
        if token.kind != "name":
            continue
        name = token.text
        args = _arguments(items, n)
        if name in _SYMBOLS and args is not None and len(args) >= 3:
            calls += _symbol(data, name, token, args)
        elif name in _HINTS and args is not None:
            close = args[-1][1] if args else items[n + 1].end
            calls.append(Edit(token.start, close, "(cnrtSuccess"))
        elif name in _WORDS:
            word = _WORDS[name]
            words.append(Edit(token.start, token.end, managed.get(word, word)))
            if args is not None:
                calls += _adapt(data, name, args)
        elif name.startswith("cuda") and name[4:5].isupper() and not _hidden(token, calls):
            line, column = tokens.lines.at(token.start)
            left.append((name, line, column))
    return apply(data, [*_without_hidden(words, calls), *calls]).decode(
        "utf-8", "surrogateescape"
    ), tuple(left)


def _without_hidden(words: list[Edit], calls: list[Edit]) -> list[Edit]:
    """The edits of names that stand in no text that a call's edit replaces."""
    ranges = [(e.start_byte, e.end_byte) for e in calls if e.end_byte > e.start_byte]
    return [e for e in words if not any(a <= e.start_byte and e.end_byte <= b for a, b in ranges)]


def _hidden(token: Token, calls: Sequence[Edit]) -> bool:
    """Whether the token stands in text that an edit of a call takes away."""
    return any(e.start_byte <= token.start and token.end <= e.end_byte for e in calls)


def _arguments(items: Sequence[Token], at: int) -> list[tuple[int, int]] | None:
    """Byte ranges of the arguments of a call whose name is token `at`; None if it is no call."""
    if at + 1 >= len(items) or items[at + 1].text != "(":
        return None
    depth = 0
    out: list[tuple[int, int]] = []
    start: int | None = None
    end = 0
    for token in items[at + 1 :]:
        if token.text in "([{":
            depth += 1
            if depth == 1:
                continue
        elif token.text in ")]}":
            depth -= 1
            if depth == 0:
                if start is not None:
                    out.append((start, end))
                return out
        elif token.text == "," and depth == 1:
            if start is not None:
                out.append((start, end))
            start = None
            continue
        start = token.start if start is None else start
        end = token.end
    return None


def _adapt(data: bytes, name: str, args: list[tuple[int, int]]) -> list[Edit]:
    """What the call needs beside the new name: casts that C++ asks for, another order, a default."""
    kept = _SHORTER.get(name, len(args))
    dropped = [Edit(args[kept - 1][1], args[-1][1], "")] if kept < len(args) else []
    if name in _FIRST_BY_ADDRESS and args:
        first = data[args[0][0] : args[0][1]]
        if first.replace(b" ", b"").startswith((b"(void**)", b"reinterpret_cast<void**>")):
            return dropped
        return [*_cast(data, args[0], "(void **)"), *dropped]
    if dropped:
        return dropped
    if name in _COPIES and len(args) >= 4:
        edits = _cast(data, args[1], "(void *)")
        if name == "cudaMemcpyAsync":
            kind = data[slice(*args[3])].decode()
            queue = data[slice(*args[4])].decode() if len(args) > 4 else "nullptr"
            if len(args) > 4:
                edits.append(Edit(args[3][0], args[3][1], _plain(queue)))
                edits.append(Edit(args[4][0], args[4][1], _WORDS.get(kind, kind)))
            else:
                edits.append(Edit(args[3][0], args[3][0], "nullptr, "))
        return edits
    if name == "cudaEventRecord" and len(args) == 1:
        return [Edit(args[0][1], args[0][1], ", nullptr")]
    if name == "cudaMemsetAsync" and len(args) == 3:
        return [Edit(args[2][1], args[2][1], ", nullptr")]
    if name == "cudaGetDeviceCount" and args:
        return _cast(data, args[0], "(unsigned int *)")
    return []


def _plain(queue: str) -> str:
    return "nullptr" if queue.strip() == "0" else queue


def _cast(data: bytes, place: tuple[int, int], to: str) -> list[Edit]:
    """`place` under a C cast, in parentheses unless it is one name, call or address."""
    text = data[place[0] : place[1]]
    if not any(c in text for c in b"+-?"):
        return [Edit(place[0], place[0], to)]
    return [Edit(place[0], place[0], f"{to}("), Edit(place[1], place[1], ")")]


def _symbol(data: bytes, name: str, token: Token, args: list[tuple[int, int]]) -> list[Edit]:
    """`cudaMemcpyToSymbol(c, src, n)`: data at file scope is device memory that a function gives."""
    texts = [data[slice(*a)].decode("utf-8", "surrogateescape") for a in args]
    towards = name == "cudaMemcpyToSymbol"
    symbol, host = (texts[0], texts[1]) if towards else (texts[1], texts[0])
    offset = texts[3] if len(texts) > 3 else "0"
    near = f"(char *)xp_symbol_{symbol.strip('&() ')}()" + (
        "" if offset == "0" else f" + ({offset})"
    )
    ends = f"{near}, (void *)({host})" if towards else f"{host}, {near}"
    kind = "cnrtMemcpyHostToDev" if towards else "cnrtMemcpyDevToHost"
    close = args[-1][1]
    return [Edit(token.start, close, f"cnrtMemcpy({ends}, {texts[2]}, {kind}")]
