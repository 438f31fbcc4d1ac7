"""Splits that stay: whatever is added later, nothing that has measured is ever trained on."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recto.datasets.example import Dataset, Example, Split
from recto.datasets.kinship import Tie, families, ties
from recto.datasets.leakage import find_leaks
from recto.datasets.lookalikes import Lookalikes, Pair
from recto.datasets.scanning import Scan
from recto.datasets.splitting import Member, Shares, assign, place_of, shares_from_text, split_dataset
from recto.errors import DatasetError, LeakageError, SettingsError

NONE = Lookalikes((), 0)


def scanned(
    content: str, group: str | None = None, split: Split | None = None, category: str = "receipt"
) -> Scan:
    return Scan(Example(f"{content}.png", b"", "text", category, group=group, split=split), sha256=content)


def splits(scans: list[Scan], lookalikes: Lookalikes = NONE, *, again: bool = False) -> list[Split | None]:
    before = Dataset(tuple(scan.example for scan in scans), Path("set"))
    return [e.split for e in split_dataset(before, scans, lookalikes, Shares(), again=again).examples]


document = st.tuples(st.integers(0, 60), st.one_of(st.none(), st.integers(0, 12)))
documents = st.lists(document, max_size=40)
pairs = st.lists(st.tuples(st.integers(0, 79), st.integers(0, 79)), max_size=15)


@settings(max_examples=300, deadline=None)
@given(documents, documents, pairs)
def test_growth_never_moves_a_document_from_test_to_train(
    first: list[tuple[int, int | None]], later: list[tuple[int, int | None]], alike: list[tuple[int, int]]
) -> None:
    """Random growth: new documents, copies of old ones, new members of groups, new look-alikes."""

    def run(chosen: list[tuple[int, int | None]]) -> list[Split | None]:
        scans = [scanned(f"c{content}", None if group is None else f"g{group}") for content, group in chosen]
        known = tuple(
            Pair(*sorted(pair), 1.0) for pair in alike if max(pair) < len(scans) and pair[0] != pair[1]
        )
        return splits(scans, Lookalikes(known, 0))

    before, after = run(first), run(first + later)
    strictness = {"train": 0, "val": 1, "test": 2}
    for old, new in zip(before, after[: len(before)], strict=True):
        assert old is not None
        assert new is not None
        assert strictness[new] >= strictness[old], "a document may become stricter, never laxer"


@settings(max_examples=100, deadline=None)
@given(documents, st.randoms(use_true_random=False))
def test_the_order_of_documents_says_nothing(chosen: list[tuple[int, int | None]], random: object) -> None:
    scans = [scanned(f"c{content}", None if group is None else f"g{group}") for content, group in chosen]
    shuffled = list(range(len(scans)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    straight = splits(scans)
    assert splits([scans[i] for i in shuffled]) == [straight[i] for i in shuffled]


@settings(max_examples=100, deadline=None)
@given(documents, pairs)
def test_what_belongs_together_stays_together(
    chosen: list[tuple[int, int | None]], alike: list[tuple[int, int]]
) -> None:
    scans = [scanned(f"c{content}", None if group is None else f"g{group}") for content, group in chosen]
    known = tuple(Pair(*sorted(pair), 1.0) for pair in alike if max(pair) < len(scans) and pair[0] != pair[1])
    given = splits(scans, Lookalikes(known, 0))
    for family in families(len(scans), ties(scans, Lookalikes(known, 0))):
        assert len({given[index] for index in family}) == 1


def test_the_split_of_a_document_is_the_same_for_ever() -> None:
    """These values are part of the format: another hash would move documents of every dataset."""
    assert place_of("document 00ff") == pytest.approx(0.0762, abs=1e-4)
    assert place_of("group shop a") == pytest.approx(0.8928, abs=1e-4)


def test_shares_are_about_right_in_every_category() -> None:
    for category in ("receipt", "invoice", "contract"):
        given = splits([scanned(f"{category}{n}", category=category) for n in range(2000)])
        assert given.count("train") / 2000 == pytest.approx(0.8, abs=0.03)
        assert given.count("test") / 2000 == pytest.approx(0.1, abs=0.03)


def test_a_larger_test_share_keeps_the_old_test_documents() -> None:
    members = [Member(f"document {n}") for n in range(500)]
    small, large = assign(members, [], Shares(0.8, 0.1, 0.1)), assign(members, [], Shares(0.6, 0.2, 0.2))
    assert all(new == "test" for old, new in zip(small, large, strict=True) if old == "test")


def test_splits_that_are_there_are_kept_and_joined() -> None:
    scans = [scanned(f"c{n}", "shop", "val" if n == 5 else None) for n in range(10)]
    assert splits(scans) == ["val"] * 10
    again = splits(scans, again=True)
    assert len(set(again)) == 1


def test_splits_that_part_kin_are_refused() -> None:
    scans = [scanned("same", split="train"), scanned("same", split="test")]
    with pytest.raises(LeakageError, match=r"same\.png \(train\) and same\.png \(test\): the same document"):
        splits(scans)
    assert len(set(splits(scans, again=True))) == 1


def test_uncompared_pages_stop_a_split() -> None:
    with pytest.raises(DatasetError, match="couldn't be compared"):
        splits([scanned("a")], Lookalikes((), 5))


@pytest.mark.parametrize("text", ["80/10", "a/b/c", "80/10/20", "-10/60/50", "nan/0/100", "inf/0/0", ""])
def test_shares_that_are_none(text: str) -> None:
    with pytest.raises(SettingsError):
        shares_from_text(text)


def test_shares_in_percent() -> None:
    assert shares_from_text("70/15/15") == Shares(0.7, 0.15, 0.15)


LEAKS: dict[str, tuple[list[Scan], Lookalikes, int]] = {
    "same document": ([scanned("a", split="train"), scanned("a", split="test")], NONE, 1),
    "same group": ([scanned("a", "g", "train"), scanned("b", "g", "test")], NONE, 1),
    "look-alikes": (
        [scanned("a", split="train"), scanned("b", split="test")],
        Lookalikes((Pair(0, 1, 0.8),), 0),
        1,
    ),
    "three splits": (
        [scanned("a", "g", "train"), scanned("b", "g", "val"), scanned("c", "g", "test")],
        NONE,
        2,
    ),
    "many rows, one leak": (
        [scanned(f"a{n}", "g", "train") for n in range(9)] + [scanned("b", "g", "test")],
        NONE,
        1,
    ),
    "no split yet": ([scanned("a", split="train"), scanned("a")], NONE, 0),
    "within one split": ([scanned("a", split="train"), scanned("a", split="train")], NONE, 0),
    "unreadable documents": ([scanned("", split="train"), scanned("", split="test")], NONE, 0),
}


@pytest.mark.parametrize(("scans", "lookalikes", "count"), LEAKS.values(), ids=LEAKS)
def test_leaks(scans: list[Scan], lookalikes: Lookalikes, count: int) -> None:
    assert len(find_leaks(scans, lookalikes)) == count


def test_families() -> None:
    assert families(5, [Tie(0, 3, ""), Tie(3, 4, "")]) == [[0, 3, 4], [1], [2]]
