"""Markdown by geometry: what stands where decides; what Markdown would swallow is escaped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from recto.documents.markdown import escape, to_markdown
from recto.documents.transcript import Line, Transcript

HEIGHT = 20


def line(text: str, x: float, y: float, *, height: float = HEIGHT, width: float | None = None) -> Line:
    return Line(text, (x, y, x + (len(text) * 10 if width is None else width), y + height), 0.9)


def markdown(*lines: Line) -> str:
    text = "\n".join(each.text for each in lines)
    return to_markdown(Transcript("a.png", 1, 800, 1000, text, lines, "fake 1"))


def prose(*texts: str, top: float = 100, step: float = 26, width: float = 600) -> list[Line]:
    return [line(text, 50, top + step * n, width=width) for n, text in enumerate(texts)]


LONG = "words that fill the line from one margin to the other one"


def test_a_blank_page_is_nothing() -> None:
    assert markdown() == ""


def test_markdown_that_an_engine_wrote_is_kept() -> None:
    written = "# A_b\n\n| x | y |\n|---|---|\n| 1 | <b>2</b> |"
    transcript = Transcript("a.png", 1, 800, 1000, written, (), "vlm x", is_markdown=True)
    assert to_markdown(transcript) == f"{written}\n"
    assert to_markdown(Transcript("a.png", 1, 800, 1000, "", (), "vlm x", is_markdown=True)) == ""


def test_lines_without_places_stay_lines() -> None:
    rows = [LONG, f"2 * {LONG}", "end"]
    placeless = tuple(Line(row, (0, 0, 800, 1000), 0.9) for row in rows)
    transcript = Transcript("a.png", 1, 800, 1000, "\n".join(rows), placeless, "vlm x")
    assert to_markdown(transcript) == f"{LONG}\\\n2 \\* {LONG}\\\nend\n"


@pytest.mark.parametrize(
    ("height", "mark"), [(44, "# "), (34, "## "), (28, "### "), (22, ""), (20, ""), (12, "")]
)
def test_headings_by_height(height: float, mark: str) -> None:
    out = markdown(line("Agreement", 50, 20, height=height), *prose(LONG, LONG, top=120))
    assert out.startswith(f"{mark}Agreement\n")


def test_a_heading_of_two_lines_is_one() -> None:
    out = markdown(
        line("Covenant", 50, 20, height=40), line("not to compete", 50, 64, height=40), *prose(LONG, top=160)
    )
    assert out.startswith("# Covenant not to compete\n\n")


def test_wrapped_lines_join_and_gaps_part() -> None:
    first, second = prose(LONG, LONG), prose(LONG, top=260)
    assert markdown(*first, *second) == f"{LONG} {LONG}\n\n{LONG}\n"


def test_short_lines_stay_lines() -> None:
    out = markdown(line("12 High Street", 50, 100), line("London", 50, 126), line("UK", 50, 152))
    assert out == "12 High Street\\\nLondon\\\nUK\n"


def test_a_divided_word_is_whole_again() -> None:
    out = markdown(*prose(f"{LONG} agree-", "ment and so on, with more words to come after it"))
    assert "other one agreement and so on" in out


def test_lists_with_their_hanging_lines() -> None:
    lines = [
        line("• first point", 50, 100),
        line("that goes on", 70, 126),
        line("• second point", 50, 152),
        line("1. one", 50, 260),
        line("2) two", 50, 286),
    ]
    assert markdown(*lines) == "- first point that goes on\n- second point\n\n1. one\n2. two\n"


def table_lines(rows: list[tuple[str, ...]], xs: tuple[float, ...] = (50, 350, 550)) -> list[Line]:
    return [
        line(cell, x, 100 + 26 * y)
        for y, row in enumerate(rows)
        for x, cell in zip(xs, row, strict=True)
        if cell
    ]


def test_tables_where_columns_align() -> None:
    rows = [("Item", "Qty", "Price"), ("Tea", "2", "3.50"), ("Milk", "", "1.20"), ("Total", "", "4.70")]
    assert markdown(*table_lines(rows)).splitlines() == [
        "| Item | Qty | Price |",
        "| --- | ---: | ---: |",
        "| Tea | 2 | 3.50 |",
        "| Milk |  | 1.20 |",
        "| Total |  | 4.70 |",
    ]


def test_two_rows_are_no_table_nor_are_ragged_ones() -> None:
    assert "|" not in markdown(*table_lines([("Tea", "2", "3.50"), ("Milk", "1", "1.20")]))
    ragged = [
        line("left", 50, 100), line("right", 400, 100),
        line("a middle that spans both", 100, 126, width=500), line("x", 650, 126),
        line("left", 50, 152), line("right", 400, 152),
    ]  # fmt: skip
    assert "|" not in markdown(*ragged)


def test_text_around_a_table_stays_outside() -> None:
    rows = table_lines([("Tea", "2", "3.50"), ("Milk", "1", "1.20"), ("Jam", "1", "2.00")])
    out = markdown(line("Receipt", 50, 40), *rows, line("Thank you", 50, 220))
    assert [part.split("\n")[0] for part in out.split("\n\n")] == [
        "Receipt",
        "| Tea | 2 | 3.50 |",
        "Thank you",
    ]


def test_a_bar_in_a_cell_is_escaped() -> None:
    rows = [("a|b", "1", "2"), ("c", "3", "4"), ("d", "5", "6")]
    assert markdown(*table_lines(rows)).startswith("| a\\|b |")


def test_text_without_boxes_is_escaped_too() -> None:
    assert to_markdown(Transcript("a", 1, 1, 1, "# 1\n\n*2*", (), "fake 1")) == "\\# 1\\\n\\*2\\*\n"


SHOWN = MarkdownIt("commonmark").enable("table")
SIGNS = list("\\`*_{}[]()<>#+-.!|~=&;:1a \"'$@/")


@given(st.text(st.sampled_from(SIGNS), min_size=1, max_size=30).map(str.strip).filter(bool))
def test_whatever_is_printed_is_what_markdown_shows(text: str) -> None:
    tokens = SHOWN.parse(escape(" ".join(text.split())))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in tokens[1].children} <= {"text"}
    assert "".join(child.content for child in tokens[1].children) == " ".join(text.split())


boxes = st.tuples(st.integers(0, 700), st.integers(0, 900), st.integers(0, 300), st.integers(0, 60))


@given(st.lists(st.tuples(st.text(st.sampled_from("ab1.-• #"), max_size=12), boxes), max_size=14))
def test_any_geometry_gives_all_words_once(pieces: list[tuple[str, tuple[int, int, int, int]]]) -> None:
    lines = [Line(text, (x, y, x + w, y + h)) for text, (x, y, w, h) in pieces]
    out = markdown(*lines)
    letters = [sum(text.count(sign) for text, _ in pieces) for sign in "ab"]
    assert [out.count(sign) for sign in "ab"] == letters
