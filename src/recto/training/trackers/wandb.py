"""Weights & Biases: offline in RUN/wandb, unless WANDB_MODE says otherwise (`wandb sync` sends it later)."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from recto.errors import MissingPackage
from recto.training.progress import Epoch
from recto.training.trackers import figures

try:
    import wandb  # type: ignore[import-not-found, import-untyped, unused-ignore]
except ImportError as error:
    raise MissingPackage(
        "the tracker `wandb` needs a package that isn't installed",
        hint="pip install 'recto[wandb]', or leave wandb out of `trackers` in the recipe",
    ) from error

_PROJECT = "recto"


class WeightsAndBiases:
    """One run in the project `recto`; an attempt after a kill makes a new one, with all epochs."""

    def __init__(self, run: Path, settings: Mapping[str, object]) -> None:
        shutil.rmtree(run / "wandb", ignore_errors=True)
        self._run = wandb.init(
            project=_PROJECT,
            name=run.name,
            dir=str(run),
            mode=None if "WANDB_MODE" in os.environ else "offline",
            config=dict(settings),
            settings=wandb.Settings(silent=True),
        )

    def epoch(self, epoch: Epoch) -> None:
        """One step of every curve, and sample readings as a table."""
        rows = [[sample.label, sample.reading] for sample in epoch.score.samples]
        table = wandb.Table(columns=["label", "read"], data=rows)
        self._run.log({**figures(epoch), "samples": table}, step=epoch.number)

    def close(self) -> None:
        """End the run."""
        self._run.finish()
