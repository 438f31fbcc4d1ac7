"""Ends that go in circles, and real pages that only look like it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.engines.vlm.loops import find_loop

PROSE = (
    "This Agreement is made between the Seller and the Buyer, who agree as follows: the goods are delivered "
    "within thirty days of the order, free of charge, to the address that the Buyer names in writing. "
)

ALIKE = {
    "a sentence again and again": ("Dear Sir, " + "we thank you. " * 20, False, 24),
    "the last one is incomplete": ("Total 9.00\n" + "and so on, " * 30 + "and so", False, 22),
    "three times where it was cut": (
        "Hi: " + "This row is long enough for a paragraph. " * 3,
        True,
        44,
    ),
    "empty cells where it was cut": ("Item |" + " | |" * 400, True, 6),
    "one word for ever": ("Total " + "open " * 120, False, 11),
    "equal amounts for ever": ("Sum\n" + "0.00\n" * 400, True, 9),
    "cells of markup": ("<table>" + "<td>0.00</td>" * 200, True, 20),
    "a sentence without blanks": ("合計" + "毎度ありがとうございます。" * 9, False, 15),
    "a very long paragraph": ("x" + "".join(f"w{i} " for i in range(300)) * 3, True, 1391),
}


@pytest.mark.parametrize(("text", "was_cut", "end"), ALIKE.values(), ids=ALIKE)
def test_equal_rounds_are_found_with_where_the_first_ends(text: str, was_cut: bool, end: int) -> None:
    loop = find_loop(text, was_cut=was_cut)
    assert loop is not None
    assert abs(loop.end - end) <= 1
    assert loop.times >= 3


SENTENCE = "{}. The parties agree that the goods are delivered free of charge.\n"
COUNTING = {
    "rows": ("Stock\n", "row {}, ", 400, True),
    "rows, to an end": ("Stock\n", "row {}, ", 400, False),
    "numbers": ("Page\n", "{} ", 900, True),
    "backwards": ("Page\n", "- {}\n", 900, True),
    "long sentences": (PROSE, SENTENCE, 14, True),
    "rows with amounts that stay": ("Stock\n", "| item {} | 0.00 | 0.00 |\n", 140, True),
}


@pytest.mark.parametrize(("before", "row", "rows", "was_cut"), COUNTING.values(), ids=COUNTING)
def test_counting_is_a_loop(before: str, row: str, rows: int, was_cut: bool) -> None:
    loop = find_loop(before + "".join(row.format(i) for i in range(95, 95 + rows)), was_cut=was_cut)
    assert loop is not None
    assert loop.times >= rows - 2
    assert abs(loop.end - len(before + row.format(95))) <= len(row.format(95))


def test_one_changing_letter_is_counting() -> None:
    rows = "".join(SENTENCE.format(letter) for letter in "abcdefghijklmnopqrstuvwxyz")
    loop = find_loop(PROSE + rows, was_cut=True)
    assert loop is not None
    assert (PROSE + rows)[: loop.end] == (PROSE + SENTENCE.format("a")).rstrip(".\n")


def test_down_is_counting_too() -> None:
    assert find_loop("Stock: " + "".join(f"row {500 - i}, " for i in range(300)), was_cut=True)


def disturbed(seed: int) -> str:
    """A loop as the guard against repeated n-grams leaves it: some word is another one every now and then."""
    rng = random.Random(seed)
    words = ["the", "goods", "are", "delivered", "to", "the", "buyer", "and"] * 60
    at = 0
    while (at := at + rng.randint(18, 30)) < len(words):
        words[at] = rng.choice(["of", "good", "a", "these", "buyers", "given", "seller", "by"])
    return " ".join(words)


@pytest.mark.parametrize("seed", range(8))
def test_a_loop_that_was_disturbed_is_found_where_it_was_cut(seed: int) -> None:
    text = PROSE + disturbed(seed)
    loop = find_loop(text, was_cut=True)
    assert loop is not None
    assert text[: loop.end].startswith(PROSE + "the goods are delivered")
    assert loop.end < len(PROSE) + 120
    assert find_loop(text, was_cut=False) is None


CONTENTS = "".join(
    f"{i}.{j} {' '.join(PROSE.split()[3 * i + j :][:4])} {'. ' * 40} {7 * i + j}\n"
    for i in range(1, 7)
    for j in range(1, 9)
)
ZEROS = "\n".join(f"{month} 2026 | " + "0.00 | " * 12 for month in PROSE.split()[:40])
PRICES = "\n".join(f"{i} | {i * 37 % 101}.{i * 17 % 100:02} EUR | open" for i in range(1, 99))
CALENDAR = "\n".join(" ".join(str(day) for day in range(1, 32)) for _ in range(12))
ROLL = "\n".join(f"{name} {name[::-1]} present" for name in PROSE.split())
NO_LOOPS = {
    "nothing": ("", True),
    "prose": (PROSE * 2, True),
    "a table with like cells": ("\n".join(f"item {i} | 0.00 | 0.00" for i in range(60)), True),
    "three times, but it ended by itself": ("This paragraph fills a row of the page. " * 3, False),
    "a ruler": ("Total" + "-" * 200, False),
    "a ruler where it was cut": ("Total" + "-" * 200, True),
    "a loop that was left": ("la " * 100 + "and then the song ended", True),
    "0.00 eight times": ("0.00 " * 8, False),
    "a column of equal zeros": ("Balance\n" + "0.00\n" * 60, False),
    "a column of equal zeros where it was cut": ("Balance\n" + "0.00\n" * 60, True),
    "a column of equal words": ("Status\n" + "paid\n" * 60, False),
    "a row of zeros in markup": ("<table><tr><td>May</td>" + "<td>0.00</td>" * 30, True),
    "a table of zeros": (ZEROS, True),
    "contents with leaders": (CONTENTS, True),
    "within a leader": (CONTENTS + "Index " + ". " * 45, True),
    "prices": (PRICES, True),
    "days of a year": (CALENDAR, True),
    "a roll of names": (ROLL, True),
    "numbered lines of a form": ("\n".join(f"{i}. ________" for i in range(1, 61)), True),
    "items a to z": ("\n".join(f"({letter}) ____" for letter in "abcdefghijklmnopqrstuvwxyz"), True),
    "articles": (
        "".join(f"Article {i}. The {noun} is agreed.\n" for i, noun in enumerate(PROSE.split())),
        True,
    ),
}


@pytest.mark.parametrize(("text", "was_cut"), NO_LOOPS.values(), ids=NO_LOOPS)
def test_what_is_no_loop(text: str, was_cut: bool) -> None:
    assert find_loop(text, was_cut=was_cut) is None


@given(st.text(max_size=3000), st.booleans())
def test_any_text_can_be_looked_at(text: str, was_cut: bool) -> None:
    loop = find_loop(text, was_cut=was_cut)
    assert loop is None or 0 < loop.end <= len(text)


@given(st.integers(0, 2**31), st.integers(2, 12), st.integers(1, 99), st.booleans())
def test_tables_of_amounts_are_no_loops(seed: int, columns: int, rows: int, was_cut: bool) -> None:
    """Numbered rows of amounts, a third of them zero, as the last thing of a page."""
    rng = random.Random(seed)
    cells = [
        ["0.00" if rng.random() < 0.3 else f"{rng.random() * 1000:.2f}" for _ in range(columns)]
        for _ in range(rows)
    ]
    text = PROSE + "\n".join(f"{number} {' '.join(row)}" for number, row in enumerate(cells, 1))
    assert find_loop(text, was_cut=was_cut) is None
