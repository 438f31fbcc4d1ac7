"""State: everything that the next epoch depends on, as bytes and back. It survives kills and bad steps."""

import io
from dataclasses import dataclass

import torch
from pydantic import TypeAdapter
from torch import Tensor

from recto.training.progress import Epoch

Tree = dict[str, object]
"""What torch's `state_dict`s are made of: tables, lists, tuples, numbers and tensors."""
Weights = dict[str, dict[str, Tensor]]
"""Tensors of the parts that learn, `neck` and `head`, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What stood after the last of `epochs`.

    `course` is the state of the Course, `best` that of the best epoch's neck and head, `classes` are those of
    the trained head, `pieces` says in how many parts each step was computed.
    """

    epochs: tuple[Epoch, ...]
    classes: Tensor
    pieces: int
    course: Tree
    best: Weights

    def packed(self) -> bytes:
        """The state as bytes."""
        stream = io.BytesIO()
        epochs = _EPOCHS.dump_json(self.epochs).decode()
        tree = {"classes": self.classes, "pieces": self.pieces, "course": self.course, "best": self.best}
        torch.save({"epochs": epochs, **tree}, stream)
        return stream.getvalue()


_EPOCHS = TypeAdapter(tuple[Epoch, ...])


def unpack(data: bytes) -> State:
    """The State that was packed; nothing in it is run."""
    tree = torch.load(io.BytesIO(data), weights_only=True)
    return State(epochs=_EPOCHS.validate_json(tree.pop("epochs")), **tree)
