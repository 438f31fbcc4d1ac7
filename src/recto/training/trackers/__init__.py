"""Trackers: other places that a Run tells its figures to. A table: name → "module:object".

Each is told of all epochs, those before a kill too, so that what it shows is whole. Nothing comes back from
a tracker, and none of them talks to a network unless its own settings say so.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

from recto.training.progress import Epoch


class Tracker(Protocol):
    """Hears of one training."""

    def epoch(self, epoch: Epoch) -> None:
        """An epoch is done (or was done by an earlier attempt)."""
        ...

    def close(self) -> None:
        """The training is over, for now or for good."""
        ...


Opener = Callable[[Path, Mapping[str, object]], Tracker]
"""Opens a tracker for the run folder and the settings of its recipe."""

TRACKERS = {
    "tensorboard": "recto.training.trackers.tensorboard:TensorBoard",
    "mlflow": "recto.training.trackers.mlflow:MLflow",
    "wandb": "recto.training.trackers.wandb:WeightsAndBiases",
}


def find_trackers(names: Sequence[str]) -> tuple[Opener, ...]:
    """What opens the trackers of these names. Raises MissingPackage, so call it before anything starts."""
    found = []
    for name in dict.fromkeys(names):
        module, _, thing = TRACKERS[name].partition(":")
        found.append(getattr(import_module(module), thing))
    return tuple(found)


def figures(epoch: Epoch) -> dict[str, float]:
    """The numbers of an epoch by their names in every tracker; the base model has no loss."""
    score = epoch.score
    found = {"val/cer": score.cer, "val/wer": score.wer, f"val/exact_{score.unit}": score.exact}
    if epoch.number:
        found |= {
            "train/loss": epoch.loss,
            "train/learning_rate": epoch.learning_rate,
            f"train/{epoch.speed_unit}_per_s": epoch.speed,
        }
        if epoch.drift is not None:
            found["train/drift"] = epoch.drift
    return found


def sample_table(epoch: Epoch) -> str:
    """Some lines (or pages) that were read wrongly, as a Markdown table of code spans."""
    rows = [f"| {_code(sample.label)} | {_code(sample.reading)} |" for sample in epoch.score.samples]
    return "\n".join(["| label | read |", "|---|---|", *rows])


def _code(text: str) -> str:
    """The text as one cell of a table: a page has lines."""
    told = text.replace("`", "ˋ").replace("|", "¦").replace("\n", "⏎")
    return f"`{told}`" if text else "(nothing)"
