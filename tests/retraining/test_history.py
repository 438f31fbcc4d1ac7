"""History out of the database: everything that is kept, as JSON and back."""

from collections.abc import Callable

from recto.registry.gates import Verdict
from recto.retraining import ledger
from recto.retraining.history import read_history
from recto.retraining.ledger import Beginning, Ending, Findings
from recto.retraining.record import CycleRecord, History, history_from_json
from recto.workspace.folder import Workspace
from recto.workspace.locks import held

Record = Callable[..., CycleRecord]


def keep(workspace: Workspace, record: CycleRecord) -> None:
    """Put a record into the database as a Cycle would."""
    number = ledger.begin(workspace, record.scope, record.reasons)
    beginning = Beginning(record.data_fingerprint, record.documents, record.recipe, record.run_folder)
    ledger.describe(workspace, number, beginning)
    ending = Ending(
        record.state,
        record.outcome or "",
        record.release,
        record.seconds,
        record.peak_memory_mb,
        record.cost,
    )
    with workspace.transaction() as session:
        ledger.note(session, number, Findings(record.before, record.after, record.verdicts))
        ledger.end(session, number, ending)


def test_what_is_kept_comes_back(workspace: Workspace, record: Record) -> None:
    rows = [
        record(1, state="refused"),
        record(2, scope="legal", state="failed", before=None, after=None),
    ]
    for row in rows:
        keep(workspace, row)
    found = read_history(workspace)
    times = {"started_at", "ended_at"}
    assert [r.model_dump(exclude=times) for r in found.cycles] == [r.model_dump(exclude=times) for r in rows]
    assert [cycle.cycle for cycle in read_history(workspace, "legal").cycles] == [2]


def test_json_round_trip(workspace: Workspace, record: Record) -> None:
    keep(workspace, record(1))
    found = read_history(workspace)
    assert history_from_json(found.to_json()) == found
    assert found.cycles[0].started_at.tzinfo is not None


def test_a_running_cycle_is_in_it(workspace: Workspace) -> None:
    ledger.begin(workspace, "general", ["asked by hand"])
    with held(workspace.path / ledger.TRAIN_LOCK, what="a Cycle"):
        found = read_history(workspace)
    assert found.cycles[0].state == "running"
    assert history_from_json(found.to_json()) == found


def test_a_dead_one_isn_t_called_running(workspace: Workspace) -> None:
    """Nobody has marked it yet, and looking at history marks nothing."""
    ledger.begin(workspace, "general", ["asked by hand"])
    assert read_history(workspace).cycles[0].state == "interrupted"
    assert ledger.mark_interrupted(workspace) == (1,)


def test_no_cycle_yet(workspace: Workspace) -> None:
    assert read_history(workspace) == History(currency="USD", cycles=[])


def test_the_number_of_the_release_comes_along(workspace: Workspace, record: Record) -> None:
    keep(workspace, record(1, state="released", release=7))
    found = read_history(workspace).cycles[0]
    assert found.release == 7 and found.after is not None and found.after.release == 7
    assert found.verdicts == [Verdict("better", passed=True, reason="CER 3.60 % → 3.00 %")]
