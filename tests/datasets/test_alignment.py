"""Alignment: readings find their places in the trusted text, or are left out."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.datasets.alignment import BESIDE, OMITTED, UNPLACED, Match, Piece, align, fold

Rows = list[list[str]]


def labels(rows: Rows, text: str) -> list[list[str | None]]:
    found = align([[Piece(piece) for piece in row] for row in rows], text)
    return [[match.label for match in row] for row in found]


TABLE: list[tuple[str, Rows, str, list[list[str | None]]]] = [
    ("as it stands", [["Total", "12.50"]], "Total 12.50", [["Total", "12.50"]]),
    ("misread letters", [["Tota1", "12.5O"]], "Total 12.50", [["Total", "12.50"]]),
    ("another case", [["Total amount"]], "TOTAL AMOUNT", [["TOTAL AMOUNT"]]),
    ("words cut short", [["otal amoun"]], "Total amount", [["Total amount"]]),
    (
        "a blank too few",
        [["DATE09/01"], ["Cash 5.00"]],
        "DATE 09/01\nCash 5.00",
        [["DATE 09/01"], ["Cash 5.00"]],
    ),
    (
        "a line less in the text",
        [["Shop"], ["~~logo~~"], ["Total"]],
        "Shop\nTotal",
        [["Shop"], [None], ["Total"]],
    ),
    (
        "a line more in the text",
        [["Shop"], ["Total"]],
        "Shop\nThe best in town\nTotal",
        [["Shop"], ["Total"]],
    ),
    (
        "repeated values",
        [["Tea", "1.20"], ["Total", "1.20"]],
        "Tea 1.20\nTotal 1.20",
        [["Tea", "1.20"], ["Total", "1.20"]],
    ),
    ("a value nobody read", [["Tea", "1.20"]], "Tea 1 1.20", [["Tea", "1.20"]]),
    ("two text lines in one piece", [["Cash Sale Number 17"]], "Cash Sale\nNumber 17", [[None]]),
    ("no text at all", [["Total"]], "", [[None]]),
    ("nothing read", [], "Total", []),
    ("quite another text", [["Lorem ipsum dolor"]], "Total 12.50", [[None]]),
]


@pytest.mark.parametrize(
    ("rows", "text", "wanted"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_table(rows: Rows, text: str, wanted: list[list[str | None]]) -> None:
    assert labels(rows, text) == wanted


def test_columns_in_another_order_are_found() -> None:
    left = ["The seller delivers", "all goods on time", "and in good order"]
    right = ["The buyer pays", "within thirty days", "of the invoice"]
    rows = [[a, b] for a, b in zip(left, right, strict=True)]
    assert labels(rows, "\n".join(left + right)) == rows


def test_room_beside_text_that_nobody_read_leaves_the_piece_out() -> None:
    text = "Rounding : 0.02"
    assert align([[Piece("Rounding"), Piece("0.02")]], text)[0][0] == Match("Rounding")
    assert align([[Piece("Rounding", after=1.6), Piece("0.02")]], text)[0][0] == Match(None, BESIDE)


def test_what_a_transcript_leaves_out_is_nothing() -> None:
    lines = ["INVOICE 2019-0047", "Grand total 12.50", "Payment within thirty days"]
    rows = [[Piece(line)] for line in lines] + [[Piece("p. 1")], [Piece("~~!", is_sure=False)]]
    found = align(rows, "\n".join(lines))
    assert [row[0].label for row in found] == [*lines, "", ""]


def test_a_text_that_leaves_out_much_proves_nothing() -> None:
    rows = [[Piece("INVOICE")], [Piece("Thank you")], [Piece("~~!", is_sure=False)]]
    found = align(rows, "INVOICE")
    assert [row[0] for row in found] == [Match("INVOICE"), Match(None, OMITTED), Match(None, OMITTED)]


def test_specks_don_t_make_a_text_incomplete() -> None:
    rows = [[Piece("INVOICE 2019-0047")], [Piece("~~~~ ~~~~ ~~~~", is_sure=False)]]
    assert [row[0].label for row in align(rows, "INVOICE 2019-0047")] == ["INVOICE 2019-0047", ""]


def test_a_page_that_reads_badly_proves_nothing() -> None:
    """Whoever can't read a page can't say what its text leaves out."""
    printed = ["ACME Stores Ltd", "Milk 1.20", "Bread 2.30", "Cheese 4.00", "TOTAL 12.50", "Thank you"]
    text = "ACME Stores Ltd\nTOTAL 12.50"
    for sure in (printed, ["ACME Stores Ltd", "TOTAL 12.50"], []):
        found = align([[Piece(line, is_sure=line in sure)] for line in printed], text)
        assert not [row[0] for row in found if row[0].label == ""]


@pytest.mark.parametrize("misread", [0.0, 0.1, 0.2])
def test_print_that_stands_elsewhere_in_the_text_is_never_nothing(misread: float) -> None:
    """Cells row by row on the page, column by column in the text: too short to be found, but not left out."""
    rng = random.Random(4)
    for _ in range(60):
        cells = [
            [
                f"{rng.choice(WORDS)} {rng.choice(WORDS)}",
                str(rng.randint(1, 12)),
                f"{rng.randint(100, 9999) / 100}",
            ]
            for _ in range(12)
        ]
        text = "\n".join(row[column] for column in range(3) for row in cells)
        rows = [[Piece(_misread(cell, misread, rng)) for cell in row] for row in cells]
        assert not [match for row in align(rows, text) for match in row if match.label == ""]


WORDS = (
    "milk",
    "bread",
    "butter",
    "cheese",
    "apple",
    "grape",
    "lemon",
    "onion",
    "rice",
    "sugar",
    "coffee",
    "tea",
)


def _misread(text: str, share: float, rng: random.Random) -> str:
    return "".join(rng.choice("abcdefghij0123456789.,") if rng.random() < share else char for char in text)


def test_a_piece_without_its_place_says_why() -> None:
    assert align([[Piece("Lorem ipsum dolor")]], "Total 12.50") == [[Match(None, UNPLACED)]]


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["AMO", "UWI"], "AMOUNT"),  # a word cut in two: nobody knows where
        (["TOTAL AMO", "NT 12.50"], "TOTAL AMOUNT 12.50"),
        (["HELLO WORLD"], "HELLO WORLDWIDE"),  # no room for the rest of the word
    ],
)
def test_a_word_that_is_not_wholly_its_own_leaves_a_piece_out(pieces: list[str], text: str) -> None:
    assert labels([pieces], text) == [[None] * len(pieces)]


LINES = st.lists(
    st.text("abcdefgh 0123456789.", min_size=3, max_size=25).map(lambda t: " ".join(t.split())), max_size=12
)


@given(LINES, st.integers(0, 2**32))
def test_labels_are_parts_of_the_text(lines: list[str], seed: int) -> None:
    rng = random.Random(seed)
    rows = [
        ["".join(rng.choice("abc1 ") if rng.random() < 0.2 else c for c in line)] for line in lines if line
    ]
    text = "\n".join(lines)
    for row in labels(rows, text):
        assert all(label is None or label in text for label in row)


@given(LINES)
def test_a_perfect_reading_gets_its_own_line(lines: list[str]) -> None:
    lines = [line for line in lines if line]
    assert labels([[line] for line in lines], "\n".join(lines)) == [[line] for line in lines]


@given(st.text(max_size=60), st.lists(st.lists(st.text(max_size=10), max_size=4), max_size=5))
def test_anything_goes_in(text: str, rows: Rows) -> None:
    assert [len(row) for row in labels(rows, text)] == [len(row) for row in rows]
    assert len(fold(text)) == len(text)
