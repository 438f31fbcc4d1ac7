import pytest

from recto.extraction.values.currencies import CODES, CURRENCY, currency_of, find_currencies


@pytest.mark.parametrize(
    ("mark", "code"),
    [("€", "EUR"), ("RM", "MYR"), ("rm", "MYR"), ("S$", "SGD"), ("Euro", "EUR"), ("chf", "CHF"),
     ("Fr.", "CHF"), ("ALL", "ALL"), ("XYZ", ""), ("", ""), ("total", "")],
)  # fmt: skip
def test_signs_names_and_codes(mark: str, code: str) -> None:
    assert currency_of(mark) == code
    assert CURRENCY.parse(mark) == (code or None)


def test_currencies_of_a_line_with_their_places() -> None:
    text = "ALL amounts in Euro (EUR), TOTAL$ or US$"
    found = [(text[one.start : one.end], one.value) for one in find_currencies(text)]
    assert found == [("Euro", "EUR"), ("EUR", "EUR"), ("$", "USD"), ("US$", "USD")]


def test_codes_are_codes() -> None:
    assert len(CODES) > 150
    assert all(len(code) == 3 and code.isupper() for code in CODES)
