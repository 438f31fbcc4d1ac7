"""How well the model reads: by pages drawn at random, and by no others."""

import pytest

from recto.corrections.documents import document
from recto.corrections.edit import Stamp, TranscriptEdit
from recto.corrections.estimate import estimates
from recto.corrections.leases import lease_in, take_lease
from recto.corrections.place import Place
from recto.corrections.store import save_transcript, undo
from recto.workspace.folder import Workspace

from .conftest import Read, row_of


def correct(workspace: Workspace, place: Place, text: str, stream: str) -> None:
    with workspace.transaction() as session:
        lease_in(session, row_of(workspace, place).id, "anna", stream, 60)  # type: ignore[arg-type]
    version = document(workspace, place.sha256).pages[0].content.version
    save_transcript(workspace, place, TranscriptEdit(text), Stamp("anna", version))


def test_only_pages_drawn_at_random_count_each_with_its_release(workspace: Workspace, read: Read) -> None:
    correct(workspace, read("doubtful", "xxxxxxxxxx"), "0123456789", "value")
    correct(workspace, read("opened", "xxxxxxxxxx"), "0123456789", "open")
    correct(workspace, read("old", "012345678x", release="1"), "0123456789", "random")
    for name, reading in (("one", "0123456789"), ("two", "01234567xx")):
        correct(workspace, read(name, reading, release="2"), "0123456789", "random")
    old, new = estimates(workspace)
    assert (old.release, old.pages, old.cer, old.low) == ("1", 1, pytest.approx(0.1), None)
    assert (new.release, new.pages, new.cer) == ("2", 2, pytest.approx(0.1))
    assert (new.low, new.high) == (0.0, pytest.approx(0.2))


@pytest.mark.parametrize("saver", ["anna", "ben"])
def test_a_page_that_took_longer_than_its_lease_is_at_random_still(
    saver: str, workspace: Workspace, read: Read
) -> None:
    """Hard pages take long, and go from hand to hand: without them the model would look too good."""
    place = read("hard", "01234567xx")
    with workspace.transaction() as session:
        lease_in(session, row_of(workspace, place).id, "anna", "random", -1)
    assert take_lease(workspace, place, "ben").stream == "random"
    with workspace.transaction() as session:
        lease_in(session, row_of(workspace, place).id, "ben", "random", -1)
    version = document(workspace, place.sha256).pages[0].content.version
    save_transcript(workspace, place, TranscriptEdit("0123456789"), Stamp(saver, version))
    assert [one.pages for one in estimates(workspace)] == [1]


def test_the_last_word_counts_against_the_reading(workspace: Workspace, read: Read) -> None:
    place = read("one", "01234567xx")
    correct(workspace, place, "01234567xx", "random")
    correct(workspace, place, "0123456789", "open")
    assert [one.cer for one in estimates(workspace)] == [pytest.approx(0.2)]
    for _ in range(2):
        version = document(workspace, place.sha256).pages[0].content.version
        undo(workspace, place, "transcript", Stamp("anna", version))
    assert estimates(workspace) == ()
