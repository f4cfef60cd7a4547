import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xpiler.frontends.edits import Edit, Overlap, apply, find_overlap, insert, shift


def test_replaces_inserts_and_deletes():
    assert apply("abcdef", [Edit(1, 3, "X"), insert(4, "--"), Edit(5, 6, "")]) == "aXd--e"


def test_offsets_are_bytes_of_utf8():
    source = "é = x;"
    assert apply(source, [Edit(5, 6, "y")]) == "é = y;"


def test_bytes_that_are_no_utf8_survive():
    assert apply(b"\xff a \xfe", [Edit(2, 3, "b")]) == b"\xff b \xfe"


def test_insertions_at_one_place_keep_their_order():
    assert apply("ab", [insert(1, "1"), insert(1, "2")]) == "a12b"


def test_overlap_is_refused_and_touching_is_not():
    a, b = Edit(0, 3, ""), Edit(2, 4, "")
    assert find_overlap([a, b]) == Overlap(a, b)
    assert find_overlap([Edit(0, 2, ""), Edit(2, 4, "")]) is None
    with pytest.raises(ValueError, match="overlap"):
        apply("abcdef", [a, b])


def test_a_place_outside_the_text_is_refused():
    with pytest.raises(ValueError, match="past the end"):
        apply("abc", [Edit(2, 9, "")])
    with pytest.raises(ValueError, match="byte range"):
        Edit(3, 1, "")


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.text(max_size=4)), max_size=5)
)
def test_undoing_an_insertion_gives_the_source(text, inserts):
    data = text.encode("utf-8", "surrogatepass")
    edits = [insert(min(at, len(data)), new) for at, new in inserts]
    once = apply(data, edits)
    undo = []
    for i, edit in enumerate(sorted(edits)):
        start = edit.start_byte + sum(len(e.text.encode()) for e in sorted(edits)[:i])
        undo.append(Edit(start, start + len(edit.text.encode()), ""))
    assert apply(once, undo) == data


def test_shift_tells_where_a_byte_went():
    edits = [Edit(0, 1, "xyz"), Edit(4, 6, "")]
    assert [shift(edits, i) for i in (0, 1, 4, 6)] == [0, 3, 6, 6]
