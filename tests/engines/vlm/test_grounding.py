"""Grounded answers, whole and broken → text and boxes; wild ones lose no text and never fail."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.engines.vlm.grounding import Piece, Style, lines_of, pieces_of, text_of

PAGE = (1998, 999)


def grounded(words: str, boxes: str = "[[1, 2, 3, 4]]") -> str:
    return f"<|ref|>{words}<|/ref|><|det|>{boxes}<|/det|>"


def sure(start: int, end: int) -> list[float]:
    return [0.0]


LINES = {
    "two lines": (
        f"{grounded('TOTAL 9.00')}\n{grounded('Danke!', '[[10, 20, 30, 40]]')}",
        [("TOTAL 9.00", ((1, 2, 3, 4),)), ("Danke!", ((10, 20, 30, 40),))],
    ),
    "no marks at all": ("just text\nin rows", [("just text\nin rows", ())]),
    "nothing": ("", []),
    "cut in the numbers": ("<|ref|>a<|/ref|><|det|>[[1, 2, 3, 4], [5, 6", [("a", ((1, 2, 3, 4),))]),
    "cut in the words": ("<|ref|>half a li", [("half a li", ())]),
    "words without an end": ("<|ref|>a<|det|>[[1, 2, 3, 4]]<|/det|>", [("a", ((1, 2, 3, 4),))]),
    "numbers without an end": (
        f"<|ref|>a<|/ref|><|det|>[[1, 2, 3, 4]]\n{grounded('b')}",
        [("a", ((1, 2, 3, 4),)), ("b", ((1, 2, 3, 4),))],
    ),
    "text within the numbers' marks": (
        "<|ref|>a<|/ref|><|det|>[[1, 2, 3, 4]] and b<|/det|>",
        [("a", ((1, 2, 3, 4),)), (" and b", ())],
    ),
    "figures behind the numbers": (
        "<|ref|>a<|/ref|><|det|>[[1, 2, 3, 4]] 12.50<|/det|>",
        [("a", ((1, 2, 3, 4),)), (" 12.50", ())],
    ),
    "one pair of brackets": (grounded("a", "[1, 2, 3, 4]"), [("a", ((1, 2, 3, 4),))]),
    "three numbers are no box": (grounded("a", "[[1, 2, 3], [5, 6, 7, 8]]"), [("a", ((5, 6, 7, 8),))]),
    "eight numbers are no box": (grounded("a", "[[1, 2, 3, 4, 5, 6, 7, 8]]"), [("a", ())]),
    "corners swapped": (grounded("a", "[[30, 40, 10, 20]]"), [("a", ((10, 20, 30, 40),))]),
    "off the page": (grounded("a", "[[-5, 20, 1200, 40.5]]"), [("a", ((0, 20, 999, 40.5),))]),
    "without area": (grounded("a", "[[5, 20, 5, 40]]"), [("a", ())]),
    "endless digits": (grounded("a", f"[[0, 0, {'9' * 500}, 9]]"), [("a", ((0, 0, 999, 9),))]),
    "numbers without words": ("<|det|>[[1, 2, 3, 4]]<|/det|>b", [("b", ())]),
    "two boxes": (grounded("a", "[[1, 2, 3, 4], [5, 6, 7, 8]]"), [("a", ((1, 2, 3, 4), (5, 6, 7, 8)))]),
    "the prompt's mark": (f"<|grounding|>{grounded('a')}", [("a", ((1, 2, 3, 4),))]),
    "other marks are text": ("a <|im_end|> b", [("a <|im_end|> b", ())]),
}


@pytest.mark.parametrize(("answer", "expected"), LINES.values(), ids=LINES)
def test_lines(answer: str, expected: list[tuple[str, tuple[object, ...]]]) -> None:
    pieces = pieces_of(answer, Style.LINES)
    assert [(piece.text, piece.boxes) for piece in pieces] == expected


BLOCKS = {
    "title and text": (
        f"{grounded('title')}\n# Invoice\n\n{grounded('text', '[[5, 6, 7, 8]]')}\nOne\ntwo\n",
        [("# Invoice", "title", ((1, 2, 3, 4),)), ("One\ntwo", "text", ((5, 6, 7, 8),))],
    ),
    "a picture": (
        f"{grounded('image')}\n\n{grounded('text')}\nBelow.",
        [("", "image", ((1, 2, 3, 4),)), ("Below.", "text", ((1, 2, 3, 4),))],
    ),
    "a picture at the end": (f"a\n{grounded('image')}", [("a", "", ()), ("", "image", ((1, 2, 3, 4),))]),
    "no marks": ("# A\n\nb", [("# A\n\nb", "", ())]),
    "a kind without a place": ("<|ref|>text<|/ref|>\nsome", [("some", "text", ())]),
    "lines instead of blocks": (
        f"{grounded('Total 3.00')}{grounded('Thanks!')}",
        [("Total 3.00", "", ((1, 2, 3, 4),)), ("Thanks!", "", ((1, 2, 3, 4),))],
    ),
    "words that are no kind, and text": (
        f"{grounded('Total: 3.00')}\nThanks",
        [("Total: 3.00", "", ()), ("Thanks", "Total: 3.00", ((1, 2, 3, 4),))],
    ),
    "indented": (f"{grounded('list')}\n  - a\n    - b", [("  - a\n    - b", "list", ((1, 2, 3, 4),))]),
}


@pytest.mark.parametrize(("answer", "expected"), BLOCKS.values(), ids=BLOCKS)
def test_blocks(answer: str, expected: list[tuple[str, str, tuple[object, ...]]]) -> None:
    pieces = pieces_of(answer, Style.BLOCKS)
    assert [(piece.text, piece.kind, piece.boxes) for piece in pieces] == expected


def test_text_is_what_was_written_without_marks() -> None:
    blocks = f"{grounded('title')}\n# A\n\n{grounded('image')}\n{grounded('text')}\nb\nc"
    assert text_of(pieces_of(blocks, Style.BLOCKS), Style.BLOCKS) == "# A\n\nb\nc"
    lines = f"{grounded('A')}{grounded('B')}"
    assert text_of(pieces_of(lines, Style.LINES), Style.LINES) == "A\nB"


def test_control_characters_are_left_out() -> None:
    pieces = pieces_of("a\x00b\tc\r\n\x07", Style.LINES)
    assert text_of(pieces, Style.LINES) == "ab\tc\n"
    assert [line.text for line in lines_of(pieces, Style.LINES, PAGE, sure)] == ["ab\tc"]


def test_boxes_are_in_pixels_of_the_page() -> None:
    [line] = lines_of(pieces_of(grounded("a", "[[0, 100, 500, 999]]"), Style.LINES), Style.LINES, PAGE, sure)
    assert line.box == (0, 100, 1000, 999)


def test_a_line_in_two_boxes_lies_around_both() -> None:
    pieces = pieces_of(grounded("a", "[[100, 100, 200, 200], [300, 50, 400, 150]]"), Style.LINES)
    assert [line.box for line in lines_of(pieces, Style.LINES, PAGE, sure)] == [(200, 50, 800, 200)]


def test_a_find_has_a_line_for_each_box() -> None:
    pieces = pieces_of(grounded("a", "[[100, 100, 200, 200], [300, 50, 400, 150]]"), Style.FINDS)
    found = lines_of(pieces, Style.FINDS, PAGE, sure)
    assert [(line.text, line.box) for line in found] == [
        ("a", (200, 100, 400, 200)),
        ("a", (600, 50, 800, 150)),
    ]


def test_rows_of_a_block_share_its_box_and_rows_without_one_have_the_page() -> None:
    answer = f"loose\n{grounded('text', '[[0, 0, 999, 500]]')}\none\n\n two "
    lines = lines_of(pieces_of(answer, Style.BLOCKS), Style.BLOCKS, PAGE, sure)
    assert [(line.text, line.box) for line in lines] == [
        ("loose", (0, 0, 1998, 999)),
        ("one", (0, 0, 1998, 500)),
        ("two", (0, 0, 1998, 500)),
    ]


def test_confidence_is_asked_for_the_characters_of_the_row() -> None:
    answer = f"{grounded('text')}\n one\x07 of\ntwo"
    asked: list[str] = []

    def note(start: int, end: int) -> list[float]:
        asked.append(answer[start:end])
        return [math.log(0.5)] * (end - start)

    lines = lines_of(pieces_of(answer, Style.BLOCKS), Style.BLOCKS, PAGE, note)
    assert asked == [" one\x07 of", "one\x07", "of", "two", "two"]
    assert [line.text for line in lines] == ["one of", "two"]
    assert [line.confidence for line in lines] == pytest.approx([0.5, 0.5])
    assert [[word.confidence for word in line.words] for line in lines] == [
        pytest.approx([0.5**4, 0.5**2]),
        pytest.approx([0.5**3]),
    ]


@pytest.mark.parametrize("answer", ["a\x0cb c", "\x00 d"])
def test_words_that_control_characters_join_or_make_are_counted_as_the_text_has_them(answer: str) -> None:
    [line] = lines_of(pieces_of(answer, Style.LINES), Style.LINES, PAGE, sure)
    assert len(line.words) in (0, len(line.text.split()))


def test_nothing_is_told_of_words_where_tokens_arent_known() -> None:
    [line] = lines_of(pieces_of("a b", Style.LINES), Style.LINES, PAGE, lambda start, end: None)
    assert (line.confidence, line.words) == (None, ())


MARKS = ["<|ref|>", "<|/ref|>", "<|det|>", "<|/det|>", "<|grounding|>"]
WILD = st.lists(
    st.one_of(
        st.sampled_from(MARKS),
        st.sampled_from(
            ["[[1, 2, 3, 4]]", "[[", "]]", "[5,6,7", "title", "image", "<|re", "|>", "\n", " ", "12,"]
        ),
        st.text(max_size=8),
    ),
    max_size=25,
).map("".join)


@given(WILD, st.sampled_from(Style))
def test_wild_answers_never_fail(answer: str, style: Style) -> None:
    for piece in pieces_of(answer, style):
        assert answer[piece.start : piece.end] == piece.text
        assert all(0 <= x0 < x1 <= 999 and 0 <= y0 < y1 <= 999 for x0, y0, x1, y1 in piece.boxes)
        assert not any(mark in piece.text for mark in MARKS)
    lines = lines_of(pieces_of(answer, style), style, PAGE, sure)
    assert all(0 <= line.box[0] < line.box[2] <= PAGE[0] and line.text for line in lines)
    assert all(len(line.words) in (0, len(line.text.split())) for line in lines)


@given(WILD, st.sampled_from([Style.LINES, Style.FINDS]))
def test_wild_answers_lose_no_text(answer: str, style: Style) -> None:
    """All but marks and what numbers are written with is there, in its order."""
    rest = re.sub("|".join(map(re.escape, MARKS)), "", answer)
    written = "".join(piece.text for piece in pieces_of(answer, style))
    assert re.sub(r"[\s\[\],.\d+-]", "", written) == re.sub(r"[\s\[\],.\d+-]", "", rest)


@given(
    st.text(alphabet=st.characters(exclude_characters="<", exclude_categories=["Cc"])), st.sampled_from(Style)
)
def test_text_without_marks_stays_as_it_is(text: str, style: Style) -> None:
    assert text_of(pieces_of(text, style), style) == text.strip("\n").rstrip()


def test_pieces_are_values() -> None:
    assert Piece("a", 0, 1) == pieces_of("a", Style.LINES)[0]
