"""Attempt: what every Cycle shares, whatever it trains: the lock, its row, and how it ends where it can't.

What a Cycle does between its beginning and its end is told by the `Turn` that it is given.
"""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from recto.errors import (
    MissingPackage,
    ModelNotFound,
    RectoError,
    SchemaError,
    SettingsError,
    TrainingError,
)
from recto.observability.cost import cost
from recto.observability.spans import span
from recto.registry.fields_scope import is_of_fields
from recto.registry.gates import Verdict
from recto.retraining import ledger
from recto.retraining.ledger import Ending, Findings, Wish
from recto.retraining.recipes import wished_recipe
from recto.training import ranks
from recto.training.cost import price_per_hour
from recto.training.progress import Progress
from recto.training.recipe import Recipe, default_recipe
from recto.workspace.folder import Workspace
from recto.workspace.locks import held
from recto.workspace.spans import exporting_as

BY_HAND = "asked by hand"

Result = TypeVar("Result")
Turn = Callable[[int, Recipe, float], Result]
"""What a Cycle does, by its number and recipe; the last is when it began (monotonic seconds)."""


@dataclass(frozen=True, slots=True)
class Order:
    """A Cycle that is to run: for which scope, why, and as whose wish."""

    workspace: Workspace
    scope: str
    reasons: Sequence[str]
    wish: Wish


def attempt(order: Order, progress: Progress, turn: Turn[Result]) -> Result:
    """Run one Cycle with the lock held; what stops it is kept as its end, and raised.

    Raises WorkspaceBusy where another Cycle runs, and TrainingError for one of several processes.
    """
    workspace, scope = order.workspace, order.scope
    if ranks.processes() > 1:
        hint = "start it without torchrun; recto improve DATASET --out DIR trains in several processes"
        raise TrainingError("a Cycle trains in one process", hint=hint)
    lock = workspace.path / ledger.TRAIN_LOCK
    with exporting_as(workspace.settings), held(lock, what=f"a Cycle of scope {scope}"):
        for number in ledger.mark_interrupted(workspace):
            progress.say(f"cycle {number} was interrupted: its process ended before it did")
        cycle = ledger.begin(workspace, scope, order.reasons, order.wish)
        started, recipe = time.monotonic(), None
        try:
            recipe = wished_recipe(workspace, scope, order.wish)
            with span("cycle", cycle=cycle, scope=scope):
                return turn(cycle, recipe, started)
        except BaseException as error:
            ending = _stopped(order, error)
            seconds = round(time.monotonic() - started, 1)
            ending = replace(ending, seconds=seconds, cost=cost(seconds, price(workspace, recipe)))
            with suppress(RectoError), workspace.transaction() as session:
                ledger.end(session, cycle, ending)  # on a full disk it can't be kept: the next run marks it
            raise


def price(workspace: Workspace, recipe: Recipe | None) -> float:
    """The price of an hour (`recipe` None: there is none that can be read)."""
    return price_per_hour(recipe or default_recipe(), workspace.settings.training.price_per_hour)


def refused_before(workspace: Workspace, cycle: int, verdict: Verdict) -> str:
    """End a Cycle whose training couldn't change the Verdict, before it trains; gives its outcome."""
    outcome = f"{outcome_of((verdict,))} (nothing was trained)"
    with workspace.transaction() as session:
        ledger.note(session, cycle, Findings(verdicts=(verdict,)))
        ledger.end(session, cycle, Ending("refused", outcome, seconds=0.0))
    return outcome


def outcome_of(verdicts: Sequence[Verdict]) -> str:
    """`better with confidence: …` by the gate `better`, or `refused by canary: …` by those that failed."""
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if not failed:
        return next((v.reason for v in verdicts if v.gate == "better"), "all gates passed")
    return "; ".join(f"refused by {verdict.gate}: {verdict.reason}" for verdict in failed)


def _stopped(order: Order, error: BaseException) -> Ending:
    """How a Cycle ends that a person stopped, or a mistake.

    A wish for a recipe that this recto doesn't know, or lacks a package or base weights for, is answered by
    that, and so is one for what a tagger doesn't have: it would hold up those who asked later.
    """
    if isinstance(error, KeyboardInterrupt):
        return Ending("interrupted", "stopped by hand")
    wished = order.wish.recipe is not None or (order.wish.test_mode and is_of_fields(order.scope))
    hopeless = isinstance(error, SettingsError | SchemaError | MissingPackage | ModelNotFound)
    return Ending("failed", _in_words(error, order.workspace), final=wished and hopeless)


def _in_words(error: BaseException, workspace: Workspace) -> str:
    """What happened and where, for history: paths within the workspace, and no hint for the moment."""
    if not isinstance(error, RectoError):
        return f"{type(error).__name__}: {error}"
    inside = f"{workspace.path}{os.sep}"
    where = (error.where or "").replace(inside, "")
    what = error.what.replace(inside, "")
    return what if not where or Path(where).is_absolute() else f"{where}: {what}"
