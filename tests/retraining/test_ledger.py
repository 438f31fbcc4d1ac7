"""The rows of Cycles: begun, claimed, interrupted, gone on with, ended."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from recto.errors import RegistryError
from recto.registry.gates import Verdict
from recto.retraining import ledger
from recto.retraining.history import read_history
from recto.retraining.ledger import Beginning, Ending, Findings, Wish
from recto.retraining.record import CycleRecord
from recto.workspace.folder import Workspace
from recto.workspace.locks import held
from recto.workspace.tables import CycleRow

BEGINNING = Beginning("f00", {"splits": {"train": 3}}, {"epochs": 4}, "runs/0001")


def begun(workspace: Workspace, beginning: Beginning = BEGINNING, scope: str = "general") -> int:
    number = ledger.begin(workspace, scope, ["asked by hand"])
    ledger.describe(workspace, number, beginning)
    return number


def ended(workspace: Workspace, number: int, ending: Ending) -> None:
    with workspace.transaction() as session:
        ledger.end(session, number, ending)


def state(workspace: Workspace, number: int) -> str:
    with workspace.read() as session:
        return session.get_one(CycleRow, number).state


def goes_on_from(workspace: Workspace, number: int, beginning: Beginning = BEGINNING) -> int | None:
    with workspace.read() as session:
        row = ledger.resumable(session, number, beginning)
        return row.id if row else None


def test_a_failed_cycle_goes_on_in_the_next_that_trains(workspace: Workspace) -> None:
    """A full disk has room again; a Cycle that failed before it had a Run is no hindrance."""
    first = begun(workspace)
    ended(workspace, first, Ending("failed", "no space"))
    ended(workspace, ledger.begin(workspace, "general", []), Ending("failed", "a wrong recipe"))
    assert goes_on_from(workspace, ledger.begin(workspace, "general", ["again"])) == first


def test_what_a_run_needs_is_left_over_once_nothing_goes_on_with_it(workspace: Workspace) -> None:
    def left_over(number: int) -> frozenset[str]:
        with workspace.read() as session:
            return ledger.folders_left_over(session, number)

    ended(workspace, begun(workspace), Ending("failed", "no space"))
    begun(workspace, replace(BEGINNING, run_folder="runs/0002"), scope="legal")
    ledger.mark_interrupted(workspace)
    assert left_over(begun(workspace)) == frozenset(), "the same Run goes on, and that of legal may"
    third = begun(workspace, replace(BEGINNING, run_folder="runs/0004"))
    assert left_over(third) == {"runs/0001"}


def test_an_interrupted_cycle_goes_on_in_the_next(workspace: Workspace) -> None:
    first = begun(workspace)
    assert ledger.mark_interrupted(workspace) == (first,)
    assert state(workspace, first) == "interrupted"
    assert goes_on_from(workspace, ledger.begin(workspace, "general", ["again"])) == first


@pytest.mark.parametrize(
    "beginning",
    [
        replace(BEGINNING, data_fingerprint="other"),
        replace(BEGINNING, recipe={"epochs": 5}),
    ],
    ids=["other documents", "another recipe"],
)
def test_it_doesn_t_go_on_with_something_else(workspace: Workspace, beginning: Beginning) -> None:
    begun(workspace)
    ledger.mark_interrupted(workspace)
    assert goes_on_from(workspace, ledger.begin(workspace, "general", []), beginning) is None


def test_it_doesn_t_go_on_after_another_cycle_or_scope(workspace: Workspace) -> None:
    begun(workspace)
    ledger.mark_interrupted(workspace)
    assert goes_on_from(workspace, ledger.begin(workspace, "legal", [])) is None
    ended(workspace, begun(workspace), Ending("refused", "not better"))
    assert goes_on_from(workspace, ledger.begin(workspace, "general", [])) is None


def test_requests_are_claimed_and_open_again_where_nothing_came_of_it(workspace: Workspace) -> None:
    ledger.ask_for_cycle(workspace, "general", "please")
    ledger.ask_for_cycle(workspace, "legal", "we, too")

    def asked(scope: str) -> tuple[str, ...]:
        with workspace.read() as session:
            return tuple(request.reason for request in ledger.open_requests(session, scope))

    assert (asked("general"), asked("legal")) == (("please",), ("we, too",))
    begun(workspace)
    assert (asked("general"), asked("legal")) == ((), ("we, too",))
    ledger.mark_interrupted(workspace)
    assert asked("general") == ("please",)
    ended(workspace, begun(workspace), Ending("failed", "no space"))
    assert asked("general") == ("please",)
    ended(workspace, begun(workspace), Ending("refused", "not better"))
    assert asked("general") == ()
    ended(workspace, begun(workspace, scope="legal"), Ending("failed", "no such recipe", final=True))
    assert asked("legal") == ()


def test_a_cycle_answers_only_those_who_wanted_just_that(workspace: Workspace) -> None:
    quick = Wish({"epochs": 1})
    for wish in (quick, Wish(), quick, Wish({"epochs": 1}, test_mode=True), Wish({})):
        ledger.ask_for_cycle(workspace, "general", "please", wish)
    ledger.begin(workspace, "general", [], quick)
    with workspace.read() as session:
        left = ledger.open_requests(session, "general")
    assert [str(request) for request in left] == [
        "please",
        "please, with epochs 1, test mode",
        "please, with the default recipe",
    ]


def test_a_request_for_no_loop_is_refused(workspace: Workspace) -> None:
    with pytest.raises(RegistryError, match="bakery"):
        ledger.ask_for_cycle(workspace, "bakery", "please")


@pytest.mark.parametrize(
    ("end", "test_mode", "counts"),
    [("released", False, True), ("refused", False, True), ("failed", False, False), ("refused", True, False)],
)
def test_what_counts_as_a_run(workspace: Workspace, end: str, test_mode: bool, counts: bool) -> None:
    number = begun(workspace, replace(BEGINNING, documents={"test_mode": test_mode}))
    ended(workspace, number, Ending(end, "so it was"))  # type: ignore[arg-type]
    with workspace.read() as session:
        run = ledger.last_run(session, "general")
    assert (run is not None) == counts


def test_the_end_keeps_verdicts_also_of_refusals(workspace: Workspace) -> None:
    number = begun(workspace)
    said = [Verdict("better", passed=False, reason="worse"), Verdict("speed", passed=True, reason="as quick")]
    with workspace.transaction() as session:
        ledger.note(session, number, Findings(verdicts=said))
        ledger.end(session, number, Ending("refused", "worse", seconds=3.0, cost=0.1))
    assert state(workspace, number) == "refused"
    assert read_history(workspace).cycles[0].verdicts == said


@pytest.mark.parametrize("end", ["failed", "interrupted"])
def test_what_was_measured_stays_however_it_ends(
    workspace: Workspace, record: Callable[..., CycleRecord], end: str
) -> None:
    measured = record(1)
    assert measured.before and measured.after
    number = begun(workspace)
    for found in (Findings(before=measured.before), Findings(after=measured.after)):
        with workspace.transaction() as session:
            ledger.note(session, number, found)
    ended(workspace, number, Ending(end, "no space"))  # type: ignore[arg-type]
    kept = read_history(workspace).cycles[0]
    assert (kept.before, kept.after, kept.state) == (measured.before, measured.after, end)


def test_only_a_process_that_lives_is_called_running(workspace: Workspace) -> None:
    number = begun(workspace)
    with held(workspace.path / ledger.TRAIN_LOCK, what="a Cycle"):
        assert ledger.left_behind(workspace) == frozenset()
    assert ledger.left_behind(workspace) == {number}
    ledger.mark_interrupted(workspace)
    assert ledger.left_behind(workspace) == frozenset()
