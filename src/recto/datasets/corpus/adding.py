"""Adding documents to the workspace: bytes first, then one transaction per document, whole or not at all.

What can't be opened or contradicts itself is refused and told; all others are added. Nothing is read by an
Engine here: documents without text wait (state "queued").
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from recto.datasets.corpus.labels import bare, drop_label, facts_of, name_of, relabel, trust, with_page
from recto.datasets.corpus.placing import ASIDE, UNPLACED, is_placed, place
from recto.datasets.corpus.prints import NO_LIKENESS, Prints, Resemblance, text_of
from recto.datasets.example import Example
from recto.datasets.lookalikes import Bits, Thumb, print_of, thumb_of
from recto.datasets.naming import free_name
from recto.datasets.pages import content_hash, document_bytes, open_counted, open_example
from recto.datasets.problem import Problem, problem_at
from recto.datasets.splitting import Shares
from recto.documents.page import Page
from recto.errors import DatasetError, DocumentError, WorkspaceError
from recto.settings import SplitSettings
from recto.workspace.blobs import put_blob, sweep_parts
from recto.workspace.folder import Workspace
from recto.workspace.tables import DocumentRow, KinshipRow
from recto.workspace.utc import now

Fate = Literal["trusted", "queued", "known", "updated", "corrected", "remeasured"]


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the Examples: ids of rows, and those that were refused.

    `trusted` are new with a text, or queued before and now with one; `queued` are new without; `updated`
    had another label, `corrected` would have got another text, but have one of a person's; `known` were
    there as they are. `moved` are rows that went to a stricter split with their kin; `aside` those, old or
    new, that neither train nor measure any more. `remeasured` are those of `updated` that measure (split
    test) and got another text. `uncompared` pages stand on too common a form to be compared with every
    other page on it.
    """

    trusted: tuple[int, ...] = ()
    queued: tuple[int, ...] = ()
    known: tuple[int, ...] = ()
    corrected: tuple[int, ...] = ()
    updated: tuple[int, ...] = ()
    moved: tuple[int, ...] = ()
    aside: tuple[int, ...] = ()
    remeasured: tuple[int, ...] = ()
    refused: tuple[Problem, ...] = ()
    uncompared: int = 0


