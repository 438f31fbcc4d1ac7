"""The pipeline of the CPU engine: pages → detected lines → readings → Transcripts.

Detection and recognition of several pages overlap in threads, one per core; both networks release the GIL.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from recto.documents.page import Image, Page
from recto.documents.reading_order import text_of_rows, visual_rows
from recto.documents.transcript import Finish, Line, Transcript
from recto.engines.model_folder import RECOGNISER, open_model
from recto.engines.ppocr.alphabet import Script
from recto.engines.ppocr.crops import Quad, crop_line, scale_line
from recto.engines.ppocr.detector import DetectorSettings, detect
from recto.engines.ppocr.networks import Precision, detector_network
from recto.engines.ppocr.recogniser import Reading, Recogniser
from recto.engines.ppocr.weights import BASE, DETECTOR_FILE, RECOGNISER_FILE, weights_path


@dataclass(frozen=True, slots=True)
class PpocrSettings:
    """How the CPU engine reads. Confidences below `min_confidence` are not text."""

    detector: DetectorSettings = field(default_factory=DetectorSettings)
    script: Script = "european"
    precision: Precision = "auto"
    min_confidence: float = 0.5
    threads: int = 0


class PpocrEngine:
    """Reads pages with PP-OCRv6 small on the CPU."""

    batch_pages = 8

    def __init__(self, recogniser: Path, label: str, settings: PpocrSettings | None = None) -> None:
        settings = settings or PpocrSettings()
        self.label = label
        self._settings = settings
        self._detector = detector_network(weights_path(DETECTOR_FILE), settings.precision)
        self._recogniser = Recogniser(recogniser, script=settings.script, precision=settings.precision)
        self._pool = ThreadPoolExecutor(settings.threads or os.cpu_count() or 1, "ppocr")

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """One Transcript per page, in order; `seconds` is each page's share of the whole batch."""
        started = time.perf_counter()
        found = list(self._pool.map(self._find, pages))
        readings = self._recogniser.read([scaled for page in found for _, scaled in page], self._pool.map)
        answers = iter(readings)
        out = []
        for page, lines in zip(pages, found, strict=True):
            out.append(self._transcript(page, [(quad, next(answers)) for quad, _ in lines]))
        share = (time.perf_counter() - started) / max(len(pages), 1)
        return [_with_seconds(transcript, share) for transcript in out]

    def _find(self, page: Page) -> list[tuple[Quad, Image]]:
        lines = detect(self._detector, page.image, self._settings.detector)
        return [(line.quad, scale_line(crop_line(page.image, line.quad))) for line in lines]

    def _transcript(self, page: Page, found: Sequence[tuple[Quad, Reading]]) -> Transcript:
        lines = [
            _line(page, quad, reading)
            for quad, reading in found
            if reading.text.strip() and reading.confidence >= self._settings.min_confidence
        ]
        rows = visual_rows(lines)
        return Transcript(
            document=page.document,
            page=page.number,
            width=page.width,
            height=page.height,
            text=text_of_rows(rows),
            lines=tuple(line for row in rows for line in row),
            engine=self.label,
            finish=Finish.COMPLETE if lines else Finish.BLANK,
            sha256=page.sha256,
            dpi=page.dpi,
        )


def load(model: Path | None = None) -> PpocrEngine:
    """The engine with base weights, or with the recogniser of a model folder."""
    if model is None:
        return PpocrEngine(weights_path(RECOGNISER_FILE), f"ppocr {BASE}")
    folder = open_model(model)
    return PpocrEngine(folder.file(RECOGNISER), f"ppocr {folder.label}")


def _line(page: Page, quad: Quad, reading: Reading) -> Line:
    limit = np.array([page.width, page.height], np.float32)
    x0, y0 = np.clip(quad.min(axis=0), 0, limit)
    x1, y1 = np.clip(quad.max(axis=0), 0, limit)
    return Line(
        text=reading.text.strip(),
        box=(float(x0), float(y0), float(x1), float(y1)),
        confidence=reading.confidence,
        polygon=tuple((float(x), float(y)) for x, y in quad),
    )


def _with_seconds(transcript: Transcript, seconds: float) -> Transcript:
    return replace(transcript, seconds=seconds)
