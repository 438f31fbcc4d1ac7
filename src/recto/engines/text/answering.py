"""Answering: prompts → answers, batch by batch, by one base with one adapter.

A batch that doesn't fit into a GPU's memory is halved, and so are those after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from recto.engines.text.constraint import Grammars
from recto.engines.text.generating import Bounds, Prompt, generate
from recto.engines.text.writing import Written
from recto.engines.vlm.adapters import Adapter, SharedWeights
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.packages import torch
from recto.errors import EngineError


@dataclass(slots=True, eq=False)
class Answering:
    """Writes with `base` and `adapter` (None: as it is), about `together` prompts at once.

    `hint` is what helps where memory doesn't hold a single one.
    """

    base: SharedWeights
    adapter: Adapter | None
    grammars: Grammars
    bounds: Bounds
    together: int
    hint: str

    def write(self, prompts: Sequence[Prompt]) -> list[Written]:
        """One answer per prompt, in order; those of like length are written together. Raises EngineError."""
        order = sorted(range(len(prompts)), key=lambda place: -prompts[place].prepared.prompt_tokens)
        found: dict[int, Written] = {}
        with self.base.using(self.adapter) as loaded:
            while len(found) < len(order):
                places = order[len(found) : len(found) + self.together]
                answers = self._generated(loaded, [prompts[place] for place in places])
                found |= dict(zip(places, answers, strict=False))
        return [found[place] for place in range(len(prompts))]

    def _generated(self, loaded: Loaded, prompts: Sequence[Prompt]) -> list[Written]:
        """The answers to all of the prompts, or to as many of the first as memory has room for."""
        while True:
            chosen = prompts[: self.together]
            begun = [Prompt(one.prepared, one.matcher.deep_copy(), one.seen) for one in chosen]
            try:
                return generate(loaded, begun, self.grammars, self.bounds)
            except torch.OutOfMemoryError as error:
                if self.together == 1:
                    raise EngineError(
                        "the GPU's memory doesn't hold a single document",
                        where=str(loaded.placement),
                        hint=self.hint,
                    ) from error
            torch.cuda.empty_cache()
            self.together = (self.together + 1) // 2
