"""Evidence: what the gates get to see of a candidate: test documents and canaries, beside the current model.

Test documents were measured by `training.improve`; the canary pages are read here, and a few test pages
once more by turns, for speed. Nothing is judged here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recto.datasets.example import Example
from recto.datasets.synthesis.canary import canary_examples
from recto.engines.engine import Engine
from recto.errors import EvaluationError, RegistryError
from recto.evaluation.evaluate import evaluate
from recto.evaluation.report import DatasetInfo, Metrics, Report
from recto.registry.gates import Evidence, Verdict
from recto.registry.reading import load_release
from recto.registry.release import Release
from recto.registry.store import current, releases, report_of, verify
from recto.retraining import ledger
from recto.retraining.ledger import Findings
from recto.retraining.pace import PAGES, measure_timings
from recto.retraining.record import measurement
from recto.training.improve import Models
from recto.training.progress import Progress
from recto.workspace.folder import Workspace


@dataclass(frozen=True, slots=True)
class Contest:
    """Who is compared in a Cycle: the `current` Release (None: base weights) and a candidate's model folder.

    `first` is what the model before the scope's first Release made of the test documents of then: None where
    there is no such Release, or where it can't be had; `no_first` says why it can't. What is measured of the
    contestants is kept at once in the Cycle's row, whatever becomes of the Cycle. `base` are the models of
    the recipe's way of learning: its base weights, and what it writes. The current Release may be another
    engine's: what is compared is readings.
    """

    workspace: Workspace
    scope: str
    cycle: int
    current: Release | None
    base: Models
    first: Report | None = None
    no_first: str = ""

    @property
    def number(self) -> int | None:
        """The number of the Release in use."""
        return self.current.number if self.current else None

    @property
    def current_sha256(self) -> str:
        """The content of the model in use."""
        return self.current.content_sha256 if self.current else self.base.current_sha256

    def measured(self, report: Report) -> None:
        """Keep the figures of the model in use, or of the candidate, which has those as its baseline."""
        if report.baseline is None:
            found = Findings(before=measurement(report, release=self.number, canary=None))
        else:
            found = Findings(after=measurement(report, release=None, canary=None))
        with self.workspace.transaction() as session:
            ledger.note(session, self.cycle, found)

    def judged(self, evidence: Evidence, verdicts: Sequence[Verdict]) -> None:
        """Keep what the gates said, and what they had to go by."""
        found = Findings(
            before=measurement(evidence.current, release=self.number, canary=evidence.canary_current),
            after=measurement(evidence.candidate, release=None, canary=evidence.canary),
            verdicts=verdicts,
        )
        with self.workspace.transaction() as session:
            ledger.note(session, self.cycle, found)

    def load(self, model: Path | None) -> Engine:
        """The candidate of a model folder; for None, the model in use, which it has to beat."""
        if model is None and self.current is not None:
            return load_release(self.workspace, self.current)
        return self.base.load(model)

    def evidence(self, report: Report, model: Path, test: Sequence[Example], progress: Progress) -> Evidence:
        """All that the gates look at. `report` has both models' figures on the documents `test`."""
        candidate, in_use = self.load(model), self.load(None)
        new = self._canary(candidate, progress, "reading canary pages with the new model")
        old = self._canary(in_use, progress, "reading canary pages with the current model")
        base = old
        if self.current is not None:
            base = self._canary(self.base.load(None), progress, "reading canary pages with the base model")
        progress.stage("timing both models by turns", min(len(test), PAGES))
        timings = measure_timings((candidate, in_use), test, lambda: progress.advance(1))
        return Evidence(report, baseline_of(report), new, old, timings, base, self.first, self.no_first)

    def _canary(self, engine: Engine, progress: Progress, stage: str) -> Report:
        pages = canary_examples()
        progress.stage(stage, len(pages))
        info = DatasetInfo(root="canary pages", split="", fingerprint="")
        return evaluate(engine, pages, dataset=info, progress=lambda done, of: progress.advance(1))


def open_contest(workspace: Workspace, scope: str, cycle: int, base: Models) -> Contest:
    """The Contest of a Cycle that begins now, with all Releases in it checked: none is met after training.

    Raises RegistryError where the model in use isn't as it was. A first Release that isn't stops nobody.
    """
    in_use = current(workspace, scope)
    if in_use is not None:
        verify(workspace, in_use)
    try:
        reports = [report_of(workspace, made) for made in releases(workspace, scope)[:1]]
    except RegistryError as error:
        return Contest(workspace, scope, cycle, in_use, base, no_first=error.what)
    first = next((baseline_of(report) for report in reports if report.baseline), None)
    return Contest(workspace, scope, cycle, in_use, base, first)


def baseline_of(report: Report) -> Report:
    """What `report` was compared with, as a Report. Raises EvaluationError where it stands alone."""
    beside = report.baseline
    if beside is None:
        raise EvaluationError(f"{report.engine!r} was measured with nothing beside it")
    return report.model_copy(
        update={
            "engine": beside.engine,
            "settings": beside.settings,
            "metrics": Metrics(**{name: getattr(beside, name) for name in Metrics.model_fields}),
            "by_category": beside.by_category,
            "by_business": beside.by_business,
            "errors": beside.errors,
            "documents": beside.document_results,
            "baseline": None,
            "comparison": None,
        }
    )
