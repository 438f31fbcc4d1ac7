"""The way of vision-language models. torch is loaded only to teach, or to read with the base weights."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from recto.datasets.example import Example
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.engines.model_store import StoredModel, find_model
from recto.errors import MissingPackage, TrainingError
from recto.settings import Settings, VlmSettings
from recto.training import ranks
from recto.training.chronicle import Chronicle
from recto.training.estimate import Estimate
from recto.training.lora.lesson import LoraLesson
from recto.training.lora.recipe import VlmRecipe
from recto.training.run import Run
from recto.training.selection import WITH_TEXT, Usable

if TYPE_CHECKING:
    from recto.engines.vlm.device import Placement
    from recto.training.lora.pupil import Pupil

_Examples = tuple[Sequence[Example], Sequence[Example]]
_NEEDED = ("torch", "transformers", "peft", "accelerate", "safetensors")


@dataclass(frozen=True, slots=True)
class LoraWay:
    """Fine-tunes a vision-language model, in one process or several."""

    recipe: VlmRecipe
    settings: Settings
    engine: str = "vlm"
    usable: Usable = WITH_TEXT
    packages: tuple[str, ...] = ("transformers", "peft", "bitsandbytes", "unsloth")
    estimates_from: int = 30

    @property
    def base_name(self) -> str:
        """Weights, mode and task."""
        mode = f" {self.recipe.mode}" if self.recipe.mode else ""
        return f"{self.recipe.model}{mode} {self.recipe.task}"

    def check(self) -> None:
        """Raise MissingPackage, ModelNotFound, EngineError or TrainingError for what this recipe needs."""
        for name in _NEEDED:
            if find_spec(name) is None:
                what = f"fine-tuning vision-language models needs {name}, which isn't installed"
                raise MissingPackage(what, hint="pip install 'recto[vlm]'")
        source = self._source()
        from recto.engines.vlm.architectures import ARCHITECTURES
        from recto.engines.vlm.opening import check_sees
        from recto.training.lora.backends import chosen_backend
        from recto.training.lora.optimisers import chosen_optimiser
        from recto.training.lora.speed import chosen_means
        from recto.training.lora.targets import targets_of

        check_sees(source)
        architecture = ARCHITECTURES[source.architecture]
        architecture.mode(self.recipe.mode)
        targets_of(architecture, self.recipe.preset)
        placement = self._placement()
        backend, _ = chosen_backend(self.recipe, placement)
        chosen_means(self.recipe, architecture.name, placement.attention, backend)
        chosen_optimiser(self.recipe.optimiser, placement.device)
        if placement.dtype_name == "float16":
            hint = "dtype: float32 (this GPU has no bfloat16)"
            raise TrainingError("float16 overflows in training", where="dtype", hint=hint)

    def base_sha256(self) -> str:
        """The digest over the base's files. Raises ModelNotFound."""
        return self._source().sha256

    def base_engine(self) -> Engine:
        """The engine with the base weights, in the recipe's mode, asked for its task."""
        from recto.engines.vlm import load as load_engine

        self._source()
        engine: Engine = load_engine(settings=self.settings.model_copy(update={"vlm": self._reading()}))
        return engine

    def engine_with(self, model: Path) -> Engine:
        """The engine with what was learnt; mode and task are those of its card."""
        return load(self.engine, model=model, settings=self.settings)

    def teacher(self) -> "LoraTeacher":
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
        loaded = load_weights(source, placement, self.recipe, self.settings.vlm.allow_remote_code)
        return LoraTeacher(self.recipe, make_pupil(loaded, self.recipe, why))

    def _source(self) -> StoredModel:
        return find_model(self.recipe.model)

    def _reading(self) -> VlmSettings:
        """Settings to read with the base as the recipe teaches it; where it computes they say themselves."""
        told = {"model": self.recipe.model, "mode": self.recipe.mode, "task": self.recipe.task.value}
        return self.settings.vlm.model_copy(update=told)

    def _placement(self) -> "Placement":
        from recto.engines.vlm.device import choose

        asked: dict[str, object] = {"dtype": self.recipe.dtype, "attention": self.recipe.attention}
        if ranks.processes() > 1 and choose(self.settings.vlm).device.startswith("cuda"):
            asked["device"] = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        return choose(self.settings.vlm.model_copy(update=asked))


@dataclass(frozen=True, slots=True, eq=False)
class LoraTeacher:
    """A model with what learns, on its device."""

    recipe: VlmRecipe
    pupil: "Pupil"

    def estimate(self, examples: _Examples, most_pages: int) -> Estimate | None:
        """What training should take: see `lora/calibration`."""
        from recto.training.lora.calibration import calibrate

        return calibrate(self.pupil, examples, self.recipe, most_pages)

    def learn(self, examples: _Examples, fingerprint: str, run: Run, chronicle: Chronicle) -> LoraLesson:
        """Train, write and check: see `lora/learn`."""
        from recto.training.lora.learn import learn

        return learn(self.pupil, examples, fingerprint, run, self.recipe, chronicle)

    def follow(self, examples: _Examples) -> None:
        """Compute a share of what the first process learns."""
        from recto.training.lora.learn import follow

        follow(self.pupil, examples, self.recipe)
