"""Splitting: which Examples are trained on, which choose the best epoch, and which only measure.

Each key of an Example (its group, or else its document's content) is hashed to a number in [0, 1), and
constant thresholds make that number a split. So the split depends on nothing that can be added later,
and shares are approximate: about right in every category, exact in none. Where a tie joins keys of
different splits, the strictest wins (test before val before train): adding documents may take one out of
training, and never puts one that has measured into it.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as changed

from recto.datasets.example import Dataset, Split
from recto.datasets.kinship import Tie, families, ties
from recto.datasets.leakage import find_leaks, refuse_leaks
from recto.datasets.lookalikes import Lookalikes
from recto.datasets.scanning import Scan
from recto.errors import DatasetError, SettingsError

STRICTEST: tuple[Split, ...] = ("test", "val", "train")


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the three splits; they sum to 1. Raises SettingsError for others."""

    train: float = 0.8
    val: float = 0.1
    test: float = 0.1

    def __post_init__(self) -> None:
        shares = (self.train, self.val, self.test)
        finite = all(math.isfinite(share) and share >= 0 for share in shares)
        if not finite or abs(sum(shares) - 1) > 1e-6:
            raise SettingsError(
                f"the shares {self.train:g} / {self.val:g} / {self.test:g} don't sum to 1",
                where="shares",
                hint="train, val and test in percent: 80/10/10",
            )

    def split_of(self, place: float) -> Split:
        """The split of a number in [0, 1). Test comes first: a larger test share keeps its documents."""
        if place < self.test:
            return "test"
        return "val" if place < self.test + self.val else "train"


@dataclass(frozen=True, slots=True)
class Member:
    """What splitting knows of an Example: its `key`, and the split that it has already."""

    key: str
    split: Split | None = None


def shares_from_text(text: str) -> Shares:
    """`80/10/10` → Shares. Raises SettingsError."""
    try:
        train, val, test = (float(part) / 100 for part in text.split("/"))
    except ValueError:
        raise SettingsError(
            f"{text!r} isn't three shares", where="shares", hint="train, val and test in percent: 80/10/10"
        ) from None
    return Shares(train, val, test)


def split_dataset(
    dataset: Dataset, scans: Sequence[Scan], lookalikes: Lookalikes, shares: Shares, *, again: bool
) -> Dataset:
    """`dataset` with a split for every Example; those that have one keep it, unless `again`.

    Raises LeakageError where splits that were there before part what belongs together, and DatasetError
    where there were too many pages on one form to compare them all.
    """
    if lookalikes.left_out:
        raise DatasetError(
            f"{lookalikes.left_out:,} pairs of pages with close hashes couldn't be compared",
            where=dataset.root,
            hint="give documents that belong together the same `group`, and split with --no-near",
        )
    members = [member_of(scan, again=again) for scan in scans]
    splits = assign(members, ties(scans, lookalikes), shares)
    done = [
        changed(scan, example=changed(scan.example, split=split))
        for scan, split in zip(scans, splits, strict=True)
    ]
    refuse_leaks(done, find_leaks(done, lookalikes), dataset.root)
    return Dataset(tuple(scan.example for scan in done), dataset.root)


def member_of(scan: Scan, *, again: bool) -> Member:
    """The Example's key: its group where it has one, else its content."""
    example = scan.example
    key = f"group {example.group}" if example.group else f"document {scan.sha256}"
    return Member(key, None if again else example.split)


def assign(members: Sequence[Member], tied: Sequence[Tie], shares: Shares) -> list[Split]:
    """The split of every member. Families go together: where one member has a split, the others join it.

    Members that have a split keep it, so kin that stood apart before still do: `datasets/leakage` says so.
    """
    splits: list[Split] = ["train"] * len(members)
    for family in families(len(members), tied):
        given = {split for i in family if (split := members[i].split) is not None}
        drawn = given or {shares.split_of(place_of(members[i].key)) for i in family}
        strictest = next(split for split in STRICTEST if split in drawn)
        for index in family:
            splits[index] = members[index].split or strictest
    return splits


def place_of(key: str) -> float:
    """The key's number in [0, 1): the first 53 bits of its SHA-256."""
    digest = hashlib.sha256(key.encode("utf-8")).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / (1 << 53)
