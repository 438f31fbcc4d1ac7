"""The loss is the model's own, of the answers only, to rounding; so is its gradient."""

import pytest
import torch

from recto.engines.vlm.preparing import IGNORED
from recto.training.lora.loss import answer_loss

WIDTH, WORDS = 16, 50


def problem() -> tuple[torch.Tensor, torch.Tensor, torch.nn.Linear]:
    torch.manual_seed(3)
    hidden = torch.randn(3, 40, WIDTH, requires_grad=True)
    labels = torch.randint(0, WORDS, (3, 40))
    labels[:, :20] = IGNORED
    labels[1, 33:] = IGNORED
    return hidden, labels, torch.nn.Linear(WIDTH, WORDS, bias=False)


@pytest.mark.parametrize("chunk_tokens", [1, 7, 512])
def test_chunks_add_up_to_the_loss_over_all_logits(chunk_tokens: int) -> None:
    hidden, labels, head = problem()
    whole = torch.nn.functional.cross_entropy(
        head(hidden[:, :-1]).flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED, reduction="sum"
    )
    wanted = torch.autograd.grad(whole, [hidden, head.weight])
    chunked = answer_loss(hidden, labels, head, chunk_tokens)
    found = torch.autograd.grad(chunked, [hidden, head.weight])
    torch.testing.assert_close(chunked, whole)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_nothing_before_the_answer_has_a_gradient() -> None:
    hidden, labels, head = problem()
    answer_loss(hidden, labels, head).backward()
    assert hidden.grad is not None
    assert not hidden.grad[:, :19].any()
    assert hidden.grad[:, 19].any()
    assert not hidden.grad[1, 32:].any()


def test_nothing_to_learn_is_no_loss() -> None:
    hidden, labels, head = problem()
    assert float(answer_loss(hidden, torch.full_like(labels, IGNORED), head).detach()) == 0
