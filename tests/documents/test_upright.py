"""A page that was scanned sideways or upside down gives the Markdown of the page held upright."""

import pytest

from recto.documents.markdown import to_markdown
from recto.documents.transcript import Line, Transcript
from recto.documents.upright import quarter_turns, upright

WIDTH, HEIGHT = 800, 1000
LONG = "words that fill the line from one margin to the other one"


def corners(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def turned(x: float, y: float, turns: int) -> tuple[float, float]:
    """Where a point of the upright page lies once the page was turned clockwise."""
    return ((x, y), (HEIGHT - y, x), (WIDTH - x, HEIGHT - y), (y, WIDTH - x))[turns]


def line(text: str, place: tuple[float, float, float, float], turns: int = 0) -> Line:
    polygon = tuple(turned(x, y, turns) for x, y in corners(*place))
    xs, ys = zip(*polygon, strict=True)
    return Line(text, (min(xs), min(ys), max(xs), max(ys)), 0.9, polygon)


def page(turns: int) -> list[Line]:
    """A heading, two wrapped rows, a list, and a table."""
    prints = [("Agreement", 50, 20, 200, 44), (LONG, 50, 120, 600, 20), (LONG, 50, 146, 600, 20)]
    prints += [("• first", 50, 230, 80, 20), ("• second", 50, 256, 90, 20)]
    for row, cells in enumerate([("Tea", "2", "3.50"), ("Milk", "1", "1.20"), ("Jam", "1", "2.00")]):
        prints += [
            (cell, x, 360 + 26 * row, 10 * len(cell), 20)
            for x, cell in zip((50, 350, 550), cells, strict=True)
        ]
    return [line(text, (x, y, width, height), turns) for text, x, y, width, height in prints]


def markdown(lines: list[Line]) -> str:
    text = "\n".join(each.text for each in lines)
    return to_markdown(Transcript("a.png", 1, WIDTH, HEIGHT, text, tuple(lines), "fake 1"))


@pytest.mark.parametrize("turns", range(4))
def test_markdown_is_the_same_for_all_four_turns(turns: int) -> None:
    assert markdown(page(turns)) == (
        f"# Agreement\n\n{LONG} {LONG}\n\n- first\n- second\n\n"
        "| Tea | 2 | 3.50 |\n| --- | ---: | ---: |\n| Milk | 1 | 1.20 |\n| Jam | 1 | 2.00 |\n"
    )


@pytest.mark.parametrize("turns", range(4))
def test_the_longest_print_decides(turns: int) -> None:
    stray = [line("stamp", (700, 500 + 40 * n, 60, 20), (turns + 1) % 4) for n in range(5)]
    assert quarter_turns([*page(turns), *stray]) == turns


def test_a_slant_is_no_turn() -> None:
    slanting = Line("slanting", (50, 50, 250, 130), 0.9, ((50, 110), (244, 50), (250, 70), (56, 130)))
    assert upright([slanting]) == [slanting]


def test_boxes_without_polygons_stay_as_they_are() -> None:
    bare = [Line("down", (50, 50, 70, 250)), Line("more", (20, 50, 40, 250))]
    assert upright(bare) == bare
    assert upright([]) == []
