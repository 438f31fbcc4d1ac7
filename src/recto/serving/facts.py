"""Facts: what stands in the database and in the models now, as metrics, found out at each scrape.

What happens while the service runs is counted in `observability/metrics`. Where the database can't be asked,
a scrape goes without it, and `recto_facts_known` is 0.
"""

import logging
from collections.abc import Iterator

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from recto.errors import RectoError
from recto.observability.families import gauge, total
from recto.serving.models import Models
from recto.serving.release_facts import ReleaseFacts
from recto.workspace.folder import Workspace
from recto.workspace.tables import GENERAL, CycleRow, DocumentRow, JobRow

CYCLE_STATES = ("released", "refused", "failed", "interrupted")
JOB_STATES = ("queued", "running", "done", "failed", "cancelled")

_MIB = 2**20
_SCOPE = ("scope",)
_PRICED = ("scope", "currency")

_log = logging.getLogger(__name__)


class ModelFacts(Collector):
    """Which Release reads each scope in this process, and whether it should be another one."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def collect(self) -> Iterator[Metric]:
        """As `Models.listing` tells it."""
        now = self._models.listing()
        what = "Number of the Release that this process reads a scope with; 0 is the base model"
        yield gauge("recto_loaded_release", what, _SCOPE, {(s.scope,): s.release or 0 for s in now})
        what = "1 where what should read a scope can't be loaded, and what read before reads on"
        stale = {(s.scope,): float(s.problem is not None) for s in now}
        yield gauge("recto_loaded_release_stale", what, _SCOPE, stale)


class WorkspaceFacts(Collector):
    """What the workspace knows: current Releases and their figures, Cycles, documents, jobs."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._currency = workspace.settings.workspace.currency
        self._releases = ReleaseFacts(workspace)

    def collect(self) -> Iterator[Metric]:
        """All of it, or only that it isn't known now."""
        found: list[Metric] = []
        try:
            found = [*self._releases.metrics(), *self._rows()]
        except RectoError as error:
            _log.warning("the workspace can't be asked for its figures", extra={"reason": error.what})
        yield from found
        yield gauge("recto_facts_known", "1 where the workspace could be asked", (), {(): float(bool(found))})

    def _rows(self) -> Iterator[Metric]:
        with self._workspace.read() as session:
            yield from self._cycles(session)
            yield from self._newest_cycles(session)
            what = "Pages in the workspace, by category and state: trusted, queued (for a person), failed"
            documents = _counts(session, DocumentRow.category, DocumentRow.state)
            yield gauge("recto_documents", what, ("category", "state"), documents)
            jobs = dict.fromkeys([(state,) for state in JOB_STATES], 0.0) | _counts(session, JobRow.state)
            yield gauge("recto_jobs", "Jobs by state, until they are deleted", ("state",), jobs)

    def _cycles(self, session: Session) -> Iterator[Metric]:
        counts = _counts(session, CycleRow.scope, CycleRow.state)
        scopes = {GENERAL} | {scope for scope, _ in counts}
        # From 0 on, or else the first one that fails is no increase.
        series = [(scope, state) for scope in sorted(scopes) for state in CYCLE_STATES]
        ended = {key: counts.get(key, 0.0) for key in series}
        yield total("recto_cycles", "Cycles that have ended, by how", ("scope", "state"), ended)
        sums = select(CycleRow.scope, func.sum(CycleRow.seconds), func.sum(CycleRow.cost))
        rows = session.execute(sums.group_by(CycleRow.scope)).all()
        seconds = {(scope,): spent for scope, spent, _ in rows}
        yield total("recto_cycle_duration_seconds", "Seconds of all Cycles together", _SCOPE, seconds)
        costs = {(scope, self._currency): cost for scope, _, cost in rows}
        yield total("recto_cycle_cost", "Cost of all Cycles together, at the price of then", _PRICED, costs)

    def _newest_cycles(self, session: Session) -> Iterator[Metric]:
        newest = select(func.max(CycleRow.id)).where(CycleRow.ended_at.is_not(None)).group_by(CycleRow.scope)
        rows = session.scalars(select(CycleRow).where(CycleRow.id.in_(newest))).all()
        ends = {(row.scope,): row.ended_at.timestamp() for row in rows if row.ended_at is not None}
        yield gauge("recto_cycle_last_end_timestamp_seconds", "When the newest Cycle ended", _SCOPE, ends)
        seconds = {(row.scope,): row.seconds for row in rows}
        yield gauge("recto_cycle_last_duration_seconds", "Seconds of the newest Cycle", _SCOPE, seconds)
        what = "Largest resident memory of the newest Cycle's training"
        peaks = {(r.scope,): r.peak_memory_mb * _MIB for r in rows if r.peak_memory_mb is not None}
        yield gauge("recto_cycle_last_peak_memory_bytes", what, _SCOPE, peaks)
        costs = {(row.scope, self._currency): row.cost for row in rows}
        yield gauge("recto_cycle_last_cost", "Cost of the newest Cycle", _PRICED, costs)


def _counts(session: Session, *columns: InstrumentedAttribute[str]) -> dict[tuple[str, ...], float]:
    """How many rows have each combination of values."""
    rows = session.execute(select(*columns, func.count()).group_by(*columns)).all()
    return {tuple(values): float(count) for *values, count in rows}
