"""State: everything that the next step depends on, streamed to a file and back. It survives kills.

Tensors go to the file one by one, and are read from it where they are needed: the state of a model that
learns whole needn't fit into memory again.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import torch
from pydantic import TypeAdapter

from recto.training.lora.course import Tree
from recto.training.progress import Epoch

_EPOCHS = TypeAdapter(tuple[Epoch, ...])


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was done since the last evaluation: summed loss, answer tokens, all tokens, seconds, last rate."""

    loss: float = 0.0
    answer_tokens: int = 0
    tokens: int = 0
    seconds: float = 0.0
    learning_rate: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What stood after `step` steps.

    `best_step` is the step of the best weights until then, which are kept apart. `course` is the state of the
    Course without random numbers, `random` the random states of all processes, by rank. `tokens` and
    `seconds` are those of all steps until then.
    """

    step: int
    best_step: int
    epochs: tuple[Epoch, ...]
    stretch: Stretch
    at_once: int
    tokens: int
    seconds: float
    course: Tree
    random: tuple[Tree, ...]

    def write(self, stream: io.RawIOBase) -> None:
        """Stream the state."""
        done = (self.stretch.loss, self.stretch.answer_tokens, self.stretch.tokens, self.stretch.seconds)
        tree = {
            "step": self.step,
            "best_step": self.best_step,
            "epochs": _EPOCHS.dump_json(self.epochs).decode(),
            "stretch": (*done, self.stretch.learning_rate),
            "at_once": self.at_once,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "course": self.course,
            "random": self.random,
        }
        save_tree(tree, stream)


def read_state(path: Path) -> State:
    """The State in a file: see `read_tree`."""
    tree = read_tree(path)
    epochs, stretch = tree.pop("epochs"), tree.pop("stretch")
    return State(epochs=_EPOCHS.validate_json(epochs), stretch=Stretch(*stretch), **tree)


def save_tree(tree: Tree, stream: io.RawIOBase) -> None:
    """Stream tables and tensors, one tensor after the other."""
    torch.save(tree, cast(IO[bytes], stream))


def read_tree(path: Path) -> dict[str, Any]:
    """What `save_tree` wrote; nothing in it is run.

    Its tensors are on the CPU and take no memory of their own until they are used: the system reads them from
    the file, which isn't changed by what is done to them.
    """
    tree: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu", mmap=True)
    return tree
