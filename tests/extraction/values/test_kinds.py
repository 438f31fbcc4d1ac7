"""What holds of every kind: places are places, values are read back, and no line is too much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.extraction.values import KINDS, ROLES, kind_of
from recto.extraction.values.kind import Kind, Occurrence, apart

ALL: dict[str, Kind] = {**KINDS, **ROLES, "enum": kind_of("enum", choices=("open", "paid", "A1"))}

PIECES = st.sampled_from(
    ["RM", "€", "$", "EUR", " ", "-", ".", ",", "/", ":", "(", ")", "12", "2018", "03", "31.00",
     "1.234,56", "März",
     "March",      "DE", "89", "A1", "x", "%", "'", "\u00a0", "年", "☒", "open", "\n", "٣", "０"]
)  # fmt: skip
LINES = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=20).map("".join))


@pytest.mark.parametrize("name", ALL)
@given(line=LINES)
def test_occurrences_lie_in_the_line_one_after_another(name: str, line: str) -> None:
    end = 0
    for one in ALL[name].find(line):
        assert end <= one.start < one.end <= len(line)
        assert one.value
        end = one.end


@pytest.mark.parametrize("name", ALL)
@given(line=LINES)
def test_a_value_is_the_same_as_itself_and_stays_when_it_is_parsed(name: str, line: str) -> None:
    for one in ALL[name].find(line):
        assert ALL[name].same(one.value, one.value)
        again = ALL[name].parse(one.value)
        assert again is not None
        assert ALL[name].same(again, one.value)


@pytest.mark.parametrize("name", ALL)
@given(text=st.text(max_size=60))
def test_any_text_can_be_parsed(name: str, text: str) -> None:
    assert ALL[name].parse(text) != ""


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1.",
        "1 ",
        "1,",
        "123,",
        "-",
        " ",
        "(",
        "A1-",
        "DE1 ",
        "RM",
        "a",
        "1/1/",
        "12.12.2012",
        "[ ",
        "\u0301",
    ],
)
def test_a_long_line_is_only_long(name: str, piece: str) -> None:
    """With a quadratic pattern this would not end."""
    line = piece * (60_000 // len(piece))
    assert all(one.end <= len(line) for one in ALL[name].find(line))


def test_the_first_of_overlapping_occurrences_stays() -> None:
    found = [Occurrence(4, 8, "b"), Occurrence(0, 5, "a"), Occurrence(8, 9, "c"), Occurrence(0, 2, "d")]
    assert [one.value for one in apart(found)] == ["d", "b", "c"]
