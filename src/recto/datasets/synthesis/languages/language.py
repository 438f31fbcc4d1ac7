"""Language: what a made-up document in one language is filled with, and how it writes dates and amounts.

Only data and formats; who issues a document is `houses`, where things stand is `templates`. In patterns `#`
is a digit and `@` a capital letter; names, addresses and numbers are made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Money:
    """How amounts are printed: "1.234,50 €" is Money("EUR", "{} €", ".", ",")."""

    code: str
    pattern: str
    thousands: str
    decimal: str

    def amount(self, cents: int) -> str:
        """The bare amount with two decimals; a negative one with a minus in front."""
        whole = f"{abs(cents) // 100:,}".replace(",", self.thousands)
        return f"{'-' if cents < 0 else ''}{whole}{self.decimal}{abs(cents) % 100:02d}"

    def marked(self, cents: int) -> str:
        """The amount with its currency sign."""
        return self.pattern.format(self.amount(cents))


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a contract; {A} and {B} are the parties' roles at the start of a sentence."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Deal:
    """A kind of contract: its title, and the roles of the parties as (in a sentence, on its own)."""

    title: str
    first: tuple[str, str]
    second: tuple[str, str]
    subject: str


@dataclass(frozen=True, slots=True)
class ContractWords:
    """Everything that contracts are made of.

    `parties` and `dated` are opening sentences, `term` and `law` clauses that every contract has, `clauses`
    the others. {first}, {second}, {date}, {term}, {place}, {days}, {percent}, {amount} are filled in.
    """

    deals: tuple[Deal, ...]
    parties: str
    dated: tuple[str, ...]
    recital: str
    subject: Clause
    term: Clause
    law: Clause
    clauses: tuple[Clause, ...]
    terms: tuple[str, ...]
    places: tuple[str, ...]
    signed: str


@dataclass(frozen=True, slots=True)
class FormWords:
    """Everything that tax forms are made of: captions of boxes by what stands in them.

    `income` and `deductions` are lines with an amount; `results` the captions of income, deductions, taxable
    income, tax, tax paid, and what is due or returned.
    """

    authorities: tuple[str, ...]
    titles: tuple[tuple[str, str], ...]
    sections: tuple[str, str, str, str]
    income: tuple[str, ...]
    deductions: tuple[str, ...]
    results: tuple[str, str, str, str, str, str, str]
    occupations: tuple[str, ...]
    notes: tuple[str, ...]
    declaration: str
    notice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the synthetic documents; `captions` has several wordings for each key.

    `companies` and `shops` take {family}, {family2}, {trade}, {legal}, {shop}, {town}, `streets` take {n};
    `towns` are patterns with postcode; `dates` are strftime formats, %B the month's name.
    """

    code: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    companies: tuple[str, ...]
    shops: tuple[str, ...]
    shop_words: tuple[str, ...]
    trades: tuple[str, ...]
    legal_forms: tuple[str, ...]
    streets: tuple[str, ...]
    towns: tuple[str, ...]
    phones: tuple[str, ...]
    iban: str
    tax_ids: tuple[str, ...]
    person_ids: tuple[str, ...]
    months: tuple[str, ...]
    dates: tuple[str, ...]
    long_date: str
    moneys: tuple[Money, ...]
    vat_percents: tuple[int, ...]
    goods: tuple[str, ...]
    dishes: tuple[str, ...]
    services: tuple[str, ...]
    units: tuple[str, ...]
    closings: tuple[str, ...]
    captions: Mapping[str, tuple[str, ...]]
    contract: ContractWords
    form: FormWords

    def day(self, day: date, pattern: str) -> str:
        """A date by one of `dates`; %B is written here, since the system's locale knows nothing of it."""
        named = pattern.replace("%B", self.months[day.month - 1]).replace("%-d", str(day.day))
        return day.strftime(named)
