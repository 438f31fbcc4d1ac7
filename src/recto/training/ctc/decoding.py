"""Greedy CTC decoding: the best class of each frame, repeats and blanks dropped."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_SLICE_LINES = 16
"""Lines per multiplication with the full head: 16 lines of 100 frames and 18,710 classes are 120 MB."""


def greedy_text(classes: Sequence[int], characters: str) -> str:
    """The text that a row of frame classes stands for; class 0 is the blank."""
    out = []
    previous = 0
    for value in classes:
        if value not in (0, previous):
            out.append(characters[value - 1])
        previous = value
    return "".join(out)


@torch.inference_mode()
def best_classes(neck: nn.Module, head: nn.Module, features: Tensor, near_space: float = 0.0) -> Tensor:
    """The best class of each frame, N × T, computed in slices so that memory stays small.

    Where the blank wins but the space, which is the last class, comes within `near_space` of it (in logits,
    ≤ 0), the frame is a space: that is how the engine reads with base weights.
    """
    parts = torch.split(features, _SLICE_LINES)
    return torch.cat([_with_near_spaces(head(neck(part.float())), near_space) for part in parts])


def _with_near_spaces(logits: Tensor, near_space: float) -> Tensor:
    best = logits.argmax(2)
    if near_space >= 0:
        return best
    near = logits[:, :, -1] - logits.amax(2) > near_space
    return torch.where((best == 0) & near, logits.shape[2] - 1, best)