@dataclass(slots=True)
class _Tally:
    """The counts while they grow."""

    fates: dict[int, Fate] = field(default_factory=dict)
    moved: dict[int, str] = field(default_factory=dict)
    refused: list[Problem] = field(default_factory=list)
    uncompared: int = 0

    def note(self, fates: dict[int, Fate]) -> None:
        """Several entries may speak of one page; what happened first counts, unless nothing did or
        more came of it."""
        for row_id, fate in fates.items():
            told = self.fates.get(row_id, "known")
            if told == "known" or (told, fate) in (("updated", "remeasured"), ("queued", "trusted")):
                self.fates[row_id] = fate

    def done(self) -> Added:
        def of(*wanted: Fate) -> tuple[int, ...]:
            return tuple(row_id for row_id, fate in self.fates.items() if fate in wanted)

        return Added(
            trusted=of("trusted"),
            queued=of("queued"),
            known=of("known"),
            corrected=of("corrected"),
            updated=of("updated", "remeasured"),
            moved=tuple(i for i, split in self.moved.items() if split != ASIDE),
            aside=tuple(i for i, split in self.moved.items() if split == ASIDE),
            remeasured=of("remeasured"),
            refused=tuple(self.refused),
            uncompared=self.uncompared,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """What a page is known by once it is closed again: its number, its hash, and a thumbnail to compare.

    Of a page that couldn't be opened there is only the number.
    """

    number: int
    bits: Bits | None = None
    thumb: Thumb | None = None


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One page that is new to the workspace: its number as rows keep it, its hash, whom it looks like, and
    how it looks, if that matters."""

    page: int
    bits: Bits | None
    like: Resemblance
    thumb: Callable[[], Thumb] | None


@dataclass(frozen=True, slots=True)
class _Entry:
    """An Example with the hash of its document; what opening it told, or nothing if all of it is known."""

    example: Example
    sha256: str
    page_count: int | None = None
    sheets: tuple[_Sheet, ...] = ()


def shares_of(settings: SplitSettings) -> Shares:
    """The shares that recto.toml says."""
    return Shares(settings.train / 100, settings.val / 100, settings.test / 100)


def add_examples(
    workspace: Workspace,
    examples: Iterable[Example],
    *,
    shares: Shares,
    on_each: Callable[[], None] = lambda: None,
) -> Added:
    """Add Examples to the workspace, each as a whole or not at all; `on_each` is called after each.

    An Example's own split counts when its document is placed; others are drawn (`placing`). A document of
    several pages without text and without `page` becomes one row per page. Raises OutputError and
    WorkspaceError, with all that came before added.
    """
    sweep_parts(workspace)
    tally, prints = _Tally(), Prints(workspace)
    for example in examples:
        try:
            _check(example)
            _add(workspace, _looked_at(workspace, example, prints), prints, shares, tally)
        except (DocumentError, DatasetError) as error:
            tally.refused.append(problem_at(example, error.what))
        on_each()
    return tally.done()


def glimpse_of(page: Page) -> Glimpse:
    """What to know of a page for `add_opened`."""
    return Glimpse(page.number, print_of(page.image), thumb_of(page.image))


def add_opened(
    workspace: Workspace, example: Example, glimpses: Sequence[Glimpse], *, shares: Shares
) -> Added:
    """As `add_examples`, for a document without text whose pages somebody else has opened, all of them.

    So a stranger's document isn't opened here; those that it may look like are. Raises DatasetError where it
    is refused, OutputError and WorkspaceError.
    """
    _check(example)
    tally, prints = _Tally(), Prints(workspace)
    _add(workspace, _glimpsed(workspace, example, glimpses, prints), prints, shares, tally)
    return tally.done()


def set_text(workspace: Workspace, row_id: int, text: str) -> str:
    """Make `text` the trusted text of a row, and place its document; gives its split.

    It is a person's word: nothing that is added later replaces it. What belongs to another text (its lines,
    its case) is dropped. Raises WorkspaceError for an unknown id, DatasetError for an empty text.
    """
    if not text.strip():
        raise DatasetError(
            "the text is empty", where=f"document {row_id}", hint="a blank page can't be learnt"
        )
    with workspace.transaction() as session:
        row = session.get(DocumentRow, row_id)
        if row is None:
            raise WorkspaceError("there is no such document", where=f"document {row_id}")
        if row.text != text:
            drop_label(row)
        trust(row, text, now())
        row.corrected_at = now()
        session.flush()
        place(session, row.sha256, shares_of(workspace.settings.split), now())
        return row.split


def _add(workspace: Workspace, entry: _Entry, prints: Prints, shares: Shares, tally: _Tally) -> None:
    example, compared = entry.example, len(prints)
    source = example.source if isinstance(example.source, Path) else document_bytes(example)
    if put_blob(workspace, source) != entry.sha256:
        raise DatasetError("the document changed while it was added", where=example.image)
    with workspace.transaction() as session:
        at = now()
        prints.refresh(session)  # what others added since we looked
        rows = _meant(_rows_of(session, entry.sha256), example, entry.page_count)
        if rows:
            fates = {row.id: _relabelled(row, example, at) for row in rows}
        else:
            fates = _inserted(session, entry, prints, compared, at)
        moved: list[int] = []
        if example.text is not None or example.split is not None or is_placed(session, entry.sha256):
            moved = place(session, entry.sha256, shares, at, example.split)
        splits = {row_id: session.get_one(DocumentRow, row_id).split for row_id in moved}
    tally.note(fates)
    tally.moved |= {i: split for i, split in splits.items() if i not in fates or split == ASIDE}
    tally.uncompared += sum(sheet.like.left_out for sheet in entry.sheets)


def _check(example: Example) -> None:
    if example.text is not None and not example.text.strip():
        raise DatasetError("the text is empty", where=example.image)
    words = (example.text, example.category, example.business, example.group)
    if any("\0" in word for word in words if word):  # PostgreSQL can't keep one
        raise DatasetError("text, category, business or group holds a NUL character", where=example.image)


def _looked_at(workspace: Workspace, example: Example, prints: Prints) -> _Entry:
    """Hash the document; open it and compare its pages only where the workspace doesn't hold them yet."""
    sha256 = content_hash(example)
    with workspace.read() as session:
        rows = _open_rows_of(session, sha256)
        if _meant(rows, example, None):
            return _Entry(example, sha256)
        prints.refresh(session)
    page, page_count = open_counted(example)
    if _meant(rows, example, page_count):
        return _Entry(example, sha256, page_count)
    several = page_count > 1 and example.page is None and example.text is None
    sheets = [_sheet(example, sha256, (page, 1 if several else example.page or 0), prints)]
    for number in range(2, page_count + 1 if several else 2):
        opened = open_example(with_page(example, number)), number
        sheets.append(_sheet(example, sha256, opened, prints))
    return _Entry(example, sha256, page_count, tuple(sheets))


