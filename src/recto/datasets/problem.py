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


class MissingFile(ValueError):
    """The document that an entry names isn't there; `example` is the entry, if all else in it is right."""

    example: Example | None = None


@dataclass(slots=True)
class Reading:
    """What a reader found: Examples in file order, and everything that was wrong on the way.

    `missing` are the Examples without a document, each with its place among `examples` and its Problem.
    """

    examples: list[Example] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[tuple[int, Example, Problem]] = field(default_factory=list)

    def wrong(self, origin: "RowPlace", what: str | ValueError) -> None:
        """Note a Problem at `origin`."""
        problem = Problem(str(origin.file), origin.row, str(what))
        self.problems.append(problem)
        if isinstance(what, MissingFile) and what.example is not None:
            self.missing.append((len(self.examples), what.example, problem))

    def with_missing(self) -> "Reading":
        """The Reading with those Examples in their places (opening them fails) and not among the problems."""
        examples = list(self.examples)
        for place, example, _ in reversed(self.missing):
            examples.insert(place, example)
        told = {id(problem) for _, _, problem in self.missing}
        return Reading(examples, [problem for problem in self.problems if id(problem) not in told])


@dataclass(frozen=True, slots=True)
class RowPlace:
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
