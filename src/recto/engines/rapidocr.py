"""The stock rapidocr pipeline as a baseline: its own detection, orientation and recognition, as shipped.

Nothing is tuned here: default configuration, onnxruntime, the weights inside its wheel, no network. Only
its log is silenced, and the text is put into visual rows (`engines/assembling`), because the order in
which it reports boxes costs it more than its reading does. recto's own engine is `engines/ppocr`.
"""

import time
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from recto.documents.page import Page
from recto.documents.transcript import Line, Polygon, Transcript
from recto.engines import assembling
from recto.errors import EngineError, MissingPackage

try:
    from rapidocr import RapidOCR
except ImportError as error:
    raise MissingPackage(
        f"the engine rapidocr needs the package rapidocr ({error})", hint="pip install 'rapidocr>=3.10,<3.11'"
    ) from error


class RapidocrEngine:
    """rapidocr's own pipeline; one page at a time, as its API has it."""

    batch_pages = 1

    def __init__(self) -> None:
        self.label = f"rapidocr {version('rapidocr')} PP-OCRv6-small onnxruntime"
        self._pipeline = RapidOCR(params={"Global.log_level": "critical"})

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """One Transcript per page, in order. Raises EngineError where the pipeline gives up."""
        return [self._read_page(page) for page in pages]

    def _read_page(self, page: Page) -> Transcript:
        started = time.perf_counter()
        image_bgr = np.ascontiguousarray(page.image[:, :, ::-1])
        try:
            output = self._pipeline(image_bgr)
        except (ValueError, RuntimeError) as error:  # cv2.error and onnxruntime's errors are RuntimeErrors
            raise EngineError(
                f"rapidocr can't read page {page.number}: {error}",
                where=page.document,
                hint="try --engine ppocr",
            ) from error
        lines = _lines(output.boxes, output.txts, output.scores) if output.txts else []
        seconds = time.perf_counter() - started
        return assembling.transcript(page, lines, engine=self.label, seconds=seconds)


def _lines(quads: NDArray[np.float32], texts: Sequence[str], confidences: Sequence[float]) -> list[Line]:
    """Lines from rapidocr's output; `quads` is lines × 4 corners × (x, y) in pixels of the page."""
    return [
        _line(text, tuple((float(x), float(y)) for x, y in quad), float(confidence))
        for quad, text, confidence in zip(quads, texts, confidences, strict=True)
    ]


def _line(text: str, corners: Polygon, confidence: float) -> Line:
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return Line(text, (min(xs), min(ys), max(xs), max(ys)), confidence, corners)


def load() -> RapidocrEngine:
    """The engine as the catalog loads it."""
    return RapidocrEngine()
