"""Keeping: where states and the best weights of a Run are kept, and who hears. Followers keep nothing."""

from pathlib import Path
from typing import Protocol

import torch

from recto.errors import TrainingError
from recto.training.checkpoints import Checkpoints, is_whole
from recto.training.chronicle import Chronicle
from recto.training.lora.pupil import Weights
from recto.training.lora.state import State, read_tree, save_tree
from recto.training.progress import Epoch, Progress, Silent
from recto.training.run import Run


class Keeper(Progress, Protocol):
    """Where states are kept, and who hears of the training."""

    def newest(self) -> Path | None:
        """The file of the newest state that was kept, which every process reads."""
        ...

    def keep(self, state: State) -> None:
        """Keep a state; it is verified before the one before it goes."""
        ...

    def keep_best(self, step: int, weights: Weights) -> None:
        """Keep the weights after `step`, the best until now."""
        ...

    def best(self, step: int) -> Weights:
        """The weights that were kept as the best after `step`."""
        ...

    def resumed(self, state: State) -> None:
        """The training goes on after this state."""
        ...


class RunKeeper:
    """Keeps in a Run, and tells its Chronicle."""

    def __init__(self, run: Run, chronicle: Chronicle) -> None:
        self._chronicle = chronicle
        self._best = Checkpoints(run.checkpoints / "best")
        self._states = Checkpoints(run.checkpoints)
        self._goes_on = run.resumed

    def newest(self) -> Path | None:
        """The newest state that is whole: of this attempt, or of an earlier one that it goes on with."""
        return self._states.newest_file() if self._goes_on else None

    def keep(self, state: State) -> None:
        """Stream the state into the Run, where it is read again. Raises OutputError."""
        self._chronicle.checkpoint(state.step, state.write)
        self._goes_on = True

    def keep_best(self, step: int, weights: Weights) -> None:
        """Keep them beside the states, so that states stay small. Raises OutputError."""
        self._best.write(step, lambda stream: save_tree(dict(weights), stream))

    def best(self, step: int) -> Weights:
        """The weights after `step`. Raises TrainingError where their file isn't what was written."""
        return _weights(read_tree(self._whole_best(step)))

    def resumed(self, state: State) -> None:
        """Catch up with earlier attempts. Raises TrainingError where their best weights are damaged."""
        self._whole_best(state.best_step)
        self._chronicle.resumed(state.epochs, state.step)

    def _whole_best(self, step: int) -> Path:
        path = self._best.file(step)
        if not is_whole(path):
            what = f"the best weights, those after step {step}, are damaged or gone"
            raise TrainingError(what, where=path, hint="check the disk; --overwrite begins anew")
        return path

    def stage(self, name: str, total: int) -> None:
        """A stage begins."""
        self._chronicle.stage(name, total)

    def advance(self, steps: int) -> None:
        """Some steps of it are done."""
        self._chronicle.advance(steps)

    def epoch(self, epoch: Epoch) -> None:
        """An evaluation, whose state is kept."""
        self._chronicle.epoch(epoch)

    def say(self, remark: str) -> None:
        """A remark, which is logged."""
        self._chronicle.say(remark)


class Follower(Silent):
    """A Keeper for the processes that only compute: the first one keeps and tells."""

    def newest(self) -> Path | None:
        """Nothing: the first process says where to go on."""
        return None

    def keep(self, state: State) -> None:
        """Nothing."""

    def keep_best(self, step: int, weights: Weights) -> None:
        """Nothing."""

    def best(self, step: int) -> Weights:
        """Nothing."""
        return {}

    def resumed(self, state: State) -> None:
        """Nothing."""


def _weights(tree: dict[str, object]) -> Weights:
    return {name: value for name, value in tree.items() if isinstance(value, torch.Tensor)}
