"""Tesseract as a baseline: the LSTM recogniser with its own page segmentation, through pytesseract.

It runs the `tesseract` program, one process per page. Its lines are put into visual rows
(`engines/assembling`) like every baseline's: tesseract reports blocks, and a receipt's column of prices
would otherwise come after the column of items. It can't be fine-tuned here.
"""

import os
import time
from collections.abc import Sequence

from PIL import Image as PillowImage

from recto.documents.page import Page
from recto.documents.transcript import Box, Line, Transcript
from recto.engines import assembling
from recto.errors import EngineError, MissingPackage

try:
    import pytesseract
except ImportError as error:
    raise MissingPackage(
        "the engine tesseract needs the package pytesseract", hint="pip install 'recto[baselines]'"
    ) from error

LANGUAGE_VARIABLE = "RECTO_TESSERACT_LANGUAGE"
DEFAULT_LANGUAGE = "eng"

_LSTM_WITH_PAGE_SEGMENTATION = "--oem 1 --psm 3"
_PAGE_TIMEOUT_S = 300

Word = tuple[str, float, Box]
"""Text, confidence 0–1, box in pixels."""


class TesseractEngine:
    """Tesseract with installed languages joined by `+` (`eng+deu`)."""

    batch_pages = 1

    def __init__(self, language: str = DEFAULT_LANGUAGE) -> None:
        """Check program and languages. Raises MissingPackage with the command that installs them."""
        installed = _installed_languages()
        missing = [name for name in language.split("+") if name not in installed]
        if missing:
            packages = " ".join(f"tesseract-ocr-{name.replace('_', '-')}" for name in missing)
            raise MissingPackage(
                f"tesseract has no language {', '.join(map(repr, missing))}; "
                f"it has: {', '.join(sorted(installed)) or 'none'}",
                hint=f"apt-get install {packages}, or set {LANGUAGE_VARIABLE} to installed ones",
            )
        self._language = language
        self.label = f"tesseract {pytesseract.get_tesseract_version()} {language}"

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """One Transcript per page, in order. Raises EngineError where the program fails."""
        return [self._read_page(page) for page in pages]

    def _read_page(self, page: Page) -> Transcript:
        started = time.perf_counter()
        resolution = f" --dpi {page.dpi:.0f}" if page.dpi else ""
        try:
            table = pytesseract.image_to_data(
                PillowImage.fromarray(page.image),
                lang=self._language,
                config=_LSTM_WITH_PAGE_SEGMENTATION + resolution,
                timeout=_PAGE_TIMEOUT_S,
                output_type=pytesseract.Output.DICT,
            )
        except RuntimeError as error:  # TesseractError and the timeout are both RuntimeErrors
            raise EngineError(
                f"tesseract can't read page {page.number}: {error}",
                where=page.document,
                hint=f"one page may take {_PAGE_TIMEOUT_S} s; try --engine ppocr",
            ) from error
        lines = _lines(table)
        seconds = time.perf_counter() - started
        return assembling.transcript(page, lines, engine=self.label, seconds=seconds)


def _lines(table: dict[str, list[str | int | float]]) -> list[Line]:
    """Words of image_to_data joined into tesseract's own lines; blank words are dropped."""
    words: dict[tuple[object, ...], list[Word]] = {}
    for index, text in enumerate(map(str, table["text"])):
        if not text.strip():
            continue
        key = (table["block_num"][index], table["par_num"][index], table["line_num"][index])
        left, top, width, height = (float(table[name][index]) for name in ("left", "top", "width", "height"))
        box = (left, top, left + width, top + height)
        words.setdefault(key, []).append((text, max(float(table["conf"][index]), 0.0) / 100, box))
    return [_line(group) for group in words.values()]


def _line(words: Sequence[Word]) -> Line:
    """One line; its confidence is the mean over its characters, so that a stray dot counts little."""
    characters = sum(len(text) for text, _, _ in words)
    boxes = [box for _, _, box in words]
    return Line(
        text=" ".join(text for text, _, _ in words),
        box=(
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        ),
        confidence=sum(confidence * len(text) for text, confidence, _ in words) / characters,
    )


def _installed_languages() -> set[str]:
    try:
        return set(pytesseract.get_languages())
    except pytesseract.TesseractNotFoundError as error:
        raise MissingPackage(
            "the program tesseract isn't installed, or isn't on PATH",
            hint="apt-get install tesseract-ocr (macOS: brew install tesseract)",
        ) from error


def load() -> TesseractEngine:
    """The engine as the catalog loads it, with the language of RECTO_TESSERACT_LANGUAGE (default eng)."""
    return TesseractEngine(os.environ.get(LANGUAGE_VARIABLE, DEFAULT_LANGUAGE))
