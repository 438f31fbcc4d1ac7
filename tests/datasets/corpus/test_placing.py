"""The frozen splits: nothing that measured is ever trained on, whatever is added and in whatever order."""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from recto.datasets.corpus import add_examples, set_text, snapshot
from recto.datasets.example import Example, Split
from recto.datasets.pages import content_hash
from recto.datasets.splitting import Shares, place_of
from recto.workspace.folder import Workspace
from recto.workspace.tables import DocumentRow, PlacementRow

SHARES = Shares(0.6, 0.2, 0.2)
ALL_TRAIN = Shares(1, 0, 0)


def splits(workspace: Workspace) -> dict[str, str]:
    with workspace.read() as session:
        return {row.text or "": row.split for row in session.query(DocumentRow)}


def add(workspace: Workspace, *examples: Example, shares: Shares = ALL_TRAIN) -> None:
    assert not add_examples(workspace, examples, shares=shares).refused


def test_a_document_is_drawn_by_its_group_or_its_hash(
    workspace: Workspace, page: Callable[..., Example]
) -> None:
    examples = [page(n, group=f"shop {n // 3}" if n < 12 else None) for n in range(20)]
    add(workspace, *examples, shares=SHARES)
    for example in examples:
        key = f"group {example.group}" if example.group else f"document {content_hash(example)}"
        assert splits(workspace)[example.text] == SHARES.split_of(place_of(key))


def test_a_given_split_counts_the_first_time(workspace: Workspace, page: Callable[..., Example]) -> None:
    add(workspace, page(1, split="test"), page(2, split="val"))
    add(workspace, page(1, split="train"), page(2, split="train"), page(1))
    assert splits(workspace) == {"text 1": "test", "text 2": "val"}


@pytest.mark.parametrize("used", [False, True])
def test_a_stricter_split_given_later(used: bool, workspace: Workspace, page: Callable[..., Example]) -> None:
    add(workspace, page(1))
    if used:
        snapshot(workspace, "general")
    added = add_examples(workspace, [page(1, split="test")], shares=ALL_TRAIN)
    assert splits(workspace) == {"text 1": "aside" if used else "test"}
    assert len(added.aside) == used
    assert "train" not in {e.split for e in snapshot(workspace, "general").examples}


@pytest.mark.parametrize("used", [False, True])
def test_kin_join_and_the_strictest_wins(
    used: bool, workspace: Workspace, page: Callable[..., Example]
) -> None:
    add(workspace, page(1, group="g"), page(2, group="h"), page(3))
    if used:
        snapshot(workspace, "general")
    added = add_examples(workspace, [page(4, group="g", split="test")], shares=ALL_TRAIN)
    assert splits(workspace) == {
        "text 1": "aside" if used else "test",
        "text 2": "train",
        "text 3": "train",
        "text 4": "test",
    }
    assert len(added.moved) + len(added.aside) == 1
    add(workspace, page(5, group="g"))
    assert splits(workspace)["text 5"] == "test"


def test_a_group_that_joins_later_takes_both_families_along(
    workspace: Workspace, page: Callable[..., Example]
) -> None:
    add(
        workspace, page(1, group="g"), page(2, group="g"), page(3, split="test"), page(4, copy=True, text="c")
    )
    add(workspace, page(4, group="g"))  # looks like "c", which stood alone
    add(workspace, page(3, group="g"))
    assert set(splits(workspace).values()) == {"test"}


def test_look_alikes_share_a_split(workspace: Workspace, page: Callable[..., Example]) -> None:
    add(workspace, page(1, split="test"), page(2))
    add(workspace, page(1, copy=True, text="copy of 1"), page(2, copy=True, text="copy of 2", split="val"))
    assert splits(workspace) == {
        "text 1": "test",
        "copy of 1": "test",
        "text 2": "val",
        "copy of 2": "val",
    }


def test_a_copy_of_what_was_learnt_from_never_measures(
    workspace: Workspace, page: Callable[..., Example]
) -> None:
    add(workspace, page(1))
    snapshot(workspace, "general")
    add(workspace, page(1, copy=True, text="copy", split="test"))
    assert splits(workspace) == {"text 1": "aside", "copy": "aside"}


