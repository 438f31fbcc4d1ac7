"""History: all Cycles of a workspace as records, read from its database. Nothing is computed anew."""

from collections import defaultdict
from collections.abc import Iterable
from typing import cast

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from recto.retraining.record import CycleRecord, History, Measurement, Said, State
from recto.workspace.folder import Workspace
from recto.workspace.tables import CycleRow, ReleaseRow, VerdictRow


def read_history(workspace: Workspace, scope: str | None = None) -> History:
    """All Cycles, of one scope if it is named, oldest first."""
    with workspace.read() as session:
        wanted = select(CycleRow).order_by(CycleRow.id)
        if scope is not None:
            wanted = wanted.where(CycleRow.scope == scope)
        cycles = records(session, session.scalars(wanted))
    return History(currency=workspace.settings.workspace.currency, cycles=cycles)


def last_cycle(session: Session, scope: str) -> CycleRecord | None:
    """The latest Cycle of the scope, whatever became of it."""
    wanted = select(CycleRow).where(CycleRow.scope == scope).order_by(CycleRow.id.desc()).limit(1)
    return next(iter(records(session, session.scalars(wanted))), None)


def records(session: Session, rows: Iterable[CycleRow]) -> list[CycleRecord]:
    """The rows with what the gates said and the Release that came of each."""
    cycles = list(rows)
    numbers = [row.id for row in cycles]
    said: dict[int, list[Said]] = defaultdict(list)
    wanted = select(VerdictRow).where(VerdictRow.cycle_id.in_(numbers)).order_by(VerdictRow.id)
    for verdict in session.scalars(wanted):
        said[verdict.cycle_id].append(Said(gate=verdict.gate, passed=verdict.passed, reason=verdict.reason))
    made = _releases(session)
    return [_record(row, said[row.id], made) for row in cycles]


def _releases(session: Session) -> dict[int, int]:
    """Cycle → the Release that it stored."""
    rows = session.execute(select(ReleaseRow.cycle_id, ReleaseRow.number).order_by(ReleaseRow.number))
    return {cycle: number for cycle, number in rows if cycle is not None}


def _record(row: CycleRow, said: list[Said], made: dict[int, int]) -> CycleRecord:
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
        release=_release_of(row, made),
        seconds=row.seconds,
        peak_memory_mb=row.peak_memory_mb,
        cost=row.cost,
        outcome=row.outcome,
    )


def _release_of(row: CycleRow, made: dict[int, int]) -> int | None:
    """The Release that this Cycle made current; its folder may be of the interrupted one it went on from."""
    if row.state != "released" or row.after is None:
        return None
    number = row.after.get("release")
    return number if isinstance(number, int) else made.get(row.id)
