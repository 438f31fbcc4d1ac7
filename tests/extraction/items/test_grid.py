"""Rows and the figures in them."""

from recto.documents.transcript import Line, Transcript
from recto.extraction.items.grid import Row, rows_of
from recto.extraction.sheet import lines_of_text, sheet_of


def row(text: str) -> Row:
    lines = lines_of_text(text)
    return rows_of(sheet_of([Transcript("a.txt", 1, 700, 900, text, lines, "text")]))[0]


def rows(*lines: Line) -> list[str]:
    return [one.text for one in rows_of(sheet_of([Transcript("a.png", 1, 500, 500, "", lines, "test")]))]


def test_what_figures_are() -> None:
    found = row("12.03.2024 Pens 3 x 1,50 19 % 450g   4,50 EUR").figures
    assert [(one.value, one.is_amount, one.is_rate) for one in found] == [
        ("3", False, False), ("1.50", True, False), ("19", False, True), ("450", False, False),
        ("4.50", True, False),
    ]  # fmt: skip
    assert [one.may_be_amount for one in found] == [True, True, False, False, True]
    assert [one.is_whole for one in found] == [True, False, True, True, False]
    assert found[-1].currency == "EUR"


def test_a_figure_has_its_place() -> None:
    three, amount = row("3   4,50").figures
    assert (three.left, three.right, amount.left, amount.right) == (0.0, 1.0, 4.0, 8.0)


def test_a_crooked_row_is_one() -> None:
    left, right = Line("Pens", (0, 10, 60, 30)), Line("4.50", (300, 22, 350, 42))
    assert rows(left, right) == ["Pens 4.50"]
    assert rows(left, Line("4.50", (300, 30, 350, 50))) == ["Pens", "4.50"]
    assert rows(left, Line("Ink", (20, 22, 80, 42))) == ["Pens", "Ink"]
