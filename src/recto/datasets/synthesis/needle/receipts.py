"""Receipts: what was bought, and how the vendor's till prints it. Sums are right to the cent."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from recto.datasets.synthesis.needle import words
from recto.datasets.synthesis.needle.sheet import Cell, Sheet
from recto.datasets.synthesis.needle.typefaces import Rng
from recto.datasets.synthesis.needle.vendors import Vendor, pick

FIRST_DAY = date(2019, 1, 1).toordinal()
DAYS = 7 * 365


@dataclass(frozen=True, slots=True)
class Item:
    """Goods at `price_cents` each."""

    name: str
    quantity: int
    price_cents: int

    @property
    def amount_cents(self) -> int:
        """Quantity times price."""
        return self.quantity * self.price_cents


def print_receipt(vendor: Vendor, rng: Rng) -> tuple[Sheet, dict[str, str]]:
    """A receipt of `vendor`, and its fields as printed: company, date, address, total."""
    face = vendor.face
    sheet = Sheet(_strip_px(vendor), margin_px=int(rng.integers(14, 36)), rng=rng)
    day = vendor.day(date.fromordinal(FIRST_DAY + int(rng.integers(DAYS))))
    items = buy(rng, words.GOODS, most=7)
    _head(sheet, vendor, rng, day)
    for item in items:
        _ITEM_LAYOUTS[vendor.layout](sheet, vendor, item)
    sheet.rule(face, dash_px=7 if vendor.layout else 0)
    total = _sums(sheet, vendor, rng, sum(item.amount_cents for item in items))
    sheet.space(face, 0.5)
    for closing in dict.fromkeys(pick(rng, words.CLOSINGS) for _ in range(int(rng.integers(0, 3)))):
        _centred(sheet, vendor, closing)
    return sheet, {
        "company": vendor.style(vendor.name),
        "date": day,
        "address": vendor.address,
        "total": total,
    }


def buy(rng: Rng, goods: tuple[str, ...], most: int, typical_cents: int = 700) -> list[Item]:
    """One to `most` different goods; half of the prices are below `typical_cents`."""
    names = rng.permutation(len(goods))[: int(rng.integers(1, most + 1))]
    return [
        Item(
            goods[int(i)],
            int(rng.choice([1, 1, 1, 2, 3, 6, 12])),
            int(rng.lognormal(np.log(typical_cents), 0.9)) + 15,
        )
        for i in names
    ]


def _strip_px(vendor: Vendor) -> int:
    """Till rolls are 32 to 42 characters wide."""
    sample = "Chicken Wrap 2 x 10.50 GST 6% 123"  # 33 characters
    columns = (33, 36, 41)[vendor.layout]
    width_px = int(vendor.face.ink(sample, np.random.default_rng(0)).shape[1])
    return round(width_px * columns / len(sample)) + 60


def _centred(sheet: Sheet, vendor: Vendor, text: str) -> None:
    """In the middle; too long a text is broken at the last blank that fits."""
    text, face = vendor.style(text), vendor.face
    pieces = text.split(" ")
    while pieces:
        count = len(pieces)
        while count > 1 and not sheet.fits(" ".join(pieces[:count]), face):
            count -= 1
        sheet.centred(" ".join(pieces[:count]), face)
        pieces = pieces[count:]


def _head(sheet: Sheet, vendor: Vendor, rng: Rng, day: str) -> None:
    face = vendor.face
    name = vendor.style(vendor.name)
    large = face.larger(1.35)
    if sheet.fits(name, large):
        sheet.centred(name, large)
    else:
        _centred(sheet, vendor, vendor.name)
    if sheet.fits(vendor.address, face):
        sheet.centred(vendor.address, face)
    else:
        _centred(sheet, vendor, f"{vendor.street},")
        _centred(sheet, vendor, vendor.town)
    _centred(sheet, vendor, f"Tel: {vendor.phone}")
    _centred(sheet, vendor, vendor.tax_number)
    sheet.rule(face, dash_px=9)
    time = f"{rng.integers(8, 22):02d}:{rng.integers(60):02d}"
    receipt_number = f"{rng.integers(1, 9)}{rng.integers(10000, 99999)}"
    sheet.row(face, Cell(vendor.style(f"Receipt #{receipt_number}")), Cell(day, 1.0, end=True))
    sheet.row(face, Cell(vendor.style(f"Cashier: {pick(rng, words.CASHIERS)}")), Cell(time, 1.0, end=True))
    sheet.rule(face, dash_px=9)


def _name_above(sheet: Sheet, vendor: Vendor, item: Item) -> None:
    sheet.row(vendor.face, Cell(vendor.style(item.name)))
    sheet.row(
        vendor.face,
        Cell(f"{item.quantity} x {vendor.money(item.price_cents)}", 0.08),
        Cell(vendor.money(item.amount_cents), 1.0, end=True),
    )


def _in_columns(sheet: Sheet, vendor: Vendor, item: Item) -> None:
    sheet.row(
        vendor.face,
        Cell(_cut(sheet, vendor, item.name, 0.6)),
        Cell(str(item.quantity), 0.72, end=True),
        Cell(vendor.money(item.amount_cents), 1.0, end=True),
    )


def _quantity_first(sheet: Sheet, vendor: Vendor, item: Item) -> None:
    sheet.row(
        vendor.face,
        Cell(_cut(sheet, vendor, f"{item.quantity} {item.name}", 0.68)),
        Cell(vendor.money(item.amount_cents, marked=True), 1.0, end=True),
    )


_ITEM_LAYOUTS = (_name_above, _in_columns, _quantity_first)


def _cut(sheet: Sheet, vendor: Vendor, text: str, share: float) -> str:
    """`text` cut short where the column ends, as tills do."""
    text = vendor.style(text)
    while len(text) > 4 and not sheet.fits(text, vendor.face, share):
        text = text[:-1].rstrip()
    return text


def _sums(sheet: Sheet, vendor: Vendor, rng: Rng, net_cents: int) -> str:
    """Subtotal, tax, total and payment; the total as printed."""
    face = vendor.face
    tax_cents = round(net_cents * vendor.tax_percent / 100)
    total_cents = net_cents + tax_cents
    total = vendor.money(total_cents, marked=True)
    _sum(sheet, vendor, "Subtotal", vendor.money(net_cents))
    _sum(sheet, vendor, f"Tax {vendor.tax_percent}%", vendor.money(tax_cents))
    sheet.row(face, Cell(vendor.style(vendor.total_caption)), Cell(total, 1.0, end=True))
    if rng.random() < 0.5:
        given_cents = -(-total_cents // 1000) * 1000
        _sum(sheet, vendor, "Cash", vendor.money(given_cents))
        _sum(sheet, vendor, "Change", vendor.money(given_cents - total_cents))
    else:
        _sum(sheet, vendor, "Card", f"**** {rng.integers(1000, 9999)}")
    return total


def _sum(sheet: Sheet, vendor: Vendor, caption: str, amount: str) -> None:
    sheet.row(vendor.face, Cell(vendor.style(caption)), Cell(amount, 1.0, end=True))
