"""Calibrations: true of lines they haven't seen, they keep the order, and aren't made of too little."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recto.corrections.calibration.fitting import (
    MIN_DOCUMENTS,
    Calibration,
    calibrations,
    cross_calibrated,
    fit,
    folds_of,
    too_few,
)
from recto.corrections.calibration.judged import JudgedPage, Reader
from recto.corrections.documents import document
from recto.corrections.edit import Stamp, TranscriptEdit
from recto.corrections.place import Place
from recto.corrections.queue import queue
from recto.corrections.store import save_transcript
from recto.corrections.undoing import undo_all_by
from recto.evaluation.metrics.trust import Judged, expected_calibration_error
from recto.workspace.folder import Workspace
from recto.workspace.utc import now

from ..conftest import Read
from .conftest import LEVELS, too_sure


def test_confidences_come_to_mean_what_they_say() -> None:
    pages = too_sure(100)
    calibration = fit([one for page in pages for one in page.lines])
    for said, right in LEVELS:
        assert calibration(said) == pytest.approx(right, abs=0.08)
    before = expected_calibration_error([one for page in pages for one in page.lines])
    assert before > 0.15 and expected_calibration_error(cross_calibrated(pages)) < 0.05


@settings(deadline=None)  # the first call imports scikit-learn
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_order_is_kept_and_nothing_is_certain(judged: list[Judged], one: float, other: float) -> None:
    calibration = fit(judged)
    low, high = sorted((one, other))
    assert calibration(low) <= calibration(high) + 1e-9
    assert calibration(low) > 0 and calibration(high) < 1


def test_a_documents_pages_are_in_one_fold() -> None:
    pages = [JudgedPage(f"{i // 2}", False, (), True) for i in range(20)]
    folds = folds_of(pages)
    assert folds[::2] == folds[1::2] and set(folds) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("pages", "enough"),
    [
        (too_sure(MIN_DOCUMENTS), True),
        (too_sure(MIN_DOCUMENTS - 1), False),
        ([JudgedPage(f"{i}", False, ((0.5, True),) * 9, True) for i in range(50)], False),
        ([], False),
    ],
)
def test_what_is_enough(pages: list[JudgedPage], enough: bool) -> None:
    assert (too_few(pages) is None) == enough


def correct(workspace: Workspace, place: Place, text: str, author: str) -> None:
    version = document(workspace, place.sha256).pages[0].content.version
    save_transcript(workspace, place, TranscriptEdit(text), Stamp(author, version))


def test_the_queue_and_documents_use_it_until_it_is_undone(workspace: Workspace, read: Read) -> None:
    start, waiting = now(), read("waiting", "one\ntwo three", 0.9)
    assert queue(workspace)[0].doubt.errors == pytest.approx(0.3)  # type: ignore[union-attr]
    assert document(workspace, waiting.sha256).pages[0].calibrated is None
    for number in range(20):
        place = read(f"{number}", f"good {number}\nbad {number}", 0.9)
        correct(workspace, place, f"good {number}\nput right {number}", "anna")
    calibration = calibrations(workspace)[Reader("general", "reciting 1", "")]
    assert calibration(0.9) == pytest.approx(0.5, abs=0.05)
    assert queue(workspace)[0].doubt.errors == pytest.approx(3 * (1 - calibration(0.9)))  # type: ignore[union-attr]
    assert document(workspace, waiting.sha256).pages[0].calibrated == (calibration(0.9),) * 2
    undo_all_by(workspace, "anna", start, "admin")
    assert calibrations(workspace) == {}
    assert document(workspace, waiting.sha256).pages[0].calibrated is None


def test_between_knots_it_is_a_straight_line() -> None:
    calibration = Calibration(((0.2, 0.1), (0.8, 0.7)))
    assert [calibration(said) for said in (0.0, 0.5, 1.0)] == pytest.approx([0.1, 0.4, 0.7])
