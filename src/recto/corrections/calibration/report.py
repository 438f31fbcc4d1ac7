"""The report: how far each Release's confidences can be trusted, before and after calibration; thresholds.

Figures after calibration are cross-validated over documents. Measured is on pages that the queue drew at
random where they are enough, else on all corrected pages, of which many were chosen for being doubtful.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

from recto.corrections.calibration.choosing import Choice, choose
from recto.corrections.calibration.fitting import (
    CorrectedSoFar,
    corrected_so_far,
    cross_calibrated,
    fit,
    too_few,
)
from recto.corrections.calibration.judged import JudgedPage, Reader, judged_pages
from recto.evaluation.metrics.trust import Bin, Judged, auroc, expected_calibration_error, reliability
from recto.workspace.folder import Workspace

TARGETS = (0.95, 0.99, 0.995)


@dataclass(frozen=True, slots=True)
class Trust:
    """Expected calibration error, area under the ROC curve (None: all right, or all wrong), and bins."""

    calibration_error: float
    auroc: float | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What the corrections of enough documents tell; `only_drawn`: of pages at random alone.

    `knots` are the Calibration itself, `before` and `after` what it does to documents that it hasn't seen.
    """

    only_drawn: bool
    documents: int
    lines: int
    wrong: int
    before: Trust
    after: Trust
    choices: tuple[Choice, ...]
    knots: tuple[tuple[float, float], ...]
    said: tuple[Judged, ...]
    calibrated: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class ReaderReport:
    """One Reader; `measured` is None where corrections are too few, as `problem` says."""

    reader: Reader
    problem: str | None
    measured: Measured | None


def report(workspace: Workspace, targets: Sequence[float] = TARGETS) -> tuple[ReaderReport, ...]:
    """One for each Reader of which people corrected or accepted anything."""
    with workspace.read() as session:
        judged = judged_pages(session, workspace.settings.triggers.scopes)
    return tuple(reported(reader, pages, targets) for reader, pages in sorted(judged.items()))


def latest_report(workspace: Workspace) -> tuple[ReaderReport, ...]:
    """The same for TARGETS, kept in memory like the calibrations until there are more corrections."""
    return _latest(corrected_so_far(workspace))


@lru_cache(maxsize=8)
def _latest(so_far: CorrectedSoFar) -> tuple[ReaderReport, ...]:
    judged = so_far.judged()
    return tuple(reported(reader, pages, TARGETS) for reader, pages in sorted(judged.items()))


def report_json(reports: Sequence[ReaderReport]) -> str:
    """The report as JSON, without the single lines."""
    told = []
    for one in reports:
        measured = None if one.measured is None else asdict(one.measured)
        if measured is not None:
            del measured["said"], measured["calibrated"]
        told.append({**asdict(one.reader), "problem": one.problem, "measured": measured})
    return json.dumps({"readers": told}, ensure_ascii=False, indent=1) + "\n"


def reported(reader: Reader, pages: Sequence[JudgedPage], targets: Sequence[float]) -> ReaderReport:
    """One Reader's report on its judged pages."""
    problem = too_few(pages)
    return ReaderReport(reader, problem, None if problem else _measured(pages, targets))


def _measured(pages: Sequence[JudgedPage], targets: Sequence[float]) -> Measured:
    drawn = [page for page in pages if page.drawn]
    only_drawn = too_few(drawn) is None
    told = drawn if only_drawn else pages
    said = [one for page in told for one in page.lines]
    calibrated = cross_calibrated(told)
    return Measured(
        only_drawn=only_drawn,
        documents=len({page.sha256 for page in told}),
        lines=len(said),
        wrong=sum(not is_right for _, is_right in said),
        before=_trust(said),
        after=_trust(calibrated),
        choices=tuple(
            choose(told, target, whole_pages=whole) for whole in (False, True) for target in targets
        ),
        knots=fit([one for page in pages for one in page.lines]).knots,
        said=tuple(said),
        calibrated=tuple(calibrated),
    )


def _trust(judged: Sequence[Judged]) -> Trust:
    return Trust(expected_calibration_error(judged), auroc(judged), tuple(reliability(judged)))
