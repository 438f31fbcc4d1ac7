"""The way of language models of text. torch is loaded only to teach."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from recto.datasets.example import Example
from recto.datasets.pairs import is_text
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.engines.model_folder import open_model
from recto.engines.model_store import StoredModel, find_model
from recto.errors import MissingPackage, TrainingError
from recto.extraction.asked_folder import ENGINE
from recto.extraction.asking import flat
from recto.extraction.loading import load_schema
from recto.extraction.schema import Schema
from recto.settings import Settings
from recto.training import ranks
from recto.training.chronicle import Chronicle
from recto.training.estimate import Estimate
from recto.training.lora.lesson import LoraLesson
from recto.training.run import Run
from recto.training.selection import Usable
from recto.training.text.recipe import TextRecipe

if TYPE_CHECKING:
    from recto.engines.vlm.device import Placement
    from recto.training.lora.pupil import Pupil
    from recto.training.text.learn import Subject

_Examples = tuple[Sequence[Example], Sequence[Example]]
_NEEDED = ("torch", "transformers", "peft", "accelerate", "safetensors", "llguidance")


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
        for name in _NEEDED:
            if find_spec(name) is None:
                what = f"fine-tuning language models needs {name}, which isn't installed"
                raise MissingPackage(what, hint="pip install 'recto[vlm]'")
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
        if placement.dtype_name == "float16":
            hint = "dtype: float32 (this GPU has no bfloat16)"
            raise TrainingError("float16 overflows in training", where="dtype", hint=hint)
        if self.recipe.read_with is not None:
            open_model(Path(self.recipe.read_with), engine=self.recipe.engine)

    def base_sha256(self) -> str:
        """The digest over the base's files. Raises ModelNotFound."""
        return self._source().sha256

    def teacher(self) -> "TextTeacher":
        """Load the base weights with the backend that runs, and put adapters there."""
        source, placement = self._source(), self._placement()
        from recto.training.lora.backends import chosen_backend

        backend, why = chosen_backend(self.recipe, placement)
        if backend == "unsloth":
            from recto.training.lora.unsloth_backend import load as load_weights
            from recto.training.lora.unsloth_backend import make_pupil
        else:
            from recto.training.lora.peft_backend import load as load_weights
            from recto.training.lora.peft_backend import make_pupil
        if placement.device.startswith("cuda:"):
            import torch

            torch.cuda.set_device(placement.device)  # where kernels go that aren't told
        loaded = load_weights(source, placement, self.recipe)
        return TextTeacher(self, make_pupil(loaded, self.recipe, why))

    def reader(self, examples: _Examples) -> Engine | None:
        """The engine that reads the pages among the examples; None where all of them are texts."""
        if all(is_text(example) for part in examples for example in part):
            return None
        model = self.recipe.read_with
        return load(self.recipe.engine, model=Path(model) if model else None, settings=self.settings)

    def _is_labelled(self, example: Example) -> bool:
        return any(self.schema.field(name) for name in flat(example.fields or {}))

    def _source(self) -> StoredModel:
        return find_model(self.recipe.model)

    def _placement(self) -> "Placement":
        from recto.engines.vlm.device import choose

        asked: dict[str, object] = {"dtype": self.recipe.dtype, "attention": self.recipe.attention}
        if ranks.processes() > 1 and choose(self.settings.text).device.startswith("cuda"):
            asked["device"] = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        return choose(self.settings.text.model_copy(update=asked))


@dataclass(frozen=True, slots=True, eq=False)
class TextTeacher:
    """A model with what learns, on its device."""

    way: TextWay
    pupil: "Pupil"

    def estimate(self, examples: _Examples, most_pages: int) -> Estimate | None:
        """What training should take: see `text/calibration`."""
        from recto.training.text.calibration import calibrate

        return calibrate(self._subject(examples), examples, most_pages)

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

        reader = Reader(self.way.reader(examples))
        return Subject(self.way.schema, self.way.recipe, self.pupil, reader)
