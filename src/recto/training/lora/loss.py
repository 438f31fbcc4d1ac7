"""Loss: cross-entropy of the answers only, without ever holding logits of prompt, picture or all answers.

Hidden states of supervised positions alone go through the output layer, in chunks whose logits are computed
again for the gradient: with 129,280 words, the logits of one page of 1,300 tokens would take 670 MB in fp32,
and a chunk takes 265. The sum equals that of the model's own loss to rounding (Liu and Abbeel, 2023,
arXiv:2305.19370, chunk in the same way).
"""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from recto.engines.vlm.preparing import IGNORED

CHUNK_TOKENS = 512


def answer_loss(hidden: Tensor, labels: Tensor, head: nn.Module, chunk_tokens: int = CHUNK_TOKENS) -> Tensor:
    """The summed cross-entropy (in nats) of all supervised tokens.

    `hidden` is pages × tokens × width, the last layer's output; `labels` is pages × tokens with IGNORED
    outside answers. A position predicts the token after it.
    """
    wanted = labels[:, 1:]
    supervised = wanted != IGNORED
    states, targets = hidden[:, :-1][supervised], wanted[supervised]
    total = states.new_zeros((), dtype=torch.float32)
    for part, words in zip(
        torch.split(states, chunk_tokens), torch.split(targets, chunk_tokens), strict=True
    ):
        total = total + checkpoint(_chunk, head, part, words, use_reentrant=False)
    return total


def _chunk(head: nn.Module, states: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.cross_entropy(head(states).float(), targets, reduction="sum")
