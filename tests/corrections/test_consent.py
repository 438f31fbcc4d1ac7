"""Consent taken back: who saw the document, what the next snapshot holds, and what is left of it."""

from datetime import UTC, datetime

import pytest

from recto.corrections.consent import Consent, set_consent, sweep_withdrawn
from recto.corrections.documents import document
from recto.corrections.drafts import keep_draft
from recto.corrections.edit import Stamp, TranscriptEdit
from recto.corrections.place import Place, Sight
from recto.corrections.store import corrections, save_transcript
from recto.datasets.corpus import add_examples, counts, shares_of, snapshot
from recto.datasets.example import Example
from recto.errors import CorrectionError, DocumentUnknown
from recto.workspace.blobs import blob_path, put_blob
from recto.workspace.folder import Workspace
from recto.workspace.provenance import releases_that_saw
from recto.workspace.review_tables import DraftRow
from recto.workspace.tables import CycleRow, DocumentRow, ReleaseRow

from .conftest import Read, page_image, row_of

AT = datetime(2026, 11, 25, tzinfo=UTC)
NOTHING_LEARNT = Consent(train=False)
NOTHING_KEPT = Consent(store=False, train=False)


def trusted(workspace: Workspace, read: Read, name: str) -> Place:
    place = read(name, "machine")
    seen = document(workspace, place.sha256).pages[0].content.version
    save_transcript(workspace, place, TranscriptEdit(f"{name} is secret"), Stamp("anna", seen))
    return place


def cycle_with_release(workspace: Workspace, number: int) -> None:
    """A Cycle that takes a snapshot and comes to a Release."""
    with workspace.transaction() as session:
        cycle = CycleRow(
            scope="general",
            state="released",
            started_at=AT,
            reasons=[],
            data_fingerprint="",
            documents={},
            recipe={},
            run_folder="",
        )
        session.add(cycle)
        session.flush()
    snapshot(workspace, "general", cycle=cycle.id)
    release = ReleaseRow(
        number=number,
        scope="general",
        created_at=AT,
        engine="ppocr",
        content_sha256="",
        data_fingerprint="",
        recipe_sha256="",
        code_version="",
        base_sha256="",
        cycle_id=cycle.id,
        metrics={},
    )
    with workspace.transaction() as session:
        session.add(release)


def draft_rows(workspace: Workspace) -> int:
    with workspace.read() as session:
        return session.query(DraftRow).count()


def test_withdrawing_from_training_names_the_releases_and_keeps_it_out_of_the_next(
    workspace: Workspace, read: Read
) -> None:
    one, other = trusted(workspace, read, "one"), trusted(workspace, read, "other")
    cycle_with_release(workspace, 1)
    told = set_consent(workspace, one.sha256, NOTHING_LEARNT, "anna")
    split = row_of(workspace, one).split
    assert [(seen.release, seen.page, seen.split) for seen in told.seen] == [(1, 1, split)]
    cycle_with_release(workspace, 2)
    with workspace.read() as session:
        assert [seen.release for seen in releases_that_saw(session, one.sha256)] == [1]
        assert [seen.release for seen in releases_that_saw(session, other.sha256)] == [1, 2]
    assert counts(workspace).trusted == 1
    assert row_of(workspace, one).text == "one is secret"  # it is kept all the same
    set_consent(workspace, one.sha256, Consent(), "anna")
    assert len(snapshot(workspace, "general").examples) == 2
    kept = [(c.author, c.before, c.after) for c in corrections(workspace) if c.kind == "consent"]
    may, may_not = {"store": True, "train": True}, {"store": True, "train": False}
    assert kept == [("anna", may, may_not), ("anna", may_not, may)]


def test_what_isnt_kept_any_more_is_gone_everywhere(workspace: Workspace, read: Read) -> None:
    place = trusted(workspace, read, "one")
    keep_draft(workspace, place, TranscriptEdit("one is secret"), "", "ben")
    told = set_consent(workspace, place.sha256, NOTHING_KEPT, "anna")
    assert told.consent == NOTHING_KEPT and not blob_path(workspace, place.sha256).exists()
    row = row_of(workspace, place)
    assert (row.text, row.reading, row.facts, row.name) == (None, None, {}, f"withdrawn-{place.sha256[:12]}")
    assert draft_rows(workspace) == 0
    assert snapshot(workspace, "general").examples == ()
    first, *_ = corrections(workspace, sha256=place.sha256)
    assert (first.before, first.after) == (None, None)
    with pytest.raises(DocumentUnknown, match="withdrawn"):
        save_transcript(workspace, place, TranscriptEdit("x"), Stamp("anna", ""))
    with pytest.raises(CorrectionError, match="nothing of it is left"):
        set_consent(workspace, place.sha256, Consent(), "anna")


def test_a_withdrawn_document_isnt_taken_in_again(workspace: Workspace, read: Read) -> None:
    place = trusted(workspace, read, "one")
    set_consent(workspace, place.sha256, NOTHING_KEPT, "anna")
    example = Example("one.png", page_image("one"), "again", "receipt")
    added = add_examples(workspace, [example], shares=shares_of(workspace.settings.split))
    assert len(added.refused) == 1 and "withdrawn" in added.refused[0].what
    assert not blob_path(workspace, place.sha256).exists()


def test_bytes_that_a_kill_left_are_swept(workspace: Workspace, read: Read) -> None:
    place = trusted(workspace, read, "one")
    set_consent(workspace, place.sha256, NOTHING_KEPT, "anna")
    put_blob(workspace, page_image("one"))
    assert (sweep_withdrawn(workspace), sweep_withdrawn(workspace)) == (1, 0)
    assert not blob_path(workspace, place.sha256).exists()


def test_who_sees_only_some_pages_decides_nothing_for_all_and_hears_nothing_of_the_others(
    workspace: Workspace, read: Read
) -> None:
    place = trusted(workspace, read, "one")
    with workspace.transaction() as session:  # as annotations of single pages can make it
        second = DocumentRow(sha256=place.sha256, page=2, name="one.png", category="receipt", state="queued")
        second.business, second.split, second.facts, second.added_at = "legal", "none", {}, AT
        session.add(second)
    seen = document(workspace, place.sha256).pages[1].content.version
    save_transcript(workspace, Place(place.sha256, 2), TranscriptEdit("closed"), Stamp("lea", seen))
    ours = Sight(closed=frozenset({"legal"}))
    for consent in (NOTHING_LEARNT, NOTHING_KEPT):
        with pytest.raises(CorrectionError, match="pages that aren't yours"):
            set_consent(workspace, place.sha256, consent, "anna", ours)
    assert blob_path(workspace, place.sha256).exists()
    assert {one.place.page for one in corrections(workspace, sha256=place.sha256)} == {1, 2}
    assert {one.place.page for one in corrections(workspace, sha256=place.sha256, sight=ours)} == {1}


def test_what_isnt_kept_cant_be_learnt_from(workspace: Workspace, read: Read) -> None:
    with pytest.raises(CorrectionError, match="isn't kept"):
        set_consent(workspace, read("a", "x").sha256, Consent(store=False), "anna")
