"""Vendors: who issues a synthetic document, and the house style that all its documents share.

A vendor is the `group` of its documents: a split never separates them, so that a model is measured on
styles that it hasn't seen. Nothing here prints.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from recto.datasets.synthesis.needle import words
from recto.datasets.synthesis.needle.typefaces import Typeface, typeface

Rng = np.random.Generator
_VENDOR_STREAM = 1
_TAXES = ("VAT", "GST", "Tax")


@dataclass(frozen=True, slots=True)
class Vendor:
    """A made-up shop or company: name, address, and how it writes dates, money and captions."""

    name: str
    street: str
    town: str
    phone: str
    tax_number: str
    currency: str
    tax_percent: int
    date_format: str
    upper: bool
    face: Typeface
    total_caption: str
    layout: int

    @property
    def address(self) -> str:
        """Street and town on one line, as the field says it."""
        return self.style(f"{self.street}, {self.town}")

    def style(self, text: str) -> str:
        """`text` in the vendor's letter case."""
        return text.upper() if self.upper else text

    def day(self, day: date) -> str:
        """A date as this vendor prints it."""
        return self.style(day.strftime(self.date_format))

    def money(self, cents: int, *, marked: bool = False) -> str:
        """An amount with two decimals; with the currency sign in front if `marked`."""
        amount = f"{cents // 100:,}.{cents % 100:02d}"
        return f"{self.currency}{amount}" if marked else amount


def vendor(seed: int, number: int) -> Vendor:
    """Vendor `number` of the world that `seed` describes; the same every time."""
    rng = np.random.default_rng([seed, _VENDOR_STREAM, number])
    legal = pick(rng, words.LEGAL_FORMS)
    name = f"{pick(rng, words.FAMILY_NAMES)} {pick(rng, words.TRADES)} {legal}".strip()
    return Vendor(
        name=name,
        street=f"{rng.integers(1, 240)} {pick(rng, words.STREETS)}",
        town=f"{pick(rng, words.TOWNS)} {rng.integers(10000, 99999)}",
        phone=f"0{rng.integers(10, 99)}-{rng.integers(200, 999)} {rng.integers(1000, 9999)}",
        tax_number=f"{pick(rng, _TAXES)} No. {rng.integers(100, 999)}-{rng.integers(100000, 999999)}",
        currency=pick(rng, ("$", "$", "£", "€", "RM")),
        tax_percent=int(rng.choice([5, 6, 8, 10, 20])),
        date_format=pick(rng, ("%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d %b %Y", "%d.%m.%Y", "%d-%m-%y")),
        upper=bool(rng.random() < 0.35),
        face=typeface(rng),
        total_caption=pick(rng, ("Total", "TOTAL", "Total Due", "Amount Due", "Balance", "Grand Total")),
        layout=int(rng.integers(3)),
    )


def pick(rng: Rng, choices: tuple[str, ...]) -> str:
    """One of `choices`, evenly."""
    return choices[int(rng.integers(len(choices)))]
