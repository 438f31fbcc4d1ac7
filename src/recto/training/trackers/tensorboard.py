"""TensorBoard: events in RUN/tensorboard; look at them with `tensorboard --logdir RUN/tensorboard`."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from recto.errors import MissingPackage
from recto.training.progress import Epoch
from recto.training.trackers import figures, sample_table

try:
    import tensorboard  # type: ignore[import-untyped] # noqa: F401  torch would say it in a paragraph
    from torch.utils.tensorboard import SummaryWriter
except ImportError as error:
    raise MissingPackage(
        "the tracker `tensorboard` needs a package that isn't installed",
        hint="pip install 'recto[train]', or write `trackers: []` in the recipe",
    ) from error


class TensorBoard:
    """Writes event files; those of an earlier attempt are replaced, since all epochs are told again."""

    def __init__(self, run: Path, settings: Mapping[str, object]) -> None:
        folder = run / "tensorboard"
        shutil.rmtree(folder, ignore_errors=True)
        self._writer = SummaryWriter(str(folder))
        rows = [f"| {name} | {value} |" for name, value in settings.items()]
        table = "\n".join(["| setting | value |", "|---|---|", *rows])
        self._writer.add_text("recipe", table, 0)

    def epoch(self, epoch: Epoch) -> None:
        """One step of every curve, and sample readings as text."""
        for name, value in figures(epoch).items():
            self._writer.add_scalar(name, value, epoch.number)
        self._writer.add_text("samples", sample_table(epoch), epoch.number)
        self._writer.flush()

    def close(self) -> None:
        """Close the event file."""
        self._writer.close()
