"""Alignment: which part of a page's trusted text each reading on that page stands for.

Most people have an image and its text, not the place of every line. So the pieces that a detector found
are read first, and their readings are laid along the trusted text by least edits, the whole page at once:
that tells repeated words apart by their neighbours. What stands elsewhere in the text (another order of
columns) is found in further rounds. A piece whose text can't be told is left out, never guessed. Pure
strings; nothing is opened, read or judged here.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from recto.documents.normalise import nfc

OMITTED = "isn't in the text, which leaves out too much of the page, or is read too badly, to prove anything"
BESIDE = "beside text that no reading accounts for"
UNPLACED = "has no certain place in the text"

MOST_DIFFERENT = 0.34  # of the longer one's characters: edits between a reading and its text
ELSEWHERE_DIFFERENT = 0.2  # the same where the order of the page doesn't vouch for the place
ELSEWHERE_CHARACTERS = 4
ROOM_SLACK = 1.0  # characters: how exact the room at the ends of a piece is known
ROUNDS = 4
MOST_OMITTED = 0.15
"""Of all characters that are clearly read on a page: a text in which more have no place is no transcript of
it, and what it doesn't say is no proof that nothing is to be read there. (Receipts that people typed off
leave out nothing on three pages of four, 2 % on the twentieth worst.)"""
LEAST_SURE = 0.5  # of all characters read on a page: with fewer clear ones nobody can tell what is left out
ALIKE = 0.4  # of a piece's characters that a free stretch shares with it may be a bad reading of that stretch
SHORT = 4  # characters: a piece so short is alike to any free stretch that isn't much longer


@dataclass(frozen=True, slots=True)
class Piece:
    """One detected line as read; `before` and `after` say how many more characters it had room for.

    `is_sure` says that the reading can be trusted to be text: specks and textures don't count as left out.
    """

    text: str
    before: float = 0.0
    after: float = 0.0
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """What the trusted text says where a piece stands: a text, "" for nothing, None where it can't be told.

    `reason` says why it can't.
    """

    label: str | None
    reason: str = ""


def align(rows: Sequence[Sequence[Piece]], text: str) -> list[list[Match]]:
    """A Match for every piece of `rows`, which are printed rows in reading order; `text` is the page's."""
    trusted = _Trusted("\n".join(" ".join(line.split()) for line in nfc(text).splitlines() if line.strip()))
    placed = [[_Placed(piece) for piece in row] for row in rows]
    _first_round(placed, trusted)
    for _ in range(1, ROUNDS):
        if not _another_round(placed, trusted):
            break
    _mark_omitted(placed, trusted)
    is_transcript = _is_transcript(placed)
    return [[_match(piece, trusted, is_transcript=is_transcript) for piece in row] for row in placed]


@dataclass(slots=True)
class _Placed:
    """A piece and its place `start:end` in the trusted text, once it has one; `near` is where it would be.

    `is_whole` says that the words it stands in are its own from end to end, `is_omitted` that the text has no
    place for it.
    """

    piece: Piece
    start: int = 0
    end: int = 0
    near: int | None = None
    is_certain: bool = False
    is_whole: bool = True
    is_omitted: bool = False


@dataclass(slots=True)
class _Trusted:
    """The trusted text: lines with single blanks, folded for comparing, and which characters are taken."""

    text: str
    folded: str = ""
    taken: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folded = fold(self.text)
        self.taken = [False] * len(self.text)

    def take(self, start: int, end: int) -> None:
        self.taken[start:end] = [True] * (end - start)

    def free_stretches(self) -> list[str]:
        """What no piece has taken, folded, in stretches within lines."""
        free = "".join("\n" if taken else char for char, taken in zip(self.folded, self.taken, strict=True))
        return [stretch.strip() for stretch in free.split("\n") if stretch.strip()]

    def is_free(self, index: int) -> bool:
        """Whether there is a character at `index` that is neither taken nor white space."""
        return 0 <= index < len(self.text) and not self.taken[index] and not self.text[index].isspace()


def fold(text: str) -> str:
    """Lower case character by character, so that places stay."""
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def difference(reading: str, label: str) -> float:
    """Edits between the two without case, as a share of the longer one (0–1)."""
    return Levenshtein.normalized_distance(fold(reading), fold(label))


