"""Cycle: one turn of the loop: snapshot → train → evaluate → gate → release or refusal, with the reason.

One Cycle at a time per workspace. A kill at any moment leaves the old Release current or the new one, never
less; the next Cycle marks what was left, and goes on with its Run where nothing changed in between.
Whether a Cycle is due is not known here (`triggers`).
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recto.datasets.corpus.snapshot import look, snapshot
from recto.datasets.example import Dataset, Split
from recto.datasets.fingerprint import fingerprint
from recto.errors import TrainingError
from recto.observability.cost import cost
from recto.observability.spans import span
from recto.registry.gates import Verdict, all_passed, foresee, judge
from recto.registry.promotion import check_scope
from recto.retraining import ledger
from recto.retraining.attempt import Order, attempt, outcome_of, price, refused_before
from recto.retraining.conclusion import Candidate, conclude
from recto.retraining.evidence import Contest, open_contest
from recto.retraining.ledger import AS_USUAL, Beginning, Ending, Wish
from recto.retraining.run_folder import run_folder_for
from recto.retraining.traced import traced
from recto.training.improve import BaseModels, Improvement, depends_on, improve
from recto.training.progress import Progress, Silent
from recto.training.recipe import Recipe
from recto.training.run import Start
from recto.training.train import check_trainable
from recto.training.way import ReadingWay, Way, reading_way_of
from recto.workspace.folder import Workspace

HOW_TO_ADD_TESTS = (
    "put documents with their text into a folder `test` and add the folder around it: recto add FOLDER "
    '(FOLDER/test/a.jpg with FOLDER/test/a.txt); or add a dataset whose annotations say "split": "test"'
)


@dataclass(frozen=True, slots=True)
class CycleResult:
    """How a Cycle ended: `release` is its number, None where a gate refused, and `outcome` says why.

    `improvement` is None where it was refused before it trained.
    """

    cycle: int
    scope: str
    release: int | None
    outcome: str
    verdicts: tuple[Verdict, ...]
    improvement: Improvement | None
    seconds: float
    cost: float | None


def run_cycle(
    workspace: Workspace,
    scope: str,
    reasons: Sequence[str],
    progress: Progress | None = None,
    *,
    wish: Wish = AS_USUAL,
) -> CycleResult:
    """Run one Cycle for `scope`, as `wish` says, and keep how it ended.

    In test mode it learns from a few documents only. A Cycle whose test documents are too few for the gates
    is refused before it trains (but in test mode, which is there to see it train). Raises WorkspaceBusy
    where another Cycle runs, and whatever stops this one (a full disk, …), once it is kept as failed.
    """
    check_scope(workspace, scope)
    turn = _Turn(workspace, scope, progress or Silent(), wish.test_mode)

    def run(cycle: int, recipe: Recipe, started: float) -> CycleResult:
        return turn.run(cycle, reading_way_of(recipe, workspace.settings), started)

    return attempt(Order(workspace, scope, reasons, wish), turn.progress, run)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One Cycle under way, with the lock held."""

    workspace: Workspace
    scope: str
    progress: Progress
    test_mode: bool

    def run(self, cycle: int, way: ReadingWay, started: float) -> CycleResult:
        """From the snapshot to the end."""
        limit = self.workspace.settings.triggers.test_mode_documents if self.test_mode else None
        seen = look(self.workspace, self.scope, limit=limit)
        self._check(seen)
        if too_few := self._too_few(seen):
            return self._refuse(cycle, seen, way, too_few)
        check_trainable(seen, way)
        contest = open_contest(self.workspace, self.scope, cycle, BaseModels(way))
        dataset = snapshot(self.workspace, self.scope, limit=limit, cycle=cycle)  # marked as used from now on
        folder, start = run_folder_for(
            self.workspace,
            cycle,
            self._beginning(dataset, way.recipe),
            lambda: depends_on(dataset, way, contest.current_sha256),
            self.progress,
        )
        done, earlier_s = self._improve(dataset, (folder, start), way, contest)
        with span("evaluate", stage="canary pages and speed"):
            evidence = contest.evidence(done.report, done.model, dataset.split("test"), self.progress)
        verdicts = judge(evidence, self.workspace.settings.gates)
        contest.judged(evidence, verdicts)
        seconds = round(time.monotonic() - started + earlier_s, 1)
        ending = Ending(
            state="released" if all_passed(verdicts) else "refused",
            outcome=outcome_of(verdicts),
            seconds=seconds,
            peak_memory_mb=done.training_peak_mb,
            cost=cost(seconds, price(self.workspace, way.recipe)),
        )
        candidate = Candidate(
            cycle, self.scope, done.model, done.report, dataset, way.recipe, verdicts, dataset.split("test")
        )
        ending = conclude(self.workspace, candidate, ending, contest.number)
        return CycleResult(
            cycle, self.scope, ending.release, ending.outcome, verdicts, done, seconds, ending.cost
        )

    def _improve(
        self, dataset: Dataset, place: tuple[Path, Start], way: ReadingWay, contest: Contest
    ) -> tuple[Improvement, float]:
        """The Run, and the seconds that earlier attempts at it took."""
        began = time.monotonic()
        folder, start = place
        hour = {"price_per_hour": price(self.workspace, way.recipe)}
        priced = reading_way_of(way.recipe.model_copy(update=hour), self.workspace.settings)
        with traced(self.progress) as progress:
            done = improve(dataset, folder, priced, progress, start=start, models=contest)
        return done, max(0.0, done.spent.total_s - (time.monotonic() - began))

    def _check(self, dataset: Dataset) -> None:
        """Raise TrainingError where there is nothing to learn from, or to measure on."""
        missing: dict[Split, tuple[str, str]] = {
            "train": ("to learn from", "recto add takes documents with their text"),
            "test": ("to measure on", HOW_TO_ADD_TESTS),
        }
        for split, (why, hint) in missing.items():
            if not dataset.split(split):
                raise TrainingError(
                    f"scope {self.scope!r} has no trusted documents {why} (split {split})",
                    where=self.workspace.path,
                    hint=hint,
                )

    def _too_few(self, dataset: Dataset) -> Verdict | None:
        """The Verdict that no training could change."""
        if self.test_mode:
            return None
        test = [(e.image, e.group) for e in dataset.split("test")]
        return foresee(test, self.workspace.settings.gates)

    def _refuse(self, cycle: int, dataset: Dataset, way: Way, verdict: Verdict) -> CycleResult:
        """End the Cycle before it trains."""
        ledger.describe(self.workspace, cycle, self._beginning(dataset, way.recipe))
        outcome = refused_before(self.workspace, cycle, verdict)
        return CycleResult(cycle, self.scope, None, outcome, (verdict,), None, 0.0, None)

    def _beginning(self, dataset: Dataset, recipe: Recipe) -> Beginning:
        return Beginning(
            data_fingerprint=fingerprint(dataset),
            documents=documents_of(dataset, test_mode=self.test_mode),
            recipe=recipe.model_dump(mode="json"),
            run_folder="",
        )


def documents_of(dataset: Dataset, *, test_mode: bool) -> dict[str, object]:
    """What history keeps of a snapshot: counts by split and category, and train's business types."""
    return {
        "splits": dict(Counter(example.split for example in dataset.examples)),
        "categories": dict(Counter(example.category for example in dataset.examples)),
        "business": dict(Counter(e.business for e in dataset.split("train") if e.business)),
        "test_mode": test_mode,
    }
