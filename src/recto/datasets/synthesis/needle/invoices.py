"""Simple invoices on A4: letter head, addresses, a table of services, sums. Sums are right to the cent."""

from dataclasses import replace
from datetime import date, timedelta

from recto.datasets.synthesis.needle import words
from recto.datasets.synthesis.needle.receipts import DAYS, FIRST_DAY, Item, buy
from recto.datasets.synthesis.needle.sheet import Cell, Sheet
from recto.datasets.synthesis.needle.typefaces import Rng, Typeface
from recto.datasets.synthesis.needle.vendors import Vendor, pick

_NUMBER_PREFIXES = ("INV-", "R", "")

A4_PX = (1000, 1414)
"""Width and height at about 121 dpi."""


def print_invoice(vendor: Vendor, rng: Rng) -> tuple[Sheet, dict[str, str]]:
    """An invoice of `vendor`; fields as printed: seller, buyer, invoice_number, dates and totals."""
    width_px, height_px = A4_PX
    sheet = Sheet(width_px, margin_px=int(rng.integers(60, 100)), rng=rng, height_px=height_px)
    day = date.fromordinal(FIRST_DAY + int(rng.integers(DAYS)))
    fields = {
        "seller": vendor.style(vendor.name),
        "buyer": vendor.style(f"{pick(rng, words.FAMILY_NAMES)} {pick(rng, words.TRADES)}"),
        "invoice_number": f"{pick(rng, _NUMBER_PREFIXES)}{day.year}{rng.integers(100, 9999):05d}",
        "invoice_date": vendor.day(day),
        "due_date": vendor.day(day + timedelta(days=int(rng.choice([14, 30, 45])))),
        "currency": vendor.currency,
    }
    face = _office_face(vendor.face)
    _head(sheet, vendor, rng, face, fields)
    items = buy(rng, words.SERVICES, most=9, typical_cents=18_000)
    _table(sheet, vendor, face, items)
    fields |= _sums(sheet, vendor, face, sum(item.amount_cents for item in items))
    sheet.space(face, 1.5)
    sheet.row(face, Cell(vendor.style(f"Payable by {fields['due_date']} to {vendor.name}")))
    return sheet, fields


def _office_face(face: Typeface) -> Typeface:
    """The vendor's face at a size that a full table fits on A4 with."""
    if face.pitch_px is not None:
        return replace(
            face, size_px=10, width=min(face.width, 0.9), spacing_px=0, pitch_px=min(face.pitch_px, 2.5)
        )
    return Typeface(face.font, min(face.size_px, 20), min(face.width, 0.9), 0)


def _head(sheet: Sheet, vendor: Vendor, rng: Rng, face: Typeface, fields: dict[str, str]) -> None:
    sheet.row(face, Cell(fields["seller"]), Cell(vendor.style("Invoice"), 1.0, end=True))
    right = (
        f"Number: {fields['invoice_number']}",
        f"Date: {fields['invoice_date']}",
        f"Due: {fields['due_date']}",
    )
    left = (vendor.street, vendor.town, vendor.tax_number)
    for seller_line, invoice_line in zip(left, right, strict=True):
        sheet.row(face, Cell(vendor.style(seller_line)), Cell(vendor.style(invoice_line), 0.62))
    sheet.rule(face)
    sheet.space(face)
    street = f"{rng.integers(1, 99)} {pick(rng, words.STREETS)}"
    for line in (
        "Bill to:",
        fields["buyer"],
        street,
        f"{pick(rng, words.TOWNS)} {rng.integers(10000, 99999)}",
    ):
        sheet.row(face, Cell(vendor.style(line)))
    sheet.space(face)


def _table(sheet: Sheet, vendor: Vendor, face: Typeface, items: list[Item]) -> None:
    sheet.row(
        face,
        Cell(vendor.style("Description")),
        Cell(vendor.style("Qty"), 0.64, end=True),
        Cell(vendor.style("Price"), 0.82, end=True),
        Cell(vendor.style("Amount"), 1.0, end=True),
    )
    sheet.rule(face)
    for item in items:
        sheet.row(
            face,
            Cell(vendor.style(item.name)),
            Cell(str(item.quantity), 0.64, end=True),
            Cell(vendor.money(item.price_cents), 0.82, end=True),
            Cell(vendor.money(item.amount_cents), 1.0, end=True),
        )
    sheet.rule(face)


def _sums(sheet: Sheet, vendor: Vendor, face: Typeface, net_cents: int) -> dict[str, str]:
    """Net, tax and total below the table, printed and as fields."""
    tax_cents = round(net_cents * vendor.tax_percent / 100)
    printed = {
        "net_total": ("Net", vendor.money(net_cents)),
        "tax_total": (f"Tax {vendor.tax_percent}%", vendor.money(tax_cents)),
        "total": (vendor.total_caption, vendor.money(net_cents + tax_cents, marked=True)),
    }
    for caption, amount in printed.values():
        sheet.row(face, Cell(vendor.style(caption), 0.6), Cell(amount, 1.0, end=True))
    return {name: amount for name, (_, amount) in printed.items()}
