"""Content: what a page says now, or what its fields are, as values; and the version that names it.

A version is made from the content: whoever changes it (a person, `recto add`, an engine that reads it)
changes the version, and content that comes back brings its version back.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from recto.datasets.example import JsonValue
from recto.datasets.strict_json import dump_json
from recto.documents.transcript import Line, TranscriptJson, line_from_json, transcript_from_json
from recto.workspace.tables import DocumentRow

VERSION_LENGTH = 16


@dataclass(frozen=True, slots=True)
class PageContent:
    """What a page says: by a person or a file where `state` is "trusted", else by the model (`queued`).

    `text` is None where nothing was read yet, or nothing could be (`failed`).
    """

    state: str
    text: str | None
    lines: tuple[Line, ...]
    case: str | None = None

    @property
    def version(self) -> str:
        """What this content is called."""
        return version_of(self.to_json())

    def to_json(self) -> dict[str, JsonValue]:
        """JSON values, from which `content_from_json` makes it again."""
        out: dict[str, JsonValue] = {"state": self.state, "text": self.text, "lines": lines_json(self.lines)}
        return out if self.case is None else out | {"case": self.case}


def content_of(row: DocumentRow) -> PageContent:
    """What the row's page says now."""
    if row.state == "trusted":
        case = row.facts.get("case")
        lines = cast(list[dict[str, object]], row.facts.get("lines") or [])
        return PageContent(row.state, row.text, _lines(lines), case if isinstance(case, str) else None)
    return reading_of(row) or PageContent(row.state, None, ())


def reading_of(row: DocumentRow) -> PageContent | None:
    """What the model read on the row's page, whatever it says now; None where nothing was read."""
    if not row.reading:
        return None
    reading = transcript_from_json(cast(TranscriptJson, row.reading))
    return PageContent(row.state, reading.text, reading.lines)


def content_from_json(value: Mapping[str, object]) -> PageContent:
    """The content that `PageContent.to_json` gave."""
    lines = cast(list[dict[str, object]], value["lines"])
    return PageContent(
        cast(str, value["state"]),
        cast(str | None, value["text"]),
        _lines(lines),
        cast(str | None, value.get("case")),
    )


def fields_of(row: DocumentRow) -> dict[str, JsonValue]:
    """The trusted fields of a document, which its first page keeps."""
    return dict(cast(Mapping[str, JsonValue], row.facts.get("fields") or {}))


def fields_json(row: DocumentRow) -> dict[str, JsonValue]:
    """Trusted fields and found ones together: what a version of the fields names."""
    found = cast(Mapping[str, JsonValue], row.extraction or {})
    return {"fields": fields_of(row), "found": found.get("values")}


def version_of(content: Mapping[str, JsonValue]) -> str:
    """Sixteen hexadecimal digits that this content alone has."""
    told = dump_json({key: content[key] for key in sorted(content)})
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:VERSION_LENGTH]


def lines_json(lines: Sequence[Line]) -> list[JsonValue]:
    """Lines as JSON values."""
    return [cast(dict[str, JsonValue], dict(line.to_json())) for line in lines]


def _lines(values: Sequence[Mapping[str, object]]) -> tuple[Line, ...]:
    return tuple(line_from_json(value) for value in values)  # type: ignore[arg-type]
