"""History: all Cycles of a workspace as records, read from its database. Nothing is computed anew."""

from collections import defaultdict
from collections.abc import Iterable
from typing import cast

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from recto.registry.gates import Verdict
from recto.retraining.ledger import left_behind
from recto.retraining.record import CycleRecord, History, Measurement, State
from recto.workspace.folder import Workspace
from recto.workspace.tables import CycleRow, VerdictRow

_GONE = {"state": "interrupted", "outcome": "its process is gone; the next Cycle goes on with its run"}


def read_history(workspace: Workspace, scope: str | None = None) -> History:
    """All Cycles, of one scope if it is named, oldest first."""
    dead = left_behind(workspace)
    with workspace.read() as session:
        wanted = select(CycleRow).order_by(CycleRow.id)
        if scope is not None:
            wanted = wanted.where(CycleRow.scope == scope)
        cycles = _records(session, session.scalars(wanted), dead)
    return History(currency=workspace.settings.workspace.currency, cycles=cycles)


def last_cycle(workspace: Workspace, scope: str) -> CycleRecord | None:
    """The latest Cycle of the scope, whatever became of it."""
    dead = left_behind(workspace)
    wanted = select(CycleRow).where(CycleRow.scope == scope).order_by(CycleRow.id.desc()).limit(1)
    with workspace.read() as session:
        return next(iter(_records(session, session.scalars(wanted), dead)), None)


def _records(session: Session, rows: Iterable[CycleRow], dead: frozenset[int]) -> list[CycleRecord]:
    """The rows with what the gates said of each; a `dead` one that is called running was interrupted."""
    cycles = list(rows)
    numbers = [row.id for row in cycles]
    said: dict[int, list[Verdict]] = defaultdict(list)
    wanted = select(VerdictRow).where(VerdictRow.cycle_id.in_(numbers)).order_by(VerdictRow.id)
    for verdict in session.scalars(wanted):
        said[verdict.cycle_id].append(Verdict(verdict.gate, verdict.passed, verdict.reason))
    found = [_record(row, said[row.id]) for row in cycles]
    return [r.model_copy(update=_GONE) if r.state == "running" and r.cycle in dead else r for r in found]


def _record(row: CycleRow, said: list[Verdict]) -> CycleRecord:
    return CycleRecord(
        cycle=row.id,
        scope=row.scope,
        state=cast(State, row.state),
        started_at=row.started_at,
        ended_at=row.ended_at,
        reasons=row.reasons,
        data_fingerprint=row.data_fingerprint,
        documents=cast(dict[str, JsonValue], row.documents),
        recipe=cast(dict[str, JsonValue], row.recipe),
        run_folder=row.run_folder,
        before=Measurement.model_validate(row.before) if row.before else None,
        after=Measurement.model_validate(row.after) if row.after else None,
        verdicts=said,
        release=_release_of(row),
        seconds=row.seconds,
        peak_memory_mb=row.peak_memory_mb,
        cost=row.cost,
        outcome=row.outcome,
    )


def _release_of(row: CycleRow) -> int | None:
    """The Release that this Cycle made current; its folder may be of the interrupted one it went on from."""
    number = row.after.get("release") if row.state == "released" and row.after else None
    return number if isinstance(number, int) else None
