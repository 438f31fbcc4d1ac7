import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.extraction.values.vat import find_vat_numbers, parse_vat_number, valid_vat

# Published numbers of companies, and examples of the tax offices.
RIGHT = [
    "DE136695976",
    "DE129273398",
    "FR40303265045",
    "FR83404833048",
    "ESB58378431",
    "ES54362315K",
    "ESX2482300W",
    "ESA08663619",
    "GB980780684",
    "GB434031494",
    "IT00743110157",
    "NL004495445B01",
    "NL000099998B57",
    "ATU13585627",
    "BE0428759497",
    "BE0202239951",
]


@pytest.mark.parametrize("number", RIGHT)
def test_right_numbers(number: str) -> None:
    assert valid_vat(number) is True
    assert [one.value for one in find_vat_numbers(f"VAT Reg No: {number} Tel 030")] == [number]


@given(st.sampled_from(RIGHT), st.data())
def test_one_wrong_figure_is_noticed(number: str, data: st.DataObject) -> None:
    last = len(number) - (3 if number.startswith("NL") else 0)
    places = [at for at, c in enumerate(number[:last]) if c.isdigit()]
    place = data.draw(st.sampled_from(places))
    wrong = data.draw(st.sampled_from([c for c in "0123456789" if c != number[place]]))
    changed = number[:place] + wrong + number[place + 1 :]
    # GB has two right remainders, NL two rules: a changed figure can meet the other one.
    assert valid_vat(changed) is False or number[:2] in ("GB", "NL")


@pytest.mark.parametrize(
    "number", ["DE12345678", "DE036695976", "FRII303265045", "ATX13585627", "BE2428759497", "GB9807806"]
)
def test_wrong_forms(number: str) -> None:
    assert valid_vat(number) is False


def test_countries_without_a_rule() -> None:
    assert valid_vat("PL1234567890") is None
    assert valid_vat("06AABCO6063D1ZQ") is None
    assert valid_vat("") is None


def test_numbers_as_they_are_printed() -> None:
    assert [one.value for one in find_vat_numbers("USt-IdNr.: DE 136 695 976 Steuernummer")] == [
        "DE136695976"
    ]
    assert parse_vat_number("DE 136.695.976") == "DE136695976"
    assert parse_vat_number("none") is None
