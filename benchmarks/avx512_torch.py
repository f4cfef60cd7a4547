"""The subjects of `benchmarks.avx512_speed` in PyTorch on the CPU (oneDNN, MKL, its own kernels).

`python -m benchmarks.avx512_torch --threads N` prints `name, median in ms, sum of the result` a line, tab-separated.
Results go to memory that is there already where PyTorch lets one say so, as the CUDA kernels' do.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from benchmarks.avx512_subjects import SUBJECTS, Subject

__all__ = ["RIVALS", "main"]

Tensors = Sequence[Any]
"""The subject's buffers in order, the last one for the result."""
Rival = Callable[[Any, Tensors, tuple[int, ...]], Any]
"""What computes the result of (torch, buffers, sizes); it may write the last buffer and return that."""

_TYPES: Final = {
    "float": "float32",
    "int": "int32",
    "short": "int16",
    "signed char": "int8",
    "unsigned char": "uint8",
    "unsigned int": "int64",
}


def _axpy(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    return b[1].add_(b[0], alpha=2.5)


def _gelu(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    return torch.ops.aten.gelu.out(b[0], approximate="tanh", out=b[1])


def _softmax(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    return torch.ops.aten._softmax.out(b[0].view(sizes), 1, False, out=b[1].view(sizes))


def _layernorm(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    return torch.nn.functional.layer_norm(b[0].view(sizes), sizes[1:], b[1], b[2], 1e-5)


def _rmsnorm(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    return torch.nn.functional.rms_norm(b[0].view(sizes), sizes[1:], b[1], 1e-6)


def _rowsum(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    return torch.sum(b[0].view(sizes), 1, out=b[1])


def _stencil(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    weight = torch.tensor([[0.0, 0.25, 0.0], [0.25, 0.0, 0.25], [0.0, 0.25, 0.0]])
    inner = torch.nn.functional.conv2d(b[0].view(1, 1, *sizes), weight.view(1, 1, 3, 3))
    b[1].view(sizes)[1:-1, 1:-1].copy_(inner[0, 0])
    return b[1]


def _conv(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    kernel = b[1].view(1, 1, 5, 5)
    return torch.nn.functional.conv2d(b[0].view(1, 1, *sizes), kernel, padding=2)


def _pool(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    return torch.nn.functional.max_pool2d(b[0].view(1, 1, *sizes), 2)


def _transpose(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    return b[1].view(sizes).copy_(b[0].view(sizes).t())


def _gemv(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    return torch.mv(b[0].view(sizes), b[1], out=b[2])


def _attention(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    q, k, v = (x.view(1, *sizes, 64) for x in b[:3])
    return torch.nn.functional.scaled_dot_product_attention(q, k, v)


def _histogram(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    return torch.bincount(b[0], minlength=256)


def _scan(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    return torch.cumsum(b[0].view(sizes), 1, dtype=torch.int32, out=b[1].view(sizes))


def _product(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    m, n, k = sizes
    return torch.mm(b[0].view(m, k), b[1].view(k, n), out=b[2].view(m, n))


def _bytes(torch: Any, b: Tensors, sizes: tuple[int, ...]) -> Any:
    m, n, k = sizes
    return torch._int_mm(b[0].view(m, k), b[1].view(n, k).t())


RIVALS: Final[dict[str, Rival]] = {
    "axpy": _axpy,
    "gelu": _gelu,
    "softmax": _softmax,
    "layernorm": _layernorm,
    "rmsnorm": _rmsnorm,
    "rowsum": _rowsum,
    "stencil": _stencil,
    "conv": _conv,
    "pool": _pool,
    "transpose": _transpose,
    "gemv": _gemv,
    "attention": _attention,
    "histogram": _histogram,
    "scan": _scan,
    "product": _product,
    "bytes": _bytes,
}


def _buffers(torch: Any, subject: Subject) -> list[Any]:
    """The arrays as the timed C program fills them."""
    import numpy

    found = []
    for type_, count in subject.buffers:
        hashed = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(2654435761)
        values = (
            hashed >> numpy.uint32(24)
            if type_ == "unsigned char"
            else (hashed >> numpy.uint32(16)).astype(numpy.int32) % 23 - 11
        )
        found.append(torch.from_numpy(values.astype(getattr(numpy, _TYPES[type_]))))
    return found


def _timed(torch: Any, subject: Subject, repetitions: int) -> tuple[float, float]:
    """(median milliseconds, weighted sum of the result)."""
    rival, buffers = RIVALS[subject.rival], _buffers(torch, subject)
    times = []
    result = buffers[-1]
    for _ in range(repetitions + 1):
        start = time.perf_counter()
        result = rival(torch, buffers, subject.sizes)
        times.append(time.perf_counter() - start)
    flat = result.reshape(-1).to(torch.float64)
    weights = torch.arange(flat.numel()) % 5 + 1
    return 1e3 * statistics.median(times[1:]), float((flat * weights).sum())


def main() -> None:
    """Prints a line a subject; one that this PyTorch lacks has the reason in place of the numbers."""
    torch = importlib.import_module("torch")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--only", nargs="*", default=[""], help="parts of subjects' names")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(f"version\t{torch.__version__}")
    with torch.inference_mode():
        for subject in SUBJECTS:
            if subject.rival and any(part in subject.name for part in arguments.only):
                try:
                    median, total = _timed(torch, subject, arguments.repetitions)
                except (RuntimeError, NotImplementedError, AttributeError) as error:
                    print(f"{subject.name}\t-\t{str(error).splitlines()[0]}", flush=True)
                else:
                    print(f"{subject.name}\t{median:.6f}\t{total:.17g}", flush=True)


if __name__ == "__main__":
    main()
