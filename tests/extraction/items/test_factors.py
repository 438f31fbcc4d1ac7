"""Quantity and unit price of a line, by multiplication first."""

import pytest

from recto.documents.transcript import Transcript
from recto.extraction.items.factors import Factors, Names, factors
from recto.extraction.items.grid import rows_of
from recto.extraction.sheet import lines_of_text, sheet_of

NAMES = Names("quantity", "unit_price", "amount", None)


def of(text: str) -> Factors:
    lines = lines_of_text(text)
    figures = rows_of(sheet_of([Transcript("a.txt", 1, 700, 900, text, lines, "text")]))[0].figures
    return factors(figures, figures[-1], NAMES)


@pytest.mark.parametrize(
    ("text", "quantity", "price", "multiply"),
    [
        ("Pens   3   1.50   4.50", "3", "1.50", True),
        ("Pens 3 x 1.50   4.50", "3", "1.50", True),
        ("Pens   1.50   3   4.50", "3", "1.50", True),
        ("Cheese   0.434 x 39.90   17.32", "0.434", "39.90", True),
        ("Pens   1   4.50   4.50", "1", "4.50", False),
        ("2 Latte   9.00", "2", None, False),
        ("2024 Latte   9.00", None, None, False),
        ("Pens   19 %   2   2.25   4.50", "2", "2.25", True),
        ("Lamp 60   4.50", None, None, False),
        ("Gift   3   9.00   0.00", None, None, False),
    ],
)
def test_factors(text: str, quantity: str | None, price: str | None, multiply: object) -> None:
    found = of(text)
    assert (found.quantity and found.quantity.value) == quantity
    assert (found.price and found.price.value) == price
    assert found.multiply is multiply
