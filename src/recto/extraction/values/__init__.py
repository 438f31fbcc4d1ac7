"""Values: the kinds of values, one file each, and the table of them.

A value is a normalised text everywhere in here; `assembly` makes JSON of it.
"""

from functools import lru_cache
from typing import Literal

from recto.extraction.values.choices import FLAG, choice_kind
from recto.extraction.values.currencies import CURRENCY
from recto.extraction.values.dates import Order, date_kind
from recto.extraction.values.identifiers import BIC, IBAN, ID, TIN, YEAR
from recto.extraction.values.kind import Kind
from recto.extraction.values.money import MONEY
from recto.extraction.values.numbers import NUMBER
from recto.extraction.values.text import TEXT
from recto.extraction.values.vat import VAT

KindName = Literal["text", "date", "money", "number", "id", "enum", "flag", "items"]

KINDS: dict[KindName, Kind] = {
    "text": TEXT,
    "date": date_kind("dmy"),
    "money": MONEY,
    "number": NUMBER,
    "id": ID,
    "flag": FLAG,
}
"""The kinds that need nothing else; an enum needs its choices, and items are made of other kinds."""

ROLES: dict[str, Kind] = {
    "iban": IBAN,
    "bic": BIC,
    "vat_number": VAT,
    "ssn": TIN,
    "ein": TIN,
    "tin": TIN,
    "tax_year": YEAR,
    "currency": CURRENCY,
}
"""Roles whose values have a form of their own."""


@lru_cache(maxsize=256)
def kind_of(kind: KindName, *, role: str = "", choices: tuple[str, ...] = (), order: Order = "dmy") -> Kind:
    """The functions of a kind of value; `order` of day and month is for dates. Raises KeyError for items."""
    if kind == "date":
        return date_kind(order)
    if kind == "enum" and choices:
        return choice_kind(choices)
    return ROLES[role] if role in ROLES else KINDS[kind]
