"""VlmEngine with the tiny model: pages in, Transcripts out, whatever happens on the way."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from recto.documents.page import Page
from recto.documents.transcript import Finish, Transcript
from recto.engines.catalog import load
from recto.engines.engine import Tasked
from recto.engines.fake import FakeEngine
from recto.engines.model_store import StoredModel
from recto.engines.observed import OnGpu
from recto.engines.vlm.generating import Decoding, Generated
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.opening import open_for_reading
from recto.engines.vlm.preparing import Prepared
from recto.engines.vlm.reader import VlmEngine
from recto.errors import EngineError
from recto.settings import Settings, VlmSettings

from ...tiny import page_image

TEXTS = ("TOTAL 18.99", "Dear Sir,", "x" * 40)


def settings(weights: StoredModel, **said: object) -> VlmSettings:
    plain: dict[str, object] = {"device": "cpu", "task": "text", "batch_pages": 2, "max_new_tokens": 8}
    return VlmSettings.model_validate({"model": str(weights.path), "retry_temperatures": ()} | plain | said)


def engine(weights: StoredModel, **said: object) -> VlmEngine:
    how = settings(weights, **said)
    return VlmEngine(open_for_reading(None, how), how)


def page(text: str, number: int = 1) -> Page:
    return Page("a.pdf", number, page_image(text), sha256="ab")


@pytest.fixture(scope="module")
def pages() -> list[Page]:
    return [page(text, number) for number, text in enumerate(TEXTS, 1)]


@pytest.fixture(scope="module")
def reader(tiny_weights: StoredModel) -> VlmEngine:
    return engine(tiny_weights)


@pytest.fixture(scope="module")
def readings(reader: VlmEngine, pages: list[Page]) -> list[Transcript]:
    return reader.read(pages)


def test_each_page_has_its_transcript_in_order(readings: list[Transcript], reader: VlmEngine) -> None:
    assert [one.page for one in readings] == [1, 2, 3]
    assert {(one.document, one.sha256, one.width, one.height) for one in readings} == {
        ("a.pdf", "ab", 400, 300)
    }
    assert {one.engine for one in readings} == {reader.label} == {"vlm tiny"}
    assert {one.finish for one in readings} == {Finish.TRUNCATED}
    assert all(one.seconds > 0 and one.text and not one.is_markdown for one in readings)


def test_lines_have_the_page_as_box_and_a_confidence(readings: list[Transcript]) -> None:
    lines = [line for one in readings for line in one.lines]
    assert lines
    assert {line.box for line in lines} == {(0.0, 0.0, 400.0, 300.0)}
    assert all(line.confidence is not None and 0 < line.confidence < 1 for line in lines)


def test_the_batch_makes_no_difference(
    readings: list[Transcript], reader: VlmEngine, pages: list[Page]
) -> None:
    [alone] = reader.read(pages[1:2])
    assert alone.text == readings[1].text
    assert [line.confidence for line in alone.lines] == pytest.approx(
        [line.confidence for line in readings[1].lines], abs=1e-4
    )


def test_blank_pages_arent_asked_about(
    reader: VlmEngine, pages: list[Page], readings: list[Transcript]
) -> None:
    white = Page("a.pdf", 9, np.full((300, 400, 3), 255, np.uint8))
    read = reader.read([white, pages[0]])
    assert [one.finish for one in read] == [Finish.BLANK, Finish.TRUNCATED]
    assert (read[0].text, read[1].text) == ("", readings[0].text)
    assert reader.read([]) == []


def test_another_task_shares_the_weights(reader: VlmEngine, pages: list[Page]) -> None:
    assert isinstance(reader, Tasked)
    markdown = reader.with_task("markdown")
    assert markdown.label == reader.label
    [read] = markdown.read(pages[:1])
    assert read.is_markdown
    with pytest.raises(EngineError, match="no task is called"):
        reader.with_task("dance")
    with pytest.raises(EngineError, match="needs to know what"):
        reader.with_task("locate")
    assert reader.with_task("locate", "the total").label == reader.label


def test_a_page_that_goes_wrong_climbs_the_ladder(tiny_weights: StoredModel, pages: list[Page]) -> None:
    how = settings(tiny_weights, retry_temperatures=(0.5,), retry_mode="gundam", max_new_tokens=2)
    second = FakeEngine({"a.pdf": "from the second engine"})
    [read] = VlmEngine(open_for_reading(None, how), how, second=second).read(pages[:1])
    assert (read.text, read.engine, read.finish) == ("from the second engine", "fake 1", Finish.COMPLETE)
    [told] = read.warnings
    assert told.startswith("read 4 times: at temperature 0: truncated; at temperature 0.5: ")
    assert "; in mode gundam: " in told
    assert told.endswith("; by fake 1: complete, which stands")


class OutOfMemory(VlmEngine):
    """Whose device holds a page at a time, and says so as PyTorch does."""

    asked: list[int]

    def _generate(self, loaded: Loaded, prepared: list[Prepared], decoding: Decoding) -> list[Generated]:
        self.asked.append(len(prepared))
        if len(prepared) > self.holds:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return super()._generate(loaded, prepared, decoding)

    holds = 1


def test_a_batch_that_doesnt_fit_is_halved_and_so_are_the_others(
    tiny_weights: StoredModel, pages: list[Page], readings: list[Transcript]
) -> None:
    how = settings(tiny_weights)
    small = OutOfMemory(open_for_reading(None, how), how)
    small.asked = []
    assert [one.text for one in small.read(pages)] == [one.text for one in readings]
    assert small.asked == [2, 1, 1, 1]
    small.holds = 0
    with pytest.raises(EngineError, match="doesn't hold a single page"):
        small.read(pages[:1])


def test_the_memory_of_a_gpu_is_told(reader: VlmEngine) -> None:
    assert isinstance(reader, OnGpu)
    assert reader.gpu_memory_bytes == 0  # on a CPU


def test_the_catalog_loads_it_and_its_second_engine(tiny_weights: StoredModel) -> None:
    said = Settings(vlm=settings(tiny_weights, second_engine="fake"))
    assert load("vlm", settings=said).batch_pages == 8


@pytest.mark.parametrize(
    ("said", "mistake"),
    [({"second_engine": "vlm"}, "its own second"), ({"retry_mode": "huge"}, "has no mode 'huge'")],
)
def test_what_cant_be_tried_is_refused_at_once(
    tiny_weights: StoredModel, said: dict[str, object], mistake: str
) -> None:
    with pytest.raises(EngineError, match=mistake):
        load("vlm", settings=Settings(vlm=settings(tiny_weights, **said)))


def test_weights_that_arent_here_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="hint"):
        load("vlm", settings=Settings(vlm=VlmSettings(model=str(tmp_path / "none"))))


def test_confidences_are_those_of_the_model(readings: list[Transcript]) -> None:
    """A random model of 500 tokens is about as unsure as can be."""
    confidences = [line.confidence or 0.0 for one in readings for line in one.lines]
    assert all(1 / 5000 < confidence < 0.5 for confidence in confidences)
    assert not math.isclose(min(confidences), max(confidences))
