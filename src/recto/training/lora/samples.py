"""Samples: Examples as what the model is taught: prompt, picture, answer.

Every page is opened, prepared and measured before anything is trained, by the same preprocessing as in
reading, and a mistake in one stops the training and names the document. Where the vision tower is frozen, it
sees the page at the same time (`sight`); else pixels are prepared again when a step needs them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import Batch, Prepared, answer_ids, gather, prepare
from recto.engines.vlm.tasks import prompt_of
from recto.errors import EngineError, TrainingError
from recto.training.lora.recipe import VlmRecipe
from recto.training.lora.sight import bytes_of, seen, sees_once
from recto.training.progress import Progress

KEPT_BYTES = 8 * 2**30
"""Features are kept up to this much; further pages are prepared and seen again in each epoch."""


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """One page to learn from. `answer` ends with the end token; `page` is None where it is prepared anew."""

    example: Example
    answer: Tensor
    tokens: int
    page: Prepared | None = None

    @property
    def answer_tokens(self) -> int:
        """Tokens that are learnt."""
        return int(self.answer.numel())


class Samples:
    """The pages to learn from, by number; makes batches of them."""

    def __init__(self, loaded: Loaded, examples: Sequence[Example], recipe: VlmRecipe) -> None:
        self._loaded, self._recipe = loaded, recipe
        self._prompt = prompt_of(loaded.architecture, recipe.task)
        self._once = sees_once(loaded, recipe)
        self.examples = tuple(examples)
        self._samples: list[Sample] = []

    def study(self, progress: Progress, room: int = KEPT_BYTES) -> None:
        """Open, check and (where the tower is frozen) see every page. Raises TrainingError for a bad one.

        `room` is what features may take, in bytes.
        """
        progress.stage("looking at pages", len(self.examples))
        for example in self.examples:
            sample = self._sample(example)
            room -= bytes_of(sample.page.pixels) if sample.page else 0
            self._samples.append(sample if room >= 0 else replace(sample, page=None))
            progress.advance(1)

    @property
    def lengths(self) -> list[int]:
        """Tokens of each page, prompt and picture included."""
        return [sample.tokens for sample in self._samples]

    def answer_tokens(self, pages: Sequence[int]) -> int:
        """Tokens that these pages teach."""
        return sum(self._samples[page].answer_tokens for page in pages)

    def batch(self, pages: Sequence[int]) -> Batch:
        """These pages with their answers, on the model's device."""
        chosen = [self._samples[page] for page in pages]
        prepared = [self.page(page) for page in pages]
        answers = [sample.answer for sample in chosen]
        batch = gather(prepared, answers, pad="right", loaded=self._loaded)
        return batch.to(self._loaded.placement.device, self._loaded.placement.dtype)

    def page(self, number: int) -> Prepared:
        """One page, ready for the model, without its answer."""
        sample = self._samples[number]
        return sample.page or self._prepared(sample.example)

    def _sample(self, example: Example) -> Sample:
        if not example.text or example.text.isspace():  # blanks would teach to say nothing of print
            hint = "only pages with trusted text can be learnt from"
            raise TrainingError("has no text to learn", where=_named(example), hint=hint)
        page = self._prepared(example)
        answer = answer_ids(self._loaded, example.text)
        tokens = page.prompt_tokens + int(answer.numel())
        if tokens > self._recipe.max_tokens:
            what = f"takes {tokens} tokens, more than max_tokens: {self._recipe.max_tokens}"
            raise TrainingError(what, where=_named(example), hint="raise max_tokens, or leave the page out")
        return Sample(example, answer, tokens, page if self._once else None)

    def _prepared(self, example: Example) -> Prepared:
        image = open_example(example).image  # its errors name the document
        try:
            page = prepare(self._loaded, image, self._prompt, self._recipe.mode)
        except (EngineError, ValueError, RuntimeError) as error:
            raise TrainingError(f"can't be prepared: {error}", where=_named(example)) from error
        return replace(page, pixels=seen(self._loaded, page)) if self._once else page


def _named(example: Example) -> str:
    """The document, and the page where it has several."""
    return f"{example.image}, page {example.page}" if example.page else example.image