def test_queued_documents_are_placed_when_they_get_a_text(
    workspace: Workspace, page: Callable[..., Example]
) -> None:
    add(workspace, page(1, text=None), page(2, split="test", group="g"))
    add(workspace, page(1, group="g"))
    assert splits(workspace) == {"text 1": "test", "text 2": "test"}


def test_other_shares_move_nothing(workspace: Workspace, page: Callable[..., Example]) -> None:
    add(workspace, *(page(n) for n in range(10)))
    before = splits(workspace)
    add(workspace, *(page(n, text=f"text {n}", group=f"g{n}") for n in range(10)), shares=Shares(0, 0, 1))
    assert splits(workspace) == before


SHORT = os.environ.get("RECTO_SHORT_PROOFS") == "1"


@dataclass
class Watch:
    """What was ever seen, and the promises that hold after every step."""

    workspace: Workspace
    ever: dict[str, set[str]] = field(default_factory=dict)
    taught: set[str] = field(default_factory=set)
    measured: set[str] = field(default_factory=set)

    def look(self) -> None:
        with self.workspace.read() as session:
            rows = session.query(DocumentRow).all()
            keys = {f"document {row.sha256}": row.split for row in rows}
            keys |= {row.key: row.split for row in session.query(PlacementRow) if row.key.startswith("group")}
        for key, split in keys.items():
            seen = self.ever.setdefault(key, set())
            assert split == "test" or "test" not in seen, f"{key} left test for {split}"
            assert split != "train" or not seen & {"val", "aside"}, f"{key} came to train from {seen}"
            assert split in ("aside",) or "aside" not in seen, f"{key} came back as {split}"
            seen.add(split)

    def take(self, kin: dict[str, int]) -> None:
        dataset = snapshot(self.workspace, "general")
        hashes: dict[Split, set[str]] = {
            name: {content_hash(e) for e in dataset.split(name)} for name in ("train", "val", "test")
        }
        assert not hashes["train"] & self.measured
        assert not hashes["test"] & self.taught
        assert not {kin[sha256] for sha256 in hashes["test"]} & {kin[sha256] for sha256 in self.taught}
        self.taught |= hashes["train"] | hashes["val"]
        self.measured |= hashes["test"]
        for name in ("train", "val", "test"):
            others = [e for e in dataset.examples if e.split != name]
            for identity in (lambda e: e.group, content_hash, lambda e: kin[content_hash(e)]):
                mine = {identity(e) for e in dataset.split(name)} - {None}
                assert not mine & {identity(e) for e in others}, f"kin of {name} elsewhere"


@pytest.mark.parametrize("seed", range(2))
def test_no_document_ever_moves_from_test_to_train(
    seed: int, workspace: Workspace, page: Callable[..., Example]
) -> None:
    grow(workspace, page, seed, steps=55, most=4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 102 if SHORT else 120))
def test_nor_over_many_more_steps(seed: int, workspace: Workspace, page: Callable[..., Example]) -> None:
    grow(workspace, page, seed, steps=80, most=10)


def grow(workspace: Workspace, page: Callable[..., Example], seed: int, *, steps: int, most: int) -> None:
    """Random growth: duplicates, look-alikes, groups and texts that come later, splits in conflict."""
    random_ = random.Random(seed)
    watch, kin = Watch(workspace), {}
    groups: dict[int, str] = {}
    for _ in range(steps):
        step = []
        for _ in range(random_.randint(1, most)):
            number = random_.randrange(60)
            if random_.random() < 0.25:
                groups.setdefault(number, f"shop {random_.randrange(8)}")
            copy = random_.random() < 0.2
            example = page(
                number,
                copy=copy,
                text=random_.choice([None, f"text {number}", f"text {number}", f"corrected {number}"]),
                group=groups.get(number) if random_.random() < 0.7 else None,
                split=random_.choice([None] * 8 + ["train", "train", "val", "test"]),
            )
            kin[content_hash(example)] = number
            step.append(example)
        add_examples(workspace, step, shares=SHARES)
        watch.look()
        if random_.random() < 0.2:
            set_one_text(workspace, random_)
            watch.look()
        if random_.random() < 0.4:
            watch.take(kin)
    assert watch.taught and watch.measured


def set_one_text(workspace: Workspace, random_: random.Random) -> None:
    with workspace.read() as session:
        queued = [row.id for row in session.query(DocumentRow).where(DocumentRow.state == "queued")]
    if queued:
        set_text(workspace, random_.choice(queued), "said by a person")