def _first_round(rows: Sequence[Sequence[_Placed]], trusted: _Trusted) -> None:
    """Lay the whole page along the whole text."""
    _place([row for row in rows if row], trusted, range(len(trusted.text)))
    for placed in _all(rows):
        if _reads_like(placed, trusted, MOST_DIFFERENT):
            placed.is_certain = True
        elif placed.start < placed.end:
            placed.near, placed.end = placed.start, placed.start
    _settle(rows, trusted)


def _another_round(rows: Sequence[Sequence[_Placed]], trusted: _Trusted) -> bool:
    """Lay what is left of the page along what is left of the text; whether that placed anything."""
    left = [[p for p in row if not p.is_certain and p.piece.text] for row in rows]
    free = [i for i, taken in enumerate(trusted.taken) if not taken]
    if not any(left) or not any(not trusted.text[i].isspace() for i in free):
        return False
    tries = [[_Placed(p.piece) for p in row] for row in left]
    _place([row for row in tries if row], trusted, free)
    found = False
    for old, new in zip(_all(left), _all(tries), strict=True):
        whole = new.end - new.start >= ELSEWHERE_CHARACTERS and all(
            not taken for taken in trusted.taken[new.start : new.end]
        )
        if whole and _reads_like(new, trusted, ELSEWHERE_DIFFERENT):
            old.start, old.end, old.is_certain, found = new.start, new.end, True, True
    _settle(rows, trusted)
    return found


def _place(rows: Sequence[Sequence[_Placed]], trusted: _Trusted, places: Sequence[int]) -> None:
    """Give every piece of `rows` its stretch of the text at `places`, within one line of it."""
    read = "\n".join(" ".join(p.piece.text for p in row) for row in rows)
    partner = _partners(fold(read), "".join(trusted.folded[i] for i in places))
    begin = 0
    last = 0
    for placed in _all(rows):
        end = begin + len(placed.piece.text)
        own = [places[j] for j in partner[begin:end] if j is not None]
        placed.near = own[0] if own else last
        placed.start, placed.end = _one_line(placed, own, trusted) if own else (placed.near, placed.near)
        last = placed.end
        begin = end + 1


def _one_line(placed: _Placed, own: Sequence[int], trusted: _Trusted) -> tuple[int, int]:
    """The stretch from the first to the last of `own`; of several lines the one that reads most alike."""
    start, end = own[0], own[-1] + 1
    stretches = []
    for line in trusted.text[start:end].split("\n"):
        stretches.append((start, start + len(line)))
        start += len(line) + 1
    return min(stretches, key=lambda s: difference(placed.piece.text, trusted.text[s[0] : s[1]]))


def _reads_like(placed: _Placed, trusted: _Trusted, most: float) -> bool:
    label = trusted.text[placed.start : placed.end]
    return bool(label.strip()) and difference(placed.piece.text, label) <= most


def _settle(rows: Sequence[Sequence[_Placed]], trusted: _Trusted) -> None:
    """Take the stretches of certain pieces, grown to the ends of words where there is room for that."""
    certain = [p for p in _all(rows) if p.is_certain]
    for p in certain:
        trusted.take(p.start, p.end)
    grown = [_word_around(p, trusted) for p in certain]
    claims = Counter(place for start, end in grown for place in range(start, end))
    for p, (start, end) in zip(certain, grown, strict=True):
        alone = all(claims[place] == 1 for place in (*range(start, p.start), *range(p.end, end)))
        room = (p.piece.before + ROOM_SLACK, p.piece.after + ROOM_SLACK)
        p.is_whole = alone and p.start - start <= room[0] and end - p.end <= room[1]
        if p.is_whole:
            p.start, p.end = start, end
            trusted.take(start, end)


def _word_around(placed: _Placed, trusted: _Trusted) -> tuple[int, int]:
    """The stretch of a piece with the rest of the words that it begins or ends in, as far as it is free."""
    start, end = placed.start, placed.end
    while trusted.is_free(start - 1) and not trusted.text[start].isspace():
        start -= 1
    while trusted.is_free(end) and not trusted.text[end - 1].isspace():
        end += 1
    return start, end


def _mark_omitted(rows: Sequence[Sequence[_Placed]], trusted: _Trusted) -> None:
    """Find the pieces that the text leaves out for sure: nothing in it is left over that they might be."""
    free = trusted.free_stretches()
    for placed in _all(rows):
        near = placed.near or 0
        beside = not placed.is_certain and any(_beside(trusted, near, near))
        might_be = beside or any(_might_be(fold(placed.piece.text), stretch) for stretch in free)
        placed.is_omitted = not placed.is_certain and not might_be


