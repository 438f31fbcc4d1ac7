"""Cycle of what finds fields: labelled documents → teach → measure → gates → Release or refusal.

As `cycle` for reading models, and in the same ledger, under the scope of its schema: taggers and language
models alike, and the one may take the place of the other. Only by hand: no Trigger says that one is due.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from recto.datasets.corpus.snapshot import look, snapshot
from recto.datasets.example import Dataset
from recto.datasets.fingerprint import fingerprint
from recto.engines.model_folder import open_model
from recto.errors import OutputError, RectoError, TrainingError
from recto.extraction.asked_folder import ENGINE as TEXT
from recto.extraction.asked_folder import open_asked
from recto.extraction.tagger_folder import open_tagger
from recto.observability.cost import cost
from recto.observability.spans import span
from recto.registry.extractors import released
from recto.registry.field_gates import QUICK_S, judge_fields
from recto.registry.fields_scope import scope_of_fields
from recto.registry.gates import Verdict, all_passed
from recto.registry.promotion import promote_in
from recto.registry.release import Origin, Release
from recto.registry.store import add_release, current, model_path, verify
from recto.retraining import ledger
from recto.retraining.ledger import Beginning, Ending, Findings
from recto.retraining.record import State
from recto.training.cost import price_per_hour
from recto.training.identity import outdated, read_identity, refuse_another
from recto.training.improve_fields import (
    Before,
    FieldImprovement,
    depends_on,
    improve_fields,
    untrained,
)
from recto.training.progress import Progress, Silent
from recto.training.run import IDENTITY, Start, sweep_folder
from recto.training.way import FieldWay
from recto.workspace.folder import Workspace
from recto.workspace.locks import held
from recto.workspace.spans import exporting_as
from recto.workspace.tables import GENERAL, CurrentRow


@dataclass(frozen=True, slots=True)
class FieldCycleResult:
    """How it ended: `release` is its number, None where a gate refused, and `outcome` says why."""

    cycle: int
    scope: str
    release: int | None
    outcome: str
    verdicts: tuple[Verdict, ...]
    improvement: FieldImprovement
    seconds: float


def run_field_cycle(
    workspace: Workspace, way: FieldWay, reasons: Sequence[str], progress: Progress | None = None
) -> FieldCycleResult:
    """Run one Cycle on the trusted documents that label fields of its schema.

    Documents of business types with a loop of their own aren't among them. Raises WorkspaceBusy where another
    Cycle runs, and whatever stops this one, once it is kept as failed.
    """
    lock, scope = workspace.path / ledger.TRAIN_LOCK, scope_of_fields(way.schema.name)
    with exporting_as(workspace.settings), held(lock, what=f"a Cycle of {scope}"):
        ledger.mark_interrupted(workspace)
        cycle = ledger.begin(workspace, scope, reasons)
        began = time.monotonic()
        try:
            with span("cycle", cycle=cycle, scope=scope):
                return _Turn(workspace, way, scope, cycle, progress or Silent()).run(began)
        except BaseException as error:
            state: State = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            told = error.what if isinstance(error, RectoError) else f"{type(error).__name__}: {error}"
            ending = Ending(state, told, seconds=round(time.monotonic() - began, 1))
            with suppress(RectoError), workspace.transaction() as session:
                ledger.end(session, cycle, ending)
            raise


@dataclass(frozen=True, slots=True)
class _Turn:
    """One Cycle under way, with the lock held."""

    workspace: Workspace
    way: FieldWay
    scope: str
    cycle: int
    progress: Progress

    def run(self, began: float) -> FieldCycleResult:
        """From the snapshot to the end."""
        depends_on(look(self.workspace, GENERAL), self.way, untrained(self.way))  # before any is marked
        in_use = current(self.workspace, self.scope, exact=True)
        before = self._before(in_use)
        dataset = snapshot(self.workspace, GENERAL)
        folder, start = self._place(dataset, before)
        done = improve_fields(dataset, folder, self.way, self.progress, start=start, before=before)
        gates = self.workspace.settings.gates
        quick_s = gates.language_model_s if self.way.engine == TEXT else QUICK_S
        verdicts = judge_fields(done.report, gates, quick_s=quick_s)
        seconds = round(time.monotonic() - began, 1)
        ending = Ending(
            state="released" if all_passed(verdicts) else "refused",
            outcome=_outcome(verdicts),
            seconds=seconds,
            peak_memory_mb=done.taught.peak_memory_mb,
            cost=cost(
                seconds, price_per_hour(self.way.recipe, self.workspace.settings.training.price_per_hour)
            ),
        )
        ending = self._end(dataset, done, verdicts, (ending, in_use))
        return FieldCycleResult(
            self.cycle, self.scope, ending.release, ending.outcome, verdicts, done, seconds
        )

    def _before(self, in_use: Release | None) -> Before:
        """The current Release, if it is one of just this schema; else the untrained tagger."""
        if in_use is not None:
            path, settings = model_path(self.workspace, in_use), self.workspace.settings.text
            found = open_asked(path, settings) if in_use.engine == TEXT else open_tagger(path)
            if found.schema.digest == self.way.schema.digest:
                return Before(released(found, in_use.number), in_use.content_sha256)
            self.progress.say(f"Release {in_use.number} is of another schema called {self.way.schema.name}")
        return untrained(self.way)

    def _place(self, dataset: Dataset, before: Before) -> tuple[Path, Start]:
        """Where the Run goes, and whether it is that of an earlier Cycle, which goes on."""
        recipe = self.way.recipe.model_dump(mode="json")
        counts = {split: len(dataset.split(split)) for split in ("train", "val", "test")}
        beginning = Beginning(fingerprint(dataset), {"splits": counts}, recipe, f"runs/{self.cycle:04d}")
        with self.workspace.read() as session:
            earlier = ledger.resumable(session, self.cycle, beginning)
        start: Start = "new"
        if earlier is not None and self._goes_on(dataset, earlier.run_folder, before):
            self.progress.say(f"the run of cycle {earlier.id} goes on: same documents, same recipe")
            beginning, start = replace(beginning, run_folder=earlier.run_folder), "resume"
        ledger.describe(self.workspace, self.cycle, beginning)
        with self.workspace.read() as session:
            left_over = ledger.folders_left_over(session, self.cycle)
        for name in left_over:
            sweep_folder(self.workspace.path / name)
        return self.workspace.path / beginning.run_folder, start

    def _goes_on(self, dataset: Dataset, run_folder: str, before: Before) -> bool:
        folder, wanted = self.workspace.path / run_folder, depends_on(dataset, self.way, before)
        try:
            earlier = read_identity(folder / IDENTITY)
            refuse_another(earlier, wanted, folder)
        except (OutputError, TrainingError):
            return False
        return not outdated(earlier, wanted)

    def _end(
        self,
        dataset: Dataset,
        done: FieldImprovement,
        verdicts: tuple[Verdict, ...],
        how: tuple[Ending, Release | None],
    ) -> Ending:
        """Keep the end. A release becomes current and the Cycle ends in one transaction."""
        ending, compared = how
        stored = None
        if ending.state == "released":
            stored = add_release(
                self.workspace, self.scope, done.model, done.report, self._origin(dataset, done, verdicts)
            )
            verify(self.workspace, stored)
        with self.workspace.transaction() as session:
            if stored is not None:
                row = session.get(CurrentRow, self.scope)
                now_in_use = row.number if row else None
                if now_in_use == (compared.number if compared else None):
                    promote_in(session, stored.number, scope=self.scope, reason=ending.outcome)
                    ending = replace(ending, release=stored.number)
                else:
                    ending = ledger.overtaken(ending, now_in_use)
            ledger.note(session, self.cycle, Findings(verdicts=verdicts))
            ledger.end(session, self.cycle, ending)
        return ending

    def _origin(self, dataset: Dataset, done: FieldImprovement, verdicts: tuple[Verdict, ...]) -> Origin:
        return Origin(
            data_fingerprint=fingerprint(dataset),
            recipe=self.way.recipe.model_dump(mode="json"),
            code_version=read_identity(done.model.parent / IDENTITY).code,
            base_sha256=open_model(done.model, engine=None).card.base.sha256,
            cycle_id=self.cycle,
            verdicts=verdicts,
        )


def _outcome(verdicts: tuple[Verdict, ...]) -> str:
    """What the gates came to, in one sentence."""
    refused = [f"{verdict.gate}: {verdict.reason}" for verdict in verdicts if not verdict.passed]
    if refused:
        return f"refused by {'; '.join(refused)}"
    return next(verdict.reason for verdict in verdicts if verdict.gate == "better")
