"""The way of a tagger: rankers of a schema's fields are fitted on what an engine reads of labelled pages."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.engines.model_folder import CARD, open_model
from recto.errors import DatasetError, DocumentError, TrainingError
from recto.extraction.extractor import Extractor
from recto.extraction.loading import load_schema
from recto.extraction.schema import Schema
from recto.extraction.tagger_folder import BASE, ENGINE, base_of, open_tagger
from recto.settings import Settings
from recto.training import ranks
from recto.training.chronicle import Chronicle
from recto.training.estimate import Estimate, typical
from recto.training.readings import READINGS, KeptReadings
from recto.training.run import Run
from recto.training.selection import Usable
from recto.training.tagging.learn import learn
from recto.training.tagging.lesson import TaggerLesson
from recto.training.tagging.recipe import TaggerRecipe
from recto.training.tagging.samples import labels_of

_FIT_S = 0.05
"""A document's share of fitting, about: three penalties and the calibration, on one core."""

_Examples = tuple[Sequence[Example], Sequence[Example]]


@dataclass(frozen=True, slots=True)
class TaggerWay:
    """Fits a tagger, in one process."""

    recipe: TaggerRecipe
    settings: Settings
    schema: Schema = field(init=False)
    engine: str = ENGINE
    base_name: str = BASE
    packages: tuple[str, ...] = ("scipy",)
    estimates_from: int = 30

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", load_schema(self.recipe.fields_of))

    @property
    def usable(self) -> Usable:
        """Examples that label a field of the schema."""
        names = ", ".join(spec.name for spec in self.schema.fields if spec.kind != "items")
        return Usable(
            teaches=self._is_labelled,
            measures=self._is_labelled,
            labels=f"fields of {self.schema.name}",
            hint=f"give documents `fields` in their annotations; this schema has {names}",
        )

    def check(self) -> None:
        """Raise what keeps the reading engine from loading, or TrainingError for one of several processes."""
        if ranks.processes() > 1:
            raise TrainingError("kind: tagger trains in one process", hint="start it without torchrun")
        if self.recipe.read_with is not None:
            open_model(Path(self.recipe.read_with), engine=self.recipe.engine)

    def base_sha256(self) -> str:
        """The schema, and the model that reads: all that an untrained tagger's answers depend on."""
        return untrained_sha256(self.schema, self.recipe.engine, self.recipe.read_with)

    def reader(self) -> Engine:
        """The engine that reads the pages."""
        model = self.recipe.read_with
        return load(self.recipe.engine, model=Path(model) if model else None, settings=self.settings)

    def untrained_sha256(self) -> str:
        """The same: an untrained tagger is the base of a trained one."""
        return self.base_sha256()

    def extractor(self, model: Path) -> Extractor:
        """The tagger in a model folder that this way wrote. Raises ModelFolderError."""
        return open_tagger(model)

    def teacher(self) -> "TaggerTeacher":
        """Load the engine that reads."""
        return TaggerTeacher(self.recipe, self.schema, self.reader())

    def _is_labelled(self, example: Example) -> bool:
        return bool(labels_of(self.schema, example.fields or {}))


@dataclass(frozen=True, slots=True, eq=False)
class TaggerTeacher:
    """An untrained tagger, and what reads the pages that it learns from."""

    recipe: TaggerRecipe
    schema: Schema
    reader: Engine

    def estimate(self, examples: _Examples, most_pages: int) -> Estimate | None:
        """What reading and fitting should take; None where no sample page can be opened."""
        began, read = time.perf_counter(), 0
        for example in typical([*examples[0], *examples[1]], most_pages):
            try:
                self.reader.read([open_example(example)])
            except (DocumentError, DatasetError):
                continue
            read += 1
        seconds = time.perf_counter() - began
        count = len(examples[0]) + len(examples[1])
        if not read:
            return None
        return Estimate(
            documents=count, train_count=len(examples[0]), val_count=len(examples[1]),
            prepare_s=count * seconds / read, epoch_s=count * _FIT_S, epochs=1, write_s=1.0, memory_mb=None,
            calibration_s=seconds, unit="pages",
        )  # fmt: skip

    def learn(self, examples: _Examples, fingerprint: str, run: Run, chronicle: Chronicle) -> TaggerLesson:
        """Fit the rankers, and write the model folder: see `learn`. What was read before a kill is kept."""
        reader = KeptReadings(self.reader, run.prepared / READINGS)
        return learn((self.schema, self.recipe, reader), examples, fingerprint, run, chronicle)

    def follow(self, examples: _Examples) -> None:
        """Raise TrainingError: there is nothing to share out."""
        raise TrainingError("kind: tagger trains in one process", hint="start it without torchrun")


def untrained_sha256(schema: Schema, engine: str, read_with: str | None) -> str:
    """The digest over all that an untrained tagger's answers depend on: the schema, and what reads."""
    reader = (Path(read_with) / CARD).read_bytes() if read_with else engine.encode()
    return hashlib.sha256(base_of(schema).encode() + reader).hexdigest()
