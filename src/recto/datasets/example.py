"""Example: a Page with its trusted Transcript; Dataset: an immutable set of Examples with splits.

Nothing here reads or writes files: see `datasets/readers` and `datasets/writers`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from recto.documents.transcript import Line

Split = Literal["train", "val", "test"]
JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


class Packed(Protocol):
    """Bytes inside an archive or a table, read only when they are wanted."""

    def read(self) -> bytes:
        """The bytes of the document. Raises DatasetError where the archive can't give them any more."""
        ...


Source = Path | bytes | Packed


@dataclass(frozen=True, slots=True)
class Example:
    """One annotated page.

    `image` is the name in the annotations; `source` is where its bytes are: a path, the bytes
    themselves, or a place inside an archive (`datasets/pages.document_bytes` reads all three). `text` is
    the trusted text in reading order, or None where there is none (`text_unverified` is never ground
    truth). `case` is "upper" where the labels say nothing about case. `group` names what must stay on one
    side of a split (a vendor). `page` selects a page of a PDF or TIFF, from 1. `extra` holds unknown
    keys, handed through untouched. `origin` says file and row, for messages. `category_guessed` says that
    nobody stated the category: it is what the file's name suggests.
    """

    image: str
    source: Source = field(repr=False)
    text: str | None
    category: str
    business: str | None = None
    split: Split | None = None
    group: str | None = None
    lines: tuple[Line, ...] | None = None
    fields: Mapping[str, JsonValue] | None = None
    language: str | None = None
    page: int | None = None
    case: Literal["upper"] | None = None
    text_unverified: str | None = None
    extra: Mapping[str, JsonValue] = field(default_factory=dict)
    origin: str = ""
    category_guessed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Dataset:
    """An immutable set of Examples; `root` is the folder or file that it was read from."""

    examples: tuple[Example, ...]
    root: Path

    def split(self, name: Split) -> tuple[Example, ...]:
        """The Examples of one split, in file order."""
        return tuple(e for e in self.examples if e.split == name)
