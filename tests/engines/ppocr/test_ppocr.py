"""The CPU engine on pages that are drawn here: what it reads, where, and which way up."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.distance import Levenshtein

from recto.documents.page import Page
from recto.documents.transcript import Finish
from recto.engines.ppocr import PpocrEngine, load
from recto.errors import ModelFolderError

FONT = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
ROWS = [
    "Invoice number 2024-0815",
    "Straße 12, 80331 München",
    "Total due: 1.234,56 €",
    "Déjà vu, naïve café",
]


@pytest.fixture(scope="module")
def engine() -> PpocrEngine:
    return load()


def draw(rows: list[str], *, size: tuple[int, int] = (760, 420), font_px: int = 28) -> Page:
    image = Image.new("RGB", size, "white")
    font = ImageFont.truetype(FONT, font_px)
    for index, row in enumerate(rows):
        ImageDraw.Draw(image).text((40, 40 + index * 2.6 * font_px), row, font=font, fill="black")
    return Page("drawn.png", 1, np.asarray(image))


def turned(page: Page, turns: int) -> Page:
    return Page(page.document, 1, np.ascontiguousarray(np.rot90(page.image, turns)))


def error_rate(truth: str, text: str) -> float:
    return Levenshtein.distance(truth, text) / len(truth)


def test_clean_print_is_read_with_places_and_confidences(engine: PpocrEngine) -> None:
    page = draw(ROWS)
    (transcript,) = engine.read([page])
    assert error_rate("\n".join(ROWS), transcript.text) < 0.03
    assert transcript.finish is Finish.COMPLETE
    assert transcript.engine == "ppocr PP-OCRv6-small"
    assert transcript.seconds > 0
    assert (transcript.width, transcript.height) == (760, 420)
    for index, line in enumerate(transcript.lines):
        x0, y0, x1, y1 = line.box
        assert 0 <= x0 < x1 <= 760
        assert y0 < 40 + index * 72.8 + 16 < y1
        assert line.confidence is not None
        assert 0.5 < line.confidence <= 1


def test_each_word_has_its_confidence_and_its_place_along_the_line(engine: PpocrEngine) -> None:
    font = ImageFont.truetype(FONT, 28)
    for line in engine.read([draw(ROWS)])[0].lines:
        words = line.text.split()
        assert len(line.words) == len(words) > 1
        x0, _, x1, _ = line.box
        for at, word in enumerate(line.words):
            assert 0.2 < word.confidence <= 1
            assert word.along is not None
            before = font.getlength("".join(f"{one} " for one in words[:at]))
            printed = (40 + before, 40 + before + font.getlength(words[at]))
            found = [x0 + share * (x1 - x0) for share in word.along]
            assert found == pytest.approx(printed, abs=14), "half a letter"


def test_a_word_that_is_hard_to_read_is_less_sure_than_its_neighbours(engine: PpocrEngine) -> None:
    image = draw(["Invoice number 2024-0815"]).image.copy()
    image[46:60, 200:206] = 255
    (line,) = engine.read([Page("scratched.png", 1, image)])[0].lines
    assert min(line.words, key=lambda word: word.confidence) is line.words[1]
    assert line.words[1].confidence < 0.8


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_page_reads_the_same_and_its_boxes_are_on_the_page_as_given(
    engine: PpocrEngine, turns: int
) -> None:
    upright = draw(ROWS)
    page = turned(upright, turns)
    expected, transcript = engine.read([upright])[0], engine.read([page])[0]
    assert transcript.text == expected.text
    assert (transcript.width, transcript.height) == (page.width, page.height)
    ink = page.image.mean(axis=2) < 128
    for line in transcript.lines:
        x0, y0, x1, y1 = (round(value) for value in line.box)
        assert ink[y0:y1, x0:x1].any()
    first = transcript.lines[0].polygon
    assert first is not None
    start, end = np.array(first[0]), np.array(first[1])
    direction = (end - start) / np.linalg.norm(end - start)
    text_runs = {1: (0, -1), 2: (-1, 0), 3: (0, 1)}[turns]
    assert np.allclose(direction, text_runs, atol=0.05)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank_pages_are_read_as_empty(engine: PpocrEngine, level: int) -> None:
    page = Page("blank.png", 1, np.full((500, 400, 3), level, np.uint8))
    (transcript,) = engine.read([page])
    assert (transcript.finish, transcript.text, transcript.lines) == (Finish.BLANK, "", ())


def test_noise_is_not_text(engine: PpocrEngine) -> None:
    noise = np.random.default_rng(1).integers(200, 256, (600, 500, 3)).astype(np.uint8)
    assert engine.read([Page("noise.png", 1, noise)])[0].text == ""


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 2), (33, 31)])
def test_tiny_and_narrow_pages_are_no_trouble(engine: PpocrEngine, size: tuple[int, int]) -> None:
    page = Page("tiny.png", 1, np.full((*size, 3), 250, np.uint8))
    assert engine.read([page])[0].finish is Finish.BLANK


def test_many_pages_read_as_each_alone(engine: PpocrEngine) -> None:
    pages = [draw(ROWS[i:] + ROWS[:i], font_px=20 + 4 * i) for i in range(4)]
    together = [t.text for t in engine.read(pages)]
    assert together == [engine.read([page])[0].text for page in pages]


def test_no_pages_no_transcripts(engine: PpocrEngine) -> None:
    assert engine.read([]) == []


def test_a_line_up_the_margin_is_read(engine: PpocrEngine) -> None:
    page = draw(ROWS, size=(900, 420))
    strip = draw(["Sample only"], size=(420, 110)).image[20:90]
    image = page.image.copy()
    image[:, 800:870] = np.rot90(strip, 1)
    transcript = engine.read([Page("margin.png", 1, image)])[0]
    assert "Sample only" in transcript.text
    (margin,) = (line for line in transcript.lines if line.text == "Sample only")
    assert [word.along for word in margin.words] == [None, None], "its box doesn't tell how it stands"


def test_columns_of_prose_are_read_one_after_the_other(engine: PpocrEngine) -> None:
    left = ["This column comes first and", "every line of it is prose,", "so it is read down to its"]
    left += ["end before anything that is", "printed beside it, which is", "what a person would do."]
    right = ["Only then comes the second", "column, which stands on the", "right and has as many lines"]
    right += ["as the first one, so a page", "that is read row by row will", "mix up both of the columns."]
    image = np.concatenate([draw(left, size=(500, 520)).image, draw(right, size=(500, 520)).image], axis=1)
    text = engine.read([Page("columns.png", 1, np.ascontiguousarray(image))])[0].text
    assert error_rate("\n".join(left + right), text) < 0.03


def test_a_model_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="hint:"):
        load(model=tmp_path)
