"""Houses: who issues a laid-out document, and the style that all its documents share.

A house is the `group` of its documents, so that no split separates them. Everything is made up; bank and
tax numbers have the right form and a wrong check digit.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from recto.datasets.synthesis.faces import LAW, OFFICE, TILL, Faces
from recto.datasets.synthesis.kinds import Kind
from recto.datasets.synthesis.languages import LANGUAGES, Language
from recto.datasets.synthesis.languages.language import Money

Rng = np.random.Generator

_HOUSE_STREAM = 11
_FIRST_DAY = date(2018, 1, 1).toordinal()
_DAYS = 8 * 365
_SHOUTING = 0.3
_COLOURS = ("#1f3a5f", "#7a1f2b", "#20603c", "#444444", "#8a5a00", "#4b2e83", "#006d77", "#000000")
_BANKS = ("Harbour Bank", "Volksbank Mühlfeld", "Caisse de l'Ouest", "Banco del Valle")
_FACES = {Kind.RECEIPT: TILL, Kind.INVOICE: OFFICE, Kind.CONTRACT: LAW, Kind.TAX_FORM: OFFICE}
_SIZES_PT = {
    Kind.RECEIPT: (7.5, 9.0),
    Kind.INVOICE: (8.5, 10.5),
    Kind.CONTRACT: (9.5, 11.5),
    Kind.TAX_FORM: (8.5, 10.0),
}


@dataclass(frozen=True, slots=True)
class Party:
    """A company or a person with an address on two lines."""

    name: str
    street: str
    town: str

    @property
    def address(self) -> str:
        """Street and town on one line."""
        return f"{self.street}, {self.town}"


@dataclass(frozen=True, slots=True)
class House:
    """An issuer: its language, its numbers, how its documents look; `variant` decides small things."""

    language: Language
    party: Party
    phone: str
    email: str
    tax_id: str
    bank: str
    iban: str
    money: Money
    vat_percent: int
    date_format: str
    faces: Faces
    size_pt: float
    colour: str
    variant: int
    upper: bool
    captions: Mapping[str, str]

    def caption(self, key: str) -> str:
        """This house's wording of a caption."""
        return self.captions[key]

    def style(self, text: str) -> str:
        """`text` in the letter case of this house: some tills have capitals only."""
        return text.upper() if self.upper else text

    def day(self, day: date) -> str:
        """A date as this house prints it."""
        return self.language.day(day, self.date_format)


def house(seed: int, number: int, kind: Kind, code: str) -> House:
    """House `number` of the world that `seed` describes; the same every time."""
    rng = np.random.default_rng([seed, _HOUSE_STREAM, number])
    language = LANGUAGES[code]
    party = shop(language, rng) if kind is Kind.RECEIPT else company(language, rng)
    smallest, largest = _SIZES_PT[kind]
    faces = _FACES[kind][int(rng.integers(len(_FACES[kind])))]
    return House(
        language=language,
        party=party,
        phone=digits(pick(rng, language.phones), rng),
        email=f"{pick(rng, ('info', 'office', 'post', 'hello'))}@{domain(party.name)}.example",
        tax_id=digits(pick(rng, language.tax_ids), rng),
        bank=pick(rng, _BANKS),
        iban=false_iban(language.iban, rng),
        money=language.moneys[int(rng.integers(len(language.moneys)))],
        vat_percent=int(rng.choice(language.vat_percents)),
        date_format=pick(rng, language.dates),
        faces=faces,
        size_pt=round(float(rng.uniform(smallest, largest)) * (1.06 - 0.06 * faces.breadth), 1),
        colour=pick(rng, _COLOURS),
        variant=int(rng.integers(1000)),
        upper=kind is Kind.RECEIPT and bool(rng.random() < _SHOUTING),
        captions={key: pick(rng, wordings) for key, wordings in language.captions.items()},
    )


def company(language: Language, rng: Rng) -> Party:
    """A made-up company."""
    return _party(language, pick(rng, language.companies), rng)


def shop(language: Language, rng: Rng) -> Party:
    """A made-up shop."""
    return _party(language, pick(rng, language.shops), rng)


def person(language: Language, rng: Rng) -> Party:
    """A made-up person, first name first."""
    return _party(language, f"{pick(rng, language.given)} {pick(rng, language.family)}", rng)


def some_day(rng: Rng) -> date:
    """A day between 2018 and 2025."""
    return date.fromordinal(_FIRST_DAY + int(rng.integers(_DAYS)))


def pick(rng: Rng, choices: tuple[str, ...]) -> str:
    """One of `choices`, evenly."""
    return choices[int(rng.integers(len(choices)))]


def digits(pattern: str, rng: Rng) -> str:
    """`pattern` with a digit for each # and a capital letter for each @."""
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    return "".join(
        str(rng.integers(10))
        if char == "#"
        else letters[int(rng.integers(len(letters)))]
        if char == "@"
        else char
        for char in pattern
    )


def false_iban(pattern: str, rng: Rng) -> str:
    """An IBAN of the country's form whose two check digits are wrong (ISO 13616: 98 − number mod 97)."""
    text = digits(pattern, rng)
    bare = re.sub(r"\s", "", text)
    number = "".join(str(int(char, 36)) for char in bare[4:] + bare[:2] + "00")
    right = 98 - int(number) % 97
    wrong = 2 + (right - 2 + int(rng.integers(1, 97))) % 97
    return f"{text[:2]}{wrong:02d}{text[4:]}"


def domain(name: str) -> str:
    """A name as it stands in an address of the web: small letters without accents."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss").replace("œ", "oe"))
    return "-".join(re.findall(r"[a-z]+", "".join(c for c in plain if not unicodedata.combining(c)))[:2])


def _party(language: Language, pattern: str, rng: Rng) -> Party:
    town = digits(pick(rng, language.towns), rng)
    return Party(
        name=pattern.format(
            family=pick(rng, language.family),
            family2=pick(rng, language.family),
            trade=pick(rng, language.trades),
            legal=pick(rng, language.legal_forms),
            shop=pick(rng, language.shop_words),
            town=re.sub(r"[\d#]+|\b[A-Z]+\d[\w]*( \d\w\w)?", "", town).split(",")[0].strip(),
        ),
        street=pick(rng, language.streets).format(n=int(rng.integers(1, 180))),
        town=town,
    )
