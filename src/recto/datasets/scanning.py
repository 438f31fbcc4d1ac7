"""Scanning: every document of a dataset opened once, and what checks need of it kept: hashes and sizes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recto.datasets.example import Example
from recto.datasets.lookalikes import Bits, print_of
from recto.datasets.pages import content_hash, open_counted
from recto.errors import RectoError


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """What opening one Example told: `sha256` of the document, `print` of the page, or the error."""

    example: Example
    sha256: str = ""
    width: int = 0
    height: int = 0
    page_count: int = 0
    print: Bits | None = None
    error: RectoError | None = None

    @property
    def document_page(self) -> tuple[str, int]:
        """What makes two Examples exact duplicates: the same bytes, and the same page of them."""
        return self.sha256, (self.example.page or 1) if self.page_count != 1 else 1


def scan(
    examples: Sequence[Example], *, pages: bool = True, on_each: Callable[[], None] = lambda: None
) -> list[Scan]:
    """A Scan per Example, in order; with `pages` False documents are hashed and not opened."""
    scans = []
    for example in examples:
        scans.append(_scan(example, pages=pages))
        on_each()
    return scans


def _scan(example: Example, *, pages: bool) -> Scan:
    sha256 = ""
    try:
        sha256 = content_hash(example)
        if not pages:
            return Scan(example, sha256)
        page, page_count = open_counted(example)
    except RectoError as error:
        return Scan(example, sha256, error=error)
    return Scan(example, sha256, page.width, page.height, page_count, print_of(page.image))
