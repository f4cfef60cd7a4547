"""Names that a macro pastes together: `cuda##name` becomes `hip##name`, unless a use of the macro says otherwise."""

from __future__ import annotations

from xpiler.backends.hip.names import find_name
from xpiler.backends.hip.view import View

__all__ = ["rewrite_pasted"]

# Longest first: `cublas` is no `cu`.
_PREFIXES = (
    ("cusparse", "hipsparse"),
    ("cusolver", "hipsolver"),
    ("CUSPARSE_", "HIPSPARSE_"),
    ("CUSOLVER_", "HIPSOLVER_"),
    ("cublasLt", "hipblasLt"),
    ("CUBLAS_", "HIPBLAS_"),
    ("CURAND_", "HIPRAND_"),
    ("cublas", "hipblas"),
    ("curand", "hiprand"),
    ("CUFFT_", "HIPFFT_"),
    ("nvrtc", "hiprtc"),
    ("cufft", "hipfft"),
    ("cuda", "hip"),
    ("cu", "hip"),
)


def rewrite_pasted(view: View) -> None:
    """Edits for the left sides of `##` that begin a name of CUDA's; each is reported (XP5108)."""
    for i, token in enumerate(view.items):
        if token.text != "##" or token.directive < 0 or i == 0:
            continue
        left = view.items[i - 1]
        if left.kind != "name" or left.text in view.own or find_name(left.text) is not None:
            continue
        new = _in_hip(left.text)
        if not new:
            continue
        text = f"{left.text} ##"
        wrong = _wrong_use(view, i, left.text, new)
        if wrong:
            view.findings.taken.add(i - 1)
            view.report("XP5108", i - 1, hint=f"{wrong} is not {new}...: write it out", text=text)
            continue
        view.replace(i - 1, new)
        view.findings.count(left.text)
        view.report("XP5108", i - 1, text=text)


def _in_hip(left: str) -> str:
    for prefix, hip in _PREFIXES:
        if left.startswith(prefix):
            rest = left[len(prefix) :]
            # `cu` and `cuda` begin many a word: what follows them in CUDA is a capital.
            fits = not rest or rest[0].isupper() or prefix.endswith("_")
            return hip + rest if fits else ""
    return ""


def _wrong_use(view: View, at: int, left: str, new: str) -> str:
    """A name that the file's own uses of the macro make and whose HIP form does not begin with `new`; else empty."""
    directive = view.items[at].directive
    first = at
    while first > 0 and view.items[first - 1].directive == directive:
        first -= 1
    call = view.call(first + 2) if view.text(first + 1) == "define" else None
    if call is None or view.text(at + 1) == "":
        return ""
    parameters = [view.source(argument) for argument in call.args]
    if view.text(at + 1) not in parameters:
        return ""
    position = parameters.index(view.text(at + 1))
    for use in view.positions(view.text(first + 2)):
        made = view.call(use) if view.items[use].directive != directive else None
        if made is None or len(made.args) <= position:
            continue
        rest = view.source(made.args[position])
        row = find_name(left + rest)
        if row is not None and row.hip not in (new + rest, new + rest + "_t"):
            return left + rest
    return ""
