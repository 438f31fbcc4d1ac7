"""Facts counted from a real workspace: splits, news, business types, scopes."""

from collections.abc import Callable
from datetime import timedelta

from recto.datasets.example import Example
from recto.retraining import ledger
from recto.retraining.facts import gather, waiting
from recto.retraining.ledger import Beginning, Ending
from recto.workspace.folder import Workspace
from recto.workspace.utc import now

Page = Callable[..., Example]
Add = Callable[..., None]


def run(workspace: Workspace, business: dict[str, int]) -> None:
    """A Cycle that came to a verdict now."""
    number = ledger.begin(workspace, "general", ["asked by hand"])
    ledger.describe(workspace, number, Beginning("f00", {"business": business}, {}, "runs/0001"))
    with workspace.transaction() as session:
        ledger.end(session, number, Ending("refused", "worse"))


def test_an_empty_workspace(workspace: Workspace) -> None:
    facts = gather(workspace, "general", now())
    assert (facts.train, facts.new, facts.last_run, facts.accuracy) == (0, 0, None, None)


def test_counts_by_split_category_and_scope(workspace: Workspace, page: Page, add: Add) -> None:
    add(
        workspace,
        page(1, "a", split="train", business="shop"),
        page(2, "b", split="train", category="invoice"),
        page(3, "c", split="val"),
        page(4, "d", split="test", business="shop"),
        page(5, "e", split="train", business="legal", category="contract"),
        page(6, None),
    )
    facts = gather(workspace, "general", now())
    assert dict(facts.trusted) == {"train": 2, "val": 1, "test": 1}
    assert dict(facts.mix) == {"receipt": 3, "invoice": 1}
    assert facts.business == {"shop"}
    assert (facts.new, facts.new_train) == (4, 2)
    legal = gather(workspace, "legal", now())
    assert (dict(legal.trusted), dict(legal.mix)) == ({"train": 1}, {"contract": 1})
    with workspace.read() as session:
        queue = waiting(session, "general", workspace.settings)
    assert (queue.unread, queue.queued, queue.failed) == (1, 1, 0)


def test_what_is_new_since_the_last_run(workspace: Workspace, page: Page, add: Add) -> None:
    add(workspace, page(1, "a", split="train", business="shop"))
    run(workspace, {"shop": 1})
    before = gather(workspace, "general", now())
    assert (before.new, before.known_business) == (0, {"shop"})
    add(workspace, page(2, "b", split="train", business="press"), page(3, "c", split="test"))
    facts = gather(workspace, "general", now() + timedelta(days=1))
    assert (facts.new, facts.new_train) == (2, 1)
    assert facts.business - facts.known_business == {"press"}


def test_what_the_gates_are_sure_to_refuse(workspace: Workspace, page: Page, add: Add) -> None:
    assert gather(workspace, "general", now()).refusal == "0 test documents, 20 wanted: 20 more are missing"
    add(workspace, *(page(n, f"bread {n}", split="test", group=f"vendor {n % 4}") for n in range(20)))
    refusal = "20 test documents in 4 groups, too few to tell: 95 % takes 5 groups"
    assert gather(workspace, "general", now()).refusal == refusal
    add(workspace, page(20, "milk", split="test"))
    assert gather(workspace, "general", now()).refusal == ""
