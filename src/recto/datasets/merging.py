"""Merging several datasets into one: names kept apart, the same pages once, leakage refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path

from recto.datasets.example import Dataset, Example
from recto.datasets.leakage import find_leaks, refuse_leaks
from recto.datasets.lookalikes import Lookalikes
from recto.datasets.naming import free_name
from recto.datasets.scanning import Scan
from recto.datasets.splitting import Shares, split_dataset


@dataclass(frozen=True, slots=True)
class Merge:
    """The merged Dataset; how many exact duplicates were dropped, and how many names were changed."""

    dataset: Dataset
    duplicates_dropped: int
    renamed: int


def resplit(scans: Sequence[Scan], lookalikes: Lookalikes, shares: Shares) -> list[Scan]:
    """The scans with splits drawn anew, whatever their sources said."""
    before = Dataset(tuple(scan.example for scan in scans), Path())
    done = split_dataset(before, scans, lookalikes, shares, again=True)
    return [changed(scan, example=example) for scan, example in zip(scans, done.examples, strict=True)]


def merge(scans: Sequence[Scan], lookalikes: Lookalikes, root: Path) -> Merge:
    """One Dataset of the Examples of all sources (scanned), the first source first.

    Of the same page of the same document the first stays; if it has no trusted text and a later one has,
    the later one. A split that only one of them is given stays with it. Raises LeakageError.
    """
    refuse_leaks(scans, find_leaks(scans, lookalikes), root)
    kept = _without_duplicates(scans)
    examples, renamed = _with_own_names(kept)
    return Merge(Dataset(tuple(examples), root), len(scans) - len(kept), renamed)


def _without_duplicates(scans: Sequence[Scan]) -> list[Scan]:
    best: dict[object, Scan] = {}
    for scan in scans:
        key = scan.document_page if scan.sha256 else id(scan)
        earlier = best.get(key)
        if earlier is None:
            best[key] = scan
            continue
        stays = scan if earlier.example.text is None and scan.example.text is not None else earlier
        # Two splits that contradict each other were refused as a leak: at most one of them says anything new.
        split = earlier.example.split or scan.example.split
        best[key] = changed(stays, example=changed(stays.example, split=split))
    return list(best.values())


def _with_own_names(scans: Sequence[Scan]) -> tuple[list[Example], int]:
    """Examples whose names differ wherever their documents do (pages of one document share a name)."""
    names: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    out: list[Example] = []
    for scan in scans:
        key = (scan.example.image, scan.sha256)
        if key not in names:
            names[key] = free_name(scan.example.image, taken)
            taken.add(names[key].lower())
        out.append(changed(scan.example, image=names[key]))
    changes = sum(name != image for (image, _), name in names.items())
    return out, changes
