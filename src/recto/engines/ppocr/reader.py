"""The pipeline of the CPU engine: pages → detected lines → readings → Transcripts.

Detection and recognition of several pages overlap in threads, one per core; both networks release the GIL.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recto.documents.page import Image, Page
from recto.documents.reading_order import reading_rows, text_of_rows
from recto.documents.transcript import Finish, Line, Transcript
from recto.engines.model_folder import RECOGNISER, open_model
from recto.engines.ppocr.alphabet import Script
from recto.engines.ppocr.crops import Quad, box_of_quad, crop_line, scale_line
from recto.engines.ppocr.detector import DetectorSettings, LineFinder
from recto.engines.ppocr.networks import Precision
from recto.engines.ppocr.orientation import is_sideways, quad_before_turning, turned, ways_to_read
from recto.engines.ppocr.recogniser import NEAR_SPACE, Reading, Recogniser
from recto.engines.ppocr.weights import BASE, RECOGNISER_FILE, weights_path

DOUBTFUL = 0.85  # pages that read with more confidence than this are the right way up
CLEARLY = 0.05  # how much more confidence turning a page must bring
SAMPLE = 8  # lines that are tried upside down


@dataclass(frozen=True, slots=True, eq=False)
class FoundLines:
    """The lines of one page after `turns` quarter turns: quads, and for each the ways to read it."""

    turns: int
    quads: list[Quad]
    lines: list[list[Image]]


@dataclass(frozen=True, slots=True)
class PpocrSettings:
    """How the CPU engine reads. Confidences below `min_confidence` are not text."""

    detector: DetectorSettings = field(default_factory=DetectorSettings)
    script: Script = "european"
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
        self._recogniser = Recogniser(
            recogniser,
            script=settings.script,
            precision=settings.precision,
            near_space=settings.near_space,
        )
        self._pool = ThreadPoolExecutor(settings.threads or os.cpu_count() or 1, "ppocr")

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """One Transcript per page, in order; `seconds` is each page's share of the whole batch."""
        started = time.perf_counter()
        found = list(self._pool.map(self._find, [page.image for page in pages]))
        readings = self._read_lines(found)
        for index, (place, lines) in enumerate(zip(found, readings, strict=True)):
            if self._is_upside_down(place, lines):
                found[index] = self._find_turned(pages[index].image, place.turns + 2)
                readings[index] = self._read_lines([found[index]])[0]
        seconds = (time.perf_counter() - started) / max(len(pages), 1)
        answers = zip(pages, found, readings, strict=True)
        return [self._transcript(page, place, lines, seconds) for page, place, lines in answers]

    def _find(self, image: Image) -> FoundLines:
        found = self._find_turned(image, 0)
        return self._find_turned(image, 1) if is_sideways(found.quads) else found

    def _find_turned(self, image: Image, turns: int) -> FoundLines:
        upright = turned(image, turns)
        quads = self._find_lines(upright)
        crops = [crop_line(upright, quad) for quad in quads]
        return FoundLines(turns, quads, [[scale_line(way) for way in ways_to_read(crop)] for crop in crops])

    def _read_lines(self, found: Sequence[FoundLines]) -> list[list[Reading]]:
        """For each page its lines' Readings, each in the way that reads best; all pages in one go."""
        every = [way for place in found for ways in place.lines for way in ways]
        answers = iter(self._recogniser.read(every, self._pool.map))
        return [
            [
                max((next(answers) for _ in ways), key=lambda reading: reading.confidence)
                for ways in place.lines
            ]
            for place in found
        ]

    def _is_upside_down(self, place: FoundLines, lines: Sequence[Reading]) -> bool:
        """Whether the widest lines of a page that reads badly read better upside down."""
        if not lines or _confidence(lines) > DOUBTFUL:
            return False
        order = sorted(range(len(lines)), key=lambda i: place.lines[i][0].shape[1], reverse=True)[:SAMPLE]
        flipped = self._recogniser.read([turned(place.lines[i][0], 2) for i in order], self._pool.map)
        return _confidence(flipped) > _confidence([lines[i] for i in order]) + CLEARLY

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
    return PpocrEngine(folder.file(RECOGNISER), f"ppocr {folder.label}", PpocrSettings(near_space=near_space))


def _confidence(readings: Sequence[Reading]) -> float:
    return sum(reading.confidence for reading in readings) / len(readings)


def _line(quad: Quad, reading: Reading) -> Line:
    polygon = tuple((float(x), float(y)) for x, y in quad)
    return Line(text=reading.text, box=box_of_quad(quad), confidence=reading.confidence, polygon=polygon)


def _on_page(line: Line, turns: int, page: Page) -> Line:
    """A line of the turned page with its place on the page as it came, clipped to it."""
    quad = quad_before_turning(np.array(line.polygon, np.float32), turns, page.width, page.height)
    quad = np.clip(quad, 0, np.array([page.width, page.height], np.float32))
    return _line(quad, Reading(line.text, line.confidence or 0.0))
