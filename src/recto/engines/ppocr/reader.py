"""The pipeline of the CPU engine: pages → detected lines → readings → Transcripts.

Detection and recognition of several pages overlap in threads, one per core; both networks release the GIL.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from recto.documents.page import Image, Page
from recto.documents.reading_order import reading_rows, text_of_rows
from recto.documents.transcript import Finish, Line, Transcript, Word
from recto.engines.model_folder import RECOGNISER, open_model
from recto.engines.ppocr.alphabet import Script
from recto.engines.ppocr.crops import HEIGHT_PX, Quad, box_of_quad, crop_line, scale_line
from recto.engines.ppocr.detector import DetectorSettings, LineFinder
from recto.engines.ppocr.networks import Precision, usable_cores
from recto.engines.ppocr.orientation import is_sideways, quad_before_turning, turned, ways_to_read
from recto.engines.ppocr.recogniser import NEAR_SPACE, Reading, Recogniser
from recto.engines.ppocr.weights import BASE, RECOGNISER_FILE, weights_path
from recto.errors import EngineError

REPORT = "try it at another size; if it stays so, please report it with the page"
DOUBTFUL = 0.85  # a page that reads with less confidence than this gets a second opinion
SPARSE = 1.0  # European print has more than two characters in a piece as wide as the line is high
CLEARLY = 1.1  # how many times more certain characters another way must bring
SAMPLE = 8  # lines that other ways are tried on


@dataclass(frozen=True, slots=True, eq=False)
class FoundLines:
    """The lines of one page after `turns` quarter turns: quads, and for each the ways to read it."""

    turns: int
    quads: list[Quad]
    lines: list[list[Image]]


@dataclass(frozen=True, slots=True)
class PpocrSettings:
    """How the CPU engine reads. Confidences below `min_confidence` are not text.

    Script `auto` reads with European characters, and with all that the model knows where that is clearly
    better; the others fix it. `threads` 0 means one per usable core.
    """

    detector: DetectorSettings = field(default_factory=DetectorSettings)
    script: Script | Literal["auto"] = "auto"
    near_space: float = NEAR_SPACE
    precision: Precision = "auto"
    min_confidence: float = 0.5
    threads: int = 0


class PpocrEngine:
    """Reads pages with PP-OCRv6 small on the CPU."""

    batch_pages = 4

    def __init__(self, recogniser: Path, label: str, settings: PpocrSettings | None = None) -> None:
        settings = settings or PpocrSettings()
        self.label = label
        self._settings = settings
        self._find_lines = LineFinder(settings.detector, settings.precision)
        self._weights = recogniser
        self._recogniser = self._recogniser_of("european" if settings.script == "auto" else settings.script)
        self._pool = ThreadPoolExecutor(settings.threads or usable_cores(), "ppocr")

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """One Transcript per page, in order; `seconds` is each page's share of the whole batch."""
        started = time.perf_counter()
        found = list(self._pool.map(self._find, pages))
        readings = self._read_lines(found, self._recogniser)
        for index, (place, lines) in enumerate(zip(found, readings, strict=True)):
            if _is_doubtful(place, lines):
                found[index], readings[index] = self._second_opinion(pages[index].image, place, lines)
        seconds = (time.perf_counter() - started) / max(len(pages), 1)
        answers = zip(pages, found, readings, strict=True)
        return [self._transcript(page, place, lines, seconds) for page, place, lines in answers]

    def _find(self, page: Page) -> FoundLines:
        try:
            found = self._find_turned(page.image, 0)
            return self._find_turned(page.image, 1) if is_sideways(found.quads) else found
        except (RuntimeError, cv2.error) as error:
            raise EngineError(
                f"the page can't be read: {error}", where=f"{page.document}, page {page.number}", hint=REPORT
            ) from error

    def _find_turned(self, image: Image, turns: int) -> FoundLines:
        upright = turned(image, turns)
        quads = self._find_lines(upright)
        crops = [crop_line(upright, quad) for quad in quads]
        return FoundLines(turns, quads, [[scale_line(way) for way in ways_to_read(crop)] for crop in crops])

    def _read_lines(self, found: Sequence[FoundLines], recogniser: Recogniser) -> list[list[Reading]]:
        """For each page its lines' Readings, each in the way that reads best; all pages in one go."""
        every = [way for place in found for ways in place.lines for way in ways]
        answers = iter(recogniser.read(every, self._pool.map))
        return [[_best([next(answers) for _ in ways]) for ways in place.lines] for place in found]

    def _second_opinion(
        self, image: Image, place: FoundLines, lines: list[Reading]
    ) -> tuple[FoundLines, list[Reading]]:
        """A page that reads badly: upside down or in another script, where its widest lines read better."""
        order = sorted(range(len(lines)), key=lambda i: place.lines[i][0].shape[1], reverse=True)[:SAMPLE]
        sample = [place.lines[i][0] for i in order]
        best, choice = _certain_characters([lines[i] for i in order]) * CLEARLY, None
        for turns, recogniser in self._other_ways():
            readings = recogniser.read([turned(line, turns) for line in sample], self._pool.map)
            if (certain := _certain_characters(readings)) > best:
                best, choice = certain, (turns, recogniser)
        if choice is None:
            return place, lines
        turns, recogniser = choice
        place = self._find_turned(image, place.turns + turns) if turns else place
        return place, self._read_lines([place], recogniser)[0]

    def _other_ways(self) -> list[tuple[int, Recogniser]]:
        """Half a turn, all scripts, and both."""
        if self._settings.script != "auto":
            return [(2, self._recogniser)]
        return [(2, self._recogniser), (0, self._any_script), (2, self._any_script)]

    @cached_property
    def _any_script(self) -> Recogniser:
        return self._recogniser_of("any")

    def _recogniser_of(self, script: Script) -> Recogniser:
        settings = self._settings
        return Recogniser(
            self._weights, script=script, precision=settings.precision, near_space=settings.near_space
        )

    def _transcript(
        self, page: Page, place: FoundLines, readings: Sequence[Reading], seconds: float
    ) -> Transcript:
        upright = [
            _line(quad, reading)
            for quad, reading in zip(place.quads, readings, strict=True)
            if reading.text and reading.confidence >= self._settings.min_confidence
        ]
        rows = reading_rows(upright)
        lines = [_on_page(line, place.turns, page) for row in rows for line in row]
        return Transcript(
            document=page.document,
            page=page.number,
            width=page.width,
            height=page.height,
            text=text_of_rows(rows),
            lines=tuple(lines),
            engine=self.label,
            finish=Finish.COMPLETE if lines else Finish.BLANK,
            seconds=seconds,
            sha256=page.sha256,
            dpi=page.dpi,
        )


