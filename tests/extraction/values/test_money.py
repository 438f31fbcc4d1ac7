from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.extraction.values.money import MONEY, find_amounts, parse_amount, parse_currency

WRITTEN = [
    ("RM 31.00", "31.00", "MYR"),
    ("RM31.00", "31.00", "MYR"),
    ("1.234,56 €", "1234.56", "EUR"),
    ("€ 1,234.56", "1234.56", "EUR"),
    ("1 234,56 EUR", "1234.56", "EUR"),
    ("1\u202f234,56\u00a0€", "1234.56", "EUR"),
    ("CHF 1'234.50", "1234.50", "CHF"),
    ("1,23,456.00", "123456.00", ""),
    ("Rs. 500/-", "500", "INR"),
    ("12,-", "12", ""),
    ("31. 00", "31.00", ""),
    ("1 .70", "1.70", ""),
    ("1.234", "1234", ""),
    ("$ 1.800", "1800", "USD"),
    ("0.125", "0.125", ""),
    ("$ 390,50", "390.50", "USD"),
    ("US$5", "5", "USD"),
    ("-5.00", "-5.00", ""),
    ("(5.00)", "-5.00", ""),
    ("5.00-", "-5.00", ""),
    ("RM-5.00", "-5.00", "MYR"),
    ("-RM5.00", "-5.00", "MYR"),
    ("-0.00", "0.00", ""),
    ("007.50", "7.50", ""),
]


@pytest.mark.parametrize(("written", "value", "currency"), WRITTEN)
def test_amounts_however_they_are_written(written: str, value: str, currency: str) -> None:
    assert (parse_amount(written), parse_currency(written)) == (value, currency)
    found = find_amounts(f"TOTAL {written}")
    assert [(one.value, one.currency) for one in found] == [(value, currency)]


@pytest.mark.parametrize(
    "text",
    ["", "6%", "6 %", "A4", "25.03.2018", "2018-1", "9555192501", "INV123", "01-143008", "12:30", "free"],
)
def test_what_is_no_amount(text: str) -> None:
    assert find_amounts(text) == []


def test_the_place_is_that_of_the_figures_and_their_minus() -> None:
    text = "Total RM 31.00 less (5.00) and -2.00"
    assert [text[one.start : one.end] for one in find_amounts(text)] == ["31.00", "(5.00)", "-2.00"]


def test_a_mark_belongs_to_the_amount_behind_it() -> None:
    found = find_amounts("5.00 RM 6.00")
    assert [(one.value, one.currency) for one in found] == [("5.00", ""), ("6.00", "MYR")]


@pytest.mark.parametrize("word", ["CUP", "ALL", "TOP", "TRY", "kr"])
def test_words_of_receipts_are_no_currencies(word: str) -> None:
    assert [one.currency for one in find_amounts(f"{word} 5.00")] == [""]


@pytest.mark.parametrize("text", ["31.00 36.00", "abc", "RM", "TOTAL 31.00", "31.00 each"])
def test_a_text_that_is_no_one_amount(text: str) -> None:
    assert parse_amount(text) is None


def test_amounts_are_equal_by_value() -> None:
    assert MONEY.same("31", "31.00")
    assert MONEY.same("-0.00", "0")
    assert not MONEY.same("31.00", "-31.00")
    assert not MONEY.same("1234", "1.234")


@given(st.decimals(0, 999_999_999, places=2, allow_nan=False), st.sampled_from([",.", ".,", "'.", "\u202f,"]))
def test_every_amount_is_read_back(amount: Decimal, marks: str) -> None:
    group, point = marks
    written = f"{amount:,.2f}".replace(",", "\0").replace(".", point).replace("\0", group)
    assert parse_amount(written) == f"{amount:.2f}"
