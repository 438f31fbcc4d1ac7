"""Export: corrections as JSON Lines for programs outside. recto's own Cycles need none.

`training_queue.jsonl` has a line for each page whose text a person gave, `extraction_training_queue.jsonl`
one for each document with trusted text and fields: prompt and answer. What models may not see isn't written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sqlalchemy import select

from recto.corrections.content import content_of, fields_of, lines_json
from recto.corrections.place import number_of
from recto.datasets.example import JsonValue
from recto.datasets.pairs import PREFIX
from recto.datasets.strict_json import dump_json
from recto.documents.replacing import replace_file
from recto.errors import OutputError
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import CorrectionRow
from recto.workspace.scopes import is_example
from recto.workspace.tables import DocumentRow

TRAINING = "training_queue.jsonl"
EXTRACTION = "extraction_training_queue.jsonl"

PAGE_BREAK = "\f"


@dataclass(frozen=True, slots=True)
class Exported:
    """How many lines each file has."""

    pages: int
    extractions: int


def export(workspace: Workspace, folder: Path) -> Exported:
    """Write both files into `folder`, each in one step, in place of earlier ones. Raises OutputError."""
    pages, extractions = list(_pages(workspace)), list(_extractions(workspace))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"can't be made: {error.strerror}", where=folder) from None
    for name, rows in ((TRAINING, pages), (EXTRACTION, extractions)):
        replace_file(folder / name, "".join(f"{dump_json(row)}\n" for row in rows).encode("utf-8"))
    return Exported(len(pages), len(extractions))


def _pages(workspace: Workspace) -> Iterator[dict[str, JsonValue]]:
    """What each page says now, and what its last correction changed."""
    query = (
        select(DocumentRow)
        .where(is_example(), DocumentRow.corrected_at.is_not(None))
        .order_by(DocumentRow.id)
    )
    with workspace.read() as session:
        last = _last(session.scalars(select(CorrectionRow).where(CorrectionRow.kind == "transcript")).all())
        for row in session.scalars(query):
            content = content_of(row)
            known: dict[str, JsonValue] = {
                "document": row.sha256,
                "page": number_of(row),
                "image": row.name,
                "category": row.category,
                "business": row.business,
                "split": row.split,
                "text": content.text,
                "lines": lines_json(content.lines),
            }
            yield known | _provenance(last.get(row.id))


def _extractions(workspace: Workspace) -> Iterator[dict[str, JsonValue]]:
    """The text of each document whose pages are all trusted, and its trusted fields."""
    with workspace.read() as session:
        last = _last(session.scalars(select(CorrectionRow).where(CorrectionRow.kind == "fields")).all())
        documents: dict[str, list[DocumentRow]] = {}
        for row in session.scalars(select(DocumentRow).order_by(DocumentRow.id)):
            documents.setdefault(row.sha256, []).append(row)
        for rows in documents.values():
            pages = sorted(rows, key=number_of)
            fields = fields_of(pages[0])
            if not fields or not all(row.state == "trusted" and row.train_allowed for row in pages):
                continue
            known: dict[str, JsonValue] = {
                "prompt": PREFIX + PAGE_BREAK.join(row.text or "" for row in pages),
                "answer": dump_json(fields),
                "document": pages[0].sha256,
                "category": pages[0].category,
                "split": pages[0].split,
            }
            yield known | _provenance(last.get(pages[0].id))


def _last(rows: Sequence[CorrectionRow]) -> Mapping[int, CorrectionRow]:
    """The newest correction of each row, by the row's id."""
    return {row.document_id: row for row in sorted(rows, key=lambda row: row.id)}


def _provenance(correction: CorrectionRow | None) -> dict[str, JsonValue]:
    """Who, when, what it was before, and which Release had read it; nothing where a file brought it."""
    if correction is None:
        return {}
    return {
        "by": correction.author,
        "at": correction.at.isoformat(),
        "release": correction.release,
        "engine": correction.engine,
        "before": cast(JsonValue, correction.before),
        "correction": correction.id,
    }