def load(model: Path | None = None) -> PpocrEngine:
    """The engine with base weights, or with the recogniser of a model folder."""
    if model is None:
        return PpocrEngine(weights_path(RECOGNISER_FILE), f"ppocr {BASE}")
    folder = open_model(model)
    near_space = NEAR_SPACE if folder.card.near_space is None else folder.card.near_space
    detector = DetectorSettings(small_marks=folder.card.small_marks)
    settings = PpocrSettings(detector=detector, near_space=near_space)
    return PpocrEngine(folder.file(RECOGNISER), f"ppocr {folder.label}", settings)


def _is_doubtful(place: FoundLines, lines: Sequence[Reading]) -> bool:
    """Whether a page reads badly: without confidence, or with strangely few characters for its print."""
    if not lines:
        return False
    said = [line.confidence for line in lines if line.text]
    confidence = sum(said) / max(len(said), 1)
    print_px = sum(ways[0].shape[1] for ways in place.lines)
    return confidence < DOUBTFUL or sum(len(line.text) for line in lines) < SPARSE * print_px / HEIGHT_PX


def _best(ways: Sequence[Reading]) -> Reading:
    """The surest reading. That of a line on its side names no places: its quad doesn't tell how it stands."""
    best = max(ways, key=lambda reading: reading.confidence)
    if best is ways[0]:
        return best
    return replace(best, words=tuple(Word(word.confidence) for word in best.words))


def _certain_characters(readings: Sequence[Reading]) -> float:
    """How many characters are right, as the confidences have it."""
    return sum(reading.confidence * len(reading.text) for reading in readings)


def _line(quad: Quad, reading: Reading) -> Line:
    polygon = tuple((float(x), float(y)) for x, y in quad)
    return Line(reading.text, box_of_quad(quad), reading.confidence, polygon, reading.words)


def _on_page(line: Line, turns: int, page: Page) -> Line:
    """A line of the turned page with its place on the page as it came, clipped to it."""
    quad = quad_before_turning(np.array(line.polygon, np.float32), turns, page.width, page.height)
    quad = np.clip(quad, 0, np.array([page.width, page.height], np.float32))
    return _line(quad, Reading(line.text, line.confidence or 0.0, line.words))
