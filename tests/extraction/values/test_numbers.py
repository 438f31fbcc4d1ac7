import pytest

from recto.extraction.values.numbers import NUMBER, find_numbers, parse_number


@pytest.mark.parametrize(
    ("written", "value"),
    [("2 Stk", "2"), ("19 %", "19"), ("1.234", "1.234"), ("1,234", "1234"), ("0,125", "0.125"), ("2x", "2"),
     ("-3", "-3"), ("1.234,5", "1234.5"), ("1,000,000", "1000000"), ("12,5", "12.5"), ("007", "7")],
)  # fmt: skip
def test_numbers_however_they_are_written(written: str, value: str) -> None:
    assert parse_number(written) == value


@pytest.mark.parametrize("text", ["", "A4", "two", "1 2", "no. 5"])
def test_what_is_no_one_number(text: str) -> None:
    assert parse_number(text) is None


def test_all_numbers_of_a_line() -> None:
    text = "PLASTIC A4 2 15.50 31.00"
    assert [text[one.start : one.end] for one in find_numbers(text)] == ["2", "15.50", "31.00"]


def test_numbers_are_equal_by_value() -> None:
    assert NUMBER.same("2", "2.000")
    assert not NUMBER.same("2", "20")
