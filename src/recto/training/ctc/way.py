"""The way of the CPU engine: its recogniser learns lines by CTC. torch is loaded only to teach."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recto.datasets.example import Example
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.engines.ppocr.weights import BASE, RECOGNISER_FILE, sha256_of, weights_path
from recto.errors import MissingPackage, TrainingError
from recto.training import ranks
from recto.training.chronicle import Chronicle
from recto.training.ctc.lesson import CtcLesson
from recto.training.ctc.recipe import CtcRecipe
from recto.training.estimate import Estimate
from recto.training.run import Run
from recto.training.selection import WITH_TEXT, Usable

if TYPE_CHECKING:
    from recto.training.ctc.base_model import BaseModel

_Examples = tuple[Sequence[Example], Sequence[Example]]


@dataclass(frozen=True, slots=True)
class CtcWay:
    """Fine-tunes the CPU engine, in one process."""

    recipe: CtcRecipe
    engine: str = "ppocr"
    usable: Usable = WITH_TEXT
    base_name: str = BASE
    packages: tuple[str, ...] = ()
    estimates_from: int = 30
    """Estimating takes about 8 s, as much as a sixth of training on ten receipts."""

    def check(self) -> None:
        """Raise MissingPackage, or TrainingError for one of several processes."""
        try:
            import onnx  # noqa: F401
            import torch  # noqa: F401
        except ImportError as error:
            raise MissingPackage(
                f"fine-tuning needs {error.name}, which isn't installed", hint="pip install 'recto[train]'"
            ) from error
        if ranks.processes() > 1:
            raise TrainingError("kind: ctc trains in one process", hint="start it without torchrun")

    def base_sha256(self) -> str:
        """The hash of the recogniser's base weights. Raises MissingPackage."""
        return sha256_of(weights_path(RECOGNISER_FILE))

    def base_engine(self) -> Engine:
        """The CPU engine as it comes."""
        return load(self.engine)

    def engine_with(self, model: Path) -> Engine:
        """The CPU engine with learnt weights."""
        return load(self.engine, model=model)

    def teacher(self) -> "CtcTeacher":
        """Load the recogniser in all the forms that training needs."""
        from recto.training.ctc.base_model import load_base

        return CtcTeacher(self.recipe, load_base())


@dataclass(frozen=True, slots=True, eq=False)
class CtcTeacher:
    """The base recogniser, ready to learn."""

    recipe: CtcRecipe
    base: "BaseModel"

    def estimate(self, examples: _Examples, most_pages: int) -> Estimate | None:
        """What training should take; None where the sample pages have no line to learn from."""
        from recto.training.ctc.calibration import calibrate

        return calibrate(self.base, examples, self.recipe, most_pages)

    def learn(self, examples: _Examples, fingerprint: str, run: Run, chronicle: Chronicle) -> CtcLesson:
        """Train the recogniser: see `ctc/learn`."""
        from recto.training.ctc.learn import learn

        return learn(self.base, examples, fingerprint, run, self.recipe, chronicle)

    def follow(self, examples: _Examples) -> None:
        """Raise TrainingError: there is nothing to share out."""
        raise TrainingError("kind: ctc trains in one process", hint="start it without torchrun")
