"""Loops: whether what a model wrote ends in circles, told from the text alone, after it was written.

Three ways of going in circles are known. The same piece stands there again and again; pieces count ("row 1,
row 2, …", "a) … b) …") and are the same else; or few words come in an order that the guard against repeated
n-grams keeps disturbing, so that no piece stands twice in a row. The last is looked for only where the
writing was cut for its length. Real pages repeat themselves as well (columns of equal amounts, leaders of
dots, rows with numbers), so cells need many more rounds than sentences do.

It doesn't find loops within a text that goes on otherwise, nor letterless ones of an answer that ended by
itself.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MIN_TIMES, _MIN_TIMES_CUT = 8, 3
_MIN_CHARACTERS = 60
_MAX_PERIOD = 2000
_CELL_LETTERS = 12  # a single word of fewer is a cell, and a column has many of them
_MIN_CELLS, _MIN_CELLS_CUT = 100, 30
_MIN_LETTERLESS = 1000  # characters; a leader of dots has a tenth of that

_COUNTED_WORDS = 200  # the longest piece that counts
_MIN_ROWS, _MIN_ROWS_CUT = 300, 100  # no page has so many
_SENTENCE_LETTERS = 40
_MIN_SENTENCES, _MIN_SENTENCES_CUT = 36, 12

_DISTURBED_WORDS = 300
_WINDOW_WORDS = 100
_ANOTHER_WORD = 5  # new triples in a row; a word in the place of another makes three
_NOVEL = 0.2  # of triples of words; prose has 0.95

_TAG = re.compile(r"<[^<>]*>")
_LETTERED = re.compile(r"[^\W_]*[^\W\d_][^\W_]*")  # words with a letter at least
_WORD = re.compile(r"\d+|[^\W\d_]+|[^\w\s]|_")


@dataclass(frozen=True, slots=True)
class Loop:
    """The end of a text stands `times` times in a row; `end` is where its first standing ends.

    Where the rounds aren't alike, `times` is how often a triple of words stands there on average.
    """

    end: int
    times: int


def find_loop(text: str, *, was_cut: bool) -> Loop | None:
    """The loop that `text` ends in, or None. `was_cut` says that it was ended for its length."""
    found = _repeated(text, was_cut=was_cut) or _counting(text, was_cut=was_cut)
    return found or (_disturbed(text) if was_cut else None)


def _repeated(text: str, *, was_cut: bool) -> Loop | None:
    """A piece of at most 2000 characters that stands at the end again and again; the last may be incomplete.

    Eight times, or three where it was cut, and 60 characters are enough for a piece of several words.
    """
    text = text if was_cut else text.rstrip()
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    times = _MIN_TIMES_CUT if was_cut else _MIN_TIMES
    for period in range(1, min(_MAX_PERIOD, len(codes) // times) + 1):
        least = max(period * times, _MIN_CHARACTERS)
        if least > len(codes) or not np.array_equal(codes[-least:-period], codes[period - least :]):
            continue
        start = _after_last_false(codes[:-period] == codes[period:])
        rounds = (len(codes) - start) // period
        if _is_enough(text[start : start + period], rounds, was_cut=was_cut):
            return Loop(start + period, rounds)
    return None


def _is_enough(piece: str, rounds: int, *, was_cut: bool) -> bool:
    """Whether so many rounds of such a piece are more than a page may well have."""
    words = set(_LETTERED.findall(_TAG.sub("", piece)))  # twice the same word is no longer piece
    if not words:
        return was_cut and len(piece) * rounds >= _MIN_LETTERLESS
    if len(words) < 2 and sum(map(len, words)) < _CELL_LETTERS:
        return rounds >= (_MIN_CELLS_CUT if was_cut else _MIN_CELLS)
    return True


def _counting(text: str, *, was_cut: bool) -> Loop | None:
    """Pieces that differ in numbers or single letters alone, which go up or down evenly, or stay."""
    words = list(_WORD.finditer(text))[: -1 if was_cut else None]  # the last one may be half a word
    kinds, values = _as_numbers([word.group() for word in words])
    for period in range(1, min(_COUNTED_WORDS, len(words) // _MIN_SENTENCES_CUT) + 1):
        least = (_MIN_SENTENCES_CUT if was_cut else _MIN_SENTENCES) * period
        if least > len(words) or not _even(kinds[-least:], values[-least:], period).all():
            continue
        start = _after_last_false(_even(kinds, values, period))
        rounds = (len(words) - start) // period
        piece = [word.group() for word in words[start : start + period]]
        moves = (values[start : start + period] != values[start + period : start + 2 * period]).any()
        if moves and rounds >= _rows_needed(piece, was_cut=was_cut):
            return Loop(words[start + period - 1].end(), rounds)
    return None


def _as_numbers(words: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of each word what it is (one number for all numbers, one for all single letters), and its value."""
    known: dict[str, int] = {}
    kinds, values = np.zeros(len(words), dtype=np.int64), np.zeros(len(words), dtype=np.int64)
    for at, word in enumerate(words):
        if word.isdecimal() and len(word) < 16:
            kinds[at], values[at] = -1, int(word)
        elif len(word) == 1 and word.isalpha():
            kinds[at], values[at] = -2, ord(word)
        else:
            kinds[at] = known.setdefault(word, len(known))
    return kinds, values


