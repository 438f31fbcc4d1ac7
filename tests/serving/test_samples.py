"""Samples: none by default, a share if wished, without what the redactor takes out, gone after their days."""

import io
import logging
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from recto.documents.page import Page
from recto.documents.transcript import Line, Transcript
from recto.errors import SettingsError
from recto.serving.samples import Reading, Samples, load_redactor
from recto.settings import PrivacySettings
from recto.workspace.folder import Workspace, create_workspace
from recto.workspace.tables import SampleRow

START = datetime(2026, 11, 25, tzinfo=UTC)
TEXT = "Invoice 4711\nIBAN DE02120300000000202051"

REDACTORS = """
import re

def ibans(text):
    return re.sub(r"[A-Z]{2}[0-9]{20}", "[IBAN]", text)

def across_lines(text):
    return text.replace("4711\\nIBAN", "[gone]")

def ibans_and_names(text):
    return re.sub(r"Erika\\s+Mustermann", "[name]", ibans(text))

def broken(text):
    raise ValueError(text)

nothing = None
"""


@pytest.fixture(autouse=True)
def redactors(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module of somebody else's, which the settings name."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "own_redactors.py").write_text(REDACTORS)
    monkeypatch.syspath_prepend(folder)
    yield
    sys.modules.pop("own_redactors", None)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create_workspace(tmp_path / "w")


def reading(text: str = TEXT, number: int = 1) -> Reading:
    page = Page("upload", number, np.full((400, 800, 3), 255, np.uint8))
    lines = tuple(
        Line(row, (0, 100.0 * i, 800, 100.0 * (i + 1)), 0.9) for i, row in enumerate(text.split("\n"))
    )
    transcript = Transcript("upload", number, 800, 400, text, lines, "fake 1", release="3")
    return Reading(page, transcript, "request-1", "legal")


def kept(workspace: Workspace) -> list[SampleRow]:
    with workspace.read() as session:
        return list(session.scalars(select(SampleRow).order_by(SampleRow.id)))


def keep(workspace: Workspace, *readings: Reading, **settings: object) -> list[SampleRow]:
    samples = Samples(workspace, PrivacySettings(keep_samples=True, sample_share=1.0, **settings))
    for one in readings:
        samples.offer(one)
    samples.close()
    return kept(workspace)


def test_by_default_nothing_is_kept(workspace: Workspace) -> None:
    samples = Samples(workspace, PrivacySettings(), draw=lambda: 0.0)
    samples.offer(reading())
    samples.close()
    assert kept(workspace) == []


def test_a_sample_is_a_thumbnail_and_the_text(workspace: Workspace) -> None:
    (row,) = keep(workspace, reading(), thumbnail_px=64)
    assert (row.text, row.request_id, row.page) == (TEXT, "request-1", 1)
    assert (row.scope, row.engine, row.release) == ("legal", "fake 1", "3")
    image = Image.open(io.BytesIO(row.thumbnail))
    assert (image.format, image.size) == ("JPEG", (64, 32))


def test_a_share_of_the_pages_is_kept(workspace: Workspace) -> None:
    dice = iter([0.0, 0.3, 0.24, 0.99, 0.25])
    settings = PrivacySettings(keep_samples=True, sample_share=0.25)
    samples = Samples(workspace, settings, draw=lambda: next(dice))
    for number in range(1, 6):
        samples.offer(reading(number=number))
    samples.close()
    assert [row.page for row in kept(workspace)] == [1, 3]


def test_what_the_redactor_takes_out_is_black_in_the_thumbnail(workspace: Workspace) -> None:
    (row,) = keep(workspace, reading(), redactor="own_redactors:ibans", thumbnail_px=800)
    assert row.text == "Invoice 4711\nIBAN [IBAN]"
    pixels = np.asarray(Image.open(io.BytesIO(row.thumbnail)).convert("L"))
    assert pixels[10:90].min() > 200
    assert pixels[110:190].max() < 50
    assert pixels[210:].min() > 200


def test_a_secret_over_two_lines_beside_one_in_a_single_line_blackens_all_of_them(
    workspace: Workspace,
) -> None:
    text = TEXT + "\nto Erika\nMustermann"
    redactor = "own_redactors:ibans_and_names"
    (row,) = keep(workspace, reading(text), redactor=redactor, thumbnail_px=800)
    assert row.text == "Invoice 4711\nIBAN [IBAN]\nto [name]"
    pixels = np.asarray(Image.open(io.BytesIO(row.thumbnail)).convert("L"))
    assert pixels[10:390].max() < 50


def test_what_shows_in_no_single_line_blackens_all_of_them(workspace: Workspace) -> None:
    (row,) = keep(workspace, reading(), redactor="own_redactors:across_lines", thumbnail_px=800)
    assert row.text == "Invoice [gone] DE02120300000000202051"
    pixels = np.asarray(Image.open(io.BytesIO(row.thumbnail)).convert("L"))
    assert pixels[10:190].max() < 50


def test_a_page_is_as_it_was_after_it_was_kept(workspace: Workspace) -> None:
    one = reading()
    keep(workspace, one, redactor="own_redactors:ibans")
    assert one.page.image.min() == 255


def test_nothing_is_kept_where_the_redactor_fails_nor_told_of_the_text(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert keep(workspace, reading(), redactor="own_redactors:broken") == []
    assert [record.error for record in caplog.records] == ["ValueError"]
    assert not re.search("Invoice|IBAN", caplog.text)


@pytest.mark.parametrize(
    "name",
    ["nonsense", "own_redactors", "own_redactors:missing", "own_redactors:nothing", "no_module:x", ":x"],
)
def test_a_redactor_that_isnt_there_is_told_at_once(workspace: Workspace, name: str) -> None:
    with pytest.raises(SettingsError, match=r"privacy\.redactor"):
        Samples(workspace, PrivacySettings(redactor=name))


def test_no_redactor_changes_nothing() -> None:
    assert load_redactor("")("as it is") == "as it is"


def test_after_their_days_samples_are_gone_from_the_disk_as_well(workspace: Workspace) -> None:
    moment = START
    settings = PrivacySettings(keep_samples=True, sample_share=1.0, sample_days=30)
    samples = Samples(workspace, settings, clock=lambda: moment)
    samples.offer(reading("the oldest secret"))
    samples.close()
    moment = START + timedelta(days=20)
    later = Samples(workspace, settings, clock=lambda: moment)
    later.offer(reading("a younger one"))
    later.close()
    assert on_disk(workspace, "the oldest secret")
    moment = START + timedelta(days=30)
    assert later.purge() == 0
    moment += timedelta(seconds=1)
    assert later.purge() == 1
    assert [row.text for row in kept(workspace)] == ["a younger one"]
    assert not on_disk(workspace, "the oldest secret")
    assert on_disk(workspace, "a younger one")


def on_disk(workspace: Workspace, words: str) -> bool:
    return any(words.encode() in path.read_bytes() for path in workspace.path.glob("recto.db*"))
