"""Place: which page of which document is meant, and who may see it. Rows are found here, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from recto.errors import DocumentUnknown
from recto.workspace.tables import GENERAL, DocumentRow

WITHDRAWN = "withdrawn"
"""The state of a page of which nothing is kept any more."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page: the SHA-256 of its document, and its number from 1."""

    sha256: str
    page: int = 1

    def __str__(self) -> str:
        return f"document {self.sha256[:12]}, page {self.page}"


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose documents somebody sees: those of `businesses` (empty: all), but for the `closed` ones.

    A document without a business type is of the general one. Who names a closed business type sees it.
    """

    businesses: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()

    def sees(self, business: str | None) -> bool:
        """Whether documents of this business type are seen."""
        named = business or GENERAL
        return named in self.businesses if self.businesses else named not in self.closed

    def condition(self) -> ColumnElement[bool]:
        """The same as a condition on `DocumentRow`."""
        named = func.coalesce(DocumentRow.business, GENERAL)
        return named.in_(self.businesses) if self.businesses else named.not_in(self.closed)


EVERYTHING = Sight()
"""Of whoever sits at the machine."""


def number_of(row: DocumentRow) -> int:
    """The page's number; a document whose annotation named none has one page."""
    return row.page or 1


def rows_of(session: Session, sha256: str, sight: Sight = EVERYTHING) -> Sequence[DocumentRow]:
    """All pages of a document that may be seen, in order. Raises DocumentUnknown where there is none."""
    query = select(DocumentRow).where(DocumentRow.sha256 == sha256).order_by(DocumentRow.page)
    rows = [row for row in session.scalars(query) if sight.sees(row.business)]
    if not rows:
        raise DocumentUnknown("there is no such document", hint="its id is the SHA-256 of its bytes")
    return rows


def is_hidden(session: Session, sha256: str, sight: Sight) -> bool:
    """Whether the document is kept, and some page of it mustn't be seen."""
    businesses = session.scalars(select(DocumentRow.business).where(DocumentRow.sha256 == sha256))
    return not all(map(sight.sees, businesses))


def row_at(session: Session, place: Place, sight: Sight = EVERYTHING) -> DocumentRow:
    """The row of a page. Raises DocumentUnknown, and where the page was withdrawn."""
    for row in rows_of(session, place.sha256, sight):
        if number_of(row) == place.page:
            return kept(row)
    raise DocumentUnknown(
        f"the document has no page {place.page}", hint="ask for the document to see its pages"
    )


def kept(row: DocumentRow) -> DocumentRow:
    """The row itself. Raises DocumentUnknown where nothing of its page is kept any more."""
    if row.state == WITHDRAWN:
        raise DocumentUnknown("the document was withdrawn: nothing of it is kept")
    return row
