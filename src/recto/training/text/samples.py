"""Samples: labelled documents as what a language model is taught: the question, and the right answer.

The question is the one that extraction asks. Taught is only what stands in the text, as it is printed there:
a label that can't be found (misread, or never printed) would teach to make values up.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recto.datasets.example import Example, JsonValue
from recto.engines.text.constraint import compact
from recto.engines.text.frames import plain_tokens
from recto.engines.text.model import Tools
from recto.engines.text.writing import Question
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import Batch, Prepared, end_id, gather, without_picture
from recto.errors import TrainingError
from recto.extraction.asking import LONGEST, answer_of, question_of, text_of
from recto.extraction.grounding import Ground
from recto.extraction.leaves import Leaf
from recto.extraction.naming import spec_of
from recto.extraction.schema import Schema
from recto.extraction.sheet import Sheet
from recto.training.text.reading import Read
from recto.training.text.recipe import TextRecipe

_LEAST_PROMPT = 64


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A question in tokens, and its answer, which ends with the end token."""

    read: Read
    question: Question
    prompt: Prepared
    answer: Tensor
    text: str


class TextSamples:
    """The documents to learn from, by number; makes batches of them."""

    def __init__(self, loaded: Loaded, tools: Tools, schema: Schema, recipe: TextRecipe) -> None:
        self._loaded, self._tools, self._schema, self._recipe = loaded, tools, schema, recipe
        self.samples: list[Sample] = []
        self.values = self.left_out = self.cut = 0

    def add(self, read: Read) -> None:
        """One more document. Raises TrainingError where its answer leaves no room for a question."""
        taught = taught_answer(self._schema, read)
        self.values += taught.values
        self.left_out += taught.left_out
        text = compact(taught.answer)
        tokens = (*plain_tokens(self._loaded.tokenizer, text), end_id(self._loaded))
        room = self._recipe.max_tokens - len(tokens)
        document = text_of(read.sheet)
        question = question_of(self._schema, document, read.example.image)
        if room < _LEAST_PROMPT:
            what = f"its answer takes {len(tokens)} of {self._recipe.max_tokens} tokens"
            raise TrainingError(what, where=read.example.image, hint="raise max_tokens, or leave it out")
        framed = self._tools.frame.of(question, room)
        self.cut += framed.seen < len(document)
        answer = torch.tensor(tokens, dtype=torch.long)
        self.samples.append(Sample(read, question, without_picture(framed.tokens), answer, text))

    @property
    def examples(self) -> tuple[Example, ...]:
        """Where they come from."""
        return tuple(sample.read.example for sample in self.samples)

    @property
    def lengths(self) -> list[int]:
        """Tokens of each, question and answer together."""
        return [sample.prompt.prompt_tokens + int(sample.answer.numel()) for sample in self.samples]

    def answer_tokens(self, pages: Sequence[int]) -> int:
        """Tokens that these documents teach."""
        return sum(int(self.samples[page].answer.numel()) for page in pages)

    def batch(self, pages: Sequence[int]) -> Batch:
        """These documents with their answers, on the model's device."""
        chosen = [self.samples[page] for page in pages]
        answers = [sample.answer for sample in chosen]
        batch = gather([sample.prompt for sample in chosen], answers, pad="right", loaded=self._loaded)
        return batch.to(self._loaded.placement.device, self._loaded.placement.dtype)


@dataclass(frozen=True, slots=True)
class Taught:
    """The answer that is taught, how many labels it has, and how many were left out."""

    answer: dict[str, JsonValue]
    values: int
    left_out: int


def taught_answer(schema: Schema, read: Read) -> Taught:
    """The right answer about a document, of what stands on it, as it is printed there."""
    printing = _Printing(schema, read.sheet)
    right = answer_of(schema, read.example.fields or {})
    answer = {name: printing.printed(value, name) for name, value in right.items()}
    return Taught(answer, printing.values, printing.left_out)


class _Printing:
    """Puts what is printed in the place of what labels say; counts both."""

    def __init__(self, schema: Schema, sheet: Sheet) -> None:
        self._schema, self._ground = schema, Ground(schema, sheet)
        self.values = self.left_out = 0

    def printed(self, value: JsonValue, name: str) -> JsonValue:
        """The same JSON with printed values, null for what doesn't stand there."""
        if isinstance(value, dict):
            return {key: self.printed(one, f"{name}.{key}") for key, one in value.items()}
        if isinstance(value, list):
            rows = [self.printed(one, f"{name}[{place}]") for place, one in enumerate(value)]
            return [row for row in rows if row is not None]
        return None if value is None else self._leaf(value, name)

    def _leaf(self, value: JsonValue, name: str) -> JsonValue:
        said = value if isinstance(value, str) else json.dumps(value)
        found = self._ground.found(Leaf(name, said, 0, 0), 1.0)
        if found is None or not found.grounded:
            self.left_out += 1
            return None
        self.values += 1
        spec = spec_of(name, self._schema)
        as_it_is = spec is None or spec.kind in ("enum", "flag")  # the shape has no other words for them
        return value if as_it_is else found.printed[:LONGEST]
