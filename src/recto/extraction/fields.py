"""Fields: what was found in a document, and its one JSON shape.

How it is found is in `tagger`, `patterns` and the language models; `assembly` makes an Extraction of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from recto.datasets.example import JsonValue
from recto.documents.transcript import Box


class FoundJson(TypedDict):
    """A Found as JSON."""

    name: str
    value: str
    currency: str | None
    printed: str
    confidence: float
    page: int
    box: list[float] | None
    grounded: bool
    corrected: bool


class CheckJson(TypedDict):
    """A Check as JSON."""

    name: str
    passed: bool | None
    detail: str


class ExtractionJson(TypedDict):
    """An Extraction as JSON: the shape that crosses folders, files and HTTP."""

    schema: str
    extractor: str
    values: dict[str, JsonValue]
    fields: list[FoundJson]
    missing: list[str]
    ungrounded: list[FoundJson]
    unfit: list[FoundJson]
    problems: list[str]
    checks: list[CheckJson]
    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """One value of a document.

    `name` says which field of the Schema: "total", "seller.name" in an object, "party[0]" and
    "items[0].amount" in lists. `value` is normalised (see `values`), `printed` as it stands on the page,
    `currency` (ISO 4217) for money where known. `confidence` 0–1; `page` from 1; `box` in pixels of the
    upright page image, None where the place isn't known. `grounded` is False for a value that doesn't
    stand in the Transcript; `corrected` is True where a person said it.
    """

    name: str
    value: str
    printed: str
    confidence: float
    page: int
    box: Box | None
    grounded: bool = True
    currency: str = ""
    corrected: bool = False

    def to_json(self) -> FoundJson:
        """The documented JSON shape, rounded to what a pixel and a probability deserve."""
        return {
            "name": self.name,
            "value": self.value,
            "currency": self.currency or None,
            "printed": self.printed,
            "confidence": round(self.confidence, 4),
            "page": self.page,
            "box": None if self.box is None else [round(v, 1) for v in self.box],
            "grounded": self.grounded,
            "corrected": self.corrected,
        }


@dataclass(frozen=True, slots=True)
class Check:
    """What a named check says of the fields; `passed` is None where it doesn't apply; `detail` says why."""

    name: str
    passed: bool | None
    detail: str

    def to_json(self) -> CheckJson:
        """The documented JSON shape."""
        return {"name": self.name, "passed": self.passed, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything that an extractor says of one document.

    `values` is the nested JSON made of `fields`; it validates against the Schema's JSON Schema where
    `problems` is empty, and `problems` says in words what doesn't where it isn't. `missing` names the
    required fields that weren't found. Two groups never reach `values`: `ungrounded` (doesn't stand in
    the Transcript) and `unfit` (stands there, and breaks a rule of the JSON Schema such as a pattern).
    `schema` is the Schema's name, `extractor` says who extracted; `seconds` without the reading.
    """

    schema: str
    extractor: str
    values: Mapping[str, JsonValue]
    fields: tuple[Found, ...]
    missing: tuple[str, ...] = ()
    ungrounded: tuple[Found, ...] = ()
    unfit: tuple[Found, ...] = ()
    problems: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    seconds: float = 0.0

    def to_json(self) -> ExtractionJson:
        """The documented JSON shape."""
        return {
            "schema": self.schema,
            "extractor": self.extractor,
            "values": dict(self.values),
            "fields": [found.to_json() for found in self.fields],
            "missing": list(self.missing),
            "ungrounded": [found.to_json() for found in self.ungrounded],
            "unfit": [found.to_json() for found in self.unfit],
            "problems": list(self.problems),
            "checks": [check.to_json() for check in self.checks],
            "seconds": round(self.seconds, 4),
        }


def found_from_json(value: FoundJson) -> Found:
    """A Found from its JSON shape. Raises KeyError or ValueError on a wrong shape."""
    box: Box | None = None
    if value["box"] is not None:
        x0, y0, x1, y1 = (float(v) for v in value["box"])
        box = (x0, y0, x1, y1)
    return Found(
        name=value["name"],
        value=value["value"],
        printed=value["printed"],
        confidence=value["confidence"],
        page=value["page"],
        box=box,
        grounded=value["grounded"],
        currency=value["currency"] or "",
        corrected=value["corrected"],
    )


def extraction_from_json(value: ExtractionJson) -> Extraction:
    """An Extraction from its JSON shape. Raises KeyError or ValueError on a wrong shape."""
    return Extraction(
        schema=value["schema"],
        extractor=value["extractor"],
        values=value["values"],
        fields=tuple(found_from_json(one) for one in value["fields"]),
        missing=tuple(value["missing"]),
        ungrounded=tuple(found_from_json(one) for one in value["ungrounded"]),
        unfit=tuple(found_from_json(one) for one in value["unfit"]),
        problems=tuple(value["problems"]),
        checks=tuple(Check(one["name"], one["passed"], one["detail"]) for one in value["checks"]),
        seconds=value["seconds"],
    )
