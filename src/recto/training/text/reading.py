"""Reading: what stands on labelled documents: what an engine reads of a page, or the text of a pair."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.datasets.pairs import is_text
from recto.engines.engine import Engine
from recto.extraction.sheet import Sheet, sheet_of
from recto.extraction.texts import transcripts_of_text


@dataclass(frozen=True, slots=True)
class Read:
    """A labelled document, and what stands on it."""

    example: Example
    sheet: Sheet


@dataclass(slots=True, eq=False)
class Reader:
    """Reads with `engine`; None where there are only texts."""

    engine: Engine | None

    def read(self, examples: Sequence[Example]) -> Iterator[Read]:
        """Each document, one after the other. Raises the engine's errors, and those of a page that can't be
        opened, which name it.
        """
        for example in examples:
            if is_text(example) or self.engine is None:
                transcripts = transcripts_of_text(example.text or "", example.image)
            else:
                transcripts = tuple(self.engine.read([open_example(example)]))
            yield Read(example, sheet_of(transcripts))
