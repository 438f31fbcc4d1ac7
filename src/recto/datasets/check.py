"""Checking a dataset before anything is learnt from it: every problem at once, with file and row."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from recto.datasets.kinship import lookalikes_among
from recto.datasets.leakage import describe, find_leaks
from recto.datasets.lookalikes import Lookalikes
from recto.datasets.problem import Problem, Reading, problem_at
from recto.datasets.scanning import Scan

KNOWN_CATEGORIES = frozenset({"receipt", "invoice", "contract", "tax_form"})
OUTSIDE_PX = 2.0


class ProblemJson(TypedDict):
    """A Problem as JSON."""

    level: str
    file: str
    row: str
    what: str


class CheckJson(TypedDict):
    """A Check as JSON."""

    documents: int
    errors: int
    warnings: int
    exact_duplicates: int
    look_alikes: int
    leaks: int
    without_text: int
    new_categories: list[str]
    splits: dict[str, int]
    problems: list[ProblemJson]


@dataclass(frozen=True, slots=True)
class Check:
    """What checking found; `problems` are errors first, then warnings."""

    examples: int
    problems: tuple[Problem, ...]
    exact_duplicates: int
    look_alikes: int
    leaks: int
    without_text: int
    new_categories: tuple[str, ...]
    splits: dict[str, int]

    def count(self, level: str) -> int:
        """How many problems are of this level."""
        return sum(problem.level == level for problem in self.problems)

    def to_json(self) -> CheckJson:
        """The documented JSON shape."""
        return {
            "documents": self.examples,
            "errors": self.count("error"),
            "warnings": self.count("warning"),
            "exact_duplicates": self.exact_duplicates,
            "look_alikes": self.look_alikes,
            "leaks": self.leaks,
            "without_text": self.without_text,
            "new_categories": list(self.new_categories),
            "splits": self.splits,
            "problems": [
                {"level": p.level, "file": p.file, "row": p.row, "what": p.what} for p in self.problems
            ],
        }


def check(reading: Reading, scans: Sequence[Scan], path: Path, *, near: bool = True) -> Check:
    """Check what was read from `path` and scanned; with `near` False look-alikes aren't sought."""
    lookalikes = lookalikes_among(scans) if near else Lookalikes((), 0)
    duplicates = _exact_duplicates(scans)
    leaks = find_leaks(scans, lookalikes)
    problems = list(reading.problems)
    for scan in scans:
        problems += _page_problems(scan)
    problems += [problem_at(scans[leak.other].example, f"leak: {describe(scans, leak)}") for leak in leaks]
    problems += duplicates
    problems += _lookalike_problems(scans, lookalikes, path)
    categories = {scan.example.category for scan in scans}
    return Check(
        examples=len(scans),
        problems=tuple(sorted(problems, key=lambda problem: problem.level != "error")),
        exact_duplicates=len(duplicates),
        look_alikes=len(lookalikes.pairs),
        leaks=len(leaks),
        without_text=sum(scan.example.text is None for scan in scans),
        new_categories=tuple(sorted(categories - KNOWN_CATEGORIES)),
        splits=dict(sorted(Counter(scan.example.split or "none" for scan in scans).items())),
    )


def _page_problems(scan: Scan) -> list[Problem]:
    example = scan.example
    out: list[Problem] = []
    if scan.error is not None:
        out.append(problem_at(example, scan.error.what))
    if scan.page_count > 1 and example.page is None:
        what = f"the document has {scan.page_count} pages and the entry says no `page`: it means page 1"
        out.append(problem_at(example, what, "warning"))
    if example.text is not None and not example.text.strip():
        out.append(problem_at(example, "the text is empty"))
    folder = example.image.split("/", maxsplit=1)[0]
    if folder in ("train", "val", "test") and example.split not in (folder, None):
        what = f"it stands in folder {folder}/ and says split {example.split}; the entry counts"
        out.append(problem_at(example, what, "warning"))
    if scan.width and example.lines:
        out += _box_problems(scan)
    return out


def _box_problems(scan: Scan) -> list[Problem]:
    """One Problem for all boxes that leave the page, one for all that enclose nothing."""
    lines = scan.example.lines or ()
    outside = [
        line.text
        for line in lines
        if min(line.box[0], line.box[1]) < -OUTSIDE_PX
        or line.box[2] > scan.width + OUTSIDE_PX
        or line.box[3] > scan.height + OUTSIDE_PX
    ]
    flat = [line.text for line in lines if line.box[2] <= line.box[0] or line.box[3] <= line.box[1]]
    out = []
    if outside:
        what = f"{_boxes(outside)} outside the page of {scan.width} × {scan.height} px"
        out.append(problem_at(scan.example, what))
    if flat:
        out.append(problem_at(scan.example, f"{_boxes(flat)} without width or height", "warning"))
    return out


def _boxes(texts: Sequence[str]) -> str:
    count = "1 box" if len(texts) == 1 else f"{len(texts)} boxes"
    return f"{count} (“{texts[0][:30]}”)"


def _exact_duplicates(scans: Sequence[Scan]) -> list[Problem]:
    first: dict[tuple[str, int], Scan] = {}
    out = []
    for scan in scans:
        earlier = first.setdefault(scan.document_page, scan)
        if earlier is scan or not scan.sha256:
            continue
        labels = "" if earlier.example.text == scan.example.text else ", with another text"
        what = f"the same document as {earlier.example.image}{labels}"
        out.append(problem_at(scan.example, what, "warning"))
    return out


def _lookalike_problems(scans: Sequence[Scan], found: Lookalikes, path: Path) -> list[Problem]:
    out = [
        problem_at(
            scans[pair.other].example,
            f"looks like {scans[pair.one].example.image} (likeness {pair.likeness:.2f})",
            "warning",
        )
        for pair in found.pairs
    ]
    if found.left_out:
        what = f"{found.left_out:,} pairs with close hashes weren't compared: too many pages on one form"
        out.append(Problem(str(path), "", what, "warning"))
    return out
