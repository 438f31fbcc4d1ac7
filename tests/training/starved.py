"""A program for `test_memory`: fits under a real memory limit and prints what was said, as JSON.

`starved.py SPARE_MB BATCH_LINES`: SPARE_MB is what the process may still take when fitting begins.
"""

import json
import os
import resource
import sys
from pathlib import Path

import torch

from recto.errors import TrainingError
from recto.training.ctc.base_model import BaseModel, load_base
from recto.training.ctc.batches import Batch, add_gradient
from recto.training.ctc.features import Bucket, LabelledLines
from recto.training.ctc.fit import fit
from recto.training.ctc.prepare import Part, Prepared
from recto.training.ctc.recipe import CtcRecipe
from recto.training.memory import enough_memory
from recto.training.progress import Epoch

FRAMES = 80


class Telling:
    """A keeper that keeps nothing but the remarks."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.states: list[bytes] = []

    def newest(self) -> bytes | None:
        return None

    def resumed(self, epochs: tuple[Epoch, ...]) -> None:
        pass

    def keep(self, epoch: Epoch, state: bytes) -> None:
        self.said.append(f"epoch {epoch.number} {epoch.loss:.4f}")

    def say(self, remark: str) -> None:
        self.said.append(remark)


def part(count: int) -> Part:
    bucket = Bucket(torch.randn(count, 384, 1, FRAMES).half(), tuple(range(count)))
    return Part(LabelledLines((bucket,), ("Total 1.23",) * count, (False,) * count), {}, "", 0, 0, 0, 0)


def warm(base: BaseModel) -> None:
    """Start the threads and load the kernels: what they take isn't the training's."""
    batch = Batch(torch.randn(4, 384, 1, FRAMES).half(), (torch.tensor([1, 2]),) * 4)
    add_gradient(base.network.neck, torch.nn.Linear(120, 50), batch, 1)
    base.network.zero_grad(set_to_none=True)


def limit(spare_mb: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + spare_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    spare_mb, batch_lines = int(sys.argv[1]), int(sys.argv[2])
    torch.manual_seed(0)
    torch.set_num_threads(1)
    base = load_base()
    prepared = Prepared(part(batch_lines), part(2), LabelledLines((), (), ()), ())
    warm(base)
    recipe = CtcRecipe(epochs=2, batch_lines=batch_lines, rivals=0, replay_lines=0)
    keeper = Telling()
    if spare_mb:
        limit(spare_mb)
    try:
        with enough_memory("a lower max_train_lines"):
            fitted = fit(base, prepared, recipe, keeper)
    except TrainingError as error:
        sys.stdout.write(json.dumps({"error": str(error), "said": keeper.said}))
        return
    head = fitted.network.neck.state_dict()["norm.weight"]
    sys.stdout.write(json.dumps({"said": keeper.said, "pieces": fitted.pieces, "sum": float(head.sum())}))


if __name__ == "__main__":
    main()
