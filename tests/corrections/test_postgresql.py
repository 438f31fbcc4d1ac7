"""Corrections, the queue and people on a real PostgreSQL server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recto.corrections.consent import Consent, set_consent
from recto.corrections.documents import Wanted, document, documents
from recto.corrections.drafts import draft_of, keep_draft
from recto.corrections.edit import Conflict, Saved, Stamp, TranscriptEdit
from recto.corrections.export import Exported, export
from recto.corrections.place import Sight
from recto.corrections.queue import take_next
from recto.corrections.store import corrections, save_transcript, undo
from recto.serving.people import add_person
from recto.serving.sessions import Attempts, sign_in, signed_in
from recto.workspace.folder import Workspace, create_workspace

from .conftest import Read


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql: str) -> Iterator[Workspace]:
    monkeypatch.setenv("RECTO_DATABASE", postgresql)
    opened = create_workspace(tmp_path / "w")
    yield opened
    opened.sessions.kw["bind"].dispose()


def test_a_page_from_the_queue_to_the_export(workspace: Workspace, read: Read, tmp_path: Path) -> None:
    read("a", "very unsure", 0.1, business="legal")
    taken = take_next(workspace, "anna", Sight(frozenset({"legal"})))
    assert taken is not None
    keep_draft(workspace, taken.place, TranscriptEdit("half"), "", "anna")
    assert draft_of(workspace, taken.place, "transcript", "anna") is not None
    seen = document(workspace, taken.place.sha256).pages[0].content.version

    def one(name: str) -> Saved | Conflict:
        stamp = Stamp(name, seen, "the same key")
        return save_transcript(workspace, taken.place, TranscriptEdit(name), stamp)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(one, ["anna", "anna", "ben", "carl"]))
    assert [type(outcome) for outcome in outcomes].count(Conflict) in (2, 3)
    assert len(corrections(workspace)) == 1
    assert [listed.states for listed in documents(workspace, Wanted(state="trusted"))] == [{"trusted": 1}]
    assert export(workspace, tmp_path / "out") == Exported(1, 0)
    version = document(workspace, taken.place.sha256).pages[0].content.version
    assert isinstance(undo(workspace, taken.place, "transcript", Stamp("anna", version)), Saved)
    set_consent(workspace, taken.place.sha256, Consent(store=False, train=False), "anna")
    assert [one.after for one in corrections(workspace)][:2] == [None, None]


def test_people_sign_in(workspace: Workspace) -> None:
    add_person(workspace, "anna", "correct horse battery", "admin")
    cookie, who = sign_in(workspace, "anna", "correct horse battery", Attempts())
    assert signed_in(workspace, cookie) == who
