"""Way: one way of learning, found by the `kind` of a recipe. A table: kind → "module:class".

`train`, `improve` and the Cycles know only this. What is learnt and how is in `ctc` and `lora`; a Way itself
imports no heavy library before it is asked to teach.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from recto.datasets.example import Example
from recto.engines.engine import Engine
from recto.training.estimate import Estimate
from recto.training.lesson import Lesson
from recto.training.recipe import Recipe

if TYPE_CHECKING:
    from recto.training.chronicle import Chronicle
    from recto.training.run import Run

Examples = tuple[Sequence[Example], Sequence[Example]]
"""What is learnt from (train), and what chooses the best of it (val)."""


class Teacher(Protocol):
    """Base weights in memory, ready to learn."""

    def estimate(self, examples: Examples, most_pages: int) -> Estimate | None:
        """What `learn` should take here, by trying `most_pages`; None where these teach nothing."""
        ...

    def learn(self, examples: Examples, fingerprint: str, run: "Run", chronicle: "Chronicle") -> Lesson:
        """Train, and write the model folder `run.model`, verified; `fingerprint` is that of the examples.

        Goes on from the newest state that the chronicle has. Where nothing learnt is better, the base model
        is what is written, and `Lesson.improved` is False. Raises TrainingError, ParityError, OutputError.
        """
        ...

    def follow(self, examples: Examples) -> None:
        """Take part in what the first process of several learns, without a Run (see `ranks`)."""
        ...


class Way(Protocol):
    """One way of learning, with its recipe."""

    @property
    def engine(self) -> str:
        """The engine that reads with the model folders it writes, as `engines/catalog` calls it."""
        ...

    @property
    def packages(self) -> tuple[str, ...]:
        """Distributions whose versions decide what is learnt, beside those that decide any result."""
        ...

    @property
    def estimates_from(self) -> int:
        """So many documents or more are worth an estimate before a training."""
        ...

    def check(self) -> None:
        """Raise what stops this recipe here, before anything starts.

        MissingPackage, ModelNotFound, SettingsError, or TrainingError.
        """
        ...

    def base_sha256(self) -> str:
        """The content of the base weights. Raises MissingPackage or ModelNotFound."""
        ...

    def base_engine(self) -> Engine:
        """The engine with the base weights, reading as one with the learnt weights would."""
        ...

    def teacher(self) -> Teacher:
        """Load the base weights."""
        ...


WAYS = {
    "ctc": "recto.training.ctc.way:CtcWay",
    "lora": "recto.training.lora.way:LoraWay",
}


def way_of(recipe: Recipe) -> Way:
    """The Way of a recipe."""
    module, _, name = WAYS[recipe.kind].partition(":")
    return cast(Callable[[Recipe], Way], getattr(import_module(module), name))(recipe)
