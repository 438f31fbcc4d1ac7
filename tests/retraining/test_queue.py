"""Queued documents are read by an engine, kept page by page, and never taken for the truth."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from recto.datasets.example import Example
from recto.engines.fake import FakeEngine
from recto.retraining.accuracy import known_accuracy, measure_accuracy
from recto.retraining.queue import read_queue, unread
from recto.workspace.blobs import blob_path
from recto.workspace.folder import Workspace
from recto.workspace.tables import DocumentRow

Page = Callable[..., Example]
Add = Callable[..., None]


def rows(workspace: Workspace) -> list[DocumentRow]:
    with workspace.read() as session:
        return list(session.scalars(select(DocumentRow).order_by(DocumentRow.id)))


def test_readings_wait_for_a_person(workspace: Workspace, page: Page, add: Add) -> None:
    add(workspace, page(1, None), page(2, "trusted"), page(3, None, business="legal"))
    told: list[int] = []
    done = read_queue(workspace, "general", FakeEngine({"page_1.png": "TOTAL 5"}), told.append)
    assert (done.read, done.failed, told) == (1, 0, [1])
    first, second, legal = rows(workspace)
    assert first.reading is not None and first.reading["text"] == "TOTAL 5"
    assert (first.state, first.text) == ("queued", None)
    assert second.reading is None and legal.reading is None
    assert (unread(workspace, "general"), len(unread(workspace, "legal"))) == ([], 1)


def test_what_can_t_be_opened_fails_with_its_reason(workspace: Workspace, page: Page, add: Add) -> None:
    add(workspace, page(1, None), page(2, None))
    blob_path(workspace, rows(workspace)[0].sha256).write_bytes(b"\x89PNG\r\n\x1a\n broken")
    done = read_queue(workspace, "general", FakeEngine())
    assert (done.read, done.failed) == (1, 1)
    broken = rows(workspace)[0]
    assert broken.state == "failed" and broken.problem and "page_1.png" in broken.problem
    assert unread(workspace, "general") == []


def test_a_person_who_was_quicker_wins(workspace: Workspace, page: Page, add: Add) -> None:
    add(workspace, page(1, None))

    class Slow(FakeEngine):
        def read(self, pages):  # type: ignore[no-untyped-def]
            with workspace.transaction() as session:
                row = session.scalars(select(DocumentRow)).one()
                row.text, row.state = "by hand", "trusted"
            return super().read(pages)

    read_queue(workspace, "general", Slow({"page_1.png": "by machine"}))
    row = rows(workspace)[0]
    assert (row.text, row.reading) == ("by hand", None)


def test_accuracy_is_measured_once_per_document(workspace: Workspace, page: Page, add: Add) -> None:
    add(workspace, page(1, "abcd", split="val"), page(2, "efgh", split="val"), page(3, "x", split="train"))
    assert known_accuracy(workspace, "general").missing == 2
    engine = FakeEngine({"page_1.png": "abcd", "page_2.png": "efxx"})
    found = measure_accuracy(workspace, "general", engine)
    assert (found.value, found.measured, found.missing) == (pytest.approx(0.75), 2, 0)
    add(workspace, page(4, "ijkl", split="val"))
    grown = known_accuracy(workspace, "general")
    assert (grown.value, grown.measured, grown.missing) == (pytest.approx(0.75), 2, 1)
    measure_accuracy(workspace, "general", FakeEngine({"page_4.png": "ijkl"}))  # the others aren't read again
    assert known_accuracy(workspace, "general").value == pytest.approx(10 / 12)


def test_a_damaged_cache_is_measured_again(workspace: Workspace, page: Page, add: Add) -> None:
    add(workspace, page(1, "abcd", split="val"))
    measure_accuracy(workspace, "general", FakeEngine({"page_1.png": "abcd"}))
    (workspace.path / "cache" / "accuracy.json").write_text('{"base": [1, 2')
    assert known_accuracy(workspace, "general").missing == 1


def test_a_changed_text_is_measured_again(workspace: Workspace, page: Page, add: Add) -> None:
    add(workspace, page(1, "abcd", split="val"))
    measure_accuracy(workspace, "general", FakeEngine({"page_1.png": "abcd"}))
    add(workspace, page(1, "abce", split="val"))
    assert known_accuracy(workspace, "general").missing == 1