def _even(kinds: NDArray[np.int64], values: NDArray[np.int64], period: int) -> NDArray[np.bool_]:
    """Whether each word, the one a period on and the one after that are alike, and evenly apart."""
    steps = values[period:] - values[:-period]
    alike = kinds[period:] == kinds[:-period]
    even: NDArray[np.bool_] = alike[:-period] & alike[period:] & (steps[:-period] == steps[period:])
    return even


def _rows_needed(piece: list[str], *, was_cut: bool) -> int:
    if sum(len(word) for word in piece if len(word) > 1 and word.isalpha()) >= _SENTENCE_LETTERS:
        return _MIN_SENTENCES_CUT if was_cut else _MIN_SENTENCES
    return _MIN_ROWS_CUT if was_cut else _MIN_ROWS


def _disturbed(text: str) -> Loop | None:
    """Three hundred words and more among which hardly any three in a row are new; mostly letters."""
    words = [word for word in _WORD.finditer(text) if word.group().isalnum()]
    if len(words) < _DISTURBED_WORDS:
        return None
    said = [word.group() for word in words]
    seen: set[tuple[str, ...]] = set()
    novel = np.zeros(len(said) - 2)
    for at in range(len(novel)):
        triple = tuple(said[at : at + 3])
        novel[at] = triple not in seen
        seen.add(triple)
    shares = np.convolve(novel, np.ones(_WINDOW_WORDS), "valid") / _WINDOW_WORDS
    start = _after_last_false(shares <= _NOVEL)
    tail = said[start:]
    letters = sum(len(word) for word in tail if len(word) > 1 and word.isalpha())
    if len(tail) < _DISTURBED_WORDS or letters * 2 < sum(map(len, tail)):
        return None
    first = start + _last_run(novel[start : start + _WINDOW_WORDS])
    return Loop(words[first].end(), int(1 / max(novel[start:].mean(), 1 / len(tail))))


def _last_run(novel: NDArray[np.float64]) -> int:
    """Where the last run of new triples ends that is longer than another word makes: the first round."""
    runs = np.flatnonzero(np.convolve(novel, np.ones(_ANOTHER_WORD), "valid") == _ANOTHER_WORD)
    return int(runs[-1]) + _ANOTHER_WORD + 1 if len(runs) else 0


def _after_last_false(flags: NDArray[np.bool_]) -> int:
    """Where the run of True at the end begins."""
    false = np.flatnonzero(~flags)
    return int(false[-1]) + 1 if len(false) else 0
