import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.extraction.values import kind_of
from recto.extraction.values.identifiers import (
    IBAN_LENGTHS,
    find_bics,
    find_ibans,
    find_ids,
    find_tins,
    find_years,
    valid_iban,
)

# The examples of the registry of SWIFT.
IBANS = ["DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "NO9386011117947"]


def test_ids_of_a_line() -> None:
    text = "Cash Bill : 01-143008, Nr. 9314110911/00/M/00/N (471113) TOTAL"
    assert [one.value for one in find_ids(text)] == ["01-143008", "9314110911/00/M/00/N", "471113"]
    assert [text[one.start : one.end] for one in find_ids(text)] == [one.value for one in find_ids(text)]


def test_ids_are_compared_without_hyphens_and_case() -> None:
    same = kind_of("id").same
    assert same("01-143008", "01143008")
    assert not same("01-143008", "01-143009")
    assert kind_of("id").parse(" de 145 6790 ") == "DE1456790"
    assert kind_of("id").parse("--") is None
    assert kind_of("id").parse("1" * 65) is None


@pytest.mark.parametrize("iban", IBANS)
def test_ibans(iban: str) -> None:
    assert valid_iban(iban)
    grouped = " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
    assert [one.value for one in find_ibans(f"IBAN {grouped} BIC COBADEFFXXX")] == [iban]
    assert kind_of("id", role="iban").parse(grouped) == iban


@given(st.sampled_from(IBANS), st.data())
def test_one_wrong_figure_breaks_an_iban(iban: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([at for at, c in enumerate(iban) if c.isdigit()]))
    wrong = data.draw(st.sampled_from([c for c in "0123456789" if c != iban[place]]))
    assert not valid_iban(iban[:place] + wrong + iban[place + 1 :])


@pytest.mark.parametrize(
    "value", ["", "DE", "DE8937040044053201300", "XX89370400440532013000", "de89370400440532013000"]
)
def test_what_is_no_valid_iban(value: str) -> None:
    assert not valid_iban(value)


def test_lengths_of_ibans() -> None:
    assert len(IBAN_LENGTHS) == 89
    assert IBAN_LENGTHS["DE"] == 22
    assert all(15 <= length <= 34 for length in IBAN_LENGTHS.values())


def test_bics() -> None:
    assert [one.value for one in find_bics("BIC: COBADEFFXXX or DEUTDEFF and GEN ODE F1 M04")][:2] == [
        "COBADEFFXXX",
        "DEUTDEFF",
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("123-45-6789", "123456789"),
        ("1 2 3 4 5 6 7 8 9", "123456789"),
        ("12- 345- 6789", "123456789"),
        ("12-282-2283", "122822283"),
    ],
)
def test_taxpayer_numbers(text: str, value: str) -> None:
    assert [one.value for one in find_tins(f"SSN {text}")] == [value]


def test_years() -> None:
    assert [one.value for one in find_years("Form 1040 (2020) of 12/31/2019, 2.020,00 and 2021")] == [
        "2020",
        "2021",
    ]
    assert kind_of("id", role="tax_year").parse("2020") == "2020"
    assert kind_of("id", role="tax_year").parse("1040") is None
