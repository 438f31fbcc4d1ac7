"""Labels: what an Example says, as a row of the workspace holds it, and the way back. It makes no query."""

from dataclasses import replace as changed
from datetime import datetime
from pathlib import PurePosixPath
from typing import cast

from recto.datasets.example import Example, JsonValue
from recto.datasets.naming import SPLITS, safe_name
from recto.datasets.row import example_from_row, row_from_example
from recto.workspace.blobs import blob_path
from recto.workspace.folder import Workspace
from recto.workspace.tables import DocumentRow

_COLUMNS = ("image", "text", "category", "business", "split", "group", "page")


def facts_of(example: Example) -> dict[str, object]:
    """What the columns of a row don't hold: lines, fields, case, language, unknown keys."""
    entry: dict[str, object] = dict(row_from_example(example))
    for name in _COLUMNS:
        entry.pop(name, None)
    return entry


def example_of(row: DocumentRow, workspace: Workspace) -> Example:
    """The row as an Example whose document is the blob; without a split where it has none of the three."""
    entry = dict(row.facts) | {
        "image": row.name,
        "text": row.text,
        "category": row.category,
        "business": row.business,
        "group": row.group,
        "split": row.split if row.split in SPLITS else None,
        "page": row.page or None,
    }
    source = blob_path(workspace, row.sha256)
    return example_from_row(entry, source, root=None, origin=f"{workspace.path}:{row.id}")


def relabel(row: DocumentRow, example: Example, at: datetime) -> bool:
    """Take over what `example` says newly of the row's page; whether anything changed.

    A text replaces the one before, with all that belongs to it; an Example without text only fills gaps. A
    stated category counts with either, a guessed one with neither: who stated the one before knew better.
    """
    before = _label(row)
    facts = facts_of(example)
    row.category = row.category if example.category_guessed else example.category
    if example.text is None:
        row.facts = facts | row.facts
        row.business = row.business or example.business
        row.group = row.group or example.group
        return _label(row) != before
    row.facts = row.facts | facts if row.text == example.text else facts
    row.business = example.business or row.business
    row.group = example.group or row.group
    trust(row, example.text, at)
    return _label(row) != before


def trust(row: DocumentRow, text: str, at: datetime) -> None:
    """Make `text` the trusted text of the row."""
    if row.text != text or row.state != "trusted":
        row.trusted_at = at
    row.text, row.state, row.problem = text, "trusted", None


def drop_label(row: DocumentRow) -> None:
    """Forget what belongs to the text: its lines, and what is said of its case."""
    row.facts = {key: value for key, value in row.facts.items() if key not in ("lines", "case")}


def bare(example: Example) -> Example:
    """The Example without its text and what belongs to that."""
    return changed(example, text=None, lines=None, case=None)


def name_of(example: Example, sha256: str) -> str:
    """The Example's name without the folder of its split, which may not be the one it is placed in."""
    path = PurePosixPath(example.image)
    if len(path.parts) > 1 and path.parts[0] in SPLITS:
        path = PurePosixPath(*path.parts[1:])
    try:
        return safe_name(str(path))
    except ValueError:
        return f"document-{sha256[:12]}{path.suffix if path.suffix[1:].isalnum() else ''}"


def with_page(example: Example, page: int) -> Example:
    """The Example for one page of its document."""
    return changed(example, page=page)


def _label(row: DocumentRow) -> tuple[JsonValue, ...]:
    facts = cast(dict[str, JsonValue], row.facts)
    return (row.text, row.state, row.category, row.business, row.group, facts)
