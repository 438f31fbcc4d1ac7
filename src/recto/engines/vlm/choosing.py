"""Choosing the next token: what is forbidden, what is penalised, and how likely the chosen one was.

These run between the model and the choice, once per token, for a whole batch in tensors on the model's
device. They count only what was written: the prompt and its padding differ between a page alone and in a
batch, and may change nothing. (transformers' own penalties count both.)
"""

from collections.abc import Mapping

from recto.engines.vlm.packages import torch, transformers
from recto.errors import EngineError

TABLE_MARKS = ("<td>", "</td>")
"""Tokens that tables repeat by right; forbidding them would end a table of many like rows."""


class NoRepeatedNGrams(transformers.LogitsProcessor):  # type: ignore[misc]  # which is untyped
    """Forbids each token that would end an n-gram of `size` tokens which began within the last `window` ones.

    Only what was written counts, not the `prompt` tokens before it, so that padding changes nothing. `window`
    0 looks at all that was written; one that holds no n-gram is an EngineError. Tokens in `allowed` are never
    forbidden. The whole batch is looked at in tensors, on the model's device.
    """

    def __init__(self, size: int, window: int, *, prompt: int, allowed: frozenset[int] = frozenset()) -> None:
        if 0 < window < size:
            hint = f"ngram_window: {size} or more, or 0"
            raise EngineError(f"no {size} tokens are within a window of {window}", hint=hint)
        self._size, self._window, self._prompt = size, window, prompt
        self._allowed = torch.tensor(sorted(allowed), dtype=torch.long)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """`scores` with minus infinity at what is forbidden."""
        written = input_ids[:, self._prompt :]
        if written.shape[1] < self._size:
            return scores
        grams = written[:, -self._window if self._window else 0 :].unfold(1, self._size, 1)
        last, tail = grams[..., -1], written[:, written.shape[1] - self._size + 1 :]
        forbidden = (grams[..., :-1] == tail[:, None]).all(-1)
        if len(self._allowed):
            self._allowed = self._allowed.to(last.device)
            forbidden &= ~torch.isin(last, self._allowed)
        minus = torch.zeros_like(last, dtype=scores.dtype).masked_fill_(forbidden, float("-inf"))
        return scores.scatter_add(1, last, minus)


def table_tokens(vocabulary: Mapping[str, int]) -> frozenset[int]:
    """The ids of TABLE_MARKS, as far as the tokenizer has them as tokens."""
    return frozenset(vocabulary[mark] for mark in TABLE_MARKS if mark in vocabulary)


class Likelihoods(transformers.LogitsProcessor):  # type: ignore[misc]
    """Notes how likely each chosen token was as the model itself had it, before anything else changed that.

    It must come first of all. One step's logits are kept at a time, never those of the whole answer: the
    token that was chosen from them is known at the next step.
    """

    def __init__(self) -> None:
        self._before: torch.Tensor | None = None
        self._noted: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """`scores` as they are."""
        self._note(input_ids)
        self._before = scores.log_softmax(-1)
        return scores

    def of(self, sequences: torch.Tensor, prompt: int) -> torch.Tensor:
        """Natural logarithms of the probabilities: pages × tokens written after the prompt, on the CPU."""
        self._note(sequences)
        self._before = None
        written = sequences.shape[1] - prompt  # on MPS, transformers computes a step more than it returns
        return torch.stack(self._noted, dim=1)[:, :written].cpu()

    def _note(self, sequences: torch.Tensor) -> None:
        if self._before is not None:
            self._noted.append(self._before.gather(1, sequences[:, -1:]).squeeze(1))
