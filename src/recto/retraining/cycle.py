"""Cycle: one turn of the loop: snapshot → train → evaluate → gate → release or refusal, with the reason.

One Cycle at a time per workspace. A kill at any moment leaves the old Release current or the new one, never
less; the next Cycle marks what was left, and goes on with its Run where nothing changed in between.
Whether a Cycle is due is not known here (`triggers`).
"""

import os
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from recto.datasets.corpus.snapshot import look, snapshot
from recto.datasets.example import Dataset, Split
from recto.datasets.fingerprint import fingerprint
from recto.engines.model_folder import open_model
from recto.errors import (
    MissingPackage,
    ModelNotFound,
    OutputError,
    RectoError,
    RegistryError,
    SettingsError,
    TrainingError,
)
from recto.observability.cost import cost
from recto.observability.spans import span
from recto.registry.gates import Verdict, all_passed, foresee, judge
from recto.registry.promotion import check_scope, promote_in
from recto.registry.release import MODEL, Origin, Release
from recto.registry.store import add_release, releases, verify
from recto.retraining import ledger
from recto.retraining.evidence import Contest, open_contest
from recto.retraining.ledger import AS_USUAL, Beginning, Ending, Findings, Wish
from recto.retraining.recipes import wished_recipe
from recto.retraining.traced import traced
from recto.training import ranks
from recto.training.cost import price_per_hour
from recto.training.identity import Identity, outdated, read_identity, refuse_another
from recto.training.improve import BaseModels, Improvement, depends_on, improve
from recto.training.progress import Progress, Silent
from recto.training.recipe import Recipe, default_recipe
from recto.training.run import IDENTITY, Start, sweep_folder
from recto.training.train import check_trainable
from recto.training.way import ReadingWay, Way, reading_way_of
from recto.workspace.folder import Workspace
from recto.workspace.locks import held
from recto.workspace.spans import exporting_as

BY_HAND = "asked by hand"
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
    if ranks.processes() > 1:
        hint = "start it without torchrun; recto improve DATASET --out DIR trains in several processes"
        raise TrainingError("a Cycle trains in one process", hint=hint)
    lock = workspace.path / ledger.TRAIN_LOCK
    with exporting_as(workspace.settings), held(lock, what=f"a Cycle of scope {scope}"):
        turn = _Turn(workspace, scope, progress or Silent(), wish.test_mode)
        for number in ledger.mark_interrupted(workspace):
            turn.progress.say(f"cycle {number} was interrupted: its process ended before it did")
        cycle = ledger.begin(workspace, scope, reasons, wish)
        started, recipe = time.monotonic(), None
        try:
            recipe = wished_recipe(workspace, wish)
            with span("cycle", cycle=cycle, scope=scope):
                return turn.run(cycle, reading_way_of(recipe, workspace.settings), started)
        except BaseException as error:
            ending = _stopped(workspace, wish, error)
            seconds = round(time.monotonic() - started, 1)
            ending = replace(ending, seconds=seconds, cost=cost(seconds, _price(workspace, recipe)))
            with suppress(RectoError), workspace.transaction() as session:
                ledger.end(session, cycle, ending)  # on a full disk it can't be kept: the next run marks it
            raise


def _stopped(workspace: Workspace, wish: Wish, error: BaseException) -> Ending:
    """How a Cycle ends that a person stopped, or a mistake.

    A wish for a recipe that this recto doesn't know, or lacks a package or base weights for, is answered by
    that: it would hold up those who asked later.
    """
    if isinstance(error, KeyboardInterrupt):
        return Ending("interrupted", "stopped by hand")
    hopeless = wish.recipe is not None and isinstance(error, SettingsError | MissingPackage | ModelNotFound)
    return Ending("failed", _in_words(error, workspace), final=hopeless)


def _in_words(error: BaseException, workspace: Workspace) -> str:
    """What happened and where, for history: paths within the workspace, and no hint for the moment."""
    if not isinstance(error, RectoError):
        return f"{type(error).__name__}: {error}"
    inside = f"{workspace.path}{os.sep}"
    where = (error.where or "").replace(inside, "")
    what = error.what.replace(inside, "")
    return what if not where or Path(where).is_absolute() else f"{where}: {what}"


