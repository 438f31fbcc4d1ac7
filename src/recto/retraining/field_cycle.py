"""Cycle of what finds fields: documents with trusted fields → teach → measure → gates → Release or refusal.

As `cycle` for reading models, in the same ledger and under the same lock; its scope is that of its schema.
Taggers and language models alike: the one may take the place of the other. Whether one is due is not known
here (`triggers`).
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recto.datasets.corpus.labelled import look_labelled, snapshot_labelled
from recto.datasets.example import Dataset
from recto.datasets.fingerprint import fingerprint
from recto.errors import SettingsError, TrainingError
from recto.extraction.asked_folder import ENGINE as TEXT
from recto.extraction.asked_folder import open_asked
from recto.extraction.tagger_folder import open_tagger
from recto.observability.cost import cost
from recto.registry.extractors import released
from recto.registry.field_gates import QUICK_S, foresee_fields, judge_fields
from recto.registry.fields_scope import scope_of_fields
from recto.registry.gates import Verdict, all_passed
from recto.registry.release import Release
from recto.registry.store import current, model_path
from recto.retraining import ledger
from recto.retraining.attempt import Order, attempt, outcome_of, price, refused_before
from recto.retraining.conclusion import Candidate, conclude
from recto.retraining.ledger import AS_USUAL, Beginning, Ending, Findings, Wish
from recto.retraining.record import field_measurement
from recto.retraining.run_folder import run_folder_for
from recto.retraining.traced import traced
from recto.training.improve_fields import (
    Before,
    FieldImprovement,
    depends_on,
    improve_fields,
    untrained,
)
from recto.training.progress import Progress, Silent
from recto.training.recipe import Recipe
from recto.training.run import Start
from recto.training.tagging.labelled import labels_for
from recto.training.tagging.recipe import TaggerRecipe
from recto.training.text.recipe import TextRecipe
from recto.training.way import FieldWay, field_way_of
from recto.workspace.folder import Workspace


@dataclass(frozen=True, slots=True)
class FieldCycleResult:
    """How it ended: `release` is its number, None where a gate refused, and `outcome` says why.

    `improvement` is None where it was refused before it trained.
    """

    cycle: int
    scope: str
    release: int | None
    outcome: str
    verdicts: tuple[Verdict, ...]
    improvement: FieldImprovement | None
    seconds: float


def run_field_cycle(
    workspace: Workspace,
    scope: str,
    reasons: Sequence[str],
    progress: Progress | None = None,
    *,
    wish: Wish = AS_USUAL,
) -> FieldCycleResult:
    """Run one Cycle of what finds the fields of `scope` ("fields:receipt"), by that `wish`, and keep its end.

    It learns from the documents that `training/tagging/labelled` names, all of them: there is no test
    mode. One with too few test documents for the gates is refused before it trains. Raises WorkspaceBusy
    where another Cycle runs, and whatever stops this one, once it is kept as failed.
    """
    told = progress or Silent()

    def run(cycle: int, recipe: Recipe, started: float) -> FieldCycleResult:
        if wish.test_mode:
            raise SettingsError("what finds fields has no test mode", hint="leave it away")
        if not isinstance(recipe, TaggerRecipe | TextRecipe):
            hint = "recipes/tagger.yaml and recipes/extract-llm-qlora.yaml do"
            raise SettingsError("by this recipe nothing learns to find fields", hint=hint)
        way = field_way_of(recipe, workspace.settings)
        if scope_of_fields(way.schema.name) != scope:
            raise SettingsError(f"the recipe finds fields of {way.schema.name}, not those of {scope}")
        return _Turn(workspace, way, scope, cycle, told).run(started)

    return attempt(Order(workspace, scope, reasons, wish), told, run)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One Cycle under way, with the lock held."""

    workspace: Workspace
    way: FieldWay
    scope: str
    cycle: int
    progress: Progress

    def run(self, started: float) -> FieldCycleResult:
        """From the snapshot to the end."""
        labels = labels_for(self.way.schema, self.workspace.settings)
        seen = look_labelled(self.workspace, labels)
        self._check(seen)
        too_few = foresee_fields(len(seen.split("test")), self.workspace.settings.gates)
        if too_few is not None:
            return self._refuse(seen, too_few)
        depends_on(seen, self.way, untrained(self.way))  # raises what stops it, before any is marked
        in_use = current(self.workspace, self.scope, exact=True)
        before = self._before(in_use)
        dataset = snapshot_labelled(self.workspace, labels, self.cycle)
        done, earlier_s = self._improve(dataset, before)
        verdicts = self._judge(done, in_use)
        seconds = round(time.monotonic() - started + earlier_s, 1)
        ending = Ending(
            state="released" if all_passed(verdicts) else "refused",
            outcome=outcome_of(verdicts),
            seconds=seconds,
            peak_memory_mb=done.taught.peak_memory_mb,
            cost=cost(seconds, price(self.workspace, self.way.recipe)),
        )
        candidate = Candidate(
            self.cycle, self.scope, done.model, done.report, dataset, self.way.recipe, verdicts
        )
        ending = conclude(self.workspace, candidate, ending, in_use.number if in_use else None)
        return FieldCycleResult(
            self.cycle, self.scope, ending.release, ending.outcome, verdicts, done, seconds
        )

    def _check(self, dataset: Dataset) -> None:
        """Raise TrainingError where there is nothing to learn from, or to measure on."""
        for split, why in (("train", "to learn from"), ("test", "to measure on")):
            if not any(example.split == split for example in dataset.examples):
                raise TrainingError(
                    f"no document {why} has trusted fields of {self.way.schema.name} (split {split})",
                    where=self.workspace.path,
                    hint="correct fields on the review pages, or add documents with `fields`; which schema "
                    "documents have, review.schemas says by their category",
                )

    def _refuse(self, dataset: Dataset, verdict: Verdict) -> FieldCycleResult:
        """End the Cycle before it trains."""
        ledger.describe(self.workspace, self.cycle, self._beginning(dataset))
        outcome = refused_before(self.workspace, self.cycle, verdict)
        return FieldCycleResult(self.cycle, self.scope, None, outcome, (verdict,), None, 0.0)

    def _before(self, in_use: Release | None) -> Before:
        """The current Release, if it is one of just this schema; else the untrained tagger."""
        if in_use is not None:
            path, settings = model_path(self.workspace, in_use), self.workspace.settings.text
            found = open_asked(path, settings) if in_use.engine == TEXT else open_tagger(path)
            if found.schema.digest == self.way.schema.digest:
                return Before(released(found, in_use.number), in_use.content_sha256)
            self.progress.say(f"Release {in_use.number} is of another schema called {self.way.schema.name}")
        return untrained(self.way)

    def _improve(self, dataset: Dataset, before: Before) -> tuple[FieldImprovement, float]:
        """The Run, and the seconds that earlier attempts at it took."""
        folder, start = self._place(dataset, before)
        began = time.monotonic()
        with traced(self.progress) as progress:
            done = improve_fields(dataset, folder, self.way, progress, start=start, before=before)
        return done, max(0.0, done.spent.total_s - (time.monotonic() - began))

    def _place(self, dataset: Dataset, before: Before) -> tuple[Path, Start]:
        return run_folder_for(
            self.workspace,
            self.cycle,
            self._beginning(dataset),
            lambda: depends_on(dataset, self.way, before),
            self.progress,
        )

    def _beginning(self, dataset: Dataset) -> Beginning:
        return Beginning(
            data_fingerprint=fingerprint(dataset),
            documents={
                "splits": dict(Counter(example.split for example in dataset.examples)),
                "categories": dict(Counter(example.category for example in dataset.examples)),
            },
            recipe=self.way.recipe.model_dump(mode="json"),
            run_folder="",
        )

    def _judge(self, done: FieldImprovement, in_use: Release | None) -> tuple[Verdict, ...]:
        """What the gates say; it stays with both figures, whatever becomes of the Cycle."""
        gates, old = self.workspace.settings.gates, done.report.baseline
        quick_s = gates.language_model_s if self.way.engine == TEXT else QUICK_S
        verdicts = judge_fields(done.report, gates, quick_s=quick_s)
        number = in_use.number if in_use else None
        found = Findings(
            before=None if old is None else field_measurement(old, release=number),
            after=field_measurement(done.report.candidate, release=None),
            verdicts=verdicts,
        )
        with self.workspace.transaction() as session:
            ledger.note(session, self.cycle, found)
        return verdicts
