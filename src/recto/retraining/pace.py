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
from recto.registry.gates import Timing

PAGES = 6
TIMINGS = 18
"""So many readings by each model, over all pages together."""

Clock = Callable[[], float]


def measure_timings(
    models: tuple[Engine, Engine],
    examples: Sequence[Example],
    advance: Callable[[], None] = lambda: None,
    clock: Clock = time.perf_counter,
) -> tuple[Timing, ...]:
    """The timings of `models` (candidate, current) on at most PAGES of the `examples`, spread evenly.

    Each model reads the first page once beforehand, and who begins changes from timing to timing. A page that
    can't be opened, or that one of them can't read, has no timings. `advance` hears of each page.
    """
    chosen = spread(examples, PAGES)
    each = -(-TIMINGS // max(len(chosen), 1))
    timings: list[Timing] = []
    for example in chosen:
        try:
            page = open_example(example)
            if not timings:
                for model in models:
                    model.read([page])
            timings += [_timing(models, page, clock, (len(timings) + turn) % 2) for turn in range(each)]
        except RectoError:  # the Reports tell it
            pass
        advance()
    return tuple(timings)


def spread(examples: Sequence[Example], count: int) -> list[Example]:
    """At most `count` of the examples, from the first to the last: always the same ones."""
    if len(examples) <= count:
        return list(examples)
    return [examples[place * len(examples) // count] for place in range(count)]


def _timing(models: tuple[Engine, Engine], page: Page, clock: Clock, first: int) -> Timing:
    """Both models read the page, `first` of them (0 or 1) before the other."""
    took = {which: _seconds(models[which], page, clock) for which in (first, 1 - first)}
    return Timing(candidate_s=took[0], current_s=took[1])


def _seconds(model: Engine, page: Page, clock: Clock) -> float:
    since = clock()
    model.read([page])
    return clock() - since
