"""What the service's dashboard shows of the loops: retraining's status and history, as pages want them."""

import json
from collections.abc import Sequence
from pathlib import Path

from recto.registry.fields_scope import is_of_fields
from recto.retraining.history import read_history
from recto.retraining.loops import ask
from recto.retraining.record import CycleRecord
from recto.retraining.status import ScopeStatus, read_status
from recto.serving.review.loop import LoopStanding, Share, TriggerSays, Turn
from recto.training.run import LOG
from recto.workspace.folder import Workspace
from recto.workspace.utc import now

_TAIL_BYTES = 20_000


class WorkspaceLoop:
    """The loops of one workspace, read anew each time they are asked for."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def standings(self) -> Sequence[LoopStanding]:
        """How each loop stands now."""
        cycles = read_history(self._workspace).cycles
        scopes = read_status(self._workspace, now()).scopes
        return [self._standing(scope, [c for c in cycles if c.scope == scope.scope]) for scope in scopes]

    def ask(self, scope: str, reason: str) -> None:
        """Leave a request that `recto loop` takes up. Raises RegistryError for a scope without a loop."""
        ask(self._workspace, scope, reason)

    def _standing(self, status: ScopeStatus, cycles: Sequence[CycleRecord]) -> LoopStanding:
        return LoopStanding(
            scope=status.scope,
            new=status.new,
            balanced=status.balanced,
            mix=[Share(one.category, one.documents, one.share, one.wanted) for one in status.mix],
            triggers=[TriggerSays(one.trigger, one.due, one.words) for one in status.triggers],
            requests=status.requests,
            turns=[self._turn(cycle) for cycle in cycles],
            of_fields=is_of_fields(status.scope),
            labelled=status.documents if is_of_fields(status.scope) else {},
        )

    def _turn(self, cycle: CycleRecord) -> Turn:
        running = cycle.state == "running"
        return Turn(
            cycle=cycle.cycle,
            state=cycle.state,
            started_at=cycle.started_at,
            reasons=cycle.reasons,
            before=None if cycle.before is None else cycle.before.score,
            after=None if cycle.after is None else cycle.after.score,
            verdicts=[(said.gate, said.passed, said.reason) for said in cycle.verdicts],
            release=cycle.release,
            outcome=cycle.outcome,
            remark=newest_remark(self._workspace.path / cycle.run_folder / LOG) if running else "",
        )


def newest_remark(log: Path) -> str:
    """The last thing that a training's log says in words, or of an epoch; "" where it says nothing yet."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            rows = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    for row in reversed(rows):
        try:
            told = json.loads(row)
        except ValueError:
            continue  # a line that is being written, or cut by the tail
        if told.get("event") == "epoch":
            return f"epoch {told['number']}: {told['score']['cer']:.2%} of characters wrong on validation"
        if told.get("event") == "remark":
            return str(told["text"])
    return ""
