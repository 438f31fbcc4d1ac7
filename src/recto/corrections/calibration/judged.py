"""Judged pages: what people's corrections say of each line that a model read: was it right?

The reading that a person corrected or accepted is laid beside the last word that stands. What was undone says
nothing, nor does a document that models may not learn from. Lines without a confidence are left out.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from rapidfuzz.distance import Levenshtein
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from recto.corrections.content import PageContent, content_from_json
from recto.documents.transcript import Box, Line
from recto.evaluation.metrics.trust import Judged
from recto.workspace.review_tables import CorrectionRow
from recto.workspace.tables import GENERAL, DocumentRow


@dataclass(frozen=True, slots=True, order=True)
class Reader:
    """Whose confidences are meant: a Release of an engine ("": base weights), on documents of a scope."""

    scope: str
    engine: str
    release: str


@dataclass(frozen=True, slots=True)
class JudgedPage:
    """A page that a model read and a person went through; `drawn`: it came to him at random.

    `is_right` holds for the whole text, so that it tells of lines that the model left out as well.
    """

    sha256: str
    drawn: bool
    lines: tuple[Judged, ...]
    is_right: bool


def reader_of(business: str | None, engine: str, release: str | None, scopes: Sequence[str]) -> Reader:
    """The Reader of a page; `scopes` are the business types with a loop of their own."""
    return Reader(business if business is not None and business in scopes else GENERAL, engine, release or "")


def judged_pages(
    session: Session, scopes: Sequence[str], until: int | None = None
) -> dict[Reader, list[JudgedPage]]:
    """All judged pages by their Readers; of corrections numbered above `until`, only those that undo."""
    query = (
        select(CorrectionRow, DocumentRow.sha256, DocumentRow.business)
        .join(DocumentRow, DocumentRow.id == CorrectionRow.document_id)
        .where(CorrectionRow.kind == "transcript", CorrectionRow.before.is_not(None))
        .where(DocumentRow.train_allowed)
        .order_by(CorrectionRow.id)
    )
    if until is not None:
        query = query.where(or_(CorrectionRow.id <= until, CorrectionRow.undoes.is_not(None)))
    read: dict[int, tuple[CorrectionRow, str, str | None]] = {}
    last: dict[int, Mapping[str, object]] = {}
    for row, sha256, business in session.execute(query):
        last[row.document_id] = row.after or {}
        if row.undoes is None and (row.before or {}).get("state") == "queued":
            read[row.document_id] = (row, sha256, business)
    pages: dict[Reader, list[JudgedPage]] = {}
    for document_id, (row, sha256, business) in read.items():
        if last[document_id].get("state") != "trusted":
            continue
        before = content_from_json(cast(Mapping[str, object], row.before))
        page = judged_page(sha256, before, content_from_json(last[document_id]), drawn=row.stream == "random")
        pages.setdefault(reader_of(business, row.engine or "", row.release, scopes), []).append(page)
    return pages


def judged_page(sha256: str, before: PageContent, after: PageContent, *, drawn: bool) -> JudgedPage:
    """The page with each line of `before` judged by what a person made of it."""
    right = _rightness(before.lines, after)
    lines = tuple(
        (line.confidence, is_right)
        for line, is_right in zip(before.lines, right, strict=True)
        if line.confidence is not None
    )
    return JudgedPage(sha256, drawn, lines, _words(before.text or "") == _words(after.text or ""))


def _rightness(lines: Sequence[Line], after: PageContent) -> list[bool]:
    """By its box where the person has a line in the same place, else by its words in the whole text."""
    boxes = Counter(_key(line.box) for line in (*lines, *after.lines))
    said = {_key(line.box): _words(line.text) for line in after.lines if boxes[_key(line.box)] == 2}
    found = _found(lines, _words(after.text or ""))
    return [
        said[_key(line.box)] == _words(line.text) if _key(line.box) in said else is_found
        for line, is_found in zip(lines, found, strict=True)
    ]


def _found(lines: Sequence[Line], text: Sequence[str]) -> list[bool]:
    """Whether all words of each line stand side by side in the text, once all words of both are aligned."""
    words = [_words(line.text) for line in lines]
    flat = [word for of_line in words for word in of_line]
    places: dict[int, int] = {}
    for step in Levenshtein.opcodes(flat, text):
        if step.tag == "equal":
            places |= {step.src_start + i: step.dest_start + i for i in range(step.src_end - step.src_start)}
    found, start = [], 0
    for of_line in words:
        own = [places.get(start + i) for i in range(len(of_line))]
        first = own[0] if own else None
        found.append(first is not None and own == list(range(first, first + len(own))))
        start += len(of_line)
    return found


def _key(box: Box) -> tuple[int, ...]:
    """The box in whole pixels: what went through a browser may differ by less."""
    return tuple(round(side) for side in box)


def _words(text: str) -> list[str]:
    return unicodedata.normalize("NFC", text).split()
