"""Launches as formatters without CUDA leave them."""

from __future__ import annotations

import pytest

from xpiler.backends.hip.options import HipOptions
from xpiler.backends.hip.rewrite import rewrite
from xpiler.frontends.launch_brackets import closed_up
from xpiler.frontends.place import find
from xpiler.frontends.prepare import prepare


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("k << <g, b >> > (x);", "k <<< g, b >>>  (x);"),
        ("k<<<g, b>> >(x);", "k<<<g, b>>> (x);"),
        ("k< <<g, b>>>(x);", "k<<< g, b>>>(x);"),
        ("t<float> << <f(1), dim3(2, 3), 0, s >> >(x, y);", None),
        ("k << <\n  g, b\n>> >(x);", None),
        ("m->k[i] << <(a > b), v<int>::value> > >();", None),
    ],
)
def test_brackets_close_up_in_place(written: str, meant: str | None) -> None:
    text = f"void f() {{ {written} }}\n"
    closed = closed_up(text)
    assert len(closed) == len(text)
    assert [i for i, c in enumerate(closed) if c == "\n"] == [
        i for i, c in enumerate(text) if c == "\n"
    ]
    if meant is not None:
        assert closed.split() == f"void f() {{ {meant} }}\n".split()
    (launch,) = find(closed).launches
    assert len(launch.configs) >= 2
    assert closed_up(closed) == closed


@pytest.mark.parametrize(
    "text",
    [
        "std::vector<std::pair<A<int>, B<int> > > v(3);",
        "operator<< <char>(out, x);",
        "out << a < b;",
        "f<g<h<int> > >(x);",
        "// k << <1, 2>> >(3)\n",
        "int y = a << b; bool z = c >> d > (e);",
    ],
)
def test_what_is_no_launch_stays(text: str) -> None:
    assert closed_up(text) == text


def test_everyone_sees_the_launch() -> None:
    text = "#include <cuda_runtime.h>\nvoid f(float *x) { k << <1, 32 >> > (x); }\n"
    assert "::xpiler::launch(" in prepare(text)
    rewritten = rewrite(text.encode(), "a.cu", HipOptions())
    assert b"k <<<" in rewritten.text
    assert b"<< <" not in rewritten.text