def _price(workspace: Workspace, recipe: Recipe | None) -> float:
    """The price of an hour (`recipe` None: there is none that can be read)."""
    return price_per_hour(recipe or default_recipe(), workspace.settings.training.price_per_hour)


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
        folder, start = self._place(cycle, dataset, way, contest)
        done, earlier_s = self._improve(dataset, (folder, start), way, contest)
        with span("evaluate", stage="canary pages and speed"):
            evidence = contest.evidence(done.report, done.model, dataset.split("test"), self.progress)
        verdicts = judge(evidence, self.workspace.settings.gates)
        contest.judged(evidence, verdicts)
        seconds = round(time.monotonic() - started + earlier_s, 1)
        ending = Ending(
            state="released" if all_passed(verdicts) else "refused",
            outcome=_outcome(verdicts),
            seconds=seconds,
            peak_memory_mb=done.training_peak_mb,
            cost=cost(seconds, _price(self.workspace, way.recipe)),
        )
        candidate = _Candidate(cycle, dataset, way.recipe, done, verdicts)
        ending = self._end(candidate, ending, contest.number)
        return CycleResult(
            cycle, self.scope, ending.release, ending.outcome, verdicts, done, seconds, ending.cost
        )

    def _improve(
        self, dataset: Dataset, place: tuple[Path, Start], way: ReadingWay, contest: Contest
    ) -> tuple[Improvement, float]:
        """The Run, and the seconds that earlier attempts at it took."""
        began = time.monotonic()
        folder, start = place
        price = _price(self.workspace, way.recipe)
        priced = reading_way_of(
            way.recipe.model_copy(update={"price_per_hour": price}), self.workspace.settings
        )
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
        beginning = self._beginning(dataset, way.recipe, run_folder="")
        ledger.describe(self.workspace, cycle, beginning)
        outcome = f"{_outcome((verdict,))} (nothing was trained)"
        with self.workspace.transaction() as session:
            ledger.note(session, cycle, Findings(verdicts=(verdict,)))
            ledger.end(session, cycle, Ending("refused", outcome, seconds=0.0))
        return CycleResult(cycle, self.scope, None, outcome, (verdict,), None, 0.0, None)

    def _beginning(self, dataset: Dataset, recipe: Recipe, run_folder: str) -> Beginning:
        return Beginning(
            data_fingerprint=fingerprint(dataset),
            documents=documents_of(dataset, test_mode=self.test_mode),
            recipe=recipe.model_dump(mode="json"),
            run_folder=run_folder,
        )

    def _place(self, cycle: int, dataset: Dataset, way: Way, contest: Contest) -> tuple[Path, Start]:
        """Where the Run goes, and whether it is that of an earlier Cycle, which goes on."""
        beginning = self._beginning(dataset, way.recipe, _free_folder(self.workspace, cycle))
        with self.workspace.read() as session:
            before = ledger.resumable(session, cycle, beginning)
        start: Start = "new"
        if before is not None and _goes_on(
            self.workspace.path / before.run_folder, depends_on(dataset, way, contest.current_sha256)
        ):
            self.progress.say(f"the run of cycle {before.id} goes on: same documents, same recipe")
            beginning, start = replace(beginning, run_folder=before.run_folder), "resume"
        ledger.describe(self.workspace, cycle, beginning)
        with self.workspace.read() as session:
            left_over = ledger.folders_left_over(session, cycle)
        for name in left_over:
            sweep_folder(self.workspace.path / name)
        return self.workspace.path / beginning.run_folder, start

    def _end(self, candidate: "_Candidate", ending: Ending, compared: int | None) -> Ending:
        """Keep the end. A release becomes current and the Cycle ends in one transaction."""
        stored = None
        if ending.state == "released":
            stored = self._stored(candidate) or self._add(candidate)
            verify(self.workspace, stored)
        with self.workspace.transaction() as session:
            if stored is not None:
                in_use = ledger.number_in_use(session, self.scope)
                if in_use == compared:
                    with span("promote", scope=self.scope, release=stored.number):
                        promote_in(session, stored.number, scope=self.scope, reason=ending.outcome)
                    ending = replace(ending, release=stored.number)
                else:
                    ending = ledger.overtaken(ending, in_use)
            ledger.end(session, candidate.cycle, ending)
        return ending

    def _add(self, candidate: "_Candidate") -> Release:
        dataset, done = candidate.dataset, candidate.done
        origin = Origin(
            data_fingerprint=fingerprint(dataset),
            recipe=candidate.recipe.model_dump(mode="json"),
            code_version=read_identity(done.model.parent / IDENTITY).code,
            base_sha256=open_model(done.model, engine=None).card.base.sha256,
            cycle_id=candidate.cycle,
            verdicts=candidate.verdicts,
        )
        measured = dataset.split("test")
        return add_release(self.workspace, self.scope, done.model, done.report, origin, measured)

    def _stored(self, candidate: "_Candidate") -> Release | None:
        """The Release that a killed Cycle stored from this very Run, but couldn't make current."""
        with self.workspace.read() as session:
            kin = ledger.cycles_of_same_run(session, candidate.cycle)
        stamps = open_model(candidate.done.model, engine=None).card.files
        for release in reversed(releases(self.workspace, self.scope)):
            if release.cycle_id not in kin:
                continue
            with suppress(RegistryError):  # a damaged one isn't current, and is as good as none
                files = verify(self.workspace, release).files
                if all(files.get(f"{MODEL}/{name}") == stamp for name, stamp in stamps.items()):
                    return release
        return None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What was trained, and what it comes from."""

    cycle: int
    dataset: Dataset
    recipe: Recipe
    done: Improvement
    verdicts: tuple[Verdict, ...]


def _free_folder(workspace: Workspace, first: int) -> str:
    """`runs/NNNN`, the first from number `first` on that nothing has: an older database knows not all."""
    names = (f"runs/{number:04d}" for number in count(first))
    return next(name for name in names if not os.path.lexists(workspace.path / name))


def _goes_on(run_folder: Path, wanted: Identity) -> bool:
    """Whether the Run in there is the one `wanted`; one that can't be read, or hardly began, isn't."""
    try:
        earlier = read_identity(run_folder / IDENTITY)
        refuse_another(earlier, wanted, run_folder)
    except (OutputError, TrainingError):
        return False
    return not outdated(earlier, wanted)


def documents_of(dataset: Dataset, *, test_mode: bool) -> dict[str, object]:
    """What history keeps of a snapshot: counts by split and category, and train's business types."""
    return {
        "splits": dict(Counter(example.split for example in dataset.examples)),
        "categories": dict(Counter(example.category for example in dataset.examples)),
        "business": dict(Counter(e.business for e in dataset.split("train") if e.business)),
        "test_mode": test_mode,
    }


def _outcome(verdicts: Sequence[Verdict]) -> str:
    """`released: …` by the reason of the gate `better`, or `refused by canary: …` by those that failed."""
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if not failed:
        return next((v.reason for v in verdicts if v.gate == "better"), "all gates passed")
    return "; ".join(f"refused by {verdict.gate}: {verdict.reason}" for verdict in failed)
