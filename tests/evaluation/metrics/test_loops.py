import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.evaluation.metrics.loops import find_loop

ROWS = "".join(f"ITEM {i} QTY {i % 3} PRICE {i}.50\n" for i in range(40))


@pytest.mark.parametrize(
    "text",
    ["", "a", ROWS, "-" * 200, "." * 500, "0.00 " * 7, "TOTAL 0.00\n" * 7, "ab " * 12],
    ids=["empty", "letter", "table", "ruler", "dots", "few times", "seven rows", "short"],
)
def test_ordinary_pages_have_no_loop(text):
    assert find_loop(text) is None


@pytest.mark.parametrize(
    ("text", "piece", "times"),
    [
        (ROWS + "thank you " * 30, "thank you ", 30),
        ("x" * 80, "x", 80),
        ("<td></td>" * 50 + "end", "<td></td>", 50),
        ("price: 12.00 for one long sentence that comes again. " * 9, None, 9),
    ],
)
def test_loops_are_found(text, piece, times):
    loop = find_loop(text)
    assert loop is not None
    assert loop.times >= times - 1
    if piece:
        assert sorted(loop.piece) == sorted(piece)


@given(st.text(max_size=60), st.text(st.characters(categories=["L"]), min_size=3, max_size=8))
def test_a_loop_is_found_behind_any_text(before, piece):
    loop = find_loop(before + piece * 30)
    assert loop is not None
    assert (before + piece * 30)[loop.start :].startswith(loop.piece * loop.times)
