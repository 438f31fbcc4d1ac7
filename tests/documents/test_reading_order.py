"""Reading order: printed rows, and columns of prose."""

from recto.documents.reading_order import reading_rows, text_of_rows, visual_rows
from recto.documents.transcript import Line


def line(text: str, x: float, y: float, *, width: float = 0, height: float = 20) -> Line:
    return Line(text, (x, y, x + (width or 10 * len(text)), y + height))


def column(name: str, x: float, count: int, *, top: float = 100) -> list[Line]:
    return [line(f"{name} line {i:02} of running prose", x, top + 30 * i, width=300) for i in range(count)]


def test_rows_share_a_centre_and_run_from_left_to_right() -> None:
    lines = [line("9.90", 300, 52), line("Tea", 10, 50), line("Total", 10, 90), line("9.90", 300, 88)]
    assert text_of_rows(visual_rows(lines)) == "Tea 9.90\nTotal 9.90"


def test_a_tall_sign_does_not_glue_rows_together() -> None:
    lines = [line("one", 10, 0), line("two", 10, 40), line("three", 10, 80), line("{", 90, 0, height=100)]
    assert [row for row in text_of_rows(visual_rows(lines)).split("\n") if row != "{"][:1] == ["one"]
    assert len(visual_rows(lines)) >= 3


def test_columns_of_prose_are_read_one_by_one_between_headings() -> None:
    left, right = column("left", 0, 8), column("right", 340, 8)
    heading = line("A heading across the whole page", 0, 20, width=640)
    footer = line("A footer across the whole page, too", 0, 400, width=640)
    rows = reading_rows([footer, *right, *left, heading])
    assert [row[0] for row in rows] == [heading, *left, *right, footer]


def test_three_columns() -> None:
    columns = [column(name, x, 6) for name, x in (("a", 0), ("b", 330), ("c", 660))]
    rows = reading_rows([line for lines in reversed(columns) for line in lines])
    assert [row[0] for row in rows] == [line for lines in columns for line in lines]


def test_a_table_stays_in_rows() -> None:
    names = [line(f"Article number {i}", 0, 30 * i, width=160) for i in range(12)]
    prices = [line(f"{i},99", 400, 30 * i) for i in range(12)]
    rows = reading_rows([*names, *prices])
    assert all(len(row) == 2 for row in rows)


def test_a_form_with_columns_at_its_foot_stays_in_rows() -> None:
    fields = [
        line("A long line of a form that fills the width of the page " * 2, 0, 30 * i, width=640)
        for i in range(20)
    ]
    rows = reading_rows([*fields, *column("left", 0, 5, top=640), *column("right", 340, 5, top=640)])
    assert len(rows) == 25


def test_nothing_makes_no_rows() -> None:
    assert reading_rows([]) == []
    assert text_of_rows([]) == ""


def test_rows_of_a_page_that_lies_askew_follow_its_slope() -> None:
    slope = 0.06

    def askew(text: str, x: float, y: float, width: float) -> Line:
        top, fall = y + slope * x, slope * width
        corners = ((x, top), (x + width, top + fall), (x + width, top + fall + 20), (x, top + 20))
        return Line(text, (x, top, x + width, top + fall + 20), polygon=corners)

    lines = [askew(f"Article {i}", 0, 30 * i, 200) for i in range(5)]
    lines += [askew(f"{i}.50", 600, 30 * i, 60) for i in range(5)]
    assert text_of_rows(visual_rows(lines)).split("\n") == [f"Article {i} {i}.50" for i in range(5)]
