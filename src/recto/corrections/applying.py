"""Applying: what a row becomes when its page is corrected, and when that is undone. It makes no query."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from recto.corrections.content import PageContent, content_from_json, lines_json
from recto.datasets.corpus.labels import drop_label, trust
from recto.datasets.example import JsonValue
from recto.workspace.tables import DocumentRow


def apply_content(row: DocumentRow, content: PageContent, at: datetime) -> None:
    """Make the content the trusted text of the row, with its lines; a person said it at `at`."""
    assert content.text is not None
    drop_label(row)
    if content.lines:
        row.facts = {**row.facts, "lines": lines_json(content.lines)}
    if content.case is not None:
        row.facts = {**row.facts, "case": content.case}
    trust(row, content.text, at)
    row.corrected_at = at


def restore(row: DocumentRow, before: Mapping[str, object], at: datetime) -> None:
    """Make the row what a correction kept as `before`; what a person never said counts as that again."""
    content = content_from_json(before)
    corrected_at = cast(str | None, before.get("corrected_at"))
    if content.state == "trusted":
        apply_content(row, content, at)
    else:
        drop_label(row)
        row.state, row.text, row.trusted_at = content.state, None, None
        row.problem = cast(str | None, before.get("problem"))
    row.corrected_at = None if corrected_at is None else datetime.fromisoformat(corrected_at)


def apply_fields(row: DocumentRow, fields: Mapping[str, JsonValue]) -> None:
    """Make these the trusted fields of the document whose first page this is."""
    others = {key: value for key, value in row.facts.items() if key != "fields"}
    row.facts = others | ({"fields": dict(fields)} if fields else {})
