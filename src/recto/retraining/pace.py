"""Pace: how long two models take for the same pages, read by turns within the same minute.

What else a machine does slows both of them alike so, which two Reports of different minutes can't promise.
Nothing is kept for later, and nothing is judged here.
"""

import time
from collections.abc import Callable, Sequence

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.documents.page import Page
from recto.engines.engine import Engine
from recto.errors import RectoError
from recto.registry.gates import Lap

PAGES = 6
LAPS = 18
"""So many readings by each model, over all pages together."""

Clock = Callable[[], float]


def measure_laps(
    models: tuple[Engine, Engine],
    examples: Sequence[Example],
    advance: Callable[[], None] = lambda: None,
    clock: Clock = time.perf_counter,
) -> tuple[Lap, ...]:
    """The laps of `models` (candidate, current) on at most PAGES of the `examples`, spread evenly.

    Each model reads the first page once beforehand, and who begins changes from lap to lap. A page that
    can't be opened, or that one of them can't read, has no laps. `advance` hears of each page.
    """
    chosen = spread(examples, PAGES)
    each = -(-LAPS // max(len(chosen), 1))
    laps: list[Lap] = []
    for example in chosen:
        try:
            page = open_example(example)
            if not laps:
                for model in models:
                    model.read([page])
            laps += [_lap(models, page, clock, (len(laps) + lap) % 2) for lap in range(each)]
        except RectoError:  # the Reports tell it
            pass
        advance()
    return tuple(laps)


def spread(examples: Sequence[Example], count: int) -> list[Example]:
    """At most `count` of the examples, from the first to the last: always the same ones."""
    if len(examples) <= count:
        return list(examples)
    return [examples[place * len(examples) // count] for place in range(count)]


def _lap(models: tuple[Engine, Engine], page: Page, clock: Clock, first: int) -> Lap:
    """Both models read the page, `first` of them (0 or 1) before the other."""
    took = {which: _seconds(models[which], page, clock) for which in (first, 1 - first)}
    return Lap(candidate_s=took[0], current_s=took[1])


def _seconds(model: Engine, page: Page, clock: Clock) -> float:
    since = clock()
    model.read([page])
    return clock() - since
