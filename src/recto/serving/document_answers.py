"""Answers about kept documents: the list, one with its pages, corrections and conflicts, as JSON values.

The pydantic models describe them in the OpenAPI. What is told is found out in `corrections`.
"""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field, JsonValue

from recto.corrections.content import lines_json
from recto.corrections.documents import Lease, Listed, ReviewDocument, ReviewPage
from recto.corrections.edit import Conflict, Saved
from recto.corrections.store import Correction
from recto.serving.answers import LineModel, TranscriptModel
from recto.serving.problems import Problem, ProblemJson, problem
from recto.workspace.provenance import Seen

_Json = dict[str, object]


class LeaseModel(BaseModel):
    """Who works on a page."""

    by: str = Field(examples=["anna"])
    until: str
    stream: str = Field(description="how it came to him: value, random, or open (he opened it himself)")


class ReviewPageModel(BaseModel):
    """A page as it stands."""

    page: int = Field(ge=1)
    state: str = Field(description="trusted, queued (waits for a person), failed or withdrawn")
    version: str = Field(description="names what the page says now; a save says which one it saw")
    text: str | None = Field(description="trusted, or else what the model read; null: nothing is read yet")
    lines: list[LineModel]
    calibrated: list[float | None] | None = Field(
        description="how likely each line of a waiting reading is right, by people's corrections; "
        "null: too few, or a person said it"
    )
    reading: TranscriptModel | None = Field(description="what the model read, if it did")
    problem: str | None = Field(description="why it can't be read")
    corrected_at: str | None
    lease: LeaseModel | None


class ConsentModel(BaseModel):
    """What may be done with the document."""

    store: bool = Field(default=True, description="keep it")
    train: bool = Field(default=True, description="let models learn from it, or be measured on it")


class ReviewDocumentModel(BaseModel):
    """A document as it stands."""

    id: str = Field(description="the SHA-256 of its bytes")
    name: str
    category: str
    business: str | None
    added_at: str
    pages: list[ReviewPageModel]
    fields: dict[str, JsonValue] = Field(description="trusted ones")
    fields_version: str
    extraction: dict[str, JsonValue] | None = Field(
        description="what was found, as POST /v1/extract tells it"
    )
    consent: ConsentModel


class ListedModel(BaseModel):
    """One document of the list."""

    id: str
    number: int = Field(description="for `after`")
    name: str
    category: str
    business: str | None
    added_at: str
    states: dict[str, int] = Field(description="its pages by state")


class DocumentsModel(BaseModel):
    """Some documents; `next` is the `after` of those that come then, null at the end."""

    documents: list[ListedModel]
    next: int | None


class SavedModel(BaseModel):
    """What was saved, and the document afterwards."""

    correction: int | None = Field(description="its number; null: it was so already")
    version: str = Field(description="of what was saved")
    repeated: bool = Field(description="whether the same Idempotency-Key had saved it before")
    document: ReviewDocumentModel


class ConflictSides(BaseModel):
    """Both sides of a conflict, and what lies under both."""

    version: str = Field(description="of what is there now: save on top of this one")
    now: dict[str, JsonValue]
    sent: dict[str, JsonValue]
    base: dict[str, JsonValue] | None = Field(description="what you saw, where it is still known")


class ConflictModel(Problem):
    """Somebody else was quicker; nothing was saved, and nothing is lost."""

    conflict: ConflictSides


class CorrectionModel(BaseModel):
    """One change."""

    number: int
    page: int
    kind: str = Field(description="transcript, fields or consent")
    at: str
    by: str
    release: str | None = Field(description="that had read the page; null: base weights, or nothing had")
    engine: str | None
    before: dict[str, JsonValue] | None = Field(description="null: the document was withdrawn since")
    after: dict[str, JsonValue] | None
    undoes: int | None
    stream: str


class CorrectionsModel(BaseModel):
    """All changes of a document, oldest first."""

    corrections: list[CorrectionModel]


class SeenModel(BaseModel):
    """A Release that saw a page of the document."""

    release: str
    scope: str
    cycle: int
    page: int
    split: str = Field(description="train: learnt from it; val: chose its epoch by it; test: measured on it")


class SeenByModel(BaseModel):
    """All Releases that saw the document."""

    releases: list[SeenModel]


class ConsentedModel(SeenByModel):
    """What is allowed now, and who saw it before."""

    consent: ConsentModel


def listed_json(listed: Listed) -> _Json:
    """One document of the list."""
    return {
        "id": listed.sha256,
        "number": listed.number,
        "name": listed.name,
        "category": listed.category,
        "business": listed.business,
        "added_at": listed.added_at.isoformat(),
        "states": dict(listed.states),
    }


def document_json(document: ReviewDocument) -> _Json:
    """A document with its pages."""
    return {
        "id": document.sha256,
        "name": document.name,
        "category": document.category,
        "business": document.business,
        "added_at": document.added_at.isoformat(),
        "pages": [page_json(page) for page in document.pages],
        "fields": dict(document.fields),
        "fields_version": document.fields_version,
        "extraction": None if document.extraction is None else dict(document.extraction),
        "consent": document.consent.to_json(),
    }


def page_json(page: ReviewPage) -> _Json:
    """One page of a document."""
    return {
        "page": page.place.page,
        "state": page.content.state,
        "version": page.content.version,
        "text": page.content.text,
        "lines": lines_json(page.content.lines),
        "calibrated": None if page.calibrated is None else list(page.calibrated),
        "reading": None if page.reading is None else page.reading.to_json(),
        "problem": page.problem,
        "corrected_at": None if page.corrected_at is None else page.corrected_at.isoformat(),
        "lease": None if page.lease is None else lease_json(page.lease),
    }


def lease_json(lease: Lease) -> _Json:
    """Who works on a page."""
    return {"by": lease.author, "until": lease.until.isoformat(), "stream": lease.stream}


def saved_json(saved: Saved, document: ReviewDocument) -> _Json:
    """What was saved, and the document afterwards."""
    head = {"correction": saved.correction, "version": saved.version, "repeated": saved.repeated}
    return {**head, "document": document_json(document)}


def conflict_problem(conflict: Conflict) -> tuple[ProblemJson, _Json]:
    """The problem of a conflict, and what stands beside it: both sides."""
    told = problem(409, "somebody else has changed this since you saw it: nothing was saved", kind="Conflict")
    told["hint"] = "put both together, and save that on top of the version that is told"
    sides = {
        "version": conflict.version,
        "now": dict(conflict.now),
        "sent": dict(conflict.sent),
        "base": None if conflict.base is None else dict(conflict.base),
    }
    return told, {"conflict": sides}


def correction_json(correction: Correction) -> _Json:
    """One change."""
    return {
        "number": correction.number,
        "page": correction.place.page,
        "kind": correction.kind,
        "at": correction.at.isoformat(),
        "by": correction.author,
        "release": correction.release,
        "engine": correction.engine,
        "before": _plain(correction.before),
        "after": _plain(correction.after),
        "undoes": correction.undoes,
        "stream": correction.stream,
    }


def seen_json(seen: Sequence[Seen]) -> list[_Json]:
    """The Releases that saw a document."""
    return [
        {
            "release": str(one.release),
            "scope": one.scope,
            "cycle": one.cycle,
            "page": one.page,
            "split": one.split,
        }
        for one in seen
    ]


def _plain(content: Mapping[str, object] | None) -> _Json | None:
    return None if content is None else dict(content)
