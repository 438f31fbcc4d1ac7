"""The way of vision-language models. torch is loaded only to teach, or to read with the base weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recto.datasets.example import Example
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.engines.model_store import StoredModel, find_model
from recto.settings import Settings, VlmSettings
from recto.training.chronicle import Chronicle
from recto.training.estimate import Estimate
from recto.training.lora.lesson import LoraLesson
from recto.training.lora.recipe import VlmRecipe
from recto.training.lora.starting import NEEDED, check_numbers, check_packages, placement_of, pupil_of
from recto.training.progress import Silent
from recto.training.run import Run
from recto.training.selection import WITH_TEXT, Usable

if TYPE_CHECKING:
    from recto.engines.vlm.device import Placement
    from recto.training.lora.pupil import Pupil

_Examples = tuple[Sequence[Example], Sequence[Example]]


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
        check_packages(NEEDED, "fine-tuning vision-language models")
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
        check_numbers(placement)

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
        pupil = pupil_of(self._source(), self._placement(), self.recipe, self.settings.vlm.allow_remote_code)
        return LoraTeacher(self.recipe, pupil)

    def _source(self) -> StoredModel:
        return find_model(self.recipe.model)

    def _reading(self) -> VlmSettings:
        """Settings to read with the base as the recipe teaches it; where it computes they say themselves."""
        told = {"model": self.recipe.model, "mode": self.recipe.mode, "task": self.recipe.task.value}
        return self.settings.vlm.model_copy(update=told)

    def _placement(self) -> "Placement":
        return placement_of(self.recipe, self.settings.vlm)


@dataclass(frozen=True, slots=True, eq=False)
class LoraTeacher:
    """A model with what learns, on its device."""

    recipe: VlmRecipe
    pupil: "Pupil"

    def estimate(self, examples: _Examples, most_pages: int) -> Estimate | None:
        """What training should take: see `lora/calibration`."""
        from recto.training.lora.calibration import Trying, calibrate
        from recto.training.lora.learn import sight_of, work_on

        pupil, recipe = self.pupil, self.recipe
        trying = Trying(
            pupil,
            recipe,
            lambda few, together: work_on(pupil, few, recipe, Silent(), together),
            lambda: sight_of(pupil, recipe),
        )
        return calibrate(trying, examples, most_pages)

    def learn(self, examples: _Examples, fingerprint: str, run: Run, chronicle: Chronicle) -> LoraLesson:
        """Train, write and check: see `lora/learn`."""
        from recto.training.lora.learn import learn

        return learn(self.pupil, examples, fingerprint, run, self.recipe, chronicle)

    def follow(self, examples: _Examples) -> None:
        """Compute a share of what the first process learns."""
        from recto.training.lora.learn import follow

        follow(self.pupil, examples, self.recipe)