def _glimpsed(workspace: Workspace, example: Example, glimpses: Sequence[Glimpse], prints: Prints) -> _Entry:
    """As `_looked_at`, by what was seen of the pages elsewhere."""
    sha256 = content_hash(example)
    with workspace.read() as session:
        if _open_rows_of(session, sha256):
            return _Entry(example, sha256, len(glimpses))
        prints.refresh(session)
    sheets = []
    for seen in glimpses:
        number = seen.number if len(glimpses) > 1 else 0
        if seen.bits is None or seen.thumb is None:
            sheets.append(_Sheet(number, None, NO_LIKENESS, None))
            continue
        thumb = partial(_same, seen.thumb)
        sheets.append(_Sheet(number, seen.bits, prints.like(sha256, seen.bits, thumb), thumb))
    return _Entry(example, sha256, len(glimpses), tuple(sheets))


def _same(thumb: Thumb) -> Thumb:
    return thumb


def _sheet(example: Example, sha256: str, opened: tuple[Page, int], prints: Prints) -> _Sheet:
    page, number = opened
    bits = print_of(page.image)
    like = prints.like(sha256, bits, lambda: thumb_of(page.image))
    return _Sheet(number, bits, like, partial(_thumb, example, number))  # the page itself isn't held on to


def _meant(rows: Sequence[DocumentRow], example: Example, page_count: int | None) -> list[DocumentRow]:
    """Those of a document's rows that `example` speaks of; `page_count` None where it isn't known (yet)."""
    if example.page is None and example.text is None:
        return list(rows)
    wanted = example.page or 0
    same = [row for row in rows if row.page == wanted]
    if same or page_count is None:
        return same
    if page_count == 1:  # the number of a page scanned alone is only a label
        return list(rows)
    return [row for row in rows if {row.page, wanted} == {0, 1}]


def _rows_of(session: Session, sha256: str) -> Sequence[DocumentRow]:
    query = select(DocumentRow).where(DocumentRow.sha256 == sha256).order_by(DocumentRow.page)
    return session.scalars(query).all()


def _open_rows_of(session: Session, sha256: str) -> Sequence[DocumentRow]:
    """Raises DatasetError for a document that was withdrawn: what that left is no place to add to."""
    rows = _rows_of(session, sha256)
    if any(row.state == "withdrawn" for row in rows):
        raise DatasetError("the document was withdrawn, and isn't taken in again")
    return rows


def _relabelled(row: DocumentRow, example: Example, at: datetime) -> Fate:
    state, text = row.state, row.text
    of_another = row.corrected_at is not None and example.text != row.text
    changed = relabel(row, bare(example) if of_another else example, at)
    if of_another and example.text is not None:
        return "corrected"
    if not changed:
        return "known"
    if row.state != state:
        return "trusted"
    return "remeasured" if row.split == "test" and row.text != text else "updated"


def _inserted(
    session: Session, entry: _Entry, prints: Prints, compared: int, at: datetime
) -> dict[int, Fate]:
    """New rows for the entry's pages, and their kinships; pages that others added are compared now."""
    example, sha256 = entry.example, entry.sha256
    name = _free_name(session, name_of(example, sha256), sha256)
    rows = []
    for sheet in entry.sheets:
        row = DocumentRow(
            sha256=sha256,
            page=sheet.page,
            name=name,
            category=example.category,
            business=example.business,
            group=example.group,
            split=UNPLACED,
            state="queued",
            facts=facts_of(example),
            print=None if sheet.bits is None else text_of(sheet.bits),
            added_at=at,
        )
        if example.text is not None:
            trust(row, example.text, at)
        rows.append(row)
        session.add(row)
        documents = sheet.like.documents
        if sheet.bits is not None and sheet.thumb is not None:
            documents = documents | prints.like(sha256, sheet.bits, sheet.thumb, compared).documents
        for other, likeness in documents.items():
            one, two = sorted((sha256, other))
            session.merge(KinshipRow(one=one, other=two, likeness=likeness))
    session.flush()
    fate: Fate = "queued" if example.text is None else "trusted"
    return {row.id: fate for row in rows}


def _thumb(example: Example, page: int) -> Thumb:
    return thumb_of(open_example(with_page(example, page) if page else example).image)


def _free_name(session: Session, name: str, sha256: str) -> str:
    """`name`, or the next that no other document has."""
    taken: set[str] = set()
    while True:
        free = free_name(name, taken)
        others = select(DocumentRow.id).where(DocumentRow.name == free, DocumentRow.sha256 != sha256)
        if session.scalars(others.limit(1)).first() is None:
            return free
        taken.add(free.lower())
