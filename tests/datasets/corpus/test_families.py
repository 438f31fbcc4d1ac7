"""Look-alikes of a snapshot are one group: twenty pictures of one page don't prove what twenty pages do."""

from collections.abc import Callable

from recto.datasets.corpus import add_examples, snapshot
from recto.datasets.example import Example
from recto.datasets.splitting import Shares
from recto.workspace.folder import Workspace

ALL_TEST = Shares(0, 0, 1)


def groups(workspace: Workspace) -> list[str | None]:
    return [example.group for example in snapshot(workspace, "general").examples]


def test_copies_of_a_page_are_one_group_and_others_are_none(
    workspace: Workspace, page: Callable[..., Example]
) -> None:
    add_examples(workspace, [page(1), page(2), page(1, copy=True)], shares=ALL_TEST)
    first, other, copy = groups(workspace)
    assert first == copy
    assert first is not None
    assert other is None


def test_a_copy_joins_the_group_of_its_original(workspace: Workspace, page: Callable[..., Example]) -> None:
    add_examples(
        workspace, [page(1, group="shop"), page(1, copy=True), page(2, group="shop")], shares=ALL_TEST
    )
    assert groups(workspace) == ["shop"] * 3


def test_groups_that_a_copy_joins_are_one(workspace: Workspace, page: Callable[..., Example]) -> None:
    examples = [page(1, group="b"), page(1, copy=True, group="a"), page(2, group="b"), page(3, group="c")]
    add_examples(workspace, examples, shares=ALL_TEST)
    assert groups(workspace) == ["a", "a", "a", "c"]
