"""Leakage: kin on both sides of a split, which would make every measurement on the test split worthless."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from recto.datasets.kinship import Tie, ties
from recto.datasets.lookalikes import Lookalikes
from recto.datasets.problem import SHOWN
from recto.datasets.scanning import Scan
from recto.errors import LeakageError


def find_leaks(scans: Sequence[Scan], lookalikes: Lookalikes | None = None) -> list[Tie]:
    """Pairs of kin that stand in two different splits; one pair for each two splits that a key joins."""
    leaks = _split_by_keys(scans)
    for tie in ties((), lookalikes):
        if _apart(scans[tie.one], scans[tie.other]):
            leaks.append(tie)
    return leaks


def refuse_leaks(scans: Sequence[Scan], leaks: Sequence[Tie], path: Path) -> None:
    """Raise LeakageError that lists the pairs; nothing happens where there are none."""
    if not leaks:
        return
    listed = "\n  ".join(describe(scans, leak) for leak in leaks[:SHOWN])
    more = f"\n  … and {len(leaks) - SHOWN} more" if len(leaks) > SHOWN else ""
    count = "1 pair" if len(leaks) == 1 else f"{len(leaks)} pairs"
    raise LeakageError(
        f"{count} of documents that belong together stand in different splits:\n  {listed}{more}",
        where=path,
        hint="take one of each pair out, or split anew with --again, which keeps them together",
    )


def describe(scans: Sequence[Scan], leak: Tie) -> str:
    """`a.jpg (train) and b.jpg (test): the same document`."""
    one, other = scans[leak.one].example, scans[leak.other].example
    return f"{one.image} ({one.split}) and {other.image} ({other.split}): {leak.why}"


def _split_by_keys(scans: Sequence[Scan]) -> list[Tie]:
    """For each document and group, a pair for every two splits that it stands in."""
    places: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for index, scan in enumerate(scans):
        if scan.example.split is None:
            continue
        if scan.sha256:
            places["the same document", scan.sha256].setdefault(scan.example.split, index)
        if scan.example.group:
            places[f"group {scan.example.group}", ""].setdefault(scan.example.split, index)
    out = []
    for (why, _), by_split in places.items():
        first, *others = by_split.values()
        out += [Tie(first, other, why) for other in others]
    return out


def _apart(one: Scan, other: Scan) -> bool:
    splits = {one.example.split, other.example.split}
    return len(splits) == 2 and None not in splits
