"""Ledger: what the database keeps of Cycles, from their beginning to their end, and of requests for them.

Each function is one transaction, or takes part in the caller's. Nothing is trained, measured or judged here.
Who writes here holds the workspace's training lock: that is how a row left "running" is known to be dead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from recto.registry.fields_scope import is_of_fields
from recto.registry.gates import Verdict
from recto.registry.promotion import check_scope
from recto.retraining.record import Measurement, State
from recto.settings import Settings
from recto.training.identity import differing
from recto.workspace.folder import Workspace
from recto.workspace.locks import living_holder
from recto.workspace.tables import GENERAL, CurrentRow, CycleRow, RequestRow, VerdictRow
from recto.workspace.utc import now

TRAIN_LOCK = "train.lock"
"""Held, in the workspace, by whoever runs a Cycle."""
RUNS = ("released", "refused")
"""States of Cycles that came to a verdict: only they count as runs."""
UNFINISHED = ("interrupted", "failed")
"""States of Cycles whose Run can go on: what stopped it may be gone by now (a kill, a full disk)."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a Cycle is to train: in test mode or not, and by which `recipe`: what was asked for, by name.

    None is the recipe of the settings, whatever it is by then.
    """

    recipe: Mapping[str, object] | None = None
    test_mode: bool = False

    def __str__(self) -> str:
        """`with epochs 3, test mode`; "" where nothing was wished."""
        parts = [f"{name} {value}" for name, value in (self.recipe or {}).items()]
        parts += ["the default recipe"] if self.recipe == {} else []
        parts += ["test mode"] if self.test_mode else []
        return f"with {', '.join(parts)}" if parts else ""


AS_USUAL = Wish()
"""By the settings."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that no Cycle has taken up yet."""

    number: int
    reason: str
    wish: Wish

    def __str__(self) -> str:
        """`asked by hand, with epochs 3`."""
        return f"{self.reason}, {self.wish}" if str(self.wish) else self.reason


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a Cycle starts from, once its data is known.

    `run_folder` is relative to the workspace, "" for a Cycle that is refused before it trains.
    """

    data_fingerprint: str
    documents: Mapping[str, object]
    recipe: Mapping[str, object]
    run_folder: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a Cycle measured of the model in use and of its candidate, and what the gates said."""

    before: Measurement | None = None
    after: Measurement | None = None
    verdicts: Sequence[Verdict] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """How a Cycle ended, in plain words, with what it took; `release` is the number that became current.

    `final` says that its requests are answered even if it is unfinished: no other try can fulfil them.
    """

    state: State
    outcome: str
    release: int | None = None
    seconds: float | None = None
    peak_memory_mb: float | None = None
    cost: float | None = None
    final: bool = False


def scopes_of(settings: Settings) -> tuple[str, ...]:
    """All scopes of models that read: the general one first."""
    return (GENERAL, *settings.triggers.scopes)


def begin(workspace: Workspace, scope: str, reasons: Sequence[str], wish: Wish = AS_USUAL) -> int:
    """A new row, "running"; open requests for just that are claimed by it. Returns its number."""
    with workspace.transaction() as session:
        row = CycleRow(
            scope=scope,
            state="running",
            started_at=now(),
            reasons=list(reasons),
            data_fingerprint="",
            documents={},
            recipe={},
            run_folder="",
        )
        session.add(row)
        session.flush()
        answered = [request.number for request in open_requests(session, scope) if request.wish == wish]
        session.execute(update(RequestRow).where(RequestRow.id.in_(answered)).values(cycle_id=row.id))
        return row.id


def describe(workspace: Workspace, cycle: int, beginning: Beginning) -> None:
    """Write down what the Cycle learns from and where its Run goes, before the Run begins."""
    with workspace.transaction() as session:
        row = session.get_one(CycleRow, cycle)
        row.data_fingerprint = beginning.data_fingerprint
        row.documents = dict(beginning.documents)
        row.recipe = dict(beginning.recipe)
        row.run_folder = beginning.run_folder


def note(session: Session, cycle: int, found: Findings) -> None:
    """Write down what was found so far, in the caller's transaction; it stays, however the Cycle ends."""
    row = session.get_one(CycleRow, cycle)
    if found.before:
        row.before = found.before.model_dump(mode="json")
    if found.after:
        row.after = found.after.model_dump(mode="json")
    at = now()
    session.add_all(VerdictRow(cycle_id=cycle, **asdict(verdict), at=at) for verdict in found.verdicts)


def end(session: Session, cycle: int, ending: Ending) -> None:
    """Write down how the Cycle ended, in the caller's transaction; an unfinished one opens its requests."""
    row = session.get_one(CycleRow, cycle)
    row.state, row.outcome, row.ended_at = ending.state, ending.outcome, now()
    row.seconds, row.peak_memory_mb, row.cost = ending.seconds, ending.peak_memory_mb, ending.cost
    if row.after and ending.release is not None:
        row.after = {**row.after, "release": ending.release}
    if ending.state in UNFINISHED and not ending.final:
        session.execute(update(RequestRow).where(RequestRow.cycle_id == cycle).values(cycle_id=None))


