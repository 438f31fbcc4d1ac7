"""The baseline engines read a page that is made on the spot, and say what is missing."""

import logging
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from recto.documents.page import Page
from recto.documents.transcript import Finish, Line
from recto.engines import assembling, catalog
from recto.engines.engine import Engine
from recto.errors import EngineError, MissingPackage

ROWS = [("Coffee", "3.50"), ("Sandwich", "7.25"), ("TOTAL", "10.75")]
needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="the program tesseract isn't installed"
)


def receipt_page() -> Page:
    font_file = files("matplotlib") / "mpl-data/fonts/ttf/DejaVuSans.ttf"
    font = ImageFont.truetype(str(font_file), 34)
    image = Image.new("RGB", (700, 320), "white")
    draw = ImageDraw.Draw(image)
    for row, (item, price) in enumerate(ROWS):
        draw.text((40, 30 + 90 * row), item, font=font, fill="black")
        draw.text((520, 30 + 90 * row), price, font=font, fill="black")
    return Page(document="receipt.png", number=2, image=np.asarray(image), sha256="ab", dpi=150)


def blank_page() -> Page:
    return Page(document="blank.png", number=1, image=np.full((400, 300, 3), 255, np.uint8))


@pytest.fixture(scope="module", params=["rapidocr", pytest.param("tesseract", marks=needs_tesseract)])
def engine(request: pytest.FixtureRequest) -> Engine:
    return catalog.load(request.param)


def test_it_reads_visual_rows(engine: Engine) -> None:
    page = receipt_page()
    (transcript,) = engine.read([page])
    assert transcript.text.splitlines() == [f"{item} {price}" for item, price in ROWS]
    assert (transcript.document, transcript.page, transcript.sha256) == ("receipt.png", 2, "ab")
    assert transcript.engine == engine.label
    assert transcript.finish is Finish.COMPLETE
    assert transcript.seconds > 0


def test_lines_have_boxes_on_the_page_and_confidences(engine: Engine) -> None:
    (transcript,) = engine.read([receipt_page()])
    for line in transcript.lines:
        x0, y0, x1, y1 = line.box
        assert 0 <= x0 < x1 <= 700
        assert 0 <= y0 < y1 <= 320
        assert line.confidence is not None
        assert 0.5 < line.confidence <= 1


def test_a_blank_page_is_read_as_blank(engine: Engine) -> None:
    (transcript,) = engine.read([blank_page()])
    assert (transcript.text, transcript.lines, transcript.finish) == ("", (), Finish.BLANK)


def test_rapidocr_has_polygons_and_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    (transcript,) = catalog.load("rapidocr").read([receipt_page()])
    assert all(line.polygon is not None and len(line.polygon) == 4 for line in transcript.lines)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("RapidOCR").level == logging.CRITICAL


@pytest.mark.parametrize("name", ["rapidocr", "tesseract"])
def test_a_baseline_takes_no_model_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="can't use a model folder"):
        catalog.load(name, model=tmp_path)


@needs_tesseract
def test_a_missing_language_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECTO_TESSERACT_LANGUAGE", "eng+tlh")
    with pytest.raises(MissingPackage, match="'tlh'") as caught:
        catalog.load("tesseract")
    assert "apt-get install tesseract-ocr-tlh" in caught.value.hint


def test_a_missing_program_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPackage, match="isn't installed") as caught:
        catalog.load("tesseract")
    assert "apt-get install tesseract-ocr" in caught.value.hint


def line(text: str, x0: float, y0: float, y1: float) -> Line:
    return Line(text=text, box=(x0, y0, x0 + 50, y1))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], []),
        ([line("b", 100, 2, 22), line("a", 0, 0, 20)], ["a b"]),
        ([line("below", 0, 30, 50), line("above", 0, 0, 20)], ["above", "below"]),
        (
            [line("slope 1", 0, 0, 20), line("slope 2", 60, 5, 25), line("slope 3", 120, 10, 30)],
            ["slope 1 slope 2 slope 3"],
        ),
    ],
    ids=["nothing", "left to right", "top to bottom", "a slope"],
)
def test_rows(lines: list[Line], expected: list[str]) -> None:
    transcript = assembling.transcript(blank_page(), lines, engine="fake 1", seconds=0)
    assert transcript.text.splitlines() == expected
