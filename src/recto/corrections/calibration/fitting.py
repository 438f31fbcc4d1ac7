"""Fitting: confidences → the share of lines that is right, by isotonic regression on people's corrections.

It never changes the order of two lines, only what their figures mean (Zadrozny and Elkan, 2002). With too few
corrections there is no Calibration, and confidences stay as the engine said them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, sessionmaker

from recto.corrections.calibration.judged import JudgedPage, Reader, judged_pages
from recto.evaluation.metrics.trust import Judged
from recto.workspace.database import reading
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import CorrectionRow

MIN_DOCUMENTS = 20
MIN_LINES_OF_EACH = 10
"""So many lines have to be right, and so many wrong."""
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising line through `knots`, each a confidence and the share of such lines that is right (0–1)."""

    knots: tuple[tuple[float, float], ...]

    def __call__(self, confidence: float) -> float:
        """The probability, 0–1, that a line of this confidence is right."""
        said, right = zip(*self.knots, strict=True)
        return float(np.interp(confidence, said, right))


def too_few(pages: Sequence[JudgedPage]) -> str | None:
    """What is missing for a Calibration, in words; None where there is enough."""
    documents = len({page.sha256 for page in pages})
    right = sum(is_right for page in pages for _, is_right in page.lines)
    wrong = sum(len(page.lines) for page in pages) - right
    if documents >= MIN_DOCUMENTS and min(right, wrong) >= MIN_LINES_OF_EACH:
        return None
    return (
        f"{documents} corrected documents with {right} right and {wrong} wrong lines; "
        f"wanted are {MIN_DOCUMENTS} with {MIN_LINES_OF_EACH} of each"
    )


def fit(judged: Sequence[Judged]) -> Calibration:
    """The Calibration of these lines.

    One right line of confidence 0 and one wrong one of confidence 1 are thought up and added, so that few
    lines never make certainty.
    """
    from sklearn.isotonic import IsotonicRegression

    said, right = zip((0.0, True), *judged, (1.0, False), strict=True)
    isotonic = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    isotonic.fit(np.array(said), np.array(right, dtype=np.float64))
    knots = zip(isotonic.X_thresholds_, isotonic.y_thresholds_, strict=True)
    return Calibration(tuple((float(x), float(y)) for x, y in knots))


def folds_of(pages: Sequence[JudgedPage]) -> list[int]:
    """The fold of each page, 0 to FOLDS - 1: pages of a document stay together."""
    numbers = {sha256: i % FOLDS for i, sha256 in enumerate(sorted({page.sha256 for page in pages}))}
    return [numbers[page.sha256] for page in pages]


def cross_calibrated(pages: Sequence[JudgedPage]) -> list[Judged]:
    """Every line with the confidence that a Calibration of the other folds' documents gives it."""
    folds = folds_of(pages)
    out: list[Judged] = []
    for fold in range(FOLDS):
        others = [one for page, of in zip(pages, folds, strict=True) if of != fold for one in page.lines]
        own = [one for page, of in zip(pages, folds, strict=True) if of == fold for one in page.lines]
        calibration = fit(others)
        out += [(calibration(confidence), is_right) for confidence, is_right in own]
    return out


class CorrectedSoFar(NamedTuple):
    """Which corrections count: those up to a number, and all that take back, of which there are so many."""

    sessions: sessionmaker[Session]
    scopes: tuple[str, ...]
    until: int
    taken_back: int

    def judged(self) -> dict[Reader, list[JudgedPage]]:
        """The pages that they judge, by Readers."""
        with reading(self.sessions) as session:
            return judged_pages(session, self.scopes, self.until)


def corrected_so_far(workspace: Workspace) -> CorrectedSoFar:
    """New corrections are taken up a few at a time (ten, or with a thousand a hundred, and so on), by the
    same rule in every process; what is undone or withdrawn counts at once."""
    undoing = or_(CorrectionRow.undoes.is_not(None), CorrectionRow.kind == "consent")
    with workspace.read() as session:
        last = session.scalar(select(func.max(CorrectionRow.id))) or 0
        taken_back = session.scalar(select(func.count()).select_from(CorrectionRow).where(undoing)) or 0
    step = 10 ** max(1, len(str(last)) - 2)
    scopes = tuple(workspace.settings.triggers.scopes)
    return CorrectedSoFar(workspace.sessions, scopes, last - last % step, taken_back)


def calibrations(workspace: Workspace) -> Mapping[Reader, Calibration]:
    """The Calibration of every Reader with enough corrections, kept in memory until there are more."""
    return _fitted(corrected_so_far(workspace))


@lru_cache(maxsize=8)
def _fitted(so_far: CorrectedSoFar) -> Mapping[Reader, Calibration]:
    return {
        reader: fit([one for page in pages for one in page.lines])
        for reader, pages in so_far.judged().items()
        if too_few(pages) is None
    }