def mark_interrupted(workspace: Workspace) -> tuple[int, ...]:
    """Rows left "running" by a process that is gone become "interrupted"; their requests are open again."""
    with workspace.transaction() as session:
        left = _called_running(session)
        for cycle in left:
            end(session, cycle, Ending("interrupted", "its process ended before the Cycle did"))
        return tuple(left)


def left_behind(workspace: Workspace) -> frozenset[int]:
    """The Cycles called running whose process is gone, before anybody has marked them.

    Who ends a Cycle writes it down before it lets the lock go: one that still is called running in what is
    read after this, and is among these, is dead.
    """
    with workspace.read() as session:
        left = _called_running(session)
    return frozenset() if living_holder(workspace.path / TRAIN_LOCK) else frozenset(left)


def _called_running(session: Session) -> Sequence[int]:
    return session.scalars(select(CycleRow.id).where(CycleRow.state == "running").order_by(CycleRow.id)).all()


def resumable(session: Session, cycle: int, beginning: Beginning) -> CycleRow | None:
    """The Cycle of the same scope that last began a Run before `cycle`, if that Run can go on.

    It was interrupted or failed, and learns from the same documents by the same recipe. Which code began the
    Run, and beside which model, its own folder says (`training.identity`).
    """
    scope = session.get_one(CycleRow, cycle).scope
    row = session.scalars(
        select(CycleRow)
        .where(CycleRow.scope == scope, CycleRow.id < cycle, CycleRow.run_folder != "")
        .order_by(CycleRow.id.desc())
        .limit(1)
    ).first()
    if row is None or row.state not in UNFINISHED:
        return None
    same_data = row.data_fingerprint == beginning.data_fingerprint
    return row if same_data and not differing(row.recipe, beginning.recipe) else None


def folders_left_over(session: Session, cycle: int) -> frozenset[str]:
    """The run folders that neither `cycle`, which has one, nor the next Cycle of any scope goes on with."""
    rows = session.scalars(select(CycleRow).where(CycleRow.run_folder != "").order_by(CycleRow.id)).all()
    newest = {row.scope: row for row in rows}
    kept = {r.run_folder for r in newest.values() if r.id == cycle or r.state in UNFINISHED}
    return frozenset(row.run_folder for row in rows) - kept


def cycles_of_same_run(session: Session, cycle: int) -> frozenset[int]:
    """The Cycles whose Run is in the same folder: this one, and those that it goes on from."""
    folder = session.get_one(CycleRow, cycle).run_folder
    return frozenset(session.scalars(select(CycleRow.id).where(CycleRow.run_folder == folder)))


def number_in_use(session: Session, scope: str) -> int | None:
    """The Release that serves the scope now: its own, else the general one (which finds no fields)."""
    names = (scope,) if is_of_fields(scope) else (scope, GENERAL)
    rows = (session.get(CurrentRow, name) for name in names)
    return next((row.number for row in rows if row is not None), None)


def overtaken(ending: Ending, in_use: int | None) -> Ending:
    """The ending of a Cycle whose candidate passed against a Release that isn't current any more."""
    other = "the base model" if in_use is None else f"Release {in_use}"
    outcome = f"not released: {other} was made current while this Cycle ran; it wasn't compared with that"
    return replace(ending, state="refused", outcome=outcome)


def last_run(session: Session, scope: str) -> CycleRow | None:
    """The latest Cycle of the scope that trained and came to a verdict; those in test mode don't count."""
    rows = session.scalars(
        select(CycleRow)
        .where(CycleRow.scope == scope, CycleRow.state.in_(RUNS), CycleRow.run_folder != "")
        .order_by(CycleRow.id.desc())
    )
    return next((row for row in rows if not row.documents.get("test_mode")), None)


def ask_for_cycle(workspace: Workspace, scope: str, reason: str, wish: Wish = AS_USUAL) -> int:
    """Leave a request that `recto loop` takes up. Raises RegistryError for a scope without a loop."""
    check_scope(workspace, scope)
    recipe = None if wish.recipe is None else dict(wish.recipe)
    with workspace.transaction() as session:
        row = RequestRow(scope=scope, reason=reason, at=now(), recipe=recipe, test_mode=wish.test_mode)
        session.add(row)
        session.flush()
        return row.id


def open_requests(session: Session, scope: str) -> tuple[Request, ...]:
    """The requests that no Cycle has taken up yet, oldest first."""
    wanted = select(RequestRow).where(RequestRow.scope == scope, RequestRow.cycle_id.is_(None))
    rows = session.scalars(wanted.order_by(RequestRow.id))
    return tuple(Request(row.id, row.reason, Wish(row.recipe, row.test_mode)) for row in rows)
