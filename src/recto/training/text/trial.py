"""Trial: validation documents, really asked about: the engine's own constrained writing, and how far it errs.

The error is that of letters in the JSON; `exact` is the share of answers that are right to the letter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from recto.engines.text.generating import Bounds, Prompt, generate
from recto.engines.text.model import Tools
from recto.engines.text.writing import Written
from recto.engines.vlm.loading import Loaded
from recto.errors import TrainingError
from recto.training.lora.together import Together
from recto.training.progress import Score
from recto.training.scoring import compare
from recto.training.text.samples import TextSamples

_SPARE_TOKENS = 32


@dataclass(frozen=True, slots=True, eq=False)
class AnswerTrial:
    """Asks about all of `samples`; of several processes each one asks about its share."""

    loaded: Loaded
    tools: Tools
    samples: TextSamples
    together: Together
    max_new_tokens: int

    def score(self, at_once: int) -> Score:
        """Ask, `at_once` at a time, the longest answers first, and compare.

        Raises what says that memory ran out, in every process if it does in one.
        """
        answers = [self.samples.answer_tokens((page,)) for page in range(len(self.samples.lengths))]
        if not answers:
            raise TrainingError("there is no validation document to choose the best by")
        order = sorted(range(len(answers)), key=lambda page: -answers[page])
        mine = order[self.together.rank :: self.together.count]
        said: dict[int, str] = {}
        with self.together.in_memory():
            for start in range(0, len(mine), at_once):
                pages = mine[start : start + at_once]
                texts = [one.text for one in self.written(pages, 2 * answers[pages[0]])]
                said |= dict(zip(pages, texts, strict=True))
        for part in self.together.gathered(said):
            said |= part
        wanted = [sample.text for sample in self.samples.samples]
        return compare([said[page] for page in range(len(answers))], wanted, [False] * len(wanted), "answers")

    def written(self, pages: Sequence[int], tokens: int) -> list[Written]:
        """What the model writes now about these documents, in at most so many tokens and a few to spare."""
        self.loaded.model.eval()
        bounds = Bounds(min(self.max_new_tokens, tokens + _SPARE_TOKENS))
        prompts = [self._prompt(page) for page in pages]
        return generate(self.loaded, prompts, self.tools.grammars, bounds)

    def _prompt(self, page: int) -> Prompt:
        sample = self.samples.samples[page]
        return Prompt(sample.prompt, self.tools.grammars.matcher(sample.question.shape), 0)
