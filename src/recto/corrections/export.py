"""Export: corrections as JSON Lines for programs outside. recto's own Cycles need none.

`training_queue.jsonl` has a line for each page whose text a person gave, `extraction_training_queue.jsonl`
one for each page with trusted fields: prompt and answer, and the `schema` whose tagger learns from it or is
measured on it in its next Cycle. What models may not see isn't written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from recto.corrections.content import content_of, fields_of, lines_json
from recto.corrections.place import number_of
from recto.datasets.corpus.labelled import Labels, labelled_pages
from recto.datasets.example import JsonValue
from recto.datasets.pairs import PREFIX
from recto.datasets.strict_json import dump_json
from recto.documents.replacing import replace_file
from recto.errors import OutputError
from recto.extraction.loading import load_schema
from recto.training.tagging.labelled import labels_for
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import CorrectionRow
from recto.workspace.scopes import is_example
from recto.workspace.tables import DocumentRow

TRAINING = "training_queue.jsonl"
EXTRACTION = "extraction_training_queue.jsonl"

PAGE_BREAK = "\f"
_ANY = Labels(scope=None, categories=None, teach=bool)


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
    """The trusted fields of each labelled page, and the text of its document, trusted or as it was read.

    A document that waits for its first reading has no text yet, and no line.
    """
    with workspace.read() as session:
        last = _last(session.scalars(select(CorrectionRow).where(CorrectionRow.kind == "fields")).all())
        taught = _schemas(session, workspace)
        for labelled in labelled_pages(session, workspace.settings, _ANY):
            of_it = select(DocumentRow).where(DocumentRow.sha256 == labelled.sha256)
            pages = session.scalars(of_it.order_by(DocumentRow.page)).all()
            contents = [content_of(row) for row in pages]
            if any(content.text is None for content in contents):
                continue
            row = next(row for row in pages if row.id == labelled.row)
            known: dict[str, JsonValue] = {
                "prompt": PREFIX + PAGE_BREAK.join(content.text or "" for content in contents),
                "answer": dump_json(fields_of(row)),
                "document": row.sha256,
                "category": row.category,
                "schema": taught.get(row.id),
                "split": row.split,
                "text_trusted": all(content.state == "trusted" for content in contents),
            }
            yield known | _provenance(last.get(row.id))


def _schemas(session: Session, workspace: Workspace) -> dict[int, str]:
    """Which schema's tagger learns from a page, by its row: one that has a Cycle for its category."""
    return {
        page.row: name
        for name in set(workspace.settings.review.schemas.values())
        for page in labelled_pages(
            session, workspace.settings, labels_for(load_schema(name), workspace.settings)
        )
    }


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
