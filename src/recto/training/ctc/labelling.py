"""Labelling: what each cut line says, by labelled boxes or by aligning readings with the page's text.

The base model reads the lines first: its readings find their places in the trusted text, and lend their
case to labels that have none. The letters themselves are always the trusted text's.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from recto.datasets.alignment import Match, Piece, align
from recto.documents.reading_order import reading_rows
from recto.documents.transcript import Line
from recto.engines.ppocr.alphabet import allowed_classes
from recto.engines.ppocr.crops import HEIGHT_PX, box_of_quad, quad_size
from recto.engines.ppocr.recogniser import FRAME_PX, NEAR_SPACE
from recto.training.ctc.alphabet import class_of, cut_head
from recto.training.ctc.base_model import BaseModel
from recto.training.ctc.case import transfer_case
from recto.training.ctc.decoding import LineReader
from recto.training.ctc.features import Bucket
from recto.training.ctc.lines import CutLine, CutPage, is_tall

SURE = 0.9
"""What is read with this confidence is text on the paper; below it, it may as well be a speck."""
NOTHING_READ = "nothing was read there, so its place in the text can't be told"
UPRIGHT = "the line stands upright"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the base model reads in a line, the frames of its first and last character, and how sure it is."""

    text: str
    first: int = 0
    last: int = 0
    confidence: float = 0.0


@dataclass(slots=True)
class Labels:
    """A label for each line, None for lines that teach nothing; `case_blind` where its source has no case.

    `aligned` counts the lines whose labels come from page text, `letters` those whose case was read and
    those whose case was guessed from neighbours.
    """

    texts: list[str | None] = field(default_factory=list)
    case_blind: list[bool] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unwritable: Counter[str] = field(default_factory=Counter)
    aligned: int = 0
    letters: Counter[str] = field(default_factory=Counter)


def label_pages(pages: Sequence[CutPage], readings: Sequence[Reading], characters: frozenset[str]) -> Labels:
    """Labels for the lines of all `pages`, in order; `readings` has one entry per line."""
    labels = Labels()
    place = 0
    for page in pages:
        own = readings[place : place + len(page.lines)]
        place += len(page.lines)
        blind = page.example.case == "upper"
        for text, reading in zip(_texts(page, own, labels), own, strict=True):
            known = None if text is None else _writable(text, characters, labels)
            labels.texts.append(_cased(known, reading, characters, labels) if blind and known else known)
            labels.case_blind.append(blind)
    return labels


def _texts(page: CutPage, readings: Sequence[Reading], labels: Labels) -> list[str | None]:
    if page.labelled:
        return [line.label for line in page.lines]
    matches = align_page(page, readings)
    labels.left_out.update(match.reason for match in matches if match.label is None)
    labels.aligned += sum(match.label is not None for match in matches)
    return [match.label for match in matches]


def align_page(page: CutPage, readings: Sequence[Reading]) -> list[Match]:
    """For each line of a page what its trusted text says there."""
    matches = [Match(None, UPRIGHT if is_tall(line.quad) else NOTHING_READ) for line in page.lines]
    read = [
        (index, _line(line, reading))
        for index, (line, reading) in enumerate(zip(page.lines, readings, strict=True))
        if reading.text and not is_tall(line.quad)
    ]
    index_of = {id(line): index for index, line in read}
    rows = [[index_of[id(line)] for line in row] for row in reading_rows([line for _, line in read])]
    pieces = [[_piece(page.lines[i], readings[i]) for i in row] for row in rows]
    for row, found in zip(rows, align(pieces, page.example.text or ""), strict=True):
        for index, match in zip(row, found, strict=True):
            matches[index] = match
    return matches


def _line(line: CutLine, reading: Reading) -> Line:
    polygon = tuple((float(x), float(y)) for x, y in line.quad)
    return Line(reading.text, box_of_quad(line.quad), polygon=polygon)


def _piece(line: CutLine, reading: Reading) -> Piece:
    """The reading, and for how many more characters of its pitch the detected line has room."""
    is_sure = reading.confidence >= SURE
    if len(reading.text) < 2:
        return Piece(reading.text, is_sure=is_sure)
    width, height = quad_size(line.quad)
    frames = width * HEIGHT_PX / height / FRAME_PX
    pitch = max((reading.last - reading.first) / (len(reading.text) - 1), 0.5)
    before, after = reading.first / pitch - 0.5, (frames - reading.last - 1) / pitch - 0.5
    return Piece(reading.text, before, after, is_sure)


def _writable(text: str, characters: frozenset[str], labels: Labels) -> str | None:
    unknown = set(text) - characters
    if unknown:
        labels.left_out["a character that the model can't write"] += 1
        labels.unwritable.update(unknown)
    return None if unknown else text


def _cased(text: str, reading: Reading, characters: frozenset[str], labels: Labels) -> str:
    """The label of a case-blind source with the case that the base model sees."""
    cased = transfer_case(text, reading.text)
    if not set(cased.text) <= characters:
        return text
    labels.letters.update(read=cased.read, guessed=cased.guessed)
    return cased.text


def read_pieces(
    base: BaseModel,
    buckets: Sequence[Bucket],
    also: frozenset[str],
    advance: Callable[[int], None] = lambda lines: None,
) -> list[Reading]:
    """The base model's reading of every line, in European characters and those of `also`."""
    table = class_of(base.characters)
    allowed = allowed_classes(list(base.characters[:-1]), "european").tolist()
    allowed = sorted({*allowed, *(table[char] for char in also if char in table)})
    head = cut_head(base.network.head, torch.tensor(allowed))
    characters = "".join(base.characters[index - 1] for index in allowed[1:])
    reader = LineReader(base.network.neck, head, characters, NEAR_SPACE)
    out = [Reading("")] * sum(len(bucket.lines) for bucket in buckets)
    for said in reader.read(buckets, advance=advance):
        if said.text:
            first, last = int(said.frames[0]), int(said.frames[-1])
            out[said.place] = Reading(said.text, first, last, said.confidence)
    return out
