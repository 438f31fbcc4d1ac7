"""Which lines were right: by their places, by their words, and only what still stands."""

import pytest

from recto.corrections.calibration.judged import Reader, judged_page, judged_pages
from recto.corrections.consent import Consent, set_consent
from recto.corrections.content import PageContent
from recto.corrections.documents import document
from recto.corrections.edit import Stamp, TranscriptEdit
from recto.corrections.place import Place
from recto.corrections.store import save_transcript, undo
from recto.documents.transcript import Box, Line
from recto.workspace.folder import Workspace

from ..conftest import Read

PLACES: tuple[Box, ...] = tuple((10.0, 20.0 * i, 90.0, 20.0 * i + 15) for i in range(1, 5))
NOWHERE: Box = (0.0, 0.0, 100.0, 100.0)
READ = ("TOTAI 31.00", "THANK YOU", "31.00")


def placed(*texts: str | None) -> tuple[Line, ...]:
    return tuple(Line(text, box, 0.5) for text, box in zip(texts, PLACES, strict=False) if text is not None)


def nowhere(*texts: str) -> tuple[Line, ...]:
    return tuple(Line(text, NOWHERE) for text in texts)


@pytest.mark.parametrize(
    ("lines", "text", "right"),
    [
        (placed("TOTAI 31.00", "THANK YOU", "31.00"), "TOTAI 31.00\nTHANK YOU\n31.00", [True, True, True]),
        (placed("TOTAL 31.00", "THANK  YOU", "31.00"), "TOTAL 31.00\nTHANK YOU\n31.00", [False, True, True]),
        (placed("TOTAL 31.00", None, "31.00"), "TOTAL 31.00\n31.00", [False, False, True]),
        ((), "TOTAL 31.00\nTHANK YOU\n31.00", [False, True, True]),
        ((), "THANK YOU 31.00", [False, True, True]),  # put on one row
        ((), "THANK and YOU", [False, False, False]),
        (nowhere("THANK YOU", "31.00"), "THANK YOU\n31.00", [False, True, True]),
    ],
)
def test_lines_are_judged_by_place_or_words(lines: tuple[Line, ...], text: str, right: list[bool]) -> None:
    before = PageContent("queued", "\n".join(READ), placed(*READ))
    page = judged_page("0", before, PageContent("trusted", text, lines), drawn=False)
    assert [is_right for _, is_right in page.lines] == right
    assert page.is_right == (text.split() == " ".join(READ).split())


def save(workspace: Workspace, place: Place, text: str, author: str = "anna") -> None:
    version = document(workspace, place.sha256).pages[0].content.version
    save_transcript(workspace, place, TranscriptEdit(text), Stamp(author, version))


def test_only_what_stands_and_may_be_learnt_from_counts(workspace: Workspace, read: Read) -> None:
    kept, undone, forbidden, unsaid = (read(name, f"{name} A\nB", 0.7, "3") for name in ("k", "u", "f", "n"))
    other = read("other", "O", None, business="legal")
    for place in (kept, undone, forbidden):
        save(workspace, place, "right\nB")
    save(workspace, kept, "k A\nB")  # the last word
    save(workspace, other, "O")
    undo(
        workspace,
        undone,
        "transcript",
        Stamp("anna", document(workspace, undone.sha256).pages[0].content.version),
    )
    set_consent(workspace, forbidden.sha256, Consent(train=False), "anna")
    with workspace.read() as session:
        found = judged_pages(session, ("legal",))
    assert unsaid.sha256 not in {page.sha256 for pages in found.values() for page in pages}
    (page,) = found[Reader("general", "reciting 1", "3")]
    assert (page.sha256, page.lines, page.is_right) == (kept.sha256, ((0.7, True), (0.7, True)), True)
    (bare,) = found[Reader("legal", "reciting 1", "")]
    assert (bare.lines, bare.is_right) == ((), True)
