"""Way: one way of learning, found by the kind of a recipe.

`train`, `improve` and the Cycles know only this. What is learnt and how is in `ctc`, `lora` and `tagging`; a
Way itself imports no heavy library before it is asked to teach.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from recto.datasets.example import Example
from recto.engines.engine import Engine
from recto.errors import SettingsError
from recto.extraction.extractor import Extractor
from recto.extraction.schema import Schema
from recto.settings import Settings, settings_here
from recto.training.ctc.recipe import CtcRecipe
from recto.training.estimate import Estimate
from recto.training.lesson import Lesson
from recto.training.lora.recipe import VlmRecipe
from recto.training.recipe import Recipe
from recto.training.selection import Usable
from recto.training.tagging.recipe import TaggerRecipe
from recto.training.text.recipe import TextRecipe

if TYPE_CHECKING:
    from recto.training.chronicle import Chronicle
    from recto.training.run import Run

FieldRecipe = TaggerRecipe | TextRecipe
"""The recipes by which something learns to find fields."""

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
    """One way of learning, with its recipe: to read (`ReadingWay`), or to find fields (`FieldWay`)."""

    @property
    def recipe(self) -> Recipe:
        """What it learns by."""
        ...

    @property
    def engine(self) -> str:
        """What the model folders that it writes are made for: an engine of `engines/catalog`, or "tagger"."""
        ...

    @property
    def usable(self) -> Usable:
        """Which Examples it can learn from and be measured on."""
        ...

    @property
    def base_name(self) -> str:
        """What names the base engine at a glance: its weights, and how they read."""
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

    def teacher(self) -> Teacher:
        """Load the base weights."""
        ...


class ReadingWay(Way, Protocol):
    """One way in which an engine learns to read."""

    def base_engine(self) -> Engine:
        """The engine with the base weights, reading as one with the learnt weights would."""
        ...

    def engine_with(self, model: Path) -> Engine:
        """The engine with the weights of a model folder that it wrote."""
        ...


class FieldWay(Way, Protocol):
    """One way in which something learns to find the fields of a schema: a tagger, or a language model."""

    @property
    def schema(self) -> Schema:
        """What it learns to find."""
        ...

    def untrained_sha256(self) -> str:
        """The content of the untrained tagger of the schema, and of what reads the pages."""
        ...

    def reader(self) -> Engine:
        """The engine that reads the pages."""
        ...

    def extractor(self, model: Path) -> Extractor:
        """What finds fields by a model folder that it wrote."""
        ...


def way_of(recipe: Recipe, settings: Settings | None = None) -> Way:
    """The Way of a recipe. `settings` say where vision-language models compute, and what they may run.

    Without them those of the workspace around the current folder count.
    """
    if isinstance(recipe, TaggerRecipe | TextRecipe):
        return field_way_of(recipe, settings)
    return reading_way_of(recipe, settings)


def field_way_of(recipe: FieldRecipe, settings: Settings | None = None) -> FieldWay:
    """As `way_of`, of a recipe by which fields are found."""
    if isinstance(recipe, TaggerRecipe):
        from recto.training.tagging.way import TaggerWay

        return TaggerWay(recipe, settings or settings_here(Path()))
    from recto.training.text.way import TextWay

    return TextWay(recipe, settings or settings_here(Path()))


def reading_way_of(recipe: Recipe, settings: Settings | None = None) -> ReadingWay:
    """As `way_of`, of a recipe by which an engine learns to read. Raises SettingsError for others."""
    match recipe:
        case TaggerRecipe():
            hint = "name it where it is wanted: recto improve --recipe FILE"
            raise SettingsError("a recipe of kind tagger teaches no engine to read", hint=hint)
        case TextRecipe():
            hint = "name it where it is wanted: recto improve --recipe FILE"
            raise SettingsError("a recipe of kind text teaches no engine to read", hint=hint)
        case CtcRecipe():
            from recto.training.ctc.way import CtcWay

            return CtcWay(recipe)
        case VlmRecipe():
            from recto.training.lora.way import LoraWay

            return LoraWay(recipe, settings or settings_here(Path()))
