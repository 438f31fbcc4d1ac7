"""Who gets which page: by value, a share at random, leases, pages that somebody isn't sure about."""

from datetime import timedelta

import pytest

from recto.corrections.documents import document
from recto.corrections.edit import Stamp, TranscriptEdit
from recto.corrections.leases import end_lease, leave_to_others, take_lease
from recto.corrections.place import Place, Sight
from recto.corrections.queue import is_drawn, queue, take_next
from recto.corrections.readings import Readings, keep_other_reading, keep_readings
from recto.corrections.store import corrections, save_transcript
from recto.settings import ReviewSettings, Settings
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import LeaseRow
from recto.workspace.utc import now

from .conftest import Read, reading_of

NONE_AT_RANDOM = ReviewSettings(random_share=0.0)


def with_review(workspace: Workspace, review: ReviewSettings) -> Workspace:
    settings: Settings = workspace.settings.model_copy(update={"review": review})
    return Workspace(workspace.path, settings, workspace.sessions)


def accept(workspace: Workspace, place: Place, author: str) -> None:
    content = document(workspace, place.sha256).pages[0].content
    save_transcript(workspace, place, TranscriptEdit(content.text), Stamp(author, content.version))


def test_what_is_most_doubtful_and_matters_most_comes_first(workspace: Workspace, read: Read) -> None:
    review = ReviewSettings(random_share=0.0, importance={"invoice": 10.0})
    opened = with_review(workspace, review)
    places = {
        "unread": read("unread", None),
        "sure": read("sure", "three sure words", 0.99),
        "unsure": read("unsure", "three other words", 0.4),
        "matters": read("matters", "three sure words", 0.9, category="invoice"),
        "missing": read("missing", "three sure words", 0.99),
    }
    keep_readings(opened, places["missing"].sha256, Readings({}, {}, {"missing": ["total"]}))
    order = [entry.place for entry in queue(opened)]
    assert order == [places[name] for name in ("missing", "matters", "unsure", "sure", "unread")]


def test_another_engine_that_disagrees_moves_a_page_up(workspace: Workspace, read: Read) -> None:
    opened = with_review(workspace, NONE_AT_RANDOM)
    one, other = read("one", "three sure words", 0.99), read("other", "three sure words", 0.98)
    assert [entry.place for entry in queue(opened)] == [other, one]
    keep_other_reading(opened, one, "tesseract 5", "thee sore werds")
    first = queue(opened)[0]
    assert first.place == one and first.doubt is not None and first.doubt.disagreement == 1.0


def test_reviewers_get_different_pages_and_keep_theirs(workspace: Workspace, read: Read) -> None:
    opened = with_review(workspace, NONE_AT_RANDOM)
    one, two = read("one", "very unsure", 0.1), read("two", "less unsure", 0.5)
    first = take_next(opened, "anna")
    assert first is not None and first.place == one and first.lease is not None
    assert [take_next(opened, name).place for name in ("ben", "anna")] == [two, one]  # type: ignore[union-attr]
    assert take_next(opened, "carl") is None
    accept(opened, one, "anna")
    assert take_next(opened, "anna") is None
    with opened.transaction() as session:  # ben went home
        session.get_one(LeaseRow, session.query(LeaseRow).one().document_id).until = now() - timedelta(1)
    later = take_next(opened, "anna")
    assert later is not None and later.place == two


def test_a_page_that_somebody_isnt_sure_about_is_left_to_others(workspace: Workspace, read: Read) -> None:
    opened = with_review(workspace, NONE_AT_RANDOM)
    place = read("one", "unsure", 0.1)
    take_next(opened, "anna")
    leave_to_others(opened, place, "anna")
    assert take_next(opened, "anna") is None
    taken = take_next(opened, "ben")
    assert taken is not None and taken.unsure == ("anna",)


def test_a_lease_is_renewed_ended_and_anothers_is_told(workspace: Workspace, read: Read) -> None:
    place = read("one", "unsure", 0.1)
    first = take_lease(workspace, place, "anna")
    again = take_lease(workspace, place, "anna")
    assert again.author == "anna" and again.until >= first.until
    assert take_lease(workspace, place, "ben").author == "anna"
    end_lease(workspace, place, "ben")  # isn't his
    assert take_lease(workspace, place, "ben").author == "anna"
    end_lease(workspace, place, "anna")
    assert take_lease(workspace, place, "ben").author == "ben"
    assert document(workspace, place.sha256).pages[0].lease is not None


def test_a_tenth_of_what_is_handed_out_is_of_the_random_stream(workspace: Workspace, read: Read) -> None:
    opened = with_review(workspace, ReviewSettings(random_share=0.25))
    for number in range(24):
        read(f"page {number}", "a few words", 0.5)
    drawn = {entry.place for entry in queue(opened) if is_drawn(entry.place, 0.25)}
    assert len(drawn) >= 3
    handed_out = []
    for _ in range(12):
        taken = take_next(opened, "anna")
        assert taken is not None and (taken.stream == "random") == (taken.place in drawn)
        handed_out.append(taken.place)
        accept(opened, taken.place, "anna")
    assert [number for number, place in enumerate(handed_out, 1) if place in drawn] == [4, 8, 12]
    assert [one.stream for one in corrections(opened)].count("random") == 3


def test_the_list_is_in_the_order_of_handing_out(workspace: Workspace, read: Read) -> None:
    opened = with_review(workspace, ReviewSettings(random_share=0.25))
    for number in range(12):
        read(f"page {number}", "a few words", 0.3 + number / 20)
    listed = [entry.place for entry in queue(opened)]
    handed_out = []
    while taken := take_next(opened, "anna"):
        handed_out.append(taken.place)
        accept(opened, taken.place, "anna")
    assert handed_out == listed


def test_drawing_has_the_share_that_is_set() -> None:
    places = [Place(f"{number:064x}") for number in range(5000)]
    drawn = [place for place in places if is_drawn(place, 0.1)]
    assert len(drawn) / len(places) == pytest.approx(0.1, abs=0.015)
    assert set(drawn) <= {place for place in places if is_drawn(place, 0.2)}


def test_pages_of_others_arent_handed_out(workspace: Workspace, read: Read) -> None:
    read("one", "unsure", 0.1, business="legal")
    assert take_next(workspace, "anna", Sight(frozenset({"shop"}))) is None
    assert queue(workspace, Sight(closed=frozenset({"legal"}))) == ()


def test_a_new_reading_is_weighed_anew(workspace: Workspace, read: Read) -> None:
    opened = with_review(workspace, NONE_AT_RANDOM)
    place = read("one", None)
    assert queue(opened)[0].doubt is None
    keep_readings(opened, place.sha256, Readings({1: reading_of("two words", 0.5)}, {}))
    assert queue(opened)[0].value == pytest.approx(1.0)
