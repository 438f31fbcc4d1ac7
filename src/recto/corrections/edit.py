"""Edits: what somebody wants to save, and what came of it. A conflict is a value, not an error."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from recto.corrections.content import PageContent, lines_json
from recto.datasets.example import JsonValue
from recto.datasets.strict_json import check_value, dump_json
from recto.documents.reading_order import reading_rows, text_of_rows
from recto.documents.transcript import Line
from recto.errors import CorrectionError

Kind = Literal["transcript", "fields", "consent"]
Stream = Literal["value", "random", "open"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who saves on top of which `version`, and by which `key`: the same key again saves nothing twice."""

    author: str
    version: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class TranscriptEdit:
    """What a page says: its `lines` with their places, or else only its `text`.

    Lines make the text by themselves, in reading order; lines without places, one below the other.
    """

    text: str | None = None
    lines: tuple[Line, ...] | None = None

    def content(self) -> PageContent:
        """The trusted content that it makes. Raises CorrectionError where it can't be one."""
        if (self.text is None) == (self.lines is None):
            raise CorrectionError("give either text or lines", hint="lines make the text by themselves")
        lines = tuple(line for line in self.lines or () if line.text.strip())
        text = self.text if self.text is not None else _text(lines)
        if not text.strip():
            raise CorrectionError(
                "the text is empty", hint="a blank page can't be learnt: leave it in the queue"
            )
        self.to_json()
        return PageContent("trusted", text, tuple(Line(i.text, i.box, None, i.polygon) for i in lines))

    def to_json(self) -> dict[str, JsonValue]:
        """What was sent, as JSON values. Raises CorrectionError for what can't be kept."""
        return _checked({"text": self.text, "lines": None if self.lines is None else lines_json(self.lines)})


@dataclass(frozen=True, slots=True)
class FieldsEdit:
    """Fields that are now so; those that are None are taken away, others stay as they are."""

    fields: Mapping[str, JsonValue]

    def merged(self, before: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The fields afterwards."""
        return {key: value for key, value in (dict(before) | dict(self.fields)).items() if value is not None}

    def to_json(self) -> dict[str, JsonValue]:
        """What was sent, as JSON values. Raises CorrectionError for what can't be kept."""
        return _checked({"fields": dict(self.fields)})


@dataclass(frozen=True, slots=True)
class Saved:
    """It is on the disk: as `correction` (None: it was so already), and now of this version.

    `repeated` says that the same key had saved it before.
    """

    correction: int | None
    version: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else was quicker, and nothing was saved: what is there `now` (of this `version`), and what was
    `sent`. `base` is what the sender saw, where it is still known."""

    version: str
    now: Mapping[str, JsonValue]
    sent: Mapping[str, JsonValue]
    base: Mapping[str, JsonValue] | None


def fingerprint(kind: str, place: str, sent: Mapping[str, JsonValue], version: str) -> str:
    """What was asked for, to know an Idempotency-Key that comes again with something else."""
    return hashlib.sha256(dump_json([kind, place, dict(sent), version]).encode("utf-8")).hexdigest()


def _text(lines: tuple[Line, ...]) -> str:
    if len({line.box for line in lines}) == 1 < len(lines):  # all on the whole page: no place is known
        return "\n".join(line.text for line in lines)
    return text_of_rows(reading_rows(lines))


def _checked(sent: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        check_value(sent)
    except ValueError as error:
        raise CorrectionError(f"it can't be kept: {error}") from None
    if "\\u0000" in dump_json(sent):  # PostgreSQL can't keep one
        raise CorrectionError("it holds a NUL character")
    return sent