def _might_be(reading: str, stretch: str) -> bool:
    """Whether a reading, however bad, may stand for a free stretch of the text or a part of it."""
    if len(reading) <= SHORT:
        return any(len(word) <= 2 * len(reading) for word in stretch.split())
    return fuzz.partial_ratio(reading, stretch) >= 100 * ALIKE


def _is_transcript(rows: Sequence[Sequence[_Placed]]) -> bool:
    """Whether a page's text has nearly all that is clearly read, and enough is."""
    read = sum(len(placed.piece.text) for placed in _all(rows))
    sure = sum(len(placed.piece.text) for placed in _all(rows) if placed.piece.is_sure)
    lost = sum(len(p.piece.text) for p in _all(rows) if p.piece.is_sure and not p.is_certain)
    return sure >= LEAST_SURE * read and lost <= MOST_OMITTED * sure


def _match(placed: _Placed, trusted: _Trusted, *, is_transcript: bool) -> Match:
    """The verdict on one piece, once all pieces have their places."""
    if placed.is_omitted:
        return Match("") if is_transcript else Match(None, OMITTED)
    if not placed.is_certain:
        return Match(None, UNPLACED)
    left, right = _beside(trusted, placed.start, placed.end)
    room_left = bool(left) and placed.piece.before >= len(left)
    room_right = bool(right) and placed.piece.after >= len(right)
    if not placed.is_whole or room_left or room_right:
        return Match(None, BESIDE)
    return Match(trusted.text[placed.start : placed.end].strip())


def _beside(trusted: _Trusted, start: int, end: int) -> tuple[str, str]:
    """What stands free on the same line of the text, directly left of `start` and right of `end`."""
    first, last = start, end
    while first > 0 and trusted.text[first - 1] != "\n" and not trusted.taken[first - 1]:
        first -= 1
    while last < len(trusted.text) and trusted.text[last] != "\n" and not trusted.taken[last]:
        last += 1
    return trusted.text[first:start].strip(), trusted.text[end:last].strip()


def _all(rows: Sequence[Sequence[_Placed]]) -> Iterator[_Placed]:
    return (placed for row in rows for placed in row)


@dataclass(slots=True)
class _Run:
    """Characters that stand side by side in both texts: `size` from `i` in the one, from `j` in the other."""

    i: int
    j: int
    size: int


def _partners(read: str, text: str) -> list[int | None]:
    """For each character of `read` its place in `text` by least edits, None where it has none."""
    runs = [_Run(0, 0, 0)]
    for op in Levenshtein.opcodes(read, text):
        if op.tag in ("equal", "replace"):
            run, size = runs[-1], op.src_end - op.src_start
            if (run.i + run.size, run.j + run.size) == (op.src_start, op.dest_start):
                run.size += size
            else:
                runs.append(_Run(op.src_start, op.dest_start, size))
    for before, after in pairwise(runs):
        _slide(before, after, read, text)
    partner: list[int | None] = [None] * len(read)
    for run in runs:
        partner[run.i : run.i + run.size] = range(run.j, run.j + run.size)
    return partner


def _slide(before: _Run, after: _Run, read: str, text: str) -> None:
    """Move the gap between two runs to where words end, if that costs no edit.

    Least edits leave open which of two equal characters is the superfluous one ("1 1.20" for "1.20").
    """

    def ends(by: int) -> int:
        i, j = before.i + before.size + by, before.j + before.size + by
        edges = ((read, i), (text, j), (read, after.i + by), (text, after.j + by))
        return sum(_is_edge(where, place) for where, place in edges)

    ways = [0]
    for by in range(1, before.size + 1):
        if read[after.i - by] != text[after.j - by]:
            break
        ways.append(-by)
    for by in range(after.size):
        i, j = before.i + before.size + by, before.j + before.size + by
        if read[i] != text[j]:
            break
        ways.append(by + 1)
    best = max(ways, key=lambda by: (ends(by), -abs(by)))
    before.size += best
    after.i, after.j, after.size = after.i + best, after.j + best, after.size - best


def _is_edge(text: str, place: int) -> bool:
    return place in (0, len(text)) or text[place].isspace() or text[place - 1].isspace()
