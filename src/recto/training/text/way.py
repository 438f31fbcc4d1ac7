"""The way of language models of text. torch is loaded only to teach."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from recto.datasets.example import Example
from recto.datasets.pairs import is_text
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.engines.model_folder import open_model
from recto.engines.model_store import StoredModel, find_model
from recto.errors import TrainingError
from recto.extraction.asked_folder import ENGINE, open_asked
from recto.extraction.asking import flat
from recto.extraction.extractor import Extractor
from recto.extraction.loading import load_schema
from recto.extraction.schema import Schema
from recto.settings import Settings
from recto.training.chronicle import Chronicle
from recto.training.estimate import Estimate
from recto.training.lora.lesson import LoraLesson
from recto.training.lora.starting import NEEDED, check_numbers, check_packages, placement_of, pupil_of
from recto.training.progress import Silent
from recto.training.run import Run
from recto.training.selection import Usable
from recto.training.tagging.way import untrained_sha256
from recto.training.text.recipe import TextRecipe

if TYPE_CHECKING:
    from recto.engines.vlm.device import Placement
    from recto.training.lora.pupil import Pupil
    from recto.training.text.learn import Subject

_Examples = tuple[Sequence[Example], Sequence[Example]]


@dataclass(frozen=True, slots=True)
class TextWay:
    """Fine-tunes a language model of text to find fields, in one process or several."""

    recipe: TextRecipe
    settings: Settings
    schema: Schema = field(init=False)
    engine: str = ENGINE
    packages: tuple[str, ...] = ("transformers", "peft", "bitsandbytes", "unsloth", "llguidance")
    estimates_from: int = 30

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", load_schema(self.recipe.fields_of))

    @property
    def base_name(self) -> str:
        """Weights and schema."""
        return f"{self.recipe.model} {self.schema.name}"

    @property
    def usable(self) -> Usable:
        """Examples that label a field of the schema."""
        names = ", ".join(spec.name for spec in self.schema.fields)
        return Usable(
            teaches=self._is_labelled,
            measures=self._is_labelled,
            labels=f"fields of {self.schema.name}",
            hint=f"give documents `fields` in their annotations; this schema has {names}",
        )

    def check(self) -> None:
        """Raise MissingPackage, ModelNotFound, EngineError or TrainingError for what this recipe needs."""
        check_packages((*NEEDED, "llguidance"), "fine-tuning language models")
        source = self._source()
        from recto.engines.vlm.architectures import is_text_only
        from recto.engines.weight_files import read_config
        from recto.training.lora.backends import chosen_backend
        from recto.training.lora.optimisers import chosen_optimiser

        if not is_text_only(read_config(source.path)):
            what = f"{source.name} ({source.architecture}) isn't a language model of text"
            raise TrainingError(what, where="model", hint="kind: lora teaches models that read pages")
        placement = self._placement()
        chosen_backend(self.recipe, placement)
        chosen_optimiser(self.recipe.optimiser, placement.device)
        check_numbers(placement)
        if self.recipe.read_with is not None:
            open_model(Path(self.recipe.read_with), engine=self.recipe.engine)

    def base_sha256(self) -> str:
        """The digest over the base's files. Raises ModelNotFound."""
        return self._source().sha256

    def teacher(self) -> "TextTeacher":
        """Load the base weights with the backend that runs, and put adapters there."""
        pupil = pupil_of(self._source(), self._placement(), self.recipe)
        return TextTeacher(self, pupil)

    def untrained_sha256(self) -> str:
        """The schema, and what reads the pages."""
        return untrained_sha256(self.schema, self.recipe.engine, self.recipe.read_with)

    def extractor(self, model: Path) -> Extractor:
        """The language model in a folder that this way wrote, its weights loaded. Raises ModelFolderError."""
        return open_asked(model, self.settings.text)

    def reader(self) -> Engine:
        """The engine that reads the pages."""
        model = self.recipe.read_with
        return load(self.recipe.engine, model=Path(model) if model else None, settings=self.settings)

    def _is_labelled(self, example: Example) -> bool:
        return any(self.schema.field(name) for name in flat(example.fields or {}))

    def _source(self) -> StoredModel:
        return find_model(self.recipe.model)

    def _placement(self) -> "Placement":
        return placement_of(self.recipe, self.settings.text)


@dataclass(frozen=True, slots=True, eq=False)
class TextTeacher:
    """A model with what learns, on its device."""

    way: TextWay
    pupil: "Pupil"

    def estimate(self, examples: _Examples, most_pages: int) -> Estimate | None:
        """What training should take: see `lora/calibration`."""
        from recto.training.lora.calibration import Trying, calibrate
        from recto.training.text.learn import work_on

        subject = self._subject(examples)
        trying = Trying(
            self.pupil, self.way.recipe, lambda few, together: work_on(subject, few, Silent(), together)
        )
        return calibrate(trying, examples, most_pages)

    def learn(self, examples: _Examples, fingerprint: str, run: Run, chronicle: Chronicle) -> LoraLesson:
        """Train, write and check: see `text/learn`."""
        from recto.training.text.learn import learn

        return learn(self._subject(examples), examples, fingerprint, run, chronicle)

    def follow(self, examples: _Examples) -> None:
        """Compute a share of what the first process learns."""
        from recto.training.text.learn import follow

        follow(self._subject(examples), examples)

    def _subject(self, examples: _Examples) -> "Subject":
        from recto.training.text.learn import Subject
        from recto.training.text.reading import Reader

        texts_alone = all(is_text(example) for part in examples for example in part)
        reader = Reader(None if texts_alone else self.way.reader())
        return Subject(self.way.schema, self.way.recipe, self.pupil, reader)
