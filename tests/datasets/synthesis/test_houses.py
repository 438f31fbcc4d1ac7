"""Houses are the same for a seed; their numbers have the right form and a wrong check digit."""

import re
from datetime import date

import numpy as np
import pytest

from recto.datasets.synthesis.houses import domain, false_iban, house
from recto.datasets.synthesis.kinds import Kind
from recto.datasets.synthesis.languages import LANGUAGES


def remainder(iban: str) -> int:
    """1 for a valid IBAN (ISO 13616)."""
    bare = re.sub(r"\s", "", iban)
    return int("".join(str(int(char, 36)) for char in bare[4:] + bare[:4])) % 97


@pytest.mark.parametrize("code", LANGUAGES)
def test_ibans_are_well_formed_and_invalid(code: str) -> None:
    pattern = LANGUAGES[code].iban
    for seed in range(200):
        iban = false_iban(pattern, np.random.default_rng(seed))
        assert len(iban) == len(pattern) and iban[:2] == pattern[:2]
        assert "02" <= iban[2:4] <= "98"
        assert remainder(iban) != 1


def test_the_check_of_the_test_knows_a_valid_iban() -> None:
    assert remainder("DE89 3704 0044 0532 0130 00") == 1


def test_a_house_is_the_same_every_time() -> None:
    assert house(4, 7, Kind.INVOICE, "de") == house(4, 7, Kind.INVOICE, "de")
    assert house(4, 7, Kind.INVOICE, "de") != house(4, 8, Kind.INVOICE, "de")


@pytest.mark.parametrize(
    ("code", "cents", "written"),
    [("en", 123456, "£1,234.56"), ("de", 123456, "1.234,56 €"), ("fr", -5, "-0,05 €"), ("es", 100, "1,00 €")],
)
def test_money_is_written_as_the_language_does(code: str, cents: int, written: str) -> None:
    assert LANGUAGES[code].moneys[0].marked(cents) == written


@pytest.mark.parametrize(
    ("code", "written"),
    [("en", "5 March 2024"), ("de", "5. März 2024"), ("fr", "5 mars 2024"), ("es", "5 de marzo de 2024")],
)
def test_days_are_written_as_the_language_does(code: str, written: str) -> None:
    language = LANGUAGES[code]
    assert language.day(date(2024, 3, 5), language.long_date) == written


def test_addresses_of_the_web_have_no_accents() -> None:
    assert domain("Bœuf-Rousset & Großkühl GmbH") == "boeuf-rousset"
