"""Trial: validation pages, really read by the model as it is: the engine's own generating, and CER and WER.

A reading that is twice as long as what is right, and more, is cut: it is wrong, however it would go on. Each
page has a limit of its own, so that scores don't depend on which pages are read together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from recto.engines.vlm.answers import style_of
from recto.engines.vlm.generating import Decoding, generate
from recto.engines.vlm.grounding import pieces_of, text_of
from recto.engines.vlm.loading import Loaded
from recto.errors import TrainingError
from recto.training.lora.recipe import VlmRecipe
from recto.training.lora.samples import Samples
from recto.training.lora.together import Together
from recto.training.progress import Score
from recto.training.scoring import compare

_SPARE_TOKENS = 32


@dataclass(frozen=True, slots=True, eq=False)
class PageTrial:
    """Reads all of `samples`; of several processes each one reads its share."""

    loaded: Loaded
    samples: Samples
    recipe: VlmRecipe
    together: Together

    def score(self, at_once: int) -> Score:
        """Read the pages, `at_once` at a time, the longest first, and compare.

        Raises what says that memory ran out, in every process if it does in one.
        """
        answers = [self.samples.answer_tokens((page,)) for page in range(len(self.samples.lengths))]
        order = sorted(range(len(answers)), key=lambda page: -answers[page])
        mine = order[self.together.rank :: self.together.count]
        readings: dict[int, str] = {}
        with self.together.in_memory():
            for start in range(0, len(mine), at_once):
                pages = mine[start : start + at_once]
                readings |= dict(zip(pages, self._read(pages), strict=True))
        for part in self.together.gathered(readings):
            readings |= part
        return self._compared([readings[page] for page in range(len(answers))])

    def _read(self, pages: Sequence[int]) -> list[str]:
        self.loaded.model.eval()
        prepared = [self.samples.page(page) for page in pages]
        most = [self._most(page) for page in pages]
        found = generate(self.loaded, prepared, Decoding(max_new_tokens=max(most)), most)
        return [self._plain(one.text) for one in found]

    def _most(self, page: int) -> int:
        """Tokens after which the reading of a page is cut."""
        return min(self.recipe.max_new_tokens, 2 * self.samples.answer_tokens((page,)) + _SPARE_TOKENS)

    def _plain(self, text: str) -> str:
        """Without marks of places, as an engine hands it on."""
        style = style_of(self.loaded.architecture, self.recipe.task)
        return text_of(pieces_of(text, style), style)

    def _compared(self, readings: Sequence[str]) -> Score:
        examples = self.samples.examples
        labels = [example.text or "" for example in examples]
        if not labels:
            raise TrainingError("there is no validation page to choose the best by")
        return compare(readings, labels, [example.case == "upper" for example in examples], "pages")
