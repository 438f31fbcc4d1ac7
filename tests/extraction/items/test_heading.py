"""Heads of tables: which row names the columns, and which column is whose."""

import pytest

from recto.documents.transcript import Transcript
from recto.extraction.items.grid import rows_of
from recto.extraction.items.heading import Heading, Labels
from recto.extraction.items.sums import sum_rows
from recto.extraction.loading import load_schema
from recto.extraction.sheet import lines_of_text, sheet_of

ITEMS = next(spec for spec in load_schema("invoice").fields if spec.kind == "items")


def heading(text: str) -> Heading | None:
    lines = lines_of_text(text)
    rows = rows_of(sheet_of([Transcript("a.txt", 1, 700, 900, text, lines, "text")]))
    return Labels(ITEMS.items).heading(rows, sum_rows(rows))


@pytest.mark.parametrize(
    ("head", "fields"),
    [
        ("Item   Qty   Price   Amount", ["description", "quantity", "unit_price", "amount"]),
        ("Qty   Item   Total", ["quantity", "description", "amount"]),
        ("Item   Qty   Price", ["description", "quantity", "amount"]),
        ("Item   Price   Total", ["description", "unit_price", "amount"]),
        ("Pos   Artikel   MwSt   Menge   Betrag", ["", "description", "", "quantity", "amount"]),
    ],
)  # fmt: skip
def test_the_columns_of_a_head(head: str, fields: list[str]) -> None:
    found = heading(f"ACME\n{head}\n1   Pens   2   1.00   2.00")
    assert found is not None
    assert (found.row, [column.field for column in found.columns]) == (1, fields)


def test_a_head_of_two_rows() -> None:
    found = heading("                     Amount\nItem        Qty      \nPens        2        2.00")
    assert found is not None
    assert (found.first, found.row, found.fields) == (0, 1, {"description", "quantity", "amount"})


@pytest.mark.parametrize(
    "text",
    [
        "Item: pens   Qty: 2\nPens   2.00",
        "Amount   Total\nthank you\nfor all",
        "GST summary   Goods   Amount\nSR   1.00   0.06",
        "We bill the item and its quantity as you ordered it by your letter of May\nPens   2.00",
        "Item count 2   Qty 3\nPens   2.00",
    ],
)
def test_what_is_no_head(text: str) -> None:
    assert heading(text) is None


def test_a_value_belongs_to_the_nearest_name() -> None:
    found = heading("Item        Qty      Amount\nPens        2        2.00")
    assert found is not None
    assert found.column_at(12, 13).field == "quantity"
    assert found.column_at(24, 30).field == "amount"
