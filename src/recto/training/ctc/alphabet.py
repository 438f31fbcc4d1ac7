"""Which classes of the head are trained. The head knows 18,708 characters; a domain uses about a hundred.

Rows that are left out stay as they were, and could win once the neck has moved. So the trained rows are
the characters of the labels, everything Latin that the base can write, and the classes that the base
model finds likely on the very lines that it is trained on.
"""

import torch
from torch import Tensor, nn

_KEPT_RANGES = ((0x20, 0x24F), (0x2010, 0x2044), (0x20A0, 0x20C0), (0x2100, 0x2122))
"""Latin with its accents, dashes and quotes, currencies, letter-like signs."""


def class_of(characters: str) -> dict[str, int]:
    """Character → class; 0 is the CTC blank."""
    return {char: i + 1 for i, char in enumerate(characters)}


def trained_classes(characters: str, used: set[str], rivals: Tensor) -> Tensor:
    """Sorted classes to train: blank, `used` characters, Latin ones, and the `rivals`."""
    table = class_of(characters)
    latin = {
        index
        for char, index in table.items()
        if any(first <= ord(char) <= last for first, last in _KEPT_RANGES)
    }
    wanted = {0} | latin | {table[char] for char in used} | {int(i) for i in rivals}
    return torch.tensor(sorted(wanted))


@torch.inference_mode()
def likely_rivals(neck: nn.Module, head: nn.Module, batches: list[Tensor], count: int) -> Tensor:
    """The `count` classes with the highest summed probability over the frames of `batches`."""
    total: Tensor | None = None
    for features in batches:
        for part in torch.split(features, 8):
            mass = head(neck(part)).softmax(2).sum((0, 1))
            total = mass if total is None else total + mass
    return torch.empty(0, dtype=torch.long) if total is None else total.topk(count).indices


def cut_head(head: nn.Linear, classes: Tensor) -> nn.Linear:
    """A head of its own for `classes` only."""
    small = nn.Linear(head.in_features, len(classes))
    with torch.no_grad():
        small.weight.copy_(head.weight[classes])
        small.bias.copy_(head.bias[classes])
    return small


def merge_head(head: nn.Linear, small: nn.Linear, classes: Tensor) -> None:
    """Put the trained rows back into the full head; all others stay as they were."""
    with torch.no_grad():
        head.weight[classes] = small.weight.detach()
        head.bias[classes] = small.bias.detach()
