"""Problem: one thing wrong with one row of one file; Reading: Examples beside the Problems of their files.

Readers collect Problems instead of stopping at the first; `refuse` turns them into one AnnotationError.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from recto.datasets.example import Example
from recto.errors import AnnotationError

Level = Literal["error", "warning"]
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, in which `file`, at which `row` (a number from 1, or the name of an archive member)."""

    file: str
    row: str
    what: str
    level: Level = "error"

    def __str__(self) -> str:
        """`file:row: what`."""
        return f"{self.file}:{self.row}: {self.what}" if self.row else f"{self.file}: {self.what}"


@dataclass(slots=True)
class Reading:
    """What a reader found: Examples in file order, and everything that was wrong on the way."""

    examples: list[Example] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, origin: "Origin", what: str) -> None:
        """Note a Problem at `origin`."""
        self.problems.append(Problem(str(origin.file), origin.row, what))


@dataclass(frozen=True, slots=True)
class Origin:
    """File and row that an Example came from; `str` of it is `Example.origin`."""

    file: Path
    row: str

    def __str__(self) -> str:
        """`file:row`."""
        return f"{self.file}:{self.row}"


def problem_at(example: Example, what: str, level: Level = "error") -> Problem:
    """A Problem with this Example, at its origin (or its image, where it has none)."""
    file, colon, row = example.origin.rpartition(":")
    return Problem(file, row, what, level) if colon else Problem(example.image, "", what, level)


def refuse(problems: Sequence[Problem], path: Path) -> None:
    """Raise one AnnotationError that lists the problems; nothing happens where there are none."""
    if not problems:
        return
    listed = "\n  ".join(str(problem) for problem in problems[:SHOWN])
    more = f"\n  … and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    raise AnnotationError(
        f"{count} in the annotations:\n  {listed}{more}",
        where=path,
        hint=f"`recto data check {path}` shows all of them in one table",
    )
