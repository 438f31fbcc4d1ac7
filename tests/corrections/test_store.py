"""Saving, undoing, conflicts, repeated saves, and what the next snapshot makes of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from recto.corrections.content import content_of
from recto.corrections.documents import document
from recto.corrections.drafts import draft_of, keep_draft
from recto.corrections.edit import Conflict, FieldsEdit, Saved, Stamp, TranscriptEdit
from recto.corrections.place import Place, Sight
from recto.corrections.store import corrections, save_fields, save_transcript, undo
from recto.datasets.corpus import add_examples, shares_of, snapshot
from recto.datasets.example import Example, JsonValue
from recto.documents.transcript import Line
from recto.errors import CorrectionError, DocumentUnknown
from recto.workspace.folder import Workspace

from .conftest import Read, page_image, reading_of, row_of


def version(workspace: Workspace, place: Place) -> str:
    return document(workspace, place.sha256).pages[0].content.version


def save(workspace: Workspace, place: Place, text: str, **stamp: str | None) -> Saved | Conflict:
    known = {"author": "anna", "version": version(workspace, place), **stamp}
    return save_transcript(workspace, place, TranscriptEdit(text), Stamp(**known))  # type: ignore[arg-type]


def test_a_corrected_page_is_an_example_of_the_next_snapshot(workspace: Workspace, read: Read) -> None:
    place = read("a", "TOTAI 31.00\nTHANKS", release="3")
    lines = (Line("TOTAL 31.00", (10, 20, 200, 30), 0.5), Line("THANKS", (10, 32, 200, 42)))
    stamp = Stamp("anna", version(workspace, place))
    saved = save_transcript(workspace, place, TranscriptEdit(lines=lines), stamp)
    assert isinstance(saved, Saved) and saved.version == version(workspace, place) != stamp.version
    (example,) = snapshot(workspace, "general").examples
    assert example.text == "TOTAL 31.00\nTHANKS"
    assert example.lines == (Line("TOTAL 31.00", (10, 20, 200, 30)), Line("THANKS", (10, 32, 200, 42)))
    assert example.split in ("train", "val", "test")
    (kept,) = corrections(workspace)
    assert (kept.author, kept.release, kept.engine, kept.kind) == ("anna", "3", "reciting 1", "transcript")
    assert kept.before and kept.before["text"] == "TOTAI 31.00\nTHANKS"
    assert kept.after and kept.after["text"] == "TOTAL 31.00\nTHANKS"


def test_a_reading_that_is_saved_as_it_is_keeps_its_places(workspace: Workspace, read: Read) -> None:
    place = read("a", "RIGHT\nAS IT IS")
    assert isinstance(save(workspace, place, "RIGHT\nAS IT IS"), Saved)
    (example,) = snapshot(workspace, "general").examples
    assert example.lines is not None and [line.text for line in example.lines] == ["RIGHT", "AS IT IS"]
    assert save(workspace, place, "RIGHT\nAS IT IS") == Saved(None, version(workspace, place))
    assert len(corrections(workspace)) == 1


def test_a_stale_save_is_a_conflict_with_both_sides_and_what_was_seen(
    workspace: Workspace, read: Read
) -> None:
    place = read("a", "machine")
    seen = version(workspace, place)
    save(workspace, place, "anna's")
    conflict = save(workspace, place, "ben's", author="ben", version=seen)
    assert isinstance(conflict, Conflict)
    assert (conflict.now["text"], conflict.sent["text"]) == ("anna's", "ben's")
    assert conflict.base is not None and conflict.base["text"] == "machine"
    assert conflict.version == version(workspace, place)
    assert len(corrections(workspace)) == 1 and row_of(workspace, place).text == "anna's"


@pytest.mark.parametrize("change", ["another file's text", "another reading"])
def test_whoever_changes_a_page_makes_saves_stale(change: str, workspace: Workspace, read: Read) -> None:
    place = read("a", "machine")
    seen = version(workspace, place)
    if change == "another reading":
        with workspace.transaction() as session:
            row = session.merge(row_of(workspace, place))
            row.reading = dict(reading_of("machine 2").to_json())
    else:
        example = Example("a.png", page_image("a"), "from a file", "receipt")
        add_examples(workspace, [example], shares=shares_of(workspace.settings.split))
    assert isinstance(save(workspace, place, "anna's", version=seen), Conflict)


def test_the_same_key_again_saves_nothing_twice(workspace: Workspace, read: Read) -> None:
    place = read("a", "machine")
    seen = version(workspace, place)
    first = save(workspace, place, "anna's", key="k1")
    assert isinstance(first, Saved)
    again = save(workspace, place, "anna's", key="k1", version=seen)
    assert again == Saved(first.correction, first.version, repeated=True)
    save(workspace, place, "anna's second")
    assert save(workspace, place, "anna's", key="k1", version=seen) == again
    assert row_of(workspace, place).text == "anna's second" and len(corrections(workspace)) == 2
    with pytest.raises(CorrectionError, match="has saved something else"):
        save(workspace, place, "something else", key="k1", version=seen)
    assert isinstance(
        save(workspace, place, "ben's", key="k1", author="ben"), Saved
    )  # keys are each author's own


def test_undoing_goes_back_step_by_step_to_the_reading(workspace: Workspace, read: Read) -> None:
    place = read("a", "machine")
    versions = [version(workspace, place)]
    for text in ("one", "two"):
        save(workspace, place, text)
        versions.append(version(workspace, place))
    for step in (1, 0):
        undone = undo(workspace, place, "transcript", Stamp("anna", version(workspace, place)))
        assert isinstance(undone, Saved) and undone.version == versions[step] == version(workspace, place)
    row = row_of(workspace, place)
    assert (row.state, row.text, row.corrected_at, row.trusted_at) == ("queued", None, None, None)
    assert content_of(row).text == "machine" and snapshot(workspace, "general").examples == ()
    with pytest.raises(CorrectionError, match="nothing to undo"):
        undo(workspace, place, "transcript", Stamp("anna", version(workspace, place)))
    assert [kept.undoes for kept in corrections(workspace)] == [None, None, 2, 1]


def test_undoing_what_came_with_a_file_gives_files_their_say_again(workspace: Workspace, read: Read) -> None:
    place = read("a", None)
    for text in ("from a file", "from another file"):
        example = Example("a.png", page_image("a"), text, "receipt")
        add_examples(workspace, [example], shares=shares_of(workspace.settings.split))
        if text == "from a file":
            save(workspace, place, "a person's")
            undo(workspace, place, "transcript", Stamp("anna", version(workspace, place)))
    assert row_of(workspace, place).text == "from another file"


def test_fields_are_merged_and_undone(workspace: Workspace, read: Read) -> None:
    place = read("a", "machine")

    def seen() -> str:
        return document(workspace, place.sha256).fields_version

    def put(**fields: str | None) -> Saved | Conflict:
        return save_fields(workspace, place.sha256, FieldsEdit(fields), Stamp("anna", seen()))

    put(total="31.00", vendor="ABC")
    old = seen()
    put(vendor=None, date="2026-11-25")
    assert document(workspace, place.sha256).fields == {"total": "31.00", "date": "2026-11-25"}
    conflict = save_fields(workspace, place.sha256, FieldsEdit({"total": "1"}), Stamp("ben", old))
    assert isinstance(conflict, Conflict) and conflict.now["fields"] == {
        "total": "31.00",
        "date": "2026-11-25",
    }
    undo(workspace, place, "fields", Stamp("anna", seen()))
    assert document(workspace, place.sha256).fields == {"total": "31.00", "vendor": "ABC"}
    assert row_of(workspace, place).state == "queued"  # fields say nothing of the text


def test_drafts_are_each_reviewers_own_and_end_with_his_save(workspace: Workspace, read: Read) -> None:
    place = read("a", "machine")
    for author in ("anna", "ben"):
        for text in ("half", f"{author}'s half"):
            keep_draft(workspace, place, TranscriptEdit(text), version(workspace, place), author)
    save(workspace, place, "anna's")
    assert draft_of(workspace, place, "transcript", "anna") is None
    left = draft_of(workspace, place, "transcript", "ben")
    assert (
        left is not None
        and left.content["text"] == "ben's half"
        and left.version != version(workspace, place)
    )


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (TranscriptEdit(), "either text or lines"),
        (TranscriptEdit("a", (Line("a", (0, 0, 1, 1)),)), "either text or lines"),
        (TranscriptEdit(" \n"), "empty"),
        (TranscriptEdit(lines=()), "empty"),
        (TranscriptEdit("a\0b"), "NUL"),
        (TranscriptEdit("a\ud800b"), "can't be kept"),
    ],
)
def test_what_cant_be_kept_is_refused(
    edit: TranscriptEdit, why: str, workspace: Workspace, read: Read
) -> None:
    place = read("a", "machine")
    with pytest.raises(CorrectionError, match=why):
        save_transcript(workspace, place, edit, Stamp("anna", version(workspace, place)))
    assert corrections(workspace) == ()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "a\ud800b", "a\0b", [{"a\0": 1}]])
def test_fields_and_drafts_that_cant_be_kept_are_refused(
    value: JsonValue, workspace: Workspace, read: Read
) -> None:
    place, edit = read("a", "machine"), FieldsEdit({"total": value})
    seen = document(workspace, place.sha256).fields_version
    with pytest.raises(CorrectionError, match=r"kept|NUL"):
        save_fields(workspace, place.sha256, edit, Stamp("anna", seen, "key"))
    with pytest.raises(CorrectionError, match=r"kept|NUL"):
        keep_draft(workspace, place, edit, seen, "anna")
    assert corrections(workspace) == () and draft_of(workspace, place, "fields", "anna") is None


def test_accepting_a_reading_after_a_correction_brings_its_places_back(
    workspace: Workspace, read: Read
) -> None:
    place = read("a", "machine\nmade")
    places = [line.box for line in document(workspace, place.sha256).pages[0].content.lines]
    save(workspace, place, "typed over")
    save(workspace, place, "machine\nmade")
    assert [line.box for line in document(workspace, place.sha256).pages[0].content.lines] == places


@pytest.mark.parametrize("sight", [Sight(frozenset({"legal"})), Sight(closed=frozenset({"shop"}))])
def test_documents_of_others_arent_there(sight: Sight, workspace: Workspace, read: Read) -> None:
    place = read("a", "machine", business="shop")
    with pytest.raises(DocumentUnknown):
        save_transcript(workspace, place, TranscriptEdit("x"), Stamp("anna", ""), sight)
    with pytest.raises(DocumentUnknown):
        document(workspace, place.sha256, sight)


def test_of_many_that_save_at_once_one_wins_and_the_others_hear_of_it(
    workspace: Workspace, read: Read
) -> None:
    place = read("a", "machine")
    seen = version(workspace, place)

    def one(name: str) -> Saved | Conflict:
        return save(workspace, place, name, author=name, version=seen)

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(one, [f"author {number}" for number in range(6)]))
    assert [type(outcome) for outcome in outcomes].count(Saved) == 1
    assert len(corrections(workspace)) == 1
