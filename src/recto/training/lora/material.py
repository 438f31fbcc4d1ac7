"""Material: what a model is taught, as the loop sees it: numbered pieces of known length, in batches."""

from collections.abc import Sequence
from typing import Protocol

from recto.datasets.example import Example
from recto.engines.vlm.preparing import Batch


class Material(Protocol):
    """Pages or documents to learn from, by number."""

    @property
    def examples(self) -> tuple[Example, ...]:
        """Where they come from."""
        ...

    @property
    def lengths(self) -> list[int]:
        """Tokens of each, prompt and answer together."""
        ...

    def answer_tokens(self, pages: Sequence[int]) -> int:
        """Tokens that these teach."""
        ...

    def batch(self, pages: Sequence[int]) -> Batch:
        """These with their answers, on the model's device."""
        ...
