"""What a process that decodes may answer, and what of it is believed: nothing that doesn't fit here."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from recto import errors
from recto.errors import DocumentError
from recto.serving.decoding.protocol import WORDS

MESSAGE_BYTES = 65_536
"""The longest answer that is believed, without pixels."""

_KINDS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, DocumentError)
}
_Text = Annotated[str, Field(max_length=WORDS)]
_Count = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Problem(BaseModel):
    """A DocumentError on its way."""

    model_config = ConfigDict(strict=True, extra="forbid")

    kind: _Text
    what: _Text
    where: _Text | None
    hint: _Text

    @field_validator("kind")
    @classmethod
    def _is_of_ours(cls, kind: str) -> str:
        if kind not in _KINDS:
            raise ValueError("no DocumentError")
        return kind


class Reply(BaseModel):
    """What comes back: the open document (0 pages: none is open), and a page's size or the problem.

    Where there is a width, height × width × 3 bytes of pixels follow.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    page_count: _Count = 0
    sha256: Annotated[str, Field(max_length=64)] = ""
    width: _Count = 0
    height: _Count = 0
    dpi: float | None = None
    problem: Problem | None = None


def error_of(problem: Problem) -> DocumentError:
    """The error that the process raised."""
    return _KINDS[problem.kind](problem.what, where=problem.where, hint=problem.hint)
